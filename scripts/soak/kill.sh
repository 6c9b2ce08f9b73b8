#!/usr/bin/env bash
# Kills data builds at random moments until they finish, and compares what they
# publish with an undisturbed build, byte for byte.
#
#   kill.sh --train out/train --work DIR [--kills 30] [--seed 1] [--full SIZE] -- BUILD-FLAGS
#
# BUILD-FLAGS are those of "train data build" without --output. Every other kill
# comes as soon as a stage drawn at random begins, so that short stages and the
# publishing at the end are met too. With --full SIZE (such as 40m) a build on a
# file system of that size comes last: it must fail for want of space, and finish
# with the same bytes once there is more. That needs the right to mount.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

kills=30 seed=1 full= train= work=
while [ $# -gt 0 ]; do
	case $1 in
	--train) train=$2; shift 2 ;;
	--work) work=$2; shift 2 ;;
	--kills) kills=$2; shift 2 ;;
	--seed) seed=$2; shift 2 ;;
	--full) full=$2; shift 2 ;;
	--) shift; break ;;
	*) sed -n '2,/^set/p' "$0" | grep '^#' >&2; exit 2 ;;
	esac
done
[ -n "$train" ] && [ -n "$work" ] && [ $# -gt 0 ] || { echo "kill.sh: give --train, --work and the flags of the build" >&2; exit 2; }
RANDOM=$seed
mkdir -p "$work"

now() { date +%s%N; }

echo "undisturbed build"
rm -rf "$work/want"
start=$(now)
"$train" data build "$@" --output "$work/want" >/dev/null 2>"$work/want.log"
took=$((($(now) - start) / 1000000)) # ms
"$here/sums.sh" "$work/want" >"$work/want.sums"
echo "  $((took / 1000)) s, $(wc -l <"$work/want.sums") files"

compare() { # folder, what
	"$here/sums.sh" "$1" >"$work/got.sums"
	diff "$work/want.sums" "$work/got.sums" || { echo "FAIL: $2 published other files" >&2; exit 1; }
	"$train" data inspect "$1" >/dev/null || { echo "FAIL: $2 left no whole data set" >&2; exit 1; }
}

stages=(gather evals score dedup candidates shingles cluster vectors centroids assign within semantic decide spans
	copies anchors repeats segments passages tokenizer documents pack publish publish publish)

done_kills=0 builds=0
declare -A met
while [ "$done_kills" -lt "$kills" ]; do
	out=$work/got
	rm -rf "$out"
	while :; do
		"$train" data build "$@" --output "$out" >/dev/null 2>"$work/got.log" &
		pid=$!
		stage=
		if [ $((RANDOM % 2)) = 0 ]; then
			stage=${stages[RANDOM % ${#stages[@]}]}
			mark=$out/.work/$stage
			[ "$stage" = publish ] && mark=$out/documents
			# A stage that was met before has its folder; then any moment will do.
			if [ -e "$mark" ]; then stage=; fi
		fi
		if [ -n "$stage" ]; then
			while [ ! -e "$mark" ] && kill -0 $pid 2>/dev/null; do sleep 0.002; done
			sleep "0.0$((RANDOM % 60))"
		else
			ms=$((RANDOM * 32768 % (took / 5 + 1) + RANDOM % 200))
			sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
		fi
		kill -KILL $pid 2>/dev/null || true
		code=0
		wait $pid 2>/dev/null || code=$?
		[ $code = 0 ] && break
		[ $code = 137 ] || { echo "FAIL: a build failed by itself:" >&2; tail -3 "$work/got.log" >&2; exit 1; }
		done_kills=$((done_kills + 1))
		last=$(find "$out/.work" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %f\n' 2>/dev/null | sort -n | tail -1 | cut -d' ' -f2)
		[ -e "$out/documents" ] && last=publish
		met[${last:-start}]=$((${met[${last:-start}]:-0} + 1))
	done
	builds=$((builds + 1))
	compare "$out" "a build that was killed"
	echo "  build $builds is whole after $done_kills kills in all"
done
for s in "${!met[@]}"; do echo "  $s ${met[$s]}"; done | sort >"$work/met"
echo "ok: $done_kills kills over $builds builds, equal bytes; stages met: $(paste -sd, "$work/met")"

[ -n "$full" ] || exit 0
echo "a file system of $full"
small=$work/small
mkdir -p "$small"
mount -t tmpfs -o "size=$full" tmpfs "$small"
trap 'umount "$small"' EXIT
if "$train" data build "$@" --output "$small/got" >/dev/null 2>"$work/full.log"; then
	echo "FAIL: $full was enough; give less" >&2; exit 1
fi
grep -q 'no space left' "$work/full.log" || { echo "FAIL: the error does not name the cause:" >&2; tail -3 "$work/full.log" >&2; exit 1; }
[ ! -e "$small/got/_manifest.json" ] || { echo "FAIL: a manifest names files that are not whole" >&2; exit 1; }
echo "  $(tail -1 "$work/full.log")"
mount -o remount,size=4g "$small"
"$train" data build "$@" --output "$small/got" >/dev/null 2>"$work/full.log"
compare "$small/got" "a build that ran out of space"
echo "ok: equal bytes after the disk was full"
