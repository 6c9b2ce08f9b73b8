package beam

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"huihai/data/build"
)

// BenchmarkBuild compares a build by Prism in this process with one by the
// embedded engine, in bytes of input.
func BenchmarkBuild(b *testing.B) {
	in := corpus(b)
	var bytes int64
	files, err := filepath.Glob(filepath.Join(in, "*"))
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range files {
		st, err := os.Stat(f)
		if err != nil {
			b.Fatal(err)
		}
		bytes += st.Size()
	}
	for _, engine := range []struct {
		name  string
		build func(build.Config) error
	}{
		{"embedded", func(cfg build.Config) error {
			_, err := build.Run(context.Background(), cfg, nil)
			return err
		}},
		{"prism", func(cfg build.Config) error {
			_, err := Build(context.Background(), cfg, Options{Runner: counted}, nil)
			return err
		}},
	} {
		b.Run(engine.name, func(b *testing.B) {
			b.SetBytes(bytes)
			for b.Loop() {
				if err := engine.build(config(b, in)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
