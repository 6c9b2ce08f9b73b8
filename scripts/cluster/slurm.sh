#!/usr/bin/env bash
# Builds a data set as a chain of Slurm array jobs, one per stage, each of which
# starts when the one before has ended well.
#
#   scripts/cluster/slurm.sh SHARES [flags of train data build]
#
#   TRAIN=./train      the binary, on a path that all nodes see
#   SBATCH_FLAGS=...   more flags for every sbatch, e.g. "--partition=cpu --mem=8G"
#
# The inputs and --output must lie on a file system that all nodes share. A share
# that fails is tried again by --requeue or by running this script again: what is
# done is not done twice. The last job is data build itself, which publishes.
# Prints the number of the last job.
set -euo pipefail

[[ $# -ge 2 && $1 =~ ^[1-9][0-9]*$ ]] || { sed -n '2,15s/^# \{0,1\}//p' "$0" >&2; exit 2; }
shares=$1
shift
train=${TRAIN:-$(command -v train || echo ./train)}
[[ -x $train ]] || { echo "slurm.sh: no binary $train; build it with: go build ./cmd/train, or set TRAIN" >&2; exit 2; }
train=$(realpath "$train")

# The stages of this build, one a line: "name true" has many tasks.
stages=$("$train" data stage --list "$@" | tr '{}[],:"' ' ' | tr -s ' \n' ' ' | grep -o 'stage [a-z_]* array [a-z]*' | sed 's/^stage //; s/ array / /')

flags=()
for f in "$@"; do flags+=("$(printf %q "$f")"); done

after=
while read -r stage many; do
  last=0
  [[ $many == true ]] && last=$((shares - 1))
  count=$((last + 1))
  job=$(sbatch --parsable --requeue --job-name="data-$stage" --array="0-$last" ${after:+--dependency=afterok:$after} ${SBATCH_FLAGS:-} \
    --wrap "exec $(printf %q "$train") data stage --stage $stage --index \$SLURM_ARRAY_TASK_ID --count $count ${flags[*]}")
  echo "data-$stage: job $job, $count shares" >&2
  after=$job
done <<<"$stages"

sbatch --parsable --job-name=data-publish --dependency="afterok:$after" ${SBATCH_FLAGS:-} \
  --wrap "exec $(printf %q "$train") data build ${flags[*]}"
