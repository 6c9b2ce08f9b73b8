# Shorthands for people; CI runs .ci/run itself.

# Packages with benchmarks, and how often each is repeated.
BENCH_PACKAGES ?= ./kernels/... ./autograd/... ./tokenizer/...
BENCH_COUNT ?= 6
BENCH_OUT ?= out/bench.txt
# An earlier BENCH_OUT to compare with.
BENCH_OLD ?=

.PHONY: all build test lint bench golden gen ci

all: lint test

build:
	CGO_ENABLED=0 go build -o out/train ./cmd/train

test:
	go test ./...

lint:
	.ci/run format vet staticcheck
	go test ./tests/lint

bench:
	@mkdir -p $(dir $(BENCH_OUT))
	go test -run '^$$' -bench . -count $(BENCH_COUNT) $(BENCH_PACKAGES) | tee $(BENCH_OUT)
	go tool -modfile=tools/go.mod benchstat $(BENCH_OLD) $(BENCH_OUT)

# Reference values from independent implementations (Python with PyTorch).
golden:
	python3 scripts/golden_adamw.py

gen:
	go generate -C kernels/internal/gen

ci:
	.ci/run
