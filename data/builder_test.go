package data_test

import (
	"context"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"huihai/data"
	"huihai/data/build"
)

func TestMain(m *testing.M) {
	data.BuildForTest = func(t *testing.T, validation float64, inputs ...string) string {
		t.Helper()
		cfg := build.Default()
		cfg.Inputs, cfg.Output = inputs, filepath.Join(t.TempDir(), "set")
		cfg.VocabSize, cfg.Pack.SequenceLength, cfg.Workers, cfg.ValidationFraction = 500, 32, 2, validation
		cfg.Source.MaxBadFiles = -1 // the corpus has some
		if _, err := build.Run(context.Background(), cfg, nil); err != nil {
			t.Fatal(err)
		}
		return cfg.Output
	}
	goleak.VerifyTestMain(m)
}
