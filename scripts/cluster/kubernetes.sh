#!/usr/bin/env bash
# Prints a chain of Kubernetes Indexed Jobs that builds a data set, one Job per
# stage; apply them one after the other, each when the one before is complete:
#
#   scripts/cluster/kubernetes.sh SHARES IMAGE CLAIM [flags of train data build] >jobs.yaml
#   scripts/cluster/kubernetes.sh --run jobs.yaml      (needs kubectl)
#
# IMAGE holds the binary as its entry point; CLAIM is a PersistentVolumeClaim that
# many nodes may write (ReadWriteMany), mounted at /data, where the inputs and
# --output lie. A share that fails is tried again alone (backoffLimitPerIndex). The
# binary TRAIN (./train) is asked for the stages of this build; it runs here only
# for that.
set -euo pipefail

if [[ ${1:-} == --run && $# == 2 ]]; then
  for job in $(sed -n 's/^  name: \(data-.*\)$/\1/p' "$2"); do
    awk -v want="  name: $job" 'BEGIN { RS = "---\n" } index($0, want "\n")' "$2" | kubectl apply -f -
    kubectl wait --for=condition=complete --timeout=-1s "job/$job"
  done
  exit
fi
[[ $# -ge 4 && $1 =~ ^[1-9][0-9]*$ ]] || { sed -n '2,14s/^# \{0,1\}//p' "$0" >&2; exit 2; }
shares=$1 image=$2 claim=$3
shift 3
train=${TRAIN:-$(command -v train || echo ./train)}
[[ -x $train ]] || { echo "kubernetes.sh: no binary $train; build it with: go build ./cmd/train, or set TRAIN" >&2; exit 2; }
stages=$("$train" data stage --list "$@" | tr '{}[],:"' ' ' | tr -s ' \n' ' ' | grep -o 'stage [a-z_]* array [a-z]*' | sed 's/^stage //; s/ array / /')

quoted() { sed "s/'/''/g; s/.*/'&'/" <<<"$1"; }
job() { # name, completions, arguments
  local name=$1 count=$2
  shift 2
  cat <<EOF
---
apiVersion: batch/v1
kind: Job
metadata:
  name: data-$name
spec:
  completionMode: Indexed
  completions: $count
  parallelism: $count
  backoffLimitPerIndex: 3
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: train
        image: $(quoted "$image")
        env:
        - name: SHARE
          valueFrom: {fieldRef: {fieldPath: "metadata.annotations['batch.kubernetes.io/job-completion-index']"}}
        args:
EOF
  local a
  for a in "$@"; do echo "        - $(quoted "$a")"; done
  cat <<EOF
        volumeMounts: [{name: data, mountPath: /data}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: $(quoted "$claim")}}]
EOF
}

while read -r stage many; do
  count=1
  [[ $many == true ]] && count=$shares
  job "$stage" "$count" data stage --stage "$stage" --index '$(SHARE)' --count "$count" "$@"
done <<<"$stages"
job publish 1 data build "$@"
