package optim

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"huihai/kernels"
	"pgregory.net/rapid"
)

func TestNewAllocatesOnceWhatStateBytesSays(t *testing.T) {
	dev := &fakeDevice{}
	params := []Param{
		newParam(t, dev, "b", []int{3, 5}, make([]float32, 15)),
		newParam(t, dev, "a", []int{16}, make([]float32, 16)),
		newParam(t, dev, "c", nil, make([]float32, 1)), // a scalar
	}
	before := dev.allocs
	opt, err := newOptimizer(dev, Default(), params)
	if err != nil {
		t.Fatal(err)
	}
	if got := dev.allocs - before; got != 1 {
		t.Errorf("New made %d allocations, want 1", got)
	}
	if want := StateBytes(Default(), params); opt.mem[0].Size() != want || want != 2*(64+64+64) {
		t.Errorf("New allocated %d bytes; StateBytes says %d", opt.mem[0].Size(), want)
	}
	var names []string
	taken := make([]bool, opt.mem[0].Size())
	for _, s := range opt.State() {
		names = append(names, s.Name)
		if s.Buf.Off%stateAlign != 0 {
			t.Errorf("%s starts at byte %d, which is not aligned", s.Name, s.Buf.Off)
		}
		for i := s.Buf.Off; i < s.Buf.Off+s.Buf.Bytes(); i++ {
			if taken[i] {
				t.Fatalf("byte %d is part of two moments", i)
			}
			taken[i] = true
		}
	}
	if want := []string{"exp_avg.a", "exp_avg_sq.a", "exp_avg.b", "exp_avg_sq.b", "exp_avg.c", "exp_avg_sq.c"}; !slices.Equal(names, want) {
		t.Errorf("State lists %v, want %v", names, want)
	}
	if want := []string{"a", "b", "c"}; !slices.Equal(opt.Names(), want) {
		t.Errorf("Names are %v, want %v", opt.Names(), want)
	}
	opt.Close()
	opt.Close()
	if dev.frees != 1 {
		t.Errorf("closing twice freed %d times, want once", dev.frees)
	}
}

func TestNewNamesEveryBadParameter(t *testing.T) {
	dev := &fakeDevice{}
	good := newParam(t, dev, "good", []int{2}, make([]float32, 2))
	short, half, bare, nameless, flat := good, good, good, good, good
	short.Name, short.Shape = "short", []int{3}
	half.Name, half.Value.Type = "half", kernels.BF16
	bare.Name, bare.Grad = "bare", kernels.Buf{}
	nameless.Name = ""
	flat.Name, flat.Shape = "flat", []int{0}
	_, err := New(dev, Default(), []Param{short, half, bare, nameless, flat, good, good})
	if err == nil {
		t.Fatal("New accepted bad parameters")
	}
	for _, want := range []string{
		"short has 2 weights", "half is BF16", "bare lacks", "has no name", "flat has the impossible shape", "good appears twice",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	if _, err := New(dev, Default(), nil); err == nil {
		t.Error("New accepted an empty list")
	}
	if _, err := New(dev, Config{}, []Param{good}); err == nil {
		t.Error("New accepted an empty configuration")
	}
	dev.limit = 1
	if _, err := New(dev, Default(), []Param{good}); err == nil || !strings.Contains(err.Error(), "not enough memory") {
		t.Errorf("without memory New says: %v", err)
	}
}

func TestNonFiniteGradientChangesNothing(t *testing.T) {
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		dev := &fakeDevice{}
		a := newParam(t, dev, "a", []int{2}, []float32{1, 2})
		b := newParam(t, dev, "b", []int{2}, []float32{3, 4})
		c := newParam(t, dev, "c", []int{2}, []float32{5, 6})
		opt, err := New(dev, Default(), []Param{c, b, a})
		if err != nil {
			t.Fatal(err)
		}
		write(t, dev, a.Grad, []float32{1, 1})
		write(t, dev, b.Grad, []float32{1, bad})
		write(t, dev, c.Grad, []float32{bad, bad})
		_, err = Step(opt, 7, 1e-3)
		var nonFinite *NonFiniteError
		if !errors.As(err, &nonFinite) || nonFinite.Tensor != "b" || nonFinite.Step != 7 {
			t.Fatalf("with a gradient of %v in b and c Step says: %v", bad, err)
		}
		for _, p := range []struct {
			Param
			want []float32
		}{{a, []float32{1, 2}}, {b, []float32{3, 4}}, {c, []float32{5, 6}}} {
			if got := read(t, dev, p.Value); !slices.Equal(got, p.want) {
				t.Errorf("%s is %v after the failed step, want %v", p.Name, got, p.want)
			}
			if m := stateOf(t, dev, opt, "exp_avg."+p.Name); !slices.Equal(m, []float32{0, 0}) {
				t.Errorf("the first moment of %s is %v after the failed step", p.Name, m)
			}
		}
	}
}

func TestStepRefusesBadArguments(t *testing.T) {
	dev := &fakeDevice{}
	opt, err := New(dev, Default(), []Param{newParam(t, dev, "w", []int{1}, []float32{1})})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		step int
		lr   float64
	}{{0, 1e-3}, {1, -1e-3}, {1, math.NaN()}, {1, math.Inf(1)}} {
		if _, err := Step(opt, c.step, c.lr); err == nil {
			t.Errorf("Step(%d, %v) gave no error", c.step, c.lr)
		}
	}
	dev.failNorm = errors.New("device lost")
	if _, err := Step(opt, 1, 1e-3); !errors.Is(err, dev.failNorm) {
		t.Errorf("a failing device gives: %v", err)
	}
}

func TestDecayByGroup(t *testing.T) {
	for _, c := range []struct {
		on                   DecayOn
		matrix, gain, scalar float64
	}{
		{DecayMatrices, 0.1, 0, 0}, {DecayAll, 0.1, 0.1, 0.1}, {DecayNone, 0, 0, 0},
	} {
		dev := &fakeDevice{}
		cfg := Default()
		cfg.DecayOn = c.on
		params := []Param{
			newParam(t, dev, "matrix", []int{1, 1}, []float32{1}),
			newParam(t, dev, "gain", []int{1}, []float32{1}),
			newParam(t, dev, "scalar", nil, []float32{1}),
		}
		opt, err := New(dev, cfg, params)
		if err != nil {
			t.Fatal(err)
		}
		// Without a gradient, decay is all that moves a weight.
		if _, err := Step(opt, 1, 0.5); err != nil {
			t.Fatal(err)
		}
		for i, decay := range []float64{c.matrix, c.gain, c.scalar} {
			want := float32(1 - 0.5*decay)
			if got := read(t, dev, params[i].Value)[0]; math.Abs(float64(got-want)) > 1e-7 {
				t.Errorf("decay_on %s: %s went from 1 to %v, want %v", c.on, params[i].Name, got, want)
			}
		}
	}
}

func TestClippingOff(t *testing.T) {
	dev := &fakeDevice{}
	cfg := Default()
	cfg.MaxGradNorm = 0
	p := newParam(t, dev, "w", []int{2}, []float32{1, 1})
	write(t, dev, p.Grad, []float32{3e4, 4e4})
	opt, err := New(dev, cfg, []Param{p})
	if err != nil {
		t.Fatal(err)
	}
	res, err := Step(opt, 1, 1e-3)
	if err != nil {
		t.Fatal(err)
	}
	if res != (StepResult{GradNorm: 5e4, Scale: 1}) {
		t.Errorf("Step = %+v, want norm 5e4 and no clipping", res)
	}
}

func TestClipScale(t *testing.T) {
	for _, c := range []struct{ norm, limit, want float64 }{
		{0, 0.5, 1}, {0.25, 0.5, 1}, {0.5, 0.5, 0.5 / 0.500001}, {1, 0.5, 0.5 / 1.000001}, {1, 0, 1},
	} {
		if got := clipScale(c.norm, c.limit); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("clipScale(%v, %v) = %v, want %v", c.norm, c.limit, got, c.want)
		}
	}
}

// The order in which the caller lists tensors must not reach the last bit.
func TestOrderOfParametersDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := []string{"a", "b", "c", "d", "e", "f", "g"}[:rapid.IntRange(1, 7).Draw(t, "tensors")]
		grads := map[string][]float32{}
		for _, n := range names {
			grads[n] = rapid.SliceOfN(rapid.Float32Range(-1e3, 1e3), 3, 3).Draw(t, n)
		}
		one := stepInOrder(t, names, grads)
		other := stepInOrder(t, rapid.Permutation(names).Draw(t, "order"), grads)
		if one != other {
			t.Fatalf("%+v in one order, %+v in another", one, other)
		}
	})
}

func stepInOrder(t *rapid.T, order []string, grads map[string][]float32) StepResult {
	dev := &fakeDevice{}
	var params []Param
	for _, n := range order {
		mem, _ := dev.Alloc(24)
		p := Param{
			Name: n, Shape: []int{3},
			Value: kernels.Buf{Mem: mem, Len: 3, Type: kernels.F32},
			Grad:  kernels.Buf{Mem: mem, Off: 12, Len: 3, Type: kernels.F32},
		}
		if err := kernels.Write(dev, p.Grad, grads[n]); err != nil {
			t.Fatal(err)
		}
		params = append(params, p)
	}
	opt, err := New(dev, Default(), params)
	if err != nil {
		t.Fatal(err)
	}
	res, err := Step(opt, 1, 1e-3)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestTreeSum(t *testing.T) {
	// 1 is lost beside 1e16 unless its neighbour brings it to 2.
	for _, c := range []struct{ in, want []float64 }{
		{[]float64{3}, []float64{3}},
		{[]float64{1e16, 1, 1}, []float64{1e16}},        // ((1e16+1)+1)
		{[]float64{1, 1, 1e16}, []float64{1e16 + 2}},    // ((1+1)+1e16)
		{[]float64{1e16, 1, 1, 1}, []float64{1e16 + 2}}, // ((1e16+1)+(1+1))
		{[]float64{1, 2, 3, 4, 5, 6, 7}, []float64{28}},
	} {
		if got := treeSum(slices.Clone(c.in)); got != c.want[0] {
			t.Errorf("treeSum(%v) = %v, want %v", c.in, got, c.want[0])
		}
	}
}

func TestMomentsRoundTrip(t *testing.T) {
	dev := &fakeDevice{}
	w := newParam(t, dev, "w", []int{2}, []float32{1, 2})
	x := newParam(t, dev, "x", []int{2}, []float32{3, 4})
	train := func(opt Optimizer, from, to int) {
		for step := from; step <= to; step++ {
			write(t, dev, w.Grad, []float32{float32(step), -0.5})
			write(t, dev, x.Grad, []float32{0.1, float32(-step)})
			if _, err := Step(opt, step, 1e-2); err != nil {
				t.Fatal(err)
			}
		}
	}
	opt, err := New(dev, Default(), []Param{w, x})
	if err != nil {
		t.Fatal(err)
	}
	train(opt, 1, 3)
	save, before := saveState(t, dev, opt), [][]float32{read(t, dev, w.Value), read(t, dev, x.Value)}
	train(opt, 4, 6)
	want := append(read(t, dev, w.Value), read(t, dev, x.Value)...)

	resumed, err := New(dev, Default(), []Param{w, x})
	if err != nil {
		t.Fatal(err)
	}
	write(t, dev, w.Value, before[0])
	write(t, dev, x.Value, before[1])
	loadState(t, resumed, save)
	train(resumed, 4, 6)
	if got := append(read(t, dev, w.Value), read(t, dev, x.Value)...); !slices.Equal(got, want) {
		t.Errorf("resumed: %v, never stopped: %v", got, want)
	}
}

func TestSetStateRefusesWhatDoesNotFit(t *testing.T) {
	dev := &fakeDevice{}
	opt, err := New(dev, Default(), []Param{newParam(t, dev, "w", []int{2}, []float32{1, 2}), newParam(t, dev, "x", []int{2, 3}, make([]float32, 6))})
	if err != nil {
		t.Fatal(err)
	}
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		name   string
		from   int
		values []float32
		want   string
	}{
		{"exp_avg.other", 0, []float32{0, 0}, `optimizer "adamw" keeps no state called exp_avg.other`},
		{"w", 0, []float32{0, 0}, "keeps no state called w"},
		{"exp_avg.w", 1, []float32{0, 0}, "got 2 values from element 1 on; the tensor has 2"},
		{"exp_avg.w", -1, []float32{0, 0}, "from element -1"},
		{"exp_avg.w", math.MaxInt, []float32{0, 0}, "from element"},
		{"exp_avg_sq.x", 2, []float32{0, 0}, "elements 2 to 4 are not whole rows of 3"},
		{"exp_avg_sq.w", 0, []float32{0, -1}, "state exp_avg_sq.w: element 1 is -1"},
		{"exp_avg_sq.w", 1, []float32{nan}, "state exp_avg_sq.w: element 1 is NaN"},
		{"exp_avg.w", 0, []float32{1, nan}, "state exp_avg.w: element 1 is NaN"},
		{"exp_avg.w", 0, []float32{inf, 1}, "state exp_avg.w: element 0 is +Inf"},
	} {
		if err := opt.SetState(c.name, c.from, leBytes(c.values)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("SetState(%s, %d, %v) says %v, want %q", c.name, c.from, c.values, err, c.want)
		}
	}
	if err := opt.SetState("exp_avg.w", 0, make([]byte, 6)); err == nil || !strings.Contains(err.Error(), "6 bytes are not whole elements of F32") {
		t.Errorf("half an element gives: %v", err)
	}
	for name, want := range map[string][]float32{"exp_avg.w": {0, 0}, "exp_avg_sq.w": {0, 0}} {
		if got := stateOf(t, dev, opt, name); !slices.Equal(got, want) {
			t.Errorf("%s is %v after refusals", name, got)
		}
	}
	if err := opt.SetState("exp_avg_sq.w", 0, leBytes([]float32{inf, 1})); err != nil {
		t.Errorf("squares that overflowed are refused: %v", err)
	}
}

func TestStepDoesNotAllocate(t *testing.T) {
	dev := &fakeDevice{}
	opt, err := New(dev, Default(), []Param{newParam(t, dev, "w", []int{2}, []float32{1, 2})})
	if err != nil {
		t.Fatal(err)
	}
	step := 0
	if n := testing.AllocsPerRun(50, func() {
		step++
		if _, err := Step(opt, step, 1e-3); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("a step makes %v allocations, want none", n)
	}
}

// After one step the corrected moments are the gradient and its square, so a
// weight moves by the learning rate: exactly, if the corrections belong to the
// float32 betas of the kernels.
func TestFirstStepMovesByTheLearningRate(t *testing.T) {
	dev := &fakeDevice{}
	cfg := Default()
	cfg.Epsilon = 1e-30 // beside 0.25 nothing at all
	p := newParam(t, dev, "w", []int{2}, []float32{0, 0})
	write(t, dev, p.Grad, []float32{0.25, -0.25})
	opt, err := New(dev, cfg, []Param{p})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Step(opt, 1, 0.5); err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, dev, p.Value), []float32{-0.5, 0.5}; !slices.Equal(got, want) {
		t.Errorf("the first step leads to %v, want %v", got, want)
	}
}
