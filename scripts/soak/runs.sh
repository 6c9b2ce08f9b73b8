#!/usr/bin/env bash
# Ends training runs at random moments, 150 times, and compares what they end in
# with runs that were left alone, byte for byte; then runs the race detector over
# the packages of a training run.
#
#   runs.sh [--kills 150] [--race]
set -euo pipefail
cd "$(dirname "$0")/../.."

kills=150 race=
while [ $# -gt 0 ]; do
	case $1 in
	--kills) kills=$2; shift 2 ;;
	--race) race=1; shift ;;
	*) sed -n '2,/^set/p' "$0" | grep '^#' >&2; exit 2 ;;
	esac
done

go test ./tests/e2e -count 1 -timeout 60m -v -run TestKilledRunsEndInTheSameFiles -args -kills "$kills"
if [ -n "$race" ]; then
	go test -race -count 1 -timeout 60m ./trainer/... ./autograd/... ./kernels/cpu/... ./data
fi
