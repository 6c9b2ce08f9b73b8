package trainer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"huihai/checkpoint"
	"huihai/data"
	"huihai/internal/rng"
	"huihai/kernels"
	"huihai/kernels/cpu"
	"huihai/model"
	"huihai/optim"
	"huihai/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const seqLen = 16

// rows is an endless stream of random rows in which every token is the
// successor of the one before, so that there is something to learn.
type rows struct {
	state data.State
	limit int64 // rows before io.EOF; 0 means none
	spoil func(b *data.Batch)
	batch data.Batch
}

func (r *rows) Next(_ context.Context, n int) (*data.Batch, error) {
	b := &r.batch
	*b = data.Batch{Rows: n, SeqLen: seqLen}
	for range n {
		if r.limit > 0 && r.state.Index == r.limit {
			return nil, io.EOF
		}
		s := rng.New(1, fmt.Sprintf("row/%d", r.state.Index))
		r.state.Index++
		first, cut := s.IntN(vocab), 1+s.IntN(seqLen-1)
		for t := range seqLen {
			segment, position := int32(0), int32(t)
			if t >= cut {
				segment, position = 1, int32(t-cut)
			}
			label := int32((first + t + 1) % vocab)
			if t == cut-1 {
				label = data.IgnoreLabel
			} else {
				b.Ledger.Trained++
			}
			b.InputIDs = append(b.InputIDs, int32((first+t)%vocab))
			b.Labels = append(b.Labels, label)
			b.Segments = append(b.Segments, segment)
			b.Positions = append(b.Positions, position)
			b.Ledger.Read++
		}
		b.Ledger.DocumentFirst++
	}
	if r.spoil != nil {
		r.spoil(b)
	}
	return b, nil
}

func (r *rows) State() data.State { return r.state }

func (r *rows) Restore(s data.State) error {
	r.state = s
	return nil
}

const vocab = 61

func tiny() model.Config {
	c := model.Default()
	c.HiddenSize, c.IntermediateSize, c.NumAttentionHeads, c.NumHiddenLayers = 32, 40, 2, 2
	c.VocabSize, c.ModelMaxLength = vocab, 64
	return c
}

// watcher is an Observer.
type watcher struct {
	steps    []StepRecord
	saved    []string
	measured []int
	rewound  []int
	notes    []string
	onStep   func(StepRecord)
}

func (r *watcher) Step(s StepRecord) {
	s.Sources, s.Groups = slices.Clone(s.Sources), slices.Clone(s.Groups)
	r.steps = append(r.steps, s)
	if r.onStep != nil {
		r.onStep(s)
	}
}
func (r *watcher) Saved(_ int, path string) { r.saved = append(r.saved, path) }
func (r *watcher) Measured(step int, _ string, _ []telemetry.Scalar) {
	r.measured = append(r.measured, step)
}
func (r *watcher) Rewound(step int) { r.rewound = append(r.rewound, step) }
func (r *watcher) Note(text string) { r.notes = append(r.notes, text) }

func (r *watcher) losses() []float64 {
	out := make([]float64, len(r.steps))
	for i, s := range r.steps {
		out[i] = s.Loss
	}
	return out
}

func openCPU(t *testing.T, threads int) kernels.Device {
	t.Helper()
	return openPath(t, threads, "")
}

func openPath(t *testing.T, threads int, path string) kernels.Device {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{Threads: threads, Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dev.Close() })
	return dev
}

// setup is a run of n steps of eight rows, cut in micro-batches of micro rows.
func setup(t *testing.T, dev kernels.Device, n, micro int) (Setup, *watcher) {
	cfg := Default()
	cfg.SequenceLength, cfg.PerDeviceTrainBatchSize, cfg.GradientAccumulationSteps = seqLen, micro, 8/micro
	cfg.OutputDir = t.TempDir()
	o := optim.Default()
	o.LearningRate, o.WarmupSteps = 3e-3, 2
	rec := &watcher{}
	return Setup{
		Device: dev, Model: tiny(), Config: cfg, Optim: o, TotalSteps: n, Batches: &rows{},
		Save: Saving{Root: cfg.OutputDir, Checkpoint: checkpoint.Config{MaxShardSize: "5GB", AsyncSave: checkpoint.AsyncAuto}, Run: checkpoint.Run{RunID: "test"}},
	}, rec
}

func newTrainer(t *testing.T, s Setup, o Observer, hooks ...Hook) *Trainer {
	t.Helper()
	tr, err := New(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	if o == nil {
		o = Silent{}
	}
	tr.Watch(o, nil, hooks...)
	t.Cleanup(func() {
		if err := tr.Close(); err != nil {
			t.Error(err)
		}
	})
	return tr
}

func run(t *testing.T, s Setup, o Observer, hooks ...Hook) (*Trainer, Result) {
	t.Helper()
	tr := newTrainer(t, s, o, hooks...)
	res, err := tr.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return tr, res
}

func TestRunLearns(t *testing.T) {
	s, rec := setup(t, openCPU(t, 2), 60, 4)
	evaluations := 0
	tr, res := run(t, s, rec, Hook{Name: "evaluation", Every: 25, Run: func(context.Context, int) ([]telemetry.Scalar, error) {
		evaluations++
		return []telemetry.Scalar{{Tag: telemetry.TagEvalLoss, Value: 1}}, nil
	}})
	if res.Steps != 60 || res.Interrupted || len(rec.steps) != 60 {
		t.Fatalf("result %+v with %d records", res, len(rec.steps))
	}
	first, last := rec.steps[0], rec.steps[59]
	if !(last.Loss < first.Loss/2) {
		t.Errorf("the loss went from %g to %g", first.Loss, last.Loss)
	}
	if want := first.CrossEntropy + 2e-4*first.MeanMaxLogitSq; first.Loss != want {
		t.Errorf("loss %g, want cross-entropy + max-z = %g", first.Loss, want)
	}
	if evaluations != 3 || !slices.Equal(rec.measured, []int{25, 50, 60}) {
		t.Errorf("%d evaluations, told after %v", evaluations, rec.measured)
	}
	want := data.BatchLedger{Read: 60 * 8 * seqLen, Trained: 60 * 8 * (seqLen - 1), DocumentFirst: 60 * 8}
	if got := tr.Ledger().BatchLedger; got != want {
		t.Errorf("ledger %+v, want %+v", got, want)
	}
	if len(rec.saved) != 1 || filepath.Base(rec.saved[0]) != "checkpoint-60" {
		t.Errorf("saved %v", rec.saved)
	}
}

// folderHash is one hash over the names and contents of a folder.
func folderHash(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(h, "%s %d\n", e.Name(), len(content))
		h.Write(content)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:8])
}

// Ten steps give the same checkpoint, byte for byte, whatever the threads, the
// micro-batches, the recomputation and the code path.
func TestCheckpointDoesNotDependOnTheCut(t *testing.T) {
	for _, size := range []int{vocab, sparseVocab} {
		checkCuts(t, size)
	}
}

// sparseVocab has more entries than a step of these tests has tokens, so that the
// gradient of the embedding is kept by row.
const sparseVocab = 400

func checkCuts(t *testing.T, size int) {
	want := ""
	check := func(micro, threads int, path string) {
		s, rec := setup(t, openPath(t, threads, path), 10, micro)
		s.Model.VocabSize = size
		s.Config.Recompute = threads%2 == 0
		run(t, s, rec)
		got := folderHash(t, rec.saved[0])
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("micro-batches of %d, %d threads, path %q: checkpoint %s, want %s", micro, threads, path, got, want)
		}
	}
	for _, micro := range []int{8, 4, 2, 1} {
		for _, threads := range []int{1, 2, 3, 7} {
			check(micro, threads, "")
		}
	}
	for _, path := range cpu.Paths() {
		check(8, 2, path)
		check(2, 3, path)
	}
}

// sameRows hands out one batch again and again.
type sameRows struct{ batch *data.Batch }

func (r sameRows) Next(context.Context, int) (*data.Batch, error) { return r.batch, nil }
func (r sameRows) State() data.State                              { return data.State{} }
func (r sameRows) Restore(data.State) error                       { return nil }

// A hundred whole steps, the optimizer's part included, allocate nothing.
func TestHundredStepsAllocateNothing(t *testing.T) {
	for _, size := range []int{vocab, sparseVocab} {
		s, _ := setup(t, openCPU(t, 2), 200, 4)
		s.Model.VocabSize = size
		batch, err := (&rows{}).Next(context.Background(), 4)
		if err != nil {
			t.Fatal(err)
		}
		s.Batches = sameRows{batch}
		tr := newTrainer(t, s, nil)
		n := testing.AllocsPerRun(100, func() {
			if _, err := tr.oneStep(context.Background()); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("vocabulary of %d: %v allocations a step, want none", size, n)
		}
	}
}

// A run that was interrupted and resumed leaves the files of one that was not.
func TestResumeEqualsNoInterruption(t *testing.T) {
	for _, size := range []int{vocab, sparseVocab} {
		for _, o := range []optim.OptimizerType{optim.AdamW, optim.AdamW8bit, optim.Adafactor, optim.Lion, optim.Muon} {
			checkResume(t, size, o)
		}
	}
}

func checkResume(t *testing.T, size int, o optim.OptimizerType) {
	whole, rec := setup(t, openCPU(t, 2), 12, 4)
	whole.Model.VocabSize, whole.Optim.Optimizer = size, o
	run(t, whole, rec)

	s, part := setup(t, openCPU(t, 2), 12, 4)
	s.Model.VocabSize, s.Optim.Optimizer = size, o
	ctx, cancel := context.WithCancel(context.Background())
	part.onStep = func(r StepRecord) {
		if r.Step == 5 {
			cancel()
		}
	}
	first := newTrainer(t, s, part)
	res, err := first.Run(ctx)
	if err != nil || !res.Interrupted || res.Steps != 5 {
		t.Fatalf("interrupted run: %+v, %v", res, err)
	}
	if len(part.saved) != 1 || filepath.Base(part.saved[0]) != "checkpoint-5" {
		t.Fatalf("saved %v", part.saved)
	}
	l, err := checkpoint.Load(part.saved[0])
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	again, cont := setup(t, openCPU(t, 1), 12, 2)
	again.Resume, again.Model.VocabSize, again.Optim.Optimizer = l, size, o
	run(t, again, cont)
	if got, want := folderHash(t, cont.saved[0]), folderHash(t, rec.saved[0]); got != want {
		t.Errorf("after resuming the checkpoint is %s, without interruption %s", got, want)
	}
	if got, want := append(part.losses(), cont.losses()...), rec.losses(); !slices.Equal(got, want) {
		t.Errorf("losses %v, without interruption %v", got, want)
	}
}

// The device holds exactly what the plan says.
func TestPlanIsWhatIsAllocated(t *testing.T) {
	for i, recompute := range []bool{false, true, false, true} {
		dev := &counting{Device: openCPU(t, 2)}
		s, _ := setup(t, dev, 3, 4)
		s.Config.Recompute = recompute
		onDemand := int64(0)
		if i >= 2 {
			s.Model.VocabSize = sparseVocab
			onDemand = 2 * 4 * sparseVocab * int64(s.Model.HiddenSize)
		}
		plan, err := PlanRun(s.PlanInput())
		if err != nil || dev.bytes != 0 {
			t.Fatalf("planning allocated %d bytes (%v)", dev.bytes, err)
		}
		tr := newTrainer(t, s, nil)
		if plan.OnDemandBytes != onDemand || dev.onDemand != onDemand {
			t.Errorf("planned %d bytes on demand, allocated %d, want %d", plan.OnDemandBytes, dev.onDemand, onDemand)
		}
		if want := plan.PeakBytes - plan.Bytes[KindDevice] - plan.Bytes[KindSaveCopy]; dev.bytes != want || tr.Plan().PeakBytes != plan.PeakBytes {
			t.Errorf("recompute %v: planned %d bytes, allocated %d", recompute, want, dev.bytes)
		}
		if _, err := tr.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		if dev.peak != dev.bytes {
			t.Errorf("recompute %v: the run went up to %d bytes from %d", recompute, dev.peak, dev.bytes)
		}
	}
}

// A memory budget recomputes as few blocks as fit, and what cannot fit is
// refused before anything is allocated.
func TestMemoryBudget(t *testing.T) {
	dev := openCPU(t, 1)
	s, _ := setup(t, dev, 3, 8)
	s.Model.NumHiddenLayers = 9
	s.Save.Checkpoint.AsyncSave = checkpoint.AsyncNever
	plan := func(budget string) Plan {
		s.Config.MemoryBudget = budget
		p, err := PlanRun(s.PlanInput())
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	free := plan("")
	s.Config.Recompute = true
	all := plan("")
	s.Config.Recompute = false
	if free.RecomputeBlocks != 0 || all.RecomputeBlocks != 9 || all.PeakBytes >= free.PeakBytes {
		t.Fatalf("none recomputed: %d bytes; all: %d bytes", free.PeakBytes, all.PeakBytes)
	}
	middle := (free.PeakBytes + all.PeakBytes) / 2
	got := plan(fmt.Sprint(middle))
	if got.PeakBytes > middle || got.RecomputeBlocks < 1 || got.RecomputeBlocks > 8 {
		t.Errorf("within %d bytes: %d blocks, %d bytes", middle, got.RecomputeBlocks, got.PeakBytes)
	}
	if roomy := plan(fmt.Sprint(free.PeakBytes)); roomy.RecomputeBlocks != 0 {
		t.Errorf("a budget that fits everything recomputes %d blocks", roomy.RecomputeBlocks)
	}
	s.Config.MemoryBudget = fmt.Sprint(all.PeakBytes - 1)
	if _, err := PlanRun(s.PlanInput()); err == nil || !strings.Contains(err.Error(), "train.memory_budget") {
		t.Errorf("a budget that nothing fits gave %v", err)
	}
}

type counting struct {
	kernels.Device
	bytes, peak, onDemand int64
}

func (c *counting) AllocOnDemand(n int64) (kernels.Mem, error) {
	c.bytes, c.onDemand = c.bytes+n, c.onDemand+n
	c.peak = max(c.peak, c.bytes)
	return c.Device.AllocOnDemand(n)
}

func (c *counting) Alloc(n int64) (kernels.Mem, error) {
	c.bytes += n
	c.peak = max(c.peak, c.bytes)
	return c.Device.Alloc(n)
}

func (c *counting) Free(m kernels.Mem) {
	c.bytes -= m.Size()
	c.Device.Free(m)
}

func TestRunErrors(t *testing.T) {
	cases := map[string]struct {
		change func(s *Setup, h *Hook)
		want   string
	}{
		"data ends":  {func(s *Setup, _ *Hook) { s.Batches = &rows{limit: 20} }, "the data ended after step 2 of 5"},
		"bad token":  {func(s *Setup, _ *Hook) { s.Batches = &rows{spoil: func(b *data.Batch) { b.InputIDs[3] = vocab }} }, "step 1: model: input_ids[3] is 61"},
		"bad ledger": {func(s *Setup, _ *Hook) { s.Batches = &rows{spoil: func(b *data.Batch) { b.Ledger.Trained++ }} }, "ledger does not close"},
		"bad sources": {func(s *Setup, _ *Hook) {
			s.Batches = &rows{spoil: func(b *data.Batch) { b.Sources = []data.SourceLedger{{Source: "a"}} }}
		}, "accounts of the sources"},
		"wrong shape": {func(s *Setup, _ *Hook) { s.Batches = &rows{spoil: func(b *data.Batch) { b.SeqLen = 8 }} }, "rows of 8 tokens"},
		"evaluation": {func(_ *Setup, h *Hook) {
			h.Run = func(context.Context, int) ([]telemetry.Scalar, error) { return nil, errors.New("no rows") }
		}, "evaluation after step 5: no rows"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s, _ := setup(t, openCPU(t, 1), 5, 4)
			h := Hook{Name: "evaluation", Run: func(context.Context, int) ([]telemetry.Scalar, error) { return nil, nil }}
			c.change(&s, &h)
			_, err := newTrainer(t, s, nil, h).Run(context.Background())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	cases := map[string]struct {
		change func(s *Setup)
		want   string
	}{
		"no steps":   {func(s *Setup) { s.TotalSteps = 0 }, "has 0 steps"},
		"long rows":  {func(s *Setup) { s.Config.SequenceLength = 65 }, "model_max_length is 64"},
		"bad model":  {func(s *Setup) { s.Model.HiddenSize = 31 }, "hidden_size 31"},
		"bad config": {func(s *Setup) { s.Config.PerDeviceTrainBatchSize = 0 }, "per_device_train_batch_size is 0"},
		"warm-up":    {func(s *Setup) { s.Optim.WarmupSteps = 50 }, "warmup_steps"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s, _ := setup(t, openCPU(t, 1), 5, 4)
			c.change(&s)
			_, err := New(context.Background(), s)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}
