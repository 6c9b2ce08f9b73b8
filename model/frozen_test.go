package model

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"huihai/kernels"
)

// Freezing tensors leaves the bits of the other gradients alone, whatever is frozen,
// recomputed, or known of the step.
func TestFreezingKeepsTheOtherGradients(t *testing.T) {
	dev := openCPU(t)
	for _, lora := range []*LoRA{nil, {Rank: 3, Alpha: 6, Targets: []string{"W_pack", "down_proj"}}} {
		c := tiny()
		c.NumHiddenLayers = 3
		ts := c.WithLoRA(lora)
		w, err := NewWeights(dev, ts, Float32)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		if err := w.Init(c, 4); err != nil {
			t.Fatal(err)
		}
		bs := someBatches(c, 2, 9, 2)
		all := stepOf(t, dev, c, w, StepOptions{Batch: 2, SeqLen: 9, LoRA: lora})
		wantStats, want := runStep(t, all, w, bs)
		rapid.Check(t, func(rt *rapid.T) {
			frozen, trainable := map[string]bool{}, 0
			below := rapid.IntRange(0, len(ts)-1).Draw(rt, "all below")
			for i, x := range ts {
				frozen[x.Name] = i < below || rapid.Bool().Draw(rt, x.Name)
				if x.Trainable && !frozen[x.Name] {
					trainable++
				}
			}
			o := StepOptions{Batch: 2, SeqLen: 9, LoRA: lora, Frozen: func(name string) bool { return frozen[name] },
				RecomputeBlocks: rapid.IntRange(0, 3).Draw(rt, "recomputed"), MicroBatches: rapid.SampledFrom([]int{0, 2}).Draw(rt, "micro-batches")}
			s, err := CompileStep(c, dev, o)
			if trainable == 0 {
				if err == nil || !strings.Contains(err.Error(), "optim.freeze") {
					rt.Fatalf("nothing to train gave %v", err)
				}
				return
			}
			if err != nil {
				rt.Fatal(err)
			}
			defer s.Close()
			if err := s.Bind(w); err != nil {
				rt.Fatal(err)
			}
			part := &Weights{dev: dev, tensors: freeze(c.WithLoRA(lora), o.Frozen)}
			stats, grads := runStep(t, s, part, bs)
			if stats != wantStats || len(grads) != trainable {
				rt.Fatalf("%+v with %d gradients, want %+v with %d", stats, len(grads), wantStats, trainable)
			}
			sameGrads(t, fmt.Sprint("frozen: ", frozen), grads, want)
			for name, is := range frozen {
				if _, ok := s.Grad(name); ok && is {
					rt.Fatalf("%s is frozen and has a gradient", name)
				}
			}
			if t.Failed() {
				rt.FailNow()
			}
		})
	}
}

// A frozen lower half has no backward pass, and no gradient takes memory: what is
// compiled for it is what a model of the upper half alone would need.
func TestFreezingSparesTheWork(t *testing.T) {
	c := small()
	c.NumHiddenLayers = 4
	dev := openCPU(t)
	backward := func(frozen func(string) bool) (ops int, bytes int64) {
		s, err := CompileStep(c, dev, StepOptions{Batch: 1, SeqLen: 16, Frozen: frozen})
		if err != nil {
			t.Fatal(err)
		}
		for _, ph := range s.Plan().Phases {
			if ph.Phase == "backward" {
				ops = ph.Operations
			}
		}
		for _, x := range s.Plan().Tensors {
			if x.Kind == "gradients" {
				bytes += x.Bytes
			}
		}
		return ops, bytes
	}
	full, fullBytes := backward(nil)
	atMost := func(layer int) func(string) bool {
		return func(name string) bool {
			l, _, ok := splitLayer(name)
			return name == EmbedTokens || ok && l <= layer
		}
	}
	none, noneBytes := backward(atMost(3))
	if none != 1 { // the final norm's
		t.Errorf("with all layers frozen the backward pass has %d operations", none)
	}
	if want := int64(4 * (c.VocabSize*c.HiddenSize + c.HiddenSize)); noneBytes != want {
		t.Errorf("the gradients of the norm and the head take %d bytes, want %d", noneBytes, want)
	}
	half, halfBytes := backward(atMost(1))
	three, threeBytes := backward(atMost(0))
	if half-none <= 0 || three-half != backwardOfLayer(t, c, dev) || full <= three || halfBytes >= threeBytes || threeBytes >= fullBytes {
		t.Errorf("operations %d, %d, %d, %d; bytes %d, %d, %d, %d", none, half, three, full, noneBytes, halfBytes, threeBytes, fullBytes)
	}
	packs, _ := backward(func(name string) bool { return strings.HasSuffix(name, "W_pack.weight") })
	if packs != full-2*c.NumHiddenLayers { // the product, and its operand computed again
		t.Errorf("with W_pack frozen in %d layers the backward pass has %d operations, %d without freezing", c.NumHiddenLayers, packs, full)
	}
	head, headBytes := backward(func(name string) bool { return name != LMHead })
	if head != 0 || headBytes != int64(4*c.VocabSize*c.HiddenSize) {
		t.Errorf("a head alone has %d backward operations and %d bytes of gradients", head, headBytes)
	}
}

// backwardOfLayer counts the backward operations that one layer more makes.
func backwardOfLayer(t *testing.T, c Config, dev kernels.Device) int {
	t.Helper()
	count := func(layers int) int {
		c.NumHiddenLayers = layers
		s, err := CompileStep(c, dev, StepOptions{Batch: 1, SeqLen: 16})
		if err != nil {
			t.Fatal(err)
		}
		for _, ph := range s.Plan().Phases {
			if ph.Phase == "backward" {
				return ph.Operations
			}
		}
		return 0
	}
	return count(5) - count(4)
}

// A gradient of the embedding that is asked for whole is whole, with the bits of the one
// kept by row.
func TestDenseEmbeddingGradient(t *testing.T) {
	c := small()
	dev := openCPU(t)
	w := fresh(t, dev, c, 4)
	bs := someBatches(c, 2, 9, 2)
	o := StepOptions{Batch: 2, SeqLen: 9, MicroBatches: 2}
	byRow := stepOf(t, dev, c, w, o)
	o.DenseEmbeddingGrad = true
	whole := stepOf(t, dev, c, w, o)
	if !byRow.SparseGrad(EmbedTokens) || whole.SparseGrad(EmbedTokens) {
		t.Fatal("the gradients are not kept as they should be")
	}
	wantStats, want := runStep(t, byRow, w, bs)
	stats, grads := runStep(t, whole, w, bs)
	if stats != wantStats {
		t.Errorf("%+v, want %+v", stats, wantStats)
	}
	sameGrads(t, "whole", grads, want)
	if b, ok := whole.Grad(EmbedTokens); !ok || b.Len != c.VocabSize*c.HiddenSize {
		t.Error("the whole gradient has no buffer")
	}
}

func TestTensorsFrozen(t *testing.T) {
	c := small()
	frozen := 0
	for _, x := range c.TensorsFrozen(func(name string) bool { return strings.Contains(name, "layers.1.") }) {
		if x.Trainable == strings.Contains(x.Name, "layers.1.") {
			t.Errorf("%s: trainable is %v", x.Name, x.Trainable)
		}
		if !x.Trainable {
			frozen++
		}
	}
	if frozen != 7 {
		t.Errorf("%d tensors are frozen, want the 7 of a layer", frozen)
	}
	for _, x := range c.TensorsFrozen(nil) {
		if !x.Trainable {
			t.Errorf("%s is frozen by nothing", x.Name)
		}
	}
}
