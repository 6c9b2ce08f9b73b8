package trainer

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"huihai/data"
	"huihai/model"
	"huihai/optim"
	"huihai/telemetry"
)

var update = flag.Bool("update", false, "write the hashes of this numerics version")

// numericRuns are tiny runs that between them use what a run's numbers depend on.
func numericRuns(t *testing.T) map[string]Setup {
	out := map[string]Setup{}
	add := func(name string, change func(*Setup)) {
		s, _ := setup(t, openCPU(t, 2), 6, 4)
		change(&s)
		out[name] = s
	}
	add("rope", func(*Setup) {})
	add("alibi", func(s *Setup) { s.Model.Position = model.ALiBi })
	add("rows of the embedding", func(s *Setup) { s.Model.VocabSize = sparseVocab })
	for _, o := range []optim.OptimizerType{optim.AdamW8bit, optim.Adafactor, optim.Lion, optim.Muon} {
		// Large enough for state in eight bits.
		add(string(o), func(s *Setup) { s.Optim.Optimizer, s.Model.VocabSize = o, sparseVocab })
	}
	return out
}

// Equal settings give the numbers that belong to the numerics version, on every
// machine. When a change of the program changes them on purpose, raise
// NumericsVersion, say why there, and run this test with -update: the runs of
// before then have other names than those of today.
func TestNumericsVersion(t *testing.T) {
	path := filepath.Join("testdata", "numerics.json")
	all := map[string]map[string]string{}
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, &all)
	}
	if err != nil && !*update {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name, s := range numericRuns(t) {
		rec := &watcher{}
		run(t, s, rec)
		h := sha256.New()
		for _, file := range []string{"model.safetensors", "optimizer.safetensors"} {
			b, err := os.ReadFile(filepath.Join(rec.saved[0], file))
			if err != nil {
				t.Fatal(err)
			}
			h.Write(b)
		}
		got[name] = fmt.Sprintf("%x", h.Sum(nil)[:8])
	}
	version := strconv.Itoa(NumericsVersion)
	if *update && all[version] == nil {
		all[version] = got
		b, err := json.MarshalIndent(all, "", "  ")
		if err == nil {
			err = os.WriteFile(path, append(b, '\n'), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if !maps.Equal(got, all[version]) {
		t.Errorf("numerics %s: the runs end in %v, not in %v", version, got, all[version])
	}
}

// The memory of evaluations inside a run is in the plan: they use that of the
// training step and change nothing in it.
func TestEvaluationIsPlanned(t *testing.T) {
	plain, without := setup(t, openCPU(t, 2), 6, 4)
	run(t, plain, without)
	for _, recompute := range []bool{false, true} {
		dev := &counting{Device: openCPU(t, 2)}
		s, rec := setup(t, dev, 6, 4)
		s.Config.Recompute = recompute
		tr := newTrainer(t, s, nil)
		held := dev.bytes
		eval, err := CompileEvaluation(dev, s.Model, s.Config)
		if err == nil {
			err = eval.BindShared(tr.Weights(), tr.Step())
		}
		if err != nil {
			t.Fatal(err)
		}
		tr.Watch(rec, nil, Hook{Name: "evaluation", Every: 1, Run: func(ctx context.Context, _ int) ([]telemetry.Scalar, error) {
			b, err := (&rows{state: data.State{Index: 99}}).Next(ctx, 1)
			if err != nil {
				return nil, err
			}
			if err := eval.Begin(1); err != nil {
				return nil, err
			}
			if err := eval.Micro(model.Batch{InputIDs: b.InputIDs, Labels: b.Labels, Segments: b.Segments, Positions: b.Positions}); err != nil {
				return nil, err
			}
			_, err = eval.End()
			return nil, err
		}})
		if _, err := tr.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		if dev.peak != held {
			t.Errorf("with evaluations the run went from %d bytes to %d", held, dev.peak)
		}
		if a, b := folderHash(t, rec.saved[0]), folderHash(t, without.saved[0]); a != b {
			t.Errorf("checkpoint %s, without evaluations %s", a, b)
		}
		if err := eval.Close(); err != nil {
			t.Error(err)
		}
	}
}
