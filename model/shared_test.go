package model

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Steps that take turns in one arena have the bits of steps with arenas of their own:
// training with evaluations between its steps, and the evaluations.
func TestStepsShareAnArena(t *testing.T) {
	dev := openCPU(t)
	for _, p := range []Position{RoPE, ALiBi} {
		c := tiny()
		c.Position = p
		w := fresh(t, dev, c, 5)
		rapid.Check(t, func(rt *rapid.T) {
			rows, seqLen := rapid.IntRange(1, 3).Draw(rt, "rows"), rapid.IntRange(2, 20).Draw(rt, "tokens")
			micros := rapid.IntRange(1, 3).Draw(rt, "micro-batches")
			evalRows, evalLen := rapid.IntRange(1, 3).Draw(rt, "held-out rows"), rapid.IntRange(2, 40).Draw(rt, "held-out tokens")
			o := StepOptions{Batch: rows, SeqLen: seqLen, MicroBatches: micros,
				RecomputeBlocks: rapid.IntRange(0, 2).Draw(rt, "recomputed")}
			trainBatches, evalBatches := someBatches(c, rows, seqLen, micros), someBatches(c, evalRows, evalLen, 2)

			alone := stepOf(t, dev, c, w, o)
			defer alone.Close()
			wantStats, want := runStep(t, alone, w, trainBatches)
			eo := StepOptions{Batch: evalRows, SeqLen: evalLen, Forward: true}
			evalAlone := stepOf(t, dev, c, w, eo)
			defer evalAlone.Close()
			wantEval, _ := runStep(t, evalAlone, w, evalBatches)

			train, err := CompileStep(c, dev, o)
			if err != nil {
				rt.Fatal(err)
			}
			defer train.Close()
			evaluate, err := CompileStep(c, dev, eo)
			if err != nil {
				rt.Fatal(err)
			}
			defer evaluate.Close()
			train.Reserve(evaluate.Plan().ArenaBytes)
			if err := train.Bind(w); err != nil {
				rt.Fatal(err)
			}
			if err := evaluate.BindShared(w, train); err != nil {
				rt.Fatal(err)
			}
			for i, turn := range rapid.SliceOfN(rapid.Bool(), 1, 6).Draw(rt, "evaluations") {
				if turn {
					if got, _ := runStep(t, evaluate, w, evalBatches); got != wantEval {
						rt.Fatalf("turn %d: the evaluation gave %+v, alone %+v", i, got, wantEval)
					}
					continue
				}
				got, grads := runStep(t, train, w, trainBatches)
				if got != wantStats {
					rt.Fatalf("turn %d: the step gave %+v, alone %+v", i, got, wantStats)
				}
				sameGrads(t, fmt.Sprint("turn ", i), grads, want)
			}
		})
	}
}

// What must not be mixed is refused: an arena that is too small, says by how much; a
// step continued after another used its arena; a step whose arena is gone.
func TestSharingRefuses(t *testing.T) {
	c := small()
	dev := openCPU(t)
	w := fresh(t, dev, c, 5)
	bs := someBatches(c, 1, 8, 1)
	train := stepOf(t, dev, c, w, StepOptions{Batch: 1, SeqLen: 8})
	large, err := CompileStep(c, dev, StepOptions{Batch: 4, SeqLen: 200, Forward: true})
	if err != nil {
		t.Fatal(err)
	}
	missing := large.Plan().ArenaBytes - train.Plan().ArenaBytes
	if err := large.BindShared(w, train); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%d bytes more", missing)) {
		t.Errorf("an arena that lacks %d bytes gave %v", missing, err)
	}
	guest, err := CompileStep(c, dev, StepOptions{Batch: 1, SeqLen: 8, Forward: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := guest.BindShared(w, large); err == nil || !strings.Contains(err.Error(), "not bound") {
		t.Errorf("sharing with a step that is not bound gave %v", err)
	}
	if err := guest.BindShared(w, train); err != nil {
		t.Fatal(err)
	}
	if err := train.Begin(1); err != nil {
		t.Fatal(err)
	}
	if err := guest.Begin(1); err != nil {
		t.Fatal(err)
	}
	_, errEnd := train.End()
	for what, err := range map[string]error{
		"Micro": train.Micro(bs[0]), "End": errEnd, "ReadGrad": train.ReadGrad(FinalNorm, make([]float32, c.HiddenSize)),
	} {
		if err == nil || !strings.Contains(err.Error(), "call Begin first") {
			t.Errorf("%s after another step used the arena gave %v", what, err)
		}
	}
	turns := func() {
		for _, s := range []*Step{train, guest} {
			if err := errors.Join(s.Begin(1), s.Micro(bs[0])); err != nil {
				t.Fatal(err)
			}
			if _, err := s.End(); err != nil {
				t.Fatal(err)
			}
		}
	}
	turns()
	if n := testing.AllocsPerRun(10, turns); n > 0 {
		t.Errorf("taking turns allocates %v times", n)
	}
	if err := guest.Close(); err != nil {
		t.Fatal(err)
	}
	runStep(t, train, w, bs) // the owner is left as it was
	if err := guest.BindShared(w, train); err != nil {
		t.Fatal(err)
	}
	if err := train.Close(); err != nil {
		t.Fatal(err)
	}
	if err := guest.Begin(1); err == nil || !strings.Contains(err.Error(), "not bound") {
		t.Errorf("a step whose arena was freed gave %v", err)
	}
}
