#!/usr/bin/env bash
# Builds one data set with several numbers of workers and budgets of memory, and
# compares what is published byte for byte. Peak resident memory is told beside.
#
#   same.sh --train out/train --work DIR [--memory 320MiB] -- BUILD-FLAGS
#
# BUILD-FLAGS are those of "train data build" without --output, --workers, --memory.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

train= work= memory=320MiB
while [ $# -gt 0 ]; do
	case $1 in
	--train) train=$2; shift 2 ;;
	--work) work=$2; shift 2 ;;
	--memory) memory=$2; shift 2 ;;
	--) shift; break ;;
	*) sed -n '2,/^set/p' "$0" | grep '^#' >&2; exit 2 ;;
	esac
done
[ -n "$train" ] && [ -n "$work" ] && [ $# -gt 0 ] || { echo "same.sh: give --train, --work and the flags of the build" >&2; exit 2; }
mkdir -p "$work"

for setting in "1" "2" "7" "1 $memory" "2 $memory" "7 $memory"; do
	read -r workers budget <<<"$setting"
	rm -rf "$work/got"
	"$here/peak.py" --json "$work/peak.json" "$train" data build "$@" --output "$work/got" --workers "$workers" ${budget:+--memory "$budget"} >/dev/null 2>"$work/log" ||
		{ tail -3 "$work/log" >&2; exit 1; }
	"$here/sums.sh" "$work/got" >"$work/got.sums"
	[ -e "$work/want.sums" ] || cp "$work/got.sums" "$work/want.sums"
	diff "$work/want.sums" "$work/got.sums" || { echo "FAIL: $workers workers and memory ${budget:-unbounded} make other files" >&2; exit 1; }
	echo "workers $workers, memory ${budget:-unbounded}: peak $(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["peak_mib"])' "$work/peak.json") MiB, equal"
done
rm -rf "$work/got" "$work/want.sums"
echo "ok: $(wc -l <"$work/got.sums") files, the same six times"
