package build

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"huihai/data"
	"huihai/data/datatest"
	"huihai/data/flow"
)

// Workers that start in another folder find the files of relative paths.
func TestPortable(t *testing.T) {
	in := datatest.Corpus(t, 1)
	cfg := small(t, filepath.Base(in))
	everything(t, &cfg) // models and evaluation sets: by relative paths too
	home := filepath.Dir(in)
	relative := func(path string) string {
		abs, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		rel, err := filepath.Rel(home, abs)
		if err != nil {
			t.Fatal(err)
		}
		return rel
	}
	cfg.Models.Perplexity["en"] = relative(cfg.Models.Perplexity["en"])
	cfg.Models.Classifier[anyLanguage] = ClassifierConfig{Model: relative(cfg.Models.Classifier[anyLanguage].Model), Label: cfg.Models.Classifier[anyLanguage].Label}
	cfg.Decontam.Sets[0].Path = relative(cfg.Decontam.Sets[0].Path)
	lexicon := filepath.Join(home, "terms.txt")
	datatest.Write(t, lexicon, []byte("river\n"))
	cfg.Safety.Lexicons = []string{relative(lexicon)}
	t.Chdir(home)
	rel, err := filepath.Rel(filepath.Dir(in), cfg.Output)
	if err != nil {
		t.Fatal(err)
	}
	want := cfg
	want.Output = filepath.Join(t.TempDir(), "set")
	build(t, want)

	cfg.Output = rel
	portable, err := cfg.Portable()
	if err != nil {
		t.Fatal(err)
	}
	list := flow.Part{Stage: StageList, Count: 1}
	if _, err := RunShare(context.Background(), portable, list, nil, WithFS(unsynced{})); err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for _, s := range portable.ShareStages()[1:] {
		if _, err := RunShare(context.Background(), portable, flow.Part{Stage: s.Stage, Count: 1}, nil, WithFS(unsynced{})); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(filepath.Dir(in))
	build(t, cfg)
	sameFiles(t, "workers elsewhere", files(t, want.Output), files(t, cfg.Output))
}

func TestWriteExchange(t *testing.T) {
	cfg := small(t, "in")
	block := []byte{1, 'b', 1, 'a'}
	err := WriteExchange(cfg, StageScore, 3, func() ([]byte, bool) {
		b := block
		block = nil
		return b, b != nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(cfg.Output, data.DirWork, StageScore, "exchange", "00003", "runs.json")); err != nil {
		t.Error(err)
	}
	block = []byte{9, 'x'}
	err = WriteExchange(cfg, StageScore, 4, func() ([]byte, bool) { return block, true })
	if err == nil {
		t.Error("a damaged block is taken")
	}
}
