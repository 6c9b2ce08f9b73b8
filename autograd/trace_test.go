package autograd

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"huihai/kernels"
	"huihai/kernels/cpu"
)

// traced runs Trace over micro-batches of the model's tokens.
func (m *testModel) traced(t *testing.T, p *Program, s testShape, micros int) *Fault {
	t.Helper()
	p.SetScalar("inv", m.floats["inv"][0])
	f, err := p.Trace(micros, s.seq, func(int) error { return m.load(p) })
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// load sets the inputs of a micro-batch of all tokens.
func (m *testModel) load(p *Program) error {
	for _, name := range []string{"tokens", "segments", "positions", "labels"} {
		if m.g.byName[name] == nil {
			continue
		}
		if err := p.SetInts(name, m.ints[name]); err != nil {
			return err
		}
	}
	return nil
}

// A step without a fault has none, for every model and cut, and a step after the
// trace has the bits of one before it.
func TestTraceOfASoundStep(t *testing.T) {
	for name, s := range testShapes {
		for _, o := range []Options{{}, {RecomputeBlocks: s.layers}, {MicroBatches: 1}, {KeepCheap: true}} {
			m := newTestModel(t, s, 5)
			p := m.bound(t, openCPU(t, cpu.Options{}), o)
			whole := [][2]int{{0, s.batch * s.seq}}
			loss, want := m.step(t, p, whole)
			if f := m.traced(t, p, s, 1); f != nil {
				t.Errorf("%s, %+v: %v", name, o, f)
			}
			again, got := m.step(t, p, whole)
			if again != loss {
				t.Errorf("%s, %+v: the loss is %v after a trace, %v before", name, o, again, loss)
			}
			for param := range want {
				if !slices.Equal(got[param], want[param]) {
					t.Errorf("%s, %+v: the gradient of %s changed after a trace", name, o, param)
				}
			}
		}
	}
}

// Running ops one at a time gives a step's bits.
func TestTraceComputesTheStep(t *testing.T) {
	s := testShapes["rope"]
	m := newTestModel(t, s, 5)
	p := m.bound(t, openCPU(t, cpu.Options{}), Options{RecomputeBlocks: 1})
	_, want := m.step(t, p, [][2]int{{0, s.batch * s.seq}})
	m.traced(t, p, s, 1)
	for param := range want {
		got := make([]float32, len(want[param]))
		if err := p.ReadGrad(param, got); err != nil || !slices.Equal(got, want[param]) {
			t.Errorf("the gradient of %s differs (%v)", param, err)
		}
	}
}

// A fault is told where it arises: what is changed in a sound model, and the fault
// that must be found.
func TestTraceFindsTheFirstFault(t *testing.T) {
	s := testShapes["rope"]
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	cases := map[string]struct {
		spoil func(m *testModel)
		want  Fault
		text  string
	}{
		"parameter": {func(m *testModel) { m.floats["bup"][5] = nan },
			Fault{Tensor: "bup", Phase: PhaseParameters, Block: -1, MicroBatch: -1, Row: -1, Token: -1, At: []int{0, 5}, Column: 5},
			"the parameter bup holds NaN at [0 5]"},
		"scalar": {func(m *testModel) { m.floats["inv"][0] = inf },
			Fault{Tensor: "inv", Phase: PhaseInputs, Block: -1, MicroBatch: -1, Row: -1, Token: -1, At: []int{0}},
			"the input inv holds +Inf"},
		"linear": {func(m *testModel) { fillRow(m.floats["bup"], 16, 3, 3e38) },
			Fault{Op: "linear", Tensor: "bup", Phase: "forward", Block: 1, At: []int{0, 3}, Column: 3},
			"layer 1: linear (bup) gave -Inf at token 0 of row 0 of micro-batch 0 (counted from 0); its operands were finite, the largest 3e+38 in bup"},
		"mean square": {func(m *testModel) { fillRow(m.floats["embed"], 16, int(m.ints["tokens"][9]), 1e20) },
			Fault{Op: "rms_norm", Tensor: "anorm1", Phase: "forward", Block: 0, Row: 1, Token: 2, At: []int{9, 0}, Value: 0},
			"layer 0: rms_norm (anorm1) overflowed at token 2 of row 1 of micro-batch 0 (counted from 0): the sum of the squares"},
		"head": {func(m *testModel) { fillRow(m.floats["head"], 16, 4, 3e38) },
			Fault{Op: "row_normalize", Result: "the norms of the rows", Tensor: "head", Phase: "prologue", Block: -1, MicroBatch: -1, Row: -1, Token: -1, At: []int{4}, Column: 4},
			"prologue: row_normalize (head) gave +Inf in the norms of the rows at element [4] of the tensor"},
		"backward": {func(m *testModel) { m.floats["inv"][0] = 3e38; scaleAll(m.floats["norm"], 1e6) },
			Fault{Op: "head_loss_with_grad", Tensor: "head", Phase: "forward", Block: -1}, ""},
	}
	for name, c := range cases {
		m := newTestModel(t, s, 5)
		for i := range m.ints["tokens"] { // all different, so that one row is one token
			m.ints["tokens"][i] = int32(i + 1)
		}
		c.spoil(m)
		f := m.traced(t, m.bound(t, openCPU(t, cpu.Options{}), Options{}), s, 2)
		if f == nil {
			t.Errorf("%s: no fault", name)
			continue
		}
		if c.text != "" && !strings.HasPrefix(f.String(), c.text) {
			t.Errorf("%s: %q, want %q", name, f, c.text)
		}
		got, want := *f, c.want
		if want.At == nil { // only the op is told
			got.At, got.Column, got.Row, got.Token, got.Result = nil, 0, 0, 0, ""
		}
		got.Value, got.Cause, got.Inputs = 0, "", ""
		want.Value = 0
		if !sameFault(got, want) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		raw, err := json.Marshal(f)
		var back map[string]any
		if err != nil || json.Unmarshal(raw, &back) != nil || back["message"] != f.String() {
			t.Errorf("%s: as JSON %s (%v)", name, raw, err)
		}
	}
}

func sameFault(a, b Fault) bool {
	at := slices.Equal(a.At, b.At)
	a.At, b.At = nil, nil
	return at && a.Op == b.Op && a.Result == b.Result && a.Tensor == b.Tensor && a.Block == b.Block && a.Phase == b.Phase &&
		a.MicroBatch == b.MicroBatch && a.Row == b.Row && a.Token == b.Token && a.Column == b.Column
}

func fillRow(v []float32, cols, row int, x float32) {
	for i := range cols {
		v[row*cols+i] = x
	}
}

func scaleAll(v []float32, by float32) {
	for i := range v {
		v[i] *= by
	}
}

// The second micro-batch is named, and so is the query of an attention that overflows
// inside: its result is NaN, or its log-sum-exp.
func TestTraceNamesTheMicroBatch(t *testing.T) {
	for _, name := range []string{"rope", "alibi"} {
		s := testShapes[name]
		m := newTestModel(t, s, 5)
		p := m.bound(t, openCPU(t, cpu.Options{}), Options{MicroBatches: 3})
		spoilt := slices.Clone(m.ints["tokens"])
		fillRow(m.floats["embed"], s.hidden(), 7, 0)
		for i := range m.ints["tokens"] {
			m.ints["tokens"][i], spoilt[i] = 2, 2
		}
		spoilt[s.seq+3] = 7
		m.floats["embed"][7*s.hidden()] = 2e19
		m.rebind(t, p)
		p.SetScalar("inv", 0.1)
		f, err := p.Trace(2, s.seq, func(micro int) error {
			if err := m.load(p); err != nil || micro == 0 {
				return err
			}
			return p.SetInts("tokens", spoilt)
		})
		if err != nil || f == nil || f.MicroBatch != 1 || f.Row != 1 || f.Token != 3 || f.Op != "rms_norm" {
			t.Errorf("%s: %v (%v)", name, f, err)
		}
	}
}

// rebind gives p the parameters of m as they are now.
func (m *testModel) rebind(t *testing.T, p *Program) {
	t.Helper()
	params := map[string]kernels.Buf{}
	for _, name := range m.g.Params() {
		mem, err := p.dev.Alloc(int64(len(m.floats[name])) * 4)
		if err != nil {
			t.Fatal(err)
		}
		params[name] = kernels.Buf{Mem: mem, Len: len(m.floats[name])}
		if err := kernels.Write(p.dev, params[name], m.floats[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Bind(params); err != nil {
		t.Fatal(err)
	}
}

// An op whose kernel goes wrong is found by name in every phase, with its layer, token
// and parameter: each result of each instruction is spoilt in turn.
func TestTraceFindsEveryResult(t *testing.T) {
	s := testShape{batch: 2, seq: 7, heads: 2, kvHeads: 2, headDim: 8, ffn: 12, vocab: 60, layers: 2, alibi: true}
	m := newTestModel(t, s, 5)
	p := m.bound(t, openCPU(t, cpu.Options{}), Options{RecomputeBlocks: 2, MicroBatches: 2})
	for _, in := range p.instrs {
		for i, v := range in.out {
			if v == nil {
				continue
			}
			op := in.op
			spoilt := *op
			last := p.bufs[v].Slice(v.len-1, v.len)
			run := func(dev kernels.Device) {
				if op.product != nil {
					dev.MatMuls([]kernels.MatMul{op.product(&in.call)})
				} else {
					op.launch(dev, &in.call)
				}
				if err := kernels.Write(dev, last, []float32{float32(math.Inf(-1))}); err != nil {
					t.Fatal(err)
				}
			}
			spoilt.product, spoilt.launch = nil, func(dev kernels.Device, _ *call) { run(dev) }
			in.op = &spoilt
			f := m.traced(t, p, s, 1)
			in.op = op
			if f == nil || f.Op != op.name || f.Phase != in.phaseName() || !math.IsInf(float64(f.Value), -1) {
				t.Errorf("%s (%s): %v", v.name, in.phaseName(), f)
				continue
			}
			checkPlace(t, s, in, i, f)
		}
	}
}

// checkPlace compares a fault in the last element of a result with what the name of
// the op and of its tensor tell.
func checkPlace(t *testing.T, s testShape, in *instr, i int, f *Fault) {
	t.Helper()
	perTensor := map[string][]int{"linear_grad_w": {0}, "embedding_grad": {0}, "row_normalize": {0, 1}, "row_normalize_grad": {0},
		"rms_norm_grad": {1}, "head_loss_with_grad": {4}}
	if want := !slices.Contains(perTensor[in.op.name], i); want != (f.Token >= 0) {
		t.Errorf("%s, result %d: token %d", in.op.name, i, f.Token)
	}
	if f.Token >= 0 && (f.Row != s.batch-1 || f.Token != s.seq-1) {
		t.Errorf("%s, result %d: row %d, token %d, want the last", in.op.name, i, f.Row, f.Token)
	}
	block := noBlock
	if first := f.Tensor; first != "" && !slices.Contains([]string{"embed", "norm", "head"}, first) {
		block = int(first[0] - 'a')
	}
	inside := []string{"attention", "attention_grad", "swiglu", "swiglu_grad", "add"}
	if f.Tensor == "" && !slices.Contains(inside, in.op.name) {
		t.Errorf("%s: no tensor is named", in.op.name)
	}
	if f.Tensor != "" && f.Block != block || f.Tensor == "" && f.Block < 0 {
		t.Errorf("%s (%s) in %s: layer %d, want %d", in.op.name, f.Tensor, f.Phase, f.Block, block)
	}
}

func TestTraceErrors(t *testing.T) {
	m := newTestModel(t, testShapes["rope"], 5)
	p, err := Compile(m.g, openCPU(t, cpu.Options{}), Options{MicroBatches: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Trace(1, 7, nil); !errors.Is(err, errUnbound) {
		t.Errorf("an unbound program gave %v", err)
	}
	m.rebind(t, p)
	defer p.Close()
	failed := errors.New("no such batch")
	if _, err := p.Trace(1, 7, func(int) error { return failed }); !errors.Is(err, failed) {
		t.Errorf("a batch that cannot be loaded gave %v", err)
	}
	p.SetScalar("inv", 1)
	if _, err := p.Trace(2, 7, func(int) error { return m.load(p) }); err == nil || !strings.Contains(err.Error(), "micro-batch 2 of a step") {
		t.Errorf("two micro-batches for a program of one gave %v", err)
	}
	m.step(t, p, [][2]int{{0, 14}}) // a failed trace leaves the program usable
}
