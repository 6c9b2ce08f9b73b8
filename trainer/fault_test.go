package trainer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"huihai/checkpoint"
	"huihai/data"
	"huihai/kernels"
	"huihai/telemetry"
)

// poison is a device on which one token's embedding is NaN.
type poison struct {
	kernels.Device
	token int32
}

func (p poison) Embedding(y, table kernels.Mat, ids kernels.Buf) {
	p.Device.Embedding(y, table, ids)
	host := make([]int32, ids.Len)
	if err := kernels.Read(p.Device, host, ids); err != nil {
		panic(err)
	}
	for i, id := range host {
		if id == p.token {
			if err := kernels.Write(p.Device, y.Slice(i*y.Cols+3, i*y.Cols+4), []float32{float32(math.NaN())}); err != nil {
				panic(err)
			}
		}
	}
}

// poisonAt makes row number n hold the poisonous token at position 5, in the
// second of two documents of source b.
func poisonAt(n int64) *rows {
	r := &rows{}
	r.spoil = func(b *data.Batch) {
		b.Lineage = b.Lineage[:0]
		for i := range b.Rows {
			number := r.state.Index - int64(b.Rows) + int64(i)
			b.Lineage = append(b.Lineage, data.RowLineage{Row: number, Source: "b", Starts: []int32{0, 4}, Docs: []int64{2 * number, 2*number + 1}})
			for t := range b.SeqLen {
				if b.InputIDs[i*b.SeqLen+t] == poisonous {
					b.InputIDs[i*b.SeqLen+t] = 0
				}
			}
			if number == n {
				b.InputIDs[i*b.SeqLen+5] = poisonous
			}
		}
	}
	return r
}

const poisonous = vocab - 1

func poisoned(t *testing.T, policy Policy) (Setup, *watcher) {
	s, rec := setup(t, poison{openCPU(t, 2), poisonous}, 8, 4)
	s.Config.OnNonfinite, s.Batches = policy, poisonAt(4*8+6)
	s.Save.Checkpoint.SaveSteps = 2
	return s, rec
}

// A step that is not finite stops before its update, names op, document and
// token, keeps its batch, and leaves a checkpoint of the step before.
func TestFaultHalts(t *testing.T) {
	s, rec := poisoned(t, Halt)
	s.Save.Checkpoint.SaveSteps = 0
	tr := newTrainer(t, s, rec)
	_, err := tr.Run(context.Background())
	var fault *FaultError
	if !errors.As(err, &fault) {
		t.Fatalf("the run gave %v", err)
	}
	w := fault.Where
	if fault.Step != 5 || w == nil || w.Op != "embedding" || w.MicroBatch != 1 || w.Row != 2 || w.Token != 5 {
		t.Errorf("the fault is placed at %+v", w)
	}
	for _, part := range []string{"step 5", "embedding", "document 77", "source b", "tokens 4 to 15", fault.Folder, "optim.learning_rate"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the message lacks %q: %v", part, err)
		}
	}
	if len(rec.saved) != 1 || filepath.Base(rec.saved[0]) != "checkpoint-4" || !tr.Rescued() {
		t.Errorf("saved %v, rescued %v", rec.saved, tr.Rescued())
	}
	var report struct {
		Step      int
		Documents []FaultDocument
		LastSteps []struct{ Step int } `json:"last_steps"`
	}
	raw, err := os.ReadFile(filepath.Join(fault.Folder, "fault.json"))
	if err == nil {
		err = json.Unmarshal(raw, &report)
	}
	if err != nil || report.Step != 5 || len(report.LastSteps) != 4 || len(report.Documents) != 2 {
		t.Errorf("fault.json has %+v (%v)", report, err)
	}
	batch, err := os.ReadFile(filepath.Join(fault.Folder, "batch.jsonl"))
	if n := strings.Count(string(batch), "\n"); err != nil || n != 8 {
		t.Errorf("batch.jsonl has %d rows (%v)", n, err)
	}
}

func TestFaultIsSkipped(t *testing.T) {
	s, rec := poisoned(t, Skip)
	tr, res := run(t, s, rec)
	l := tr.Ledger()
	if res.Steps != 8 || tr.Mishaps() != (Mishaps{Skipped: 1}) || len(rec.steps) != 8 || !rec.steps[4].Skipped {
		t.Fatalf("%+v, %+v", res, tr.Mishaps())
	}
	if want := int64(8 * (seqLen - 1)); l.Dropped != want || l.Reasons[DroppedNonfinite] != want || l.Check() != nil {
		t.Errorf("ledger %+v, want %d dropped (%v)", l, want, l.Check())
	}
	if !slices.ContainsFunc(rec.notes, func(n string) bool { return strings.Contains(n, "STEP 5 IS SKIPPED") }) {
		t.Errorf("notes %q", rec.notes)
	}
	// Resumed from before the fault or after it, the files are the same.
	want := folderHash(t, rec.saved[len(rec.saved)-1])
	for _, from := range rec.saved[:3] {
		l, err := checkpoint.Load(from)
		if err != nil {
			t.Fatal(err)
		}
		again, cont := poisoned(t, Skip)
		again.Resume = l
		run(t, again, cont)
		l.Close()
		if got := folderHash(t, cont.saved[len(cont.saved)-1]); got != want {
			t.Errorf("resumed from %s the last checkpoint is %s, want %s", from, got, want)
		}
	}
}

func TestFaultIsRolledBack(t *testing.T) {
	s, rec := poisoned(t, Rollback)
	s.Save.Checkpoint.SaveSteps = 3
	tr, res := run(t, s, rec)
	l := tr.Ledger()
	if res.Steps != 8 || tr.Mishaps() != (Mishaps{RolledBack: 1}) || !slices.Equal(rec.rewound, []int{3}) {
		t.Fatalf("%+v, %+v, rewound to %v", res, tr.Mishaps(), rec.rewound)
	}
	// Steps 4 and 5 were read and left out; eight remain.
	if want := int64(2 * 8 * (seqLen - 1)); l.Reasons[DroppedRollback] != want || l.Dropped != want || l.Read != 10*8*seqLen || l.Check() != nil {
		t.Errorf("ledger %+v (%v)", l, l.Check())
	}
	steps := []int{}
	for _, r := range rec.steps {
		steps = append(steps, r.Step)
	}
	if !slices.Equal(steps, []int{1, 2, 3, 4, 4, 5, 6, 7, 8}) {
		t.Errorf("steps %v", steps)
	}
}

func TestFaultLimit(t *testing.T) {
	for _, policy := range []Policy{Skip, Rollback} {
		s, _ := poisoned(t, policy)
		s.Config.NonfiniteLimit = 0
		_, err := newTrainer(t, s, nil).Run(context.Background())
		if err == nil || !strings.Contains(err.Error(), "train.nonfinite_limit 0") {
			t.Errorf("%s: %v", policy, err)
		}
	}
	s, _ := poisoned(t, Rollback)
	s.Save.Checkpoint.SaveSteps = 0
	if _, err := newTrainer(t, s, nil).Run(context.Background()); err == nil || !strings.Contains(err.Error(), "no checkpoint to roll back to") {
		t.Errorf("without a checkpoint: %v", err)
	}
}

// An update that overflows is found before the next update, and such weights are
// never saved.
func TestOverflowingUpdateIsNotSaved(t *testing.T) {
	s, rec := setup(t, openCPU(t, 1), 10, 8)
	s.Optim.LearningRate, s.Optim.WarmupSteps, s.Optim.WeightDecay = 3e38, 0, 3
	s.Save.Checkpoint.SaveSteps = 1
	_, err := newTrainer(t, s, rec).Run(context.Background())
	var bad *NonFiniteWeightsError
	if !errors.As(err, &bad) || len(rec.saved) > 0 {
		t.Errorf("%v, saved %v", err, rec.saved)
	}
}

// Overflow that hides (the squares of an activation have no finite sum, the loss
// is the logarithm of the vocabulary, the gradient zero) stops the run.
func TestZeroGradientIsAFault(t *testing.T) {
	s, _ := setup(t, openCPU(t, 1), 10, 8)
	s.Optim.LearningRate, s.Optim.WarmupSteps, s.Optim.WeightDecay = 1e22, 0, 0
	_, err := newTrainer(t, s, nil).Run(context.Background())
	var fault *FaultError
	if !errors.As(err, &fault) || fault.Where == nil {
		t.Errorf("the run gave %v", err)
	}
}

// The losses by source and the shares of the gradient sum to the whole.
func TestSourcesAndSharesAddUp(t *testing.T) {
	s, rec := setup(t, openCPU(t, 2), 4, 2)
	r := &rows{}
	r.spoil = func(b *data.Batch) {
		b.Lineage, b.Sources = b.Lineage[:0], nil
		for i := range b.Rows {
			b.Lineage = append(b.Lineage, data.RowLineage{Source: []string{"x", "y", "x"}[(int(r.state.Index)-b.Rows+i)%3]})
		}
	}
	s.Batches = r
	run(t, s, rec)
	for _, st := range rec.steps {
		sum, n, shares := 0.0, 0, 0.0
		for _, src := range st.Sources {
			sum += src.Loss * float64(src.Supervised)
			n += src.Supervised
		}
		for _, g := range st.Groups {
			shares += g.Share
		}
		if n != st.Supervised || math.Abs(sum/float64(n)-st.CrossEntropy) > 1e-9 || math.Abs(shares-1) > 1e-9 || len(st.Groups) != 5 {
			t.Errorf("step %d: %+v, %+v, cross-entropy %v", st.Step, st.Sources, st.Groups, st.CrossEntropy)
		}
	}
}

// The best evaluated checkpoint and the milestones outlive the limit.
func TestWhatIsNeverPruned(t *testing.T) {
	for _, async := range []checkpoint.AsyncSave{checkpoint.AsyncNever, checkpoint.AsyncAlways} {
		s, rec := setup(t, openCPU(t, 1), 12, 8)
		s.Save.Checkpoint.SaveSteps, s.Save.Checkpoint.SaveTotalLimit, s.Save.Checkpoint.AsyncSave = 1, 2, async
		s.Save.Checkpoint.SaveLogBase = 4
		run(t, s, rec, Hook{Name: "evaluation", Every: 1, Run: func(_ context.Context, step int) ([]telemetry.Scalar, error) {
			return []telemetry.Scalar{{Tag: telemetry.TagEvalLoss, Value: math.Abs(float64(step - 6))}}, nil
		}})
		entries, err := checkpoint.List(s.Save.Root)
		if err != nil {
			t.Fatal(err)
		}
		var steps []int
		for _, e := range entries {
			steps = append(steps, e.Step)
		}
		if want := []int{0, 1, 4, 6, 11, 12}; !slices.Equal(steps, want) {
			t.Errorf("%s: checkpoints %v, want %v", async, steps, want)
		}
	}
}

// A save that fails costs the run nothing but that checkpoint, unless it is the
// last one.
func TestFailedSaves(t *testing.T) {
	for _, async := range []checkpoint.AsyncSave{checkpoint.AsyncNever, checkpoint.AsyncAlways} {
		s, rec := setup(t, openCPU(t, 1), 6, 8)
		s.Save.Checkpoint.SaveSteps, s.Save.Checkpoint.AsyncSave = 2, async
		in := filepath.Join(s.Save.Root, "checkpoint-4")
		if err := os.WriteFile(in, nil, 0o600); err != nil { // a file in the way of the second
			t.Fatal(err)
		}
		_, res := run(t, s, rec)
		if res.Steps != 6 || len(rec.saved) != 2 || !slices.ContainsFunc(rec.notes, func(n string) bool { return strings.Contains(n, "STEP 4 IS NOT SAVED") }) {
			t.Errorf("%s: %+v, saved %v, notes %q", async, res, rec.saved, rec.notes)
		}
		s, rec = setup(t, openCPU(t, 1), 3, 8)
		s.Save.Checkpoint.AsyncSave = async
		if err := os.WriteFile(filepath.Join(s.Save.Root, "checkpoint-3"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := newTrainer(t, s, rec).Run(context.Background()); err == nil {
			t.Errorf("%s: the last step is not saved and the run ended well", async)
		}
	}
}

// A stop signal does not wait for an evaluation: it is cut short, and made up for
// when the run goes on.
func TestEvaluationIsCutShort(t *testing.T) {
	for _, at := range []int{3, 6} {
		s, rec := setup(t, openCPU(t, 1), 6, 8)
		ctx, cancel := context.WithCancel(context.Background())
		hook := Hook{Name: "evaluation", Every: 3, Run: func(ctx context.Context, step int) ([]telemetry.Scalar, error) {
			if step == at {
				cancel()
			}
			return nil, ctx.Err()
		}}
		res, err := newTrainer(t, s, rec, hook).Run(ctx)
		if err != nil || !res.Interrupted || res.Steps != at || slices.Contains(rec.measured, at) || filepath.Base(rec.saved[len(rec.saved)-1]) != fmt.Sprintf("checkpoint-%d", at) {
			t.Errorf("%+v, %v; measured %v, saved %v", res, err, rec.measured, rec.saved)
		}
		l, err := checkpoint.Load(rec.saved[len(rec.saved)-1])
		if err != nil {
			t.Fatal(err)
		}
		again, cont := setup(t, openCPU(t, 1), 6, 8)
		again.Resume = l
		hook.Run = func(context.Context, int) ([]telemetry.Scalar, error) { return nil, nil }
		run(t, again, cont, hook)
		l.Close()
		if cont.measured[0] != at {
			t.Errorf("made up for: %v", cont.measured)
		}
	}
}

// Evaluations change nothing: a run with them has the files of one without.
func TestRehearsalAndHooksChangeNothing(t *testing.T) {
	plain, rec := setup(t, openCPU(t, 1), 6, 4)
	run(t, plain, rec)
	s, with := setup(t, openCPU(t, 1), 6, 4)
	tr := newTrainer(t, s, with, Hook{Name: "nothing", Every: 1, Run: func(context.Context, int) ([]telemetry.Scalar, error) { return nil, nil }})
	r, err := tr.Rehearse(context.Background())
	if err != nil || r.GradNorm != rec.steps[0].GradNorm || r.Loss != rec.steps[0].Loss {
		t.Errorf("rehearsal %+v (%v), the first step %+v", r, err, rec.steps[0])
	}
	if _, err := tr.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if a, b := folderHash(t, with.saved[0]), folderHash(t, rec.saved[0]); a != b {
		t.Errorf("checkpoint %s, without rehearsal and hooks %s", a, b)
	}
}
