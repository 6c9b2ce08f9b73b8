package build

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"huihai/data"
	"huihai/data/datatest"
	"huihai/data/decontam"
	"huihai/data/dedup"
	"huihai/data/linear"
	"huihai/data/ngram"
	"huihai/internal/vfs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// small returns a configuration that suits a corpus of a few kilobytes.
func small(t *testing.T, inputs ...string) Config {
	t.Helper()
	cfg := Default()
	cfg.Inputs, cfg.Output = inputs, filepath.Join(t.TempDir(), "set")
	cfg.VocabSize, cfg.Pack.SequenceLength, cfg.Workers = 500, 32, 2
	cfg.Source.MaxBadFiles = -1 // some corpora have bad files
	return cfg
}

// everything turns on what is off by default. The models are of a corpus of the
// same kind; one of its documents is an evaluation item.
func everything(t *testing.T, cfg *Config) {
	t.Helper()
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(1, 0)) // as the first corpus draws
	rng.IntN(20)
	question, _ := json.Marshal(map[string]string{"question": datatest.Sentences(rand.New(rand.NewPCG(9, 9)), 4), "answer": "42"})
	datatest.Write(t, filepath.Join(dir, "evals.jsonl"), question)
	cfg.Decontam.Sets = []decontam.Set{{Name: "made-up", Path: filepath.Join(dir, "*.jsonl")}}

	lmCfg := ngram.Default()
	lmCfg.Order, lmCfg.DiscountFallback = 2, true
	trainer, err := ngram.NewTrainer(lmCfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	w, err := trainer.Worker()
	if err != nil {
		t.Fatal(err)
	}
	for range 200 {
		if err := w.Add(datatest.Sentences(rng, 10)); err != nil {
			t.Fatal(err)
		}
	}
	model, err := trainer.Estimate(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	lm := filepath.Join(dir, "model.lm")
	if err := errors.Join(model.Save(lm), model.Close()); err != nil {
		t.Fatal(err)
	}
	cfg.Models.Perplexity = map[string]string{"en": lm}
	fast := filepath.Join("..", "linear", "testdata", "softmax.bin")
	m, err := linear.Open(fast)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Models.Classifier = map[string]ClassifierConfig{anyLanguage: {Model: fast, Label: m.Labels()[0]}}
	cfg.Score.Weights.Perplexity, cfg.Score.Weights.Classifier, cfg.Signals = 1, 1, true
	cfg.Semantic.Find, cfg.Semantic.Drop, cfg.Semantic.MinUnits = true, true, 5
	cfg.Passages.Find, cfg.Passages.MinBytes, cfg.Passages.MinCutBytes = true, 60, 20
	cfg.Paragraphs.Action, cfg.Paragraphs.MinBytes = dedup.ActionRemove, 20
	cfg.Sentences.Action, cfg.Sentences.MinBytes = dedup.ActionRemove, 20
	cfg.Trim.MinParagraphQuality, cfg.Trim.MinSentenceQuality = 0.1, 0.1
	cfg.Sample.QualityPower, cfg.Sample.ClusterPower = 1, 0.5
}

func build(t *testing.T, cfg Config) *Report {
	t.Helper()
	r, err := Run(context.Background(), cfg, nil, WithFS(unsynced{}))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// unsynced spares the tests the waits for the disk.
type unsynced struct{ vfs.OS }

type unsyncedFile struct{ vfs.File }

func (unsyncedFile) Sync() error { return nil }

func (unsynced) SyncDir(string) error { return nil }

func (u unsynced) Create(name string) (vfs.File, error) {
	f, err := u.OS.Create(name)
	return unsyncedFile{f}, err
}

func TestBuildCounts(t *testing.T) {
	cfg := small(t, datatest.Corpus(t, 1))
	cfg.ValidationFraction = 0.1
	r := build(t, cfg)
	wantRejected := map[string]int64{"broken_json": 1, "no_text": 2, "empty_text": 1, "invalid_utf8": 1}
	got := map[string]int64{}
	for reason, n := range r.Rejected {
		got[reason] = n.Documents
	}
	if d := cmp.Diff(wantRejected, got); d != "" {
		t.Errorf("rejected: %s", d)
	}
	if r.Read.Documents != 120+3+6+1 || r.Records != r.Read.Documents+5 {
		t.Errorf("read %d documents in %d records", r.Read.Documents, r.Records)
	}
	if len(r.BadFiles) != 1 || !strings.Contains(r.BadFiles[0].File, "binary.txt") || !strings.Contains(r.BadFiles[0].Reason, "NUL") {
		t.Errorf("bad files: %+v", r.BadFiles)
	}
	if r.SkippedFiles[".png"] != 1 {
		t.Errorf("skipped files: %v", r.SkippedFiles)
	}
	// Twelve copies in the first file, and two of "short".
	if n := r.Dropped[ReasonExactDuplicate].Documents; n != 14 {
		t.Errorf("%d exact duplicates dropped, want 14", n)
	}
	if err := r.check(); err != nil {
		t.Error(err)
	}
	for _, s := range r.Splits {
		if s.Documents == 0 || s.Rows == 0 || !s.Ledger.Closes(32) {
			t.Errorf("split %+v", s)
		}
	}
	if r.Unigram.ValidationNats <= 0 || r.Unigram.ValidationNats < r.Unigram.TrainNats/2 || r.BytesPerToken < 1 {
		t.Errorf("unigram %+v, %.2f bytes per token", r.Unigram, r.BytesPerToken)
	}
	rejects, err := os.ReadFile(filepath.Join(cfg.Output, data.NameRejects))
	if err != nil || bytes.Count(rejects, []byte("\n")) != 5 {
		t.Errorf("rejects file: %v\n%s", err, rejects)
	}
}

// files returns the contents of a data set but for the report, which holds times.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
		if e != nil && e.Name() == data.DirWork && p != dir {
			return filepath.SkipDir
		}
		if err != nil || e.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		if rel == data.NameReport || rel == data.NamePage || rel == data.NameConfig { // seconds, workers, folders
			return nil
		}
		b, err := os.ReadFile(p)
		out[rel] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sameFiles(t *testing.T, what string, want, got map[string]string) {
	t.Helper()
	for name := range want {
		if want[name] != got[name] {
			t.Errorf("%s: %s differs (%d and %d bytes)", what, name, len(want[name]), len(got[name]))
		}
	}
	if len(want) != len(got) {
		t.Errorf("%s: %d files and %d", what, len(want), len(got))
	}
}

// The bytes depend neither on the workers, nor on the order in which inputs are
// named, nor on how much is held in memory.
func TestBuildIsDeterministic(t *testing.T) {
	one, two := datatest.Corpus(t, 1), datatest.Corpus(t, 2)
	cfg := small(t, "one="+one, "two="+two)
	cfg.ValidationFraction = 0.1
	cfg.Pack.Method = "best_fit"
	cfg.Workers = 1
	everything(t, &cfg)
	build(t, cfg)
	want := files(t, cfg.Output)
	if len(want) < 6 {
		t.Fatalf("only %d files", len(want))
	}
	for _, workers := range []int{2, 5} {
		c := cfg
		c.Workers, c.Output = workers, filepath.Join(t.TempDir(), "set")
		c.Inputs = []string{"two=" + two, "one=" + one, "one=" + filepath.Join(one, "sub")}
		if _, err := Run(context.Background(), c, nil, WithSpill(1000), WithFS(unsynced{})); err != nil {
			t.Fatal(err)
		}
		sameFiles(t, fmt.Sprintf("%d workers", workers), want, files(t, c.Output))
	}
}

func TestRerunDoesNothing(t *testing.T) {
	cfg := small(t, datatest.Corpus(t, 1))
	build(t, cfg)
	path := filepath.Join(cfg.Output, data.NameManifest)
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	var stages []string
	r, err := Run(context.Background(), cfg, func(e Event) {
		if e.Finished {
			stages = append(stages, e.Stage)
		}
	})
	if err != nil || !r.Unchanged || len(stages) != 1 {
		t.Errorf("second run: %v, unchanged %v, stages %v", err, r.Unchanged, stages)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Error("the second run wrote the manifest again")
	}
	// A lost file or another configuration makes it run again.
	if err := os.Remove(filepath.Join(cfg.Output, data.DirTokens, "tokens-00000.parquet")); err != nil {
		t.Fatal(err)
	}
	if r := build(t, cfg); r.Unchanged {
		t.Error("a lost file went unnoticed")
	}
	cfg.Pack.SequenceLength = 48
	if r := build(t, cfg); r.Unchanged {
		t.Error("another sequence length went unnoticed")
	}
}

// A build that is cancelled at any stage leaves no data set behind, and run again
// gives the bytes of one that was never stopped.
func TestCancelAndResume(t *testing.T) {
	in := datatest.Corpus(t, 3)
	cfg := small(t, in)
	cfg.ValidationFraction = 0.1
	everything(t, &cfg)
	build(t, cfg)
	want := files(t, cfg.Output)
	c := cfg
	c.Output = filepath.Join(t.TempDir(), "set")
	for _, stage := range Stages() {
		ctx, cancel := context.WithCancel(context.Background())
		_, err := Run(ctx, c, func(e Event) {
			if e.Stage == stage && !e.Finished {
				cancel()
			}
		})
		cancel()
		if stage == StagePublish {
			continue // too late to stop: it may finish
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("cancelled in %s: %v", stage, err)
		}
		if _, err := data.Open(c.Output, data.DefaultLoader()); err == nil {
			t.Errorf("cancelled in %s: the folder opens as a data set", stage)
		}
	}
	build(t, c)
	sameFiles(t, "after cancelling in every stage", want, files(t, c.Output))
}

// Whatever the order of records, the same texts survive.
func TestOrderOfRecordsDoesNotMatter(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	var lines []string
	for range 60 {
		text := datatest.Sentences(rng, 12)
		lines = append(lines, text)
		for range rng.IntN(3) {
			lines = append(lines, text)
		}
		if rng.IntN(3) == 0 { // a near copy that scores lower: it repeats itself
			lines = append(lines, text+"\n\nRead it now. Read it now. Read it now.")
		}
	}
	var want map[string]bool
	for range 4 {
		rng.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		var b bytes.Buffer
		for _, l := range lines {
			line, _ := json.Marshal(map[string]string{"text": l})
			b.Write(append(line, '\n'))
		}
		in := filepath.Join(t.TempDir(), "a.jsonl")
		datatest.Write(t, in, b.Bytes())
		cfg := small(t, in)
		r := build(t, cfg)
		got := map[string]bool{}
		for _, d := range readDocuments(t, cfg.Output) {
			if d.Status == "kept" {
				got[d.Text] = true
			}
		}
		if r.Dropped[ReasonNearDuplicate].Documents == 0 {
			t.Fatal("the corpus has no near copies: the test shows nothing")
		}
		if want == nil {
			want = got
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("other survivors: %s", d)
		}
	}
}

// What is left beside a data set makes it again.
func TestConfigIsKept(t *testing.T) {
	cfg := small(t, datatest.Corpus(t, 1))
	everything(t, &cfg)
	cfg.Sample.Sources = map[string]float64{"a": 2}
	build(t, cfg)
	got, err := ReadConfig(cfg.Output)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(cfg, got, cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
}
