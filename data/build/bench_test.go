package build

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkBuild times a whole build, with one worker, of the inputs that
// HUIHAI_BENCH_INPUT lists, with the tokenizer HUIHAI_BENCH_TOKENIZER:
//
//	HUIHAI_BENCH_INPUT=texts HUIHAI_BENCH_TOKENIZER=tokenizer.model go test -bench Build -benchtime 3x -cpuprofile cpu.out ./data
func BenchmarkBuild(b *testing.B) {
	inputs := os.Getenv("HUIHAI_BENCH_INPUT")
	if inputs == "" {
		b.Skip("set HUIHAI_BENCH_INPUT to files or folders, parted by commas")
	}
	dir := b.TempDir()
	for b.Loop() {
		cfg := Default()
		cfg.Inputs, cfg.Output, cfg.Workers = strings.Split(inputs, ","), filepath.Join(dir, "set"), 1
		cfg.Tokenizer = os.Getenv("HUIHAI_BENCH_TOKENIZER")
		r, err := Run(context.Background(), cfg, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(r.Read.Bytes)
		if err := os.RemoveAll(cfg.Output); err != nil {
			b.Fatal(err)
		}
	}
}
