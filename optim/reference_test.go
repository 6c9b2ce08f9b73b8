package optim

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"huihai/kernels"
	"pgregory.net/rapid"
)

// reference is testdata/optim_reference.json.
type reference struct {
	LearningRates      []float64 `json:"learning_rates"`
	Beta1, Beta2       float64
	Epsilon            float64
	WeightDecay        float64 `json:"weight_decay"`
	Shapes             map[string][]int
	DynamicMap         string `json:"dynamic_map"`
	DynamicMapUnsigned string `json:"dynamic_map_unsigned"`
	Cases              map[string]struct{ Values, State map[string]string }
}

func loadReference(t *testing.T) (reference, Config) {
	t.Helper()
	b, err := os.ReadFile("testdata/optim_reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	c := Default()
	c.Beta1, c.Beta2, c.Epsilon, c.WeightDecay, c.MaxGradNorm = r.Beta1, r.Beta2, r.Epsilon, r.WeightDecay, 0
	return r, c
}

// noise repeats scripts/golden_optim.py: the weights of step 0, else gradients.
func noise(name string, step int, shape []int) []float32 {
	seed := uint64(step)
	for _, b := range []byte(name) {
		seed += 1000 * uint64(b)
	}
	x := make([]float32, elements(shape))
	for i := range x {
		z := uint64(i)*0x9E3779B97F4A7C15 + seed*0xD1B54A32D192ED03
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		z ^= z >> 31
		v := float64(int64(z>>40)-1<<23) / (1 << 23)
		if step > 0 {
			row := i
			if len(shape) > 1 {
				row /= shape[len(shape)-1]
			}
			v = math.Ldexp(v, -(row % 5))
			if row%11 == 10 {
				v = 0
			}
		}
		x[i] = float32(v)
	}
	return x
}

// referenceRun takes the steps of the reference with optimizer c.
type referenceRun struct {
	reference
	t      *testing.T
	dev    kernels.Device
	opt    Optimizer
	params []Param
}

func newReferenceRun(t *testing.T, dev kernels.Device, change func(*Config)) *referenceRun {
	t.Helper()
	ref, c := loadReference(t)
	change(&c)
	r := &referenceRun{reference: ref, t: t, dev: dev}
	for name, shape := range ref.Shapes {
		r.params = append(r.params, newParam(t, dev, name, shape, noise(name, 0, shape)))
	}
	opt, err := New(dev, c, r.params)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(opt.Close)
	r.opt = opt
	return r
}

// steps takes steps from+1 to to.
func (r *referenceRun) steps(from, to int) {
	r.t.Helper()
	for step := from + 1; step <= to; step++ {
		for _, p := range r.params {
			write(r.t, r.dev, p.Grad, noise(p.Name, step, p.Shape))
		}
		if _, err := Step(r.opt, step, r.LearningRates[(step-1)%len(r.LearningRates)]); err != nil {
			r.t.Fatal(err)
		}
	}
}

// values returns all weights.
func (r *referenceRun) values() map[string][]float32 {
	out := map[string][]float32{}
	for _, p := range r.params {
		out[p.Name] = read(r.t, r.dev, p.Value)
	}
	return out
}

func (r *referenceRun) finish() { r.steps(0, len(r.LearningRates)) }

// decode returns the float32 of a string of the reference.
func decode(t *testing.T, text string) []float64 {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float64, len(raw)/4)
	for i := range x {
		x[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])))
	}
	return x
}

// check holds weights and F32 state to a case.
func (r *referenceRun) check(name string, absolute, stateRelative float64) {
	r.t.Helper()
	c, ok := r.Cases[name]
	if !ok || len(c.Values) != len(r.params) {
		r.t.Fatalf("the reference has no case %s of these tensors", name)
	}
	for _, p := range r.params {
		compare(r.t, name+": "+p.Name, read(r.t, r.dev, p.Value), decode(r.t, c.Values[p.Name]), absolute, 0)
	}
	if len(c.State) == 0 {
		return
	}
	state := r.opt.State()
	if len(state) != len(c.State) {
		r.t.Errorf("%s: %d tensors of state, the reference has %d", name, len(state), len(c.State))
	}
	for _, s := range state {
		if want, ok := c.State[s.Name]; !ok {
			r.t.Errorf("%s: the reference has no state %s", name, s.Name)
		} else if s.Buf.Type == kernels.F32 {
			compare(r.t, name+": "+s.Name, read(r.t, r.dev, s.Buf), decode(r.t, want), 2e-8, stateRelative)
		}
	}
}

func TestAdafactorEqualsPyTorch(t *testing.T) {
	r := newReferenceRun(t, openCPU(t, 2), func(c *Config) { c.Optimizer = Adafactor })
	r.finish()
	r.check("adafactor", 5e-7, 5e-7)
}

// Muon's iteration multiplies the errors of small singular values by hundreds, so
// that float32 and the float64 of the reference differ by more than a rounding.
func TestMuonEqualsPyTorch(t *testing.T) {
	for _, scale := range []LRScale{MatchRMSAdamW, OriginalScale} {
		r := newReferenceRun(t, openCPU(t, 2), func(c *Config) { c.Optimizer, c.MuonLRScale = Muon, scale })
		r.finish()
		r.check("muon "+string(scale), 1e-5, 2e-6)
	}
}

// A code may be the neighbour of the reference's where a moment that differs in
// its last bits lies at the middle of two.
func TestAdamW8EqualsBitsAndBytes(t *testing.T) {
	dev := openCPU(t, 2)
	r := newReferenceRun(t, dev, func(c *Config) { c.Optimizer = AdamW8bit })
	r.finish()
	r.check("adamw_8bit", 2e-6, 2e-6)
	for name, pair := range map[string][2][]float64{
		"signed":   {wide(kernels.DynamicMap[:]), decode(t, r.DynamicMap)},
		"unsigned": {wide(kernels.DynamicMapUnsigned[:]), decode(t, r.DynamicMapUnsigned)},
	} {
		if !slices.Equal(pair[0], pair[1]) {
			t.Errorf("the %s map is not that of bitsandbytes", name)
		}
	}
	saved, checked := saveState(t, dev, r.opt), 0
	for _, s := range r.opt.State() {
		if s.Buf.Type != kernels.U8 {
			continue
		}
		want, err := base64.StdEncoding.DecodeString(r.Cases["adamw_8bit"].State[s.Name])
		if err != nil || len(want) != s.Buf.Len {
			t.Fatalf("%s: %d codes in the reference (%v)", s.Name, len(want), err)
		}
		other := 0
		for i, c := range saved[s.Name] {
			if d := int(c) - int(want[i]); d != 0 {
				if other++; d < -1 || d > 1 {
					t.Errorf("%s: code %d is %d, want %d", s.Name, i, c, want[i])
				}
			}
		}
		if other > s.Buf.Len/500 {
			t.Errorf("%s: %d of %d codes differ", s.Name, other, s.Buf.Len)
		}
		checked++
	}
	if checked != 2 {
		t.Errorf("%d tensors have codes, want the two of b.weight", checked)
	}
}

func wide(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// lionReference is algorithm 2 of Chen et al. (2023) in float64.
func lionReference(c Config, rates []float64, name string, shape []int) (p, m []float64) {
	p, m = wide(noise(name, 0, shape)), make([]float64, elements(shape))
	_, decay := c.ForTensor(name, shape)
	for step, lr := range rates {
		for i, g := range wide(noise(name, step+1, shape)) {
			way := c.Beta1*m[i] + (1-c.Beta1)*g
			sign := 0.0
			if way != 0 {
				sign = math.Copysign(1, way)
			}
			p[i] -= lr * (sign + decay*p[i])
			m[i] = c.Beta2*m[i] + (1-c.Beta2)*g
		}
	}
	return p, m
}

func TestLionEqualsThePaper(t *testing.T) {
	dev := openCPU(t, 2)
	var cfg Config
	r := newReferenceRun(t, dev, func(c *Config) { c.Optimizer, c.Beta2 = Lion, 0.99; cfg = *c })
	r.finish()
	for name, shape := range r.Shapes {
		p, m := lionReference(cfg, r.LearningRates, name, shape)
		compare(t, name, stateValues(t, r, name), p, 1e-6, 0)
		compare(t, "m of "+name, stateOf(t, dev, r.opt, "exp_avg."+name), m, 1e-7, 1e-6)
	}
}

func stateValues(t *testing.T, r *referenceRun, name string) []float32 {
	t.Helper()
	for _, p := range r.params {
		if p.Name == name {
			return read(t, r.dev, p.Value)
		}
	}
	t.Fatalf("no tensor is called %s", name)
	return nil
}

// allOptimizers are the choices of the key.
var allOptimizers = []OptimizerType{AdamW, AdamW8bit, Adafactor, Lion, Muon}

// counted counts what is allocated.
type counted struct {
	kernels.Device
	bytes int64
}

func (c *counted) Alloc(n int64) (kernels.Mem, error) {
	c.bytes += n
	return c.Device.Alloc(n)
}

func (c *counted) AllocOnDemand(n int64) (kernels.Mem, error) {
	c.bytes += n
	return c.Device.AllocOnDemand(n)
}

func TestStateBytesIsWhatIsAllocated(t *testing.T) {
	for _, kind := range allOptimizers {
		for _, shapes := range []map[string][]int{
			{"a": {3, 5}}, {"a": {7}}, {"embed_tokens": {70, 90}},
			{"a": {64, 64}, "b": {4095}, "c": {4097}, "d": {5, 1000}, "embed_tokens": {40, 300}, "lm_head": {300, 40}, "e": {1}, "f": nil},
		} {
			dev := &counted{Device: openCPU(t, 1)}
			c := Default()
			c.Optimizer = kind
			var params, bare []Param
			for name, shape := range shapes {
				p := newParam(t, dev, name, shape, make([]float32, elements(shape)))
				bare = append(bare, Param{Name: name, Shape: shape})
				if name == "embed_tokens" && !c.NeedsDenseGradients() {
					p.Grad, p.Rows = kernels.Buf{}, func() kernels.SparseRows { return kernels.SparseRows{} }
				}
				params = append(params, p)
			}
			before := dev.bytes
			o, err := New(dev, c, params)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := dev.bytes-before, StateBytes(c, bare); got != want || want == 0 {
				t.Errorf("%s, %v: New allocated %d bytes, StateBytes says %d", kind, shapes, got, want)
			}
			o.Close()
		}
	}
}

// What NeedsDenseGradients says holds for a table called as the model's.
func TestNeedsDenseGradients(t *testing.T) {
	dev := openCPU(t, 1)
	for _, kind := range allOptimizers {
		for _, exclude := range [][]string{Default().MuonExclude, {"lm_head*"}} {
			c := Default()
			c.Optimizer, c.MuonExclude = kind, exclude
			p := newSparseParam(t, dev).sparse
			p.Name = "model.embed_tokens.weight"
			if _, err := New(dev, c, []Param{p}); (err != nil) != c.NeedsDenseGradients() {
				t.Errorf("%s without %v: NeedsDenseGradients is %v, New says: %v", kind, exclude, c.NeedsDenseGradients(), err)
			}
		}
	}
}

// An optimizer that cannot take gradients by row refuses them.
func TestGradientsByRowAreRefused(t *testing.T) {
	dev := openCPU(t, 1)
	for _, kind := range allOptimizers {
		c := Default()
		c.Optimizer, c.MuonExclude = kind, []string{"x"}
		_, err := New(dev, c, []Param{newSparseParam(t, dev).sparse})
		if kind == AdamW && err != nil || kind != AdamW && (err == nil || !strings.Contains(err.Error(), "gradient by row")) {
			t.Errorf("%s with gradients by row gives: %v", kind, err)
		}
	}
}

func TestOptimizersGiveTheSameBitsOnAllThreads(t *testing.T) {
	for _, kind := range allOptimizers {
		var want map[string][]byte
		for _, threads := range []int{1, 2, 3, 7} {
			dev := openCPU(t, threads)
			r := newReferenceRun(t, dev, func(c *Config) { c.Optimizer, c.MaxGradNorm = kind, 0.5 })
			r.finish()
			got := saveState(t, dev, r.opt)
			for name, v := range r.values() {
				got[name] = leBytes(v)
			}
			if want == nil {
				want = got
			}
			for name := range want {
				if !slices.Equal(got[name], want[name]) {
					t.Errorf("%s: %s differs on %d threads", kind, name, threads)
				}
			}
		}
	}
}

// A run that goes on from a saved state, in an optimizer that had another before,
// ends in the bits of one that never stopped: for tensors of any size, stopped after
// any step, with the state read in any pieces.
func TestStateRoundTripGivesEqualBits(t *testing.T) {
	dev := openCPU(t, 2)
	rapid.Check(t, func(rt *rapid.T) {
		c := Default()
		c.Optimizer = rapid.SampledFrom(allOptimizers).Draw(rt, "optimizer")
		at, piece := rapid.IntRange(0, 3).Draw(rt, "steps"), rapid.IntRange(1, 40).Draw(rt, "rows in a piece")
		shapes := [][]int{
			{rapid.IntRange(1, 20).Draw(rt, "rows"), rapid.IntRange(1, 20).Draw(rt, "columns")},
			{rapid.IntRange(40, 90).Draw(rt, "large rows"), rapid.IntRange(100, 110).Draw(rt, "large columns")},
			{rapid.IntRange(1, 50).Draw(rt, "length")},
		}
		whole, resumed := newRandomRun(t, dev, c, shapes), newRandomRun(t, dev, c, shapes)
		defer whole.close()
		defer resumed.close()
		whole.steps(0, at)
		resumed.steps(5, 7) // what it had before
		for i, p := range whole.params {
			write(t, dev, resumed.params[i].Value, read(t, dev, p.Value))
		}
		for name, raw := range saveState(t, dev, whole.opt) {
			setInPieces(t, resumed.opt, name, raw, piece)
		}
		whole.steps(at, 5)
		resumed.steps(at, 5)
		for i, p := range whole.params {
			if !slices.Equal(read(t, dev, p.Value), read(t, dev, resumed.params[i].Value)) {
				rt.Fatalf("%s differs", p.Name)
			}
		}
		after := saveState(t, dev, resumed.opt)
		for name, want := range saveState(t, dev, whole.opt) {
			if !slices.Equal(after[name], want) {
				rt.Fatalf("state %s differs", name)
			}
		}
	})
}

func newRandomRun(t *testing.T, dev kernels.Device, c Config, shapes [][]int) *referenceRun {
	t.Helper()
	r := &referenceRun{reference: reference{LearningRates: []float64{0.01, 0.02}}, t: t, dev: dev}
	for i, shape := range shapes {
		name := string(rune('a' + i))
		r.params = append(r.params, newParam(t, dev, name, shape, noise(name, 0, shape)))
	}
	opt, err := New(dev, c, r.params)
	if err != nil {
		t.Fatal(err)
	}
	r.opt = opt
	return r
}

func (r *referenceRun) close() {
	r.opt.Close()
	for _, p := range r.params {
		r.dev.Free(p.Value.Mem)
		r.dev.Free(p.Grad.Mem)
	}
}

// setInPieces sets one tensor of the state, so many rows at a time.
func setInPieces(t *testing.T, o Optimizer, name string, raw []byte, rows int) {
	t.Helper()
	i := slices.IndexFunc(o.State(), func(s StateTensor) bool { return s.Name == name })
	s := o.State()[i]
	size, width := int(s.Buf.Type.Bytes(1)), 1
	if len(s.Shape) == 2 {
		width = s.Shape[1]
	}
	for from := 0; from < s.Buf.Len; from += rows * width {
		to := min(s.Buf.Len, from+rows*width)
		if err := o.SetState(name, from, raw[from*size:to*size]); err != nil {
			t.Fatal(err)
		}
	}
}

func TestStepsOfAllOptimizersDoNotAllocate(t *testing.T) {
	for _, kind := range allOptimizers {
		r := newReferenceRun(t, openCPU(t, 2), func(c *Config) { c.Optimizer = kind })
		r.steps(0, 1)
		if n := testing.AllocsPerRun(5, func() {
			if _, err := Step(r.opt, 2, 1e-3); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: a step makes %v allocations, want none", kind, n)
		}
	}
}
