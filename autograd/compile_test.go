package autograd

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"huihai/kernels"
)

// sizer is a device that only knows how much scratch it wants, which is all
// that compiling needs.
type sizer struct{ kernels.Device }

func (sizer) AttentionScratch(kernels.AttentionParams, bool) int64 { return 1000 }
func (sizer) HeadLossScratch(int, int, int, bool) int64            { return 3000 }

func compileIR(t *testing.T, g *Graph, o Options) (*ir, []*block) {
	t.Helper()
	r, err := lower(g, sizer{})
	if err != nil {
		t.Fatal(err)
	}
	r.opts = o
	r.optimize()
	return r, layout(r)
}

func names(r *ir, ph phase) []string {
	var s []string
	for _, in := range r.instrs {
		if in.phase == ph {
			s = append(s, in.op.name)
		}
	}
	return s
}

// What depends on parameters alone runs once per step, and so does its
// backward; everything else is part of the micro-batch.
func TestPhases(t *testing.T) {
	m := newTestModel(t, testShapes["rope"], 1)
	r, _ := compileIR(t, m.g, Options{})
	if got := names(r, prologue); !slices.Equal(got, []string{"row_normalize"}) {
		t.Errorf("prologue is %v", got)
	}
	if got := names(r, epilogue); !slices.Equal(got, []string{"row_normalize_grad"}) {
		t.Errorf("epilogue is %v", got)
	}
	if slices.Contains(names(r, micro), headLossGradName) {
		t.Error("the loss and its gradient were not merged")
	}
	if in := r.instrs[0]; in.out[0] != nil || in.out[1] == nil {
		t.Error("a normalised copy of the head is stored, or its norms are not")
	}
}

// Every gradient of a micro-batch is added into a buffer that lives from the
// first micro-batch to the end of the step.
func TestGradientsAccumulate(t *testing.T) {
	for name, s := range testShapes {
		m := newTestModel(t, s, 1)
		r, _ := compileIR(t, m.g, Options{})
		sp := r.span()
		for param, v := range r.grads {
			if v.mem.to != sp.end {
				t.Errorf("%s: the gradient of %s dies at %d of %d", name, param, v.mem.to, sp.end)
			}
			if v.producer.phase == micro && !v.accumulator {
				t.Errorf("%s: the gradient of %s is not summed over micro-batches", name, param)
			}
		}
		for _, in := range r.instrs {
			for i, v := range in.out {
				if v != nil && v.accumulator && !in.acc[i] {
					t.Errorf("%s: %s overwrites an accumulator", name, in.op)
				}
			}
		}
	}
}

// No two blocks that are alive at the same time share a byte, and every value
// is alive wherever it is used.
func TestLayoutIsSound(t *testing.T) {
	for name, s := range testShapes {
		for _, recompute := range []int{0, 1, 9} {
			m := newTestModel(t, s, 1)
			r, blocks := compileIR(t, m.g, Options{RecomputeBlocks: recompute})
			checkDisjoint(t, blocks)
			for _, in := range r.instrs {
				for _, v := range append(slices.Clone(in.in), in.out...) {
					if v == nil || v.leaf != nil {
						continue
					}
					if in.index < v.mem.from || in.index > v.mem.to {
						t.Errorf("%s: %s (%d) needs %s outside its life %d-%d", name, in.op, in.index, v.name, v.mem.from, v.mem.to)
					}
				}
			}
		}
	}
}

func checkDisjoint(t interface{ Errorf(string, ...any) }, blocks []*block) {
	for i, a := range blocks {
		if a.offset%alignment != 0 {
			t.Errorf("%s begins at %d, which is not aligned", a.name, a.offset)
		}
		for _, b := range blocks[:i] {
			if a.overlaps(b) && a.offset < b.offset+b.bytes && b.offset < a.offset+a.bytes {
				t.Errorf("%s and %s overlap", a.name, b.name)
			}
		}
	}
}

func TestPlaceProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "n")
		var blocks []*block
		low := int64(0)
		for range n {
			from := rapid.IntRange(0, 40).Draw(t, "from")
			b := &block{
				from: from, to: from + rapid.IntRange(0, 10).Draw(t, "life"),
				bytes: int64(rapid.IntRange(1, 5000).Draw(t, "bytes")),
			}
			blocks = append(blocks, b)
		}
		place(blocks)
		checkDisjoint(t, blocks)
		for i := range 51 {
			live := int64(0)
			for _, b := range blocks {
				if b.from <= i && i <= b.to {
					live += aligned(b.bytes)
				}
			}
			low = max(low, live)
		}
		if got := arenaBytes(blocks); got < low {
			t.Fatalf("arena of %d bytes for %d live bytes", got, low)
		}
	})
}

// Recomputation clones the inside of every block but the last and lowers the
// peak of a deep model.
func TestRecompute(t *testing.T) {
	s := testShape{batch: 2, seq: 32, heads: 2, kvHeads: 2, headDim: 8, ffn: 48, vocab: 19, layers: 6}
	count := func(n int) (again int, bytes int64) {
		m := newTestModel(t, s, 1)
		r, blocks := compileIR(t, m.g, Options{RecomputeBlocks: n, KeepCheap: true})
		for _, in := range r.instrs {
			if in.again {
				again++
			}
		}
		return again, arenaBytes(blocks)
	}
	none, full := count(0)
	some, less := count(6)
	if none != 0 || some == 0 || less >= full {
		t.Errorf("recomputed %d then %d operations; arena %d then %d bytes", none, some, full, less)
	}
}

// Results of cheap ops are computed again for the backward pass, with and
// without recomputation of blocks, and never live from one pass to the other.
func TestRecomputeCheap(t *testing.T) {
	s := testShape{batch: 2, seq: 32, heads: 2, kvHeads: 2, headDim: 8, ffn: 48, vocab: 19, layers: 6}
	for _, blocks := range []int{0, 3, 6} {
		m := newTestModel(t, s, 1)
		_, kept := compileIR(t, m.g, Options{RecomputeBlocks: blocks, KeepCheap: true})
		r, less := compileIR(t, m.g, Options{RecomputeBlocks: blocks})
		if blocks == 0 && arenaBytes(less) >= arenaBytes(kept) || arenaBytes(less) > arenaBytes(kept) {
			t.Errorf("%d blocks: the arena went from %d to %d bytes", blocks, arenaBytes(kept), arenaBytes(less))
		}
		for _, in := range r.instrs {
			if !in.op.cheap || in.backward {
				continue
			}
			for _, u := range in.out[0].uses {
				if u.backward && !u.again {
					t.Errorf("%d blocks: %s keeps its result for %s", blocks, in.op, u.op)
				}
			}
		}
	}
}

// With one micro-batch in a step no gradient takes memory before it is computed.
func TestGradientsOfOneMicroBatch(t *testing.T) {
	s := testShape{batch: 2, seq: 32, heads: 2, kvHeads: 2, headDim: 8, ffn: 48, vocab: 19, layers: 6}
	m := newTestModel(t, s, 1)
	_, many := compileIR(t, m.g, Options{MicroBatches: 2})
	r, one := compileIR(t, m.g, Options{MicroBatches: 1})
	if arenaBytes(one) >= arenaBytes(many) {
		t.Errorf("the arena is %d bytes, with more micro-batches %d", arenaBytes(one), arenaBytes(many))
	}
	for param, v := range r.grads {
		if v.mem.kind != Gradients {
			t.Errorf("the gradient of %s is planned as %v", param, v.mem.kind)
		}
	}
}

// The same graph gives the same program, offsets included.
func TestCompileIsDeterministic(t *testing.T) {
	text := func() string {
		m := newTestModel(t, testShapes["alibi"], 1)
		p, err := Compile(m.g, sizer{}, Options{RecomputeBlocks: 1})
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, in := range p.instrs {
			b.WriteString(in.op.String())
			for _, v := range in.out {
				if v != nil {
					b.WriteString(v.name)
					b.WriteByte(byte(v.mem.offset / alignment))
				}
			}
		}
		return b.String()
	}
	if first, second := text(), text(); first != second {
		t.Error("two compilations differ")
	}
}

func TestBuilderErrors(t *testing.T) {
	cases := map[string]struct {
		build func(g *Graph)
		want  string
	}{
		"shape":      {func(g *Graph) { g.Linear(g.Param("x", true, 2, 3), g.Param("w", true, 4, 5)) }, "x is [2, 3] but w is [4, 5]"},
		"twice":      {func(g *Graph) { g.Param("x", true, 2); g.Param("x", true, 2) }, "x is used twice"},
		"vector":     {func(g *Graph) { g.RMSNorm(g.Param("x", true, 2), g.Param("w", true, 2), 1e-6) }, "a matrix is needed"},
		"no params":  {func(g *Graph) { g.Backward(g.Param("x", false, 2)) }, "no parameter is trainable"},
		"bad const":  {func(g *Graph) { g.Const("c", []float32{1}, 2) }, "does not hold 1 values"},
		"rotary":     {func(g *Graph) { g.Rotary(g.Param("x", true, 2, 8), g.Ints("p", 2), g.Param("t", true, 4, 8), 2, 8) }, "do not fit"},
		"empty leaf": {func(g *Graph) { g.Ints("p", 0) }, "no elements"},
	}
	for name, c := range cases {
		_, err := Build(c.build)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
	if _, err := Compile(NewGraph(), sizer{}, Options{}); err == nil {
		t.Error("an empty graph compiled")
	}
}
