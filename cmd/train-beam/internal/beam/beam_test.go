package beam

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	sdk "github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"huihai/data/build"
)

// counted is Prism in this process, with a count of the pipelines.
const counted = "counted"

var pipelines atomic.Int64

func TestMain(m *testing.M) {
	flag.Parse()
	sdk.RegisterRunner(counted, func(ctx context.Context, p *sdk.Pipeline) (sdk.PipelineResult, error) {
		pipelines.Add(1)
		return prism.Execute(ctx, p)
	})
	sdk.Init()
	log.SetupLogging("error", "text")
	os.Exit(inOwnTemp(m.Run))
}

// inOwnTemp runs fn with a folder for temporary files that goes afterwards: the
// SDK leaves an empty file for every job.
func inOwnTemp(fn func() int) int {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Setenv("TMPDIR", dir); err != nil {
		panic(err)
	}
	return fn()
}

// corpus writes six files, which make several shards, with copies within and
// between them.
func corpus(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("river mountain forest garden city winter morning engine letter question answer teacher window road market island bridge song story sees crosses remembers builds follows finds leaves loves keeps paints")
	var texts []string
	for file := range 6 {
		var b bytes.Buffer
		for b.Len() < 700_000 {
			var text strings.Builder
			for range 40 + rng.IntN(200) {
				fmt.Fprintf(&text, "The %s of the %s has number %d.", words[rng.IntN(len(words))], words[rng.IntN(len(words))], rng.IntN(1000))
				text.WriteString([]string{" ", "\n\n"}[rng.IntN(2)])
			}
			s := text.String()
			if len(texts) > 0 && rng.IntN(8) == 0 {
				s = texts[rng.IntN(len(texts))] + [...]string{"", "And one more line."}[rng.IntN(2)]
			}
			texts = append(texts, s)
			line, _ := json.Marshal(map[string]string{"text": s})
			b.Write(append(line, '\n'))
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.jsonl", file)), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func config(t testing.TB, input string) build.Config {
	t.Helper()
	cfg := build.Default()
	cfg.Inputs, cfg.Output, cfg.KeepWork = []string{input}, filepath.Join(t.TempDir(), "set"), true
	cfg.VocabSize, cfg.TokenizerBytes, cfg.Pack.SequenceLength, cfg.ValidationFraction = 400, 1<<17, 128, 0.1
	cfg.Sentences.Action = "count"
	return cfg
}

// local builds in this process alone, which is what all must equal.
func local(t testing.TB, cfg build.Config) map[string]string {
	t.Helper()
	if _, err := build.Run(context.Background(), cfg, nil); err != nil {
		t.Fatal(err)
	}
	made := results(t, cfg.Output)
	var gathered, published int
	for name := range made {
		if strings.HasPrefix(name, ".work/gather/") {
			gathered++
		}
		if !strings.HasPrefix(name, ".work") {
			published++
		}
	}
	if gathered < 3 || published < 5 {
		t.Fatalf("%d shards and %d published files: too few to tell engines apart", gathered, published)
	}
	return made
}

// results returns the published files, but for those that tell times or paths,
// and the manifests of all tasks.
func results(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		working := strings.HasPrefix(rel, ".work/")
		if working && e.Name() != "manifest.json" || slices.Contains([]string{"report.json", "report.html", "build.yaml"}, rel) {
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

func same(t *testing.T, want, got map[string]string) {
	t.Helper()
	if d := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); d != "" {
		t.Errorf("other files: %s", d)
	}
	for name, content := range want {
		if other, ok := got[name]; ok && other != content {
			t.Errorf("%s differs (%d and %d bytes)", name, len(content), len(other))
		}
	}
}

// Prism makes what one process makes, stage by stage; run again it does nothing.
func TestPrismBuildsTheSame(t *testing.T) {
	cfg := config(t, corpus(t))
	want := local(t, cfg)
	for _, shares := range []int{0, 2} {
		c := cfg
		c.Output = filepath.Join(t.TempDir(), "set")
		before := pipelines.Load()
		if _, err := Build(context.Background(), c, Options{Runner: counted, Shares: shares}, nil); err != nil {
			t.Fatal(err)
		}
		same(t, want, results(t, c.Output))
		// All stages but list, which the driver does.
		if n, stages := pipelines.Load()-before, len(cfg.ShareStages())-1; n != int64(stages) {
			t.Errorf("%d pipelines for %d stages", n, stages)
		}
		before = pipelines.Load()
		r, err := Build(context.Background(), c, Options{Runner: counted, Shares: shares}, nil)
		if err != nil || !r.Unchanged || pipelines.Load() != before {
			t.Errorf("run again: %v, %d pipelines", err, pipelines.Load()-before)
		}
	}
}

// The configuration that workers get is the driver's.
func TestConfigurationTravels(t *testing.T) {
	cfg := config(t, "in")
	cfg.Workers, cfg.Memory, cfg.Score.Languages, cfg.Sample.Sources = 3, "1GiB", []string{"en", "zh"}, map[string]float64{"a": 0.3}
	b, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	got, err := (&shareWork{Config: b}).config()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(cfg, got); d != "" {
		t.Error(d)
	}
	if _, err := (&shareWork{Config: b[1:]}).config(); err == nil {
		t.Error("half a configuration is taken")
	}
}

func TestSharesOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tasks := rapid.SliceOfNDistinct(rapid.IntRange(0, 500), 1, 60, rapid.ID[int]).Draw(t, "tasks")
		count := rapid.IntRange(1, 100).Draw(t, "count")
		shares := sharesOf(tasks, count)
		if !slices.IsSorted(shares) || len(slices.Compact(slices.Clone(shares))) != len(shares) {
			t.Fatalf("shares %v: not each once in order", shares)
		}
		for _, task := range tasks {
			if !slices.Contains(shares, int64(task%count)) {
				t.Fatalf("task %d is in none of %v", task, shares)
			}
		}
		for _, s := range shares {
			if !slices.ContainsFunc(tasks, func(task int) bool { return int64(task%count) == s }) {
				t.Fatalf("share %d of %v has no task", s, shares)
			}
		}
	})
}

func TestRefusals(t *testing.T) {
	cfg := config(t, "in")
	if _, err := Build(context.Background(), cfg, Options{Runner: counted, Shares: -1}, nil); err == nil || !strings.Contains(err.Error(), "shares") {
		t.Errorf("negative shares: %v", err)
	}
	cfg.MaxBytes = 10
	if _, err := Build(context.Background(), cfg, Options{Runner: counted}, nil); err == nil || !strings.Contains(err.Error(), "max_bytes") {
		t.Errorf("max_bytes: %v", err)
	}
}
