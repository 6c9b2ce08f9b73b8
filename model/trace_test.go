package model

import (
	"math"
	"slices"
	"testing"

	"huihai/autograd"
	"huihai/kernels"
)

// stepOf compiles and binds a step.
func stepOf(t *testing.T, dev kernels.Device, c Config, w *Weights, o StepOptions) *Step {
	t.Helper()
	s, err := CompileStep(c, dev, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Bind(w); err != nil {
		t.Fatal(err)
	}
	return s
}

// tiny is a model for properties that run many times.
func tiny() Config {
	c := small()
	c.HiddenSize, c.IntermediateSize, c.NumAttentionHeads, c.VocabSize = 16, 24, 2, 60
	return c
}

// someBatches returns n micro-batches of two documents a row.
func someBatches(c Config, rows, seqLen, n int) []Batch {
	var bs []Batch
	for i := range n {
		var b Batch
		for r := range rows {
			ids, seg, labels := make([]int32, seqLen), make([]int32, seqLen), make([]int32, seqLen)
			for t := range ids {
				ids[t] = int32(1 + (17*i+31*r+t*t+3*t)%(c.VocabSize-1))
				if t >= seqLen/3 {
					seg[t] = 1
				}
			}
			ShiftLabels(labels, ids, seg)
			b.InputIDs, b.Segments, b.Labels = append(b.InputIDs, ids...), append(b.Segments, seg...), append(b.Labels, labels...)
		}
		bs = append(bs, b)
	}
	return bs
}

func supervisedIn(bs []Batch) int {
	n := 0
	for _, b := range bs {
		n += Supervised(b.Labels)
	}
	return n
}

// runStep runs a step and returns its statistics and the gradients of all trainable
// tensors.
func runStep(t *testing.T, s *Step, w *Weights, bs []Batch) (Stats, map[string][]float32) {
	t.Helper()
	if err := s.Begin(supervisedIn(bs)); err != nil {
		t.Fatal(err)
	}
	for _, b := range bs {
		if err := s.Micro(b); err != nil {
			t.Fatal(err)
		}
	}
	stats, err := s.End()
	if err != nil {
		t.Fatal(err)
	}
	grads := map[string][]float32{}
	for _, x := range w.Tensors() {
		if !x.Trainable || s.o.Forward {
			continue
		}
		grads[x.Name] = make([]float32, x.Len())
		if err := s.ReadGrad(x.Name, grads[x.Name]); err != nil {
			t.Fatal(err)
		}
	}
	return stats, grads
}

func sameGrads(t *testing.T, what string, got, want map[string][]float32) {
	t.Helper()
	for name, g := range got {
		if !slices.EqualFunc(g, want[name], func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }) {
			t.Errorf("%s: the gradient of %s has other bits", what, name)
		}
	}
}

// scaled multiplies a tensor of w.
func scaled(t *testing.T, w *Weights, name string, by float32) {
	t.Helper()
	for _, x := range w.Tensors() {
		if x.Name != name {
			continue
		}
		v := get(t, w, x)
		for i := range v {
			v[i] *= by
		}
		if err := w.Set(name, v); err != nil {
			t.Fatal(err)
		}
	}
}

// An embedding of 1e20 overflows inside RMSNorm alone: the loss is that of equal
// logits and every gradient 0. The trace names the norm of the first layer.
func TestTraceOfAnOverflowThatHides(t *testing.T) {
	for _, p := range []Position{RoPE, ALiBi} {
		for _, forward := range []bool{false, true} {
			c := small()
			c.Position = p
			dev := openCPU(t)
			w := fresh(t, dev, c, 3)
			scaled(t, w, EmbedTokens, 1e22) // of about 0.02
			bs := someBatches(c, 2, 12, 2)
			s := stepOf(t, dev, c, w, StepOptions{Batch: 2, SeqLen: 12, Forward: forward})
			stats, grads := runStep(t, s, w, bs)
			if got, want := stats.CrossEntropy(), math.Log(float64(c.VocabSize)); math.Abs(got-want) > 1e-6 {
				t.Fatalf("the loss is %v, want ln(%d) = %v: nothing overflowed", got, c.VocabSize, want)
			}
			for name, g := range grads {
				if slices.ContainsFunc(g, func(x float32) bool { return x != 0 }) {
					t.Fatalf("the gradient of %s is not 0", name)
				}
			}
			f, err := s.Trace(supervisedIn(bs), bs)
			if err != nil || f == nil {
				t.Fatalf("no fault (%v)", err)
			}
			if f.Op != "rms_norm" || f.Tensor != LayerNames(0).InputNorm || f.Block != 0 || f.MicroBatch != 0 || f.Row != 0 || f.Token != 0 || f.Cause == "" {
				t.Errorf("%v", f)
			}
		}
	}
}

// Weights near the end of float32 overflow in the product that reads them.
func TestTraceOfHugeWeights(t *testing.T) {
	c := small()
	dev := openCPU(t)
	bs := someBatches(c, 2, 12, 1)
	for name, want := range map[string]autograd.Fault{
		LayerNames(1).UpProj: {Op: "linear", Block: 1, Phase: "forward"},
		LayerNames(0).OProj:  {Op: "linear", Block: 0, Phase: "forward"},
		LMHead:               {Op: "row_normalize", Block: -1, Phase: "prologue"},
	} {
		w := fresh(t, dev, c, 3)
		for _, x := range w.Tensors() {
			if x.Name == name {
				if err := w.Set(name, slices.Repeat([]float32{3e38}, x.Len())); err != nil {
					t.Fatal(err)
				}
			}
		}
		s := stepOf(t, dev, c, w, StepOptions{Batch: 2, SeqLen: 12})
		f, err := s.Trace(supervisedIn(bs), bs)
		if err != nil || f == nil || f.Op != want.Op || f.Tensor != name || f.Block != want.Block || f.Phase != want.Phase {
			t.Errorf("%s: %v (%v)", name, f, err)
		}
	}
}

// Weights that are not finite are told as such; batches that do not fit are refused.
func TestTraceOfBadInput(t *testing.T) {
	c := small()
	dev := openCPU(t)
	w := fresh(t, dev, c, 3)
	bs := someBatches(c, 2, 12, 1)
	s := stepOf(t, dev, c, w, StepOptions{Batch: 2, SeqLen: 12})
	stats, want := runStep(t, s, w, bs)
	name := LayerNames(1).GateProj
	good := make([]float32, c.HiddenSize*c.IntermediateSize)
	if err := w.Get(name, good); err != nil {
		t.Fatal(err)
	}
	bad := slices.Clone(good)
	bad[70] = float32(math.NaN())
	if err := w.Set(name, bad); err != nil {
		t.Fatal(err)
	}
	f, err := s.Trace(supervisedIn(bs), bs)
	if err != nil || f == nil || f.Phase != autograd.PhaseParameters || f.Tensor != name || !slices.Equal(f.At, []int{1, 6}) {
		t.Errorf("%v (%v)", f, err)
	}
	if err := w.Set(name, good); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Trace(1, []Batch{{InputIDs: []int32{1}}}); err == nil {
		t.Error("a short batch was traced")
	}
	if f, err := s.Trace(supervisedIn(bs), bs); f != nil || err != nil {
		t.Errorf("a sound step gave %v (%v)", f, err)
	}
	if s.stats != stats {
		t.Error("the trace changed the statistics of the step")
	}
	_, again := runStep(t, s, w, bs)
	sameGrads(t, "after traces", again, want)
}
