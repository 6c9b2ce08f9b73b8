#!/usr/bin/env bash
# Builds a data set through a Beam job server on this machine and compares it with
# one local build: every published file and every task's manifest, byte by byte.
#
#   scripts/cluster/try_beam.sh TRAIN_BINARY TRAIN_BEAM_BINARY ENDPOINT INPUT...
#
# ENDPOINT is HOST:PORT of a job server, such as one of these on port 8099:
#
#   prism --job_port=8099               (go build github.com/apache/beam/sdks/v2/go/cmd/prism)
#   python -m apache_beam.runners.portability.local_job_service_main --job_port 8099
#   java -jar beam-runners-flink-1.19-job-server-VERSION.jar --job-port 8099 --flink-master '[local]'
#
# The driver is the worker too (LOOPBACK), unless BEAM_FLAGS says otherwise, such as
# "--environment_type EXTERNAL --environment_config localhost:50000" for a pool of
# worker processes (go build github.com/apache/beam/sdks/v2/go/container, and run it
# with --worker_pool).
set -euo pipefail
[[ $# -ge 4 ]] || { sed -n '2,17s/^# \{0,1\}//p' "$0" >&2; exit 2; }
train=$(realpath "$1") beam=$(realpath "$2") endpoint=$3
shift 3
root=$(mktemp -d)
trap '[[ ${KEEP:-} ]] || rm -rf -- "$root"' EXIT
inputs=()
for i in "$@"; do inputs+=(--input "$(realpath "$i")"); done
settings=(--set data.vocab_size=2000 --set data.pack.sequence_length=512 --set data.validation_fraction=0.05)

"$train" data build "${inputs[@]}" "${settings[@]}" --keep-work --output "$root/local" >/dev/null
"$beam" --runner universal --endpoint "$endpoint" ${BEAM_FLAGS:---environment_type LOOPBACK} \
  "${inputs[@]}" "${settings[@]}" --keep-work --output "$root/beam" >/dev/null

sums() { # of what must be equal
  (cd "$1" && find . -type f \( -path './.work/*/manifest.json' -o -not -path './.work/*' \) \
    -not -name report.json -not -name report.html -not -name build.yaml -print0 | sort -z | xargs -0 sha256sum)
}
sums "$root/local" >"$root/local.sums"
sums "$root/beam" >"$root/beam.sums"
diff "$root/local.sums" "$root/beam.sums"
echo "$(wc -l <"$root/local.sums") files are equal"
