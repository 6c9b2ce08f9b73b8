#!/usr/bin/env bash
# Tries scripts/cluster/slurm.sh on a Slurm of two nodes on this machine (Debian:
# apt-get install slurm-wlm munge; run as root), and compares what it makes with
# one local build: every published file and every task's manifest, byte by byte.
#
#   scripts/cluster/try_slurm.sh TRAIN_BINARY INPUT...
set -euo pipefail
[[ $# -ge 2 ]] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
train=$(realpath "$1")
shift
inputs=()
for i in "$@"; do inputs+=(--input "$(realpath "$i")"); done
root=$(mktemp -d)
host=$(hostname -s)
mkdir -p "$root"/{state,n1,n2,run}
chmod 755 "$root"

# Nothing is said of the machine's real Slurm, if it has one: own ports, own
# folders, own credentials.
dd if=/dev/urandom of="$root/munge.key" bs=1024 count=1 status=none
chmod 400 "$root/munge.key"
chmod 700 "$root/run"
munged --key-file="$root/munge.key" --socket="$root/run/munge.socket" --pid-file="$root/run/munged.pid" --log-file="$root/run/munged.log" --seed-file="$root/run/munged.seed" --force
cat >"$root/slurm.conf" <<EOF
ClusterName=try
SlurmctldHost=$host
AuthType=auth/munge
AuthInfo=socket=$root/run/munge.socket
CryptoType=crypto/munge
SlurmUser=root
SlurmctldPort=16817
StateSaveLocation=$root/state
SlurmctldPidFile=$root/run/slurmctld.pid
SlurmdPidFile=$root/run/slurmd.%n.pid
SlurmdSpoolDir=$root/%n
SlurmctldLogFile=$root/run/slurmctld.log
SlurmdLogFile=$root/run/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
MpiDefault=none
SwitchType=switch/none
NodeName=n1 NodeHostname=$host Port=16818 CPUs=1 RealMemory=2000 State=UNKNOWN
NodeName=n2 NodeHostname=$host Port=16819 CPUs=1 RealMemory=2000 State=UNKNOWN
PartitionName=cpu Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
EOF
export SLURM_CONF=$root/slurm.conf
stop() {
  scontrol shutdown >/dev/null 2>&1 || true
  sleep 1
  [[ -f $root/run/munged.pid ]] && kill "$(cat "$root/run/munged.pid")" 2>/dev/null
  [[ ${KEEP:-} ]] || rm -rf -- "$root"
}
trap stop EXIT
slurmctld
slurmd -N n1
slurmd -N n2
for _ in $(seq 60); do
  [[ $(sinfo -h -o %D -t idle 2>/dev/null) == 2 ]] && break
  sleep 0.5
done
sinfo

common=("${inputs[@]}" --vocab-size 2000 --sequence-length 512 --validation-fraction 0.05 --keep-work)
cd "$root"
last=$(TRAIN=$train SBATCH_FLAGS="--ntasks=1" "$here/slurm.sh" 4 "${common[@]}" --output "$root/by-slurm" --workers 1)
while squeue -h -j "$last" -o %T 2>/dev/null | grep -q .; do
  if squeue -h -o %r | grep -q DependencyNeverSatisfied; then
    echo "a job failed:" >&2
    tail -n 5 "$root"/slurm-*.out >&2
    exit 1
  fi
  sleep 1
done
"$train" data build "${common[@]}" --output "$root/here" >"$root/here.json" 2>/dev/null
nodes=$(grep -l . "$root"/slurm-*.out | wc -l)
compare() { (cd "$1" && find . -type f \( -path './.work/*/manifest.json' -o -not -path './.work/*' \) -not -name 'report.*' -not -name build.yaml -print0 | sort -z | xargs -0 sha256sum); }
diff <(compare "$root/here") <(compare "$root/by-slurm")
echo "equal: $(compare "$root/here" | wc -l) files, manifests of all tasks among them; $nodes array tasks ran on nodes n1 and n2"
