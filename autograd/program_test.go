package autograd

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"huihai/kernels"
	"huihai/kernels/cpu"
)

func openCPU(t *testing.T, o cpu.Options) kernels.Device {
	t.Helper()
	dev, err := cpu.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dev.Close() })
	return dev
}

// bound compiles the model's graph and ties it to freshly written parameters.
func (m *testModel) bound(t *testing.T, dev kernels.Device, o Options) *Program {
	t.Helper()
	p, err := Compile(m.g, dev, o)
	if err != nil {
		t.Fatal(err)
	}
	params := map[string]kernels.Buf{}
	for _, name := range m.g.Params() {
		v := m.floats[name]
		mem, err := dev.Alloc(int64(len(v)) * 4)
		if err != nil {
			t.Fatal(err)
		}
		params[name] = kernels.Buf{Mem: mem, Len: len(v)}
		if err := kernels.Write(dev, params[name], v); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Bind(params); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// step runs one optimizer step of micros, each a range of the model's tokens.
func (m *testModel) step(t *testing.T, p *Program, micros [][2]int) (loss float64, grads map[string][]float32) {
	t.Helper()
	p.SetScalar("inv", m.floats["inv"][0])
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(p.Begin())
	for _, r := range micros {
		for _, name := range []string{"tokens", "segments", "positions", "labels"} {
			if m.g.byName[name] == nil { // positions, under ALiBi
				continue
			}
			check(p.SetInts(name, m.ints[name][r[0]:r[1]]))
		}
		check(p.Micro())
		nll, top := make([]float32, r[1]-r[0]), make([]float32, r[1]-r[0])
		for name, dst := range map[string][]float32{"nll": nll, "max": top} {
			buf, ok := p.Output(name)
			if !ok {
				t.Fatalf("no output %s", name)
			}
			check(kernels.Read(p.dev, dst, buf))
		}
		for i := range nll {
			loss += float64(nll[i]) + 0.01*float64(top[i])*float64(top[i])
		}
	}
	check(p.End())
	grads = map[string][]float32{}
	for name := range m.g.Grads() {
		grads[name] = make([]float32, len(m.floats[name]))
		check(p.ReadGrad(name, grads[name]))
	}
	return loss * float64(m.floats["inv"][0]), grads
}

// The planned executor agrees with Gorgonia's TapeMachine, which runs the
// reference implementations.
func TestProgramAgreesWithTapeMachine(t *testing.T) {
	for name, s := range testShapes {
		for _, recompute := range []int{0, s.layers} {
			t.Run(fmt.Sprintf("%s/recompute=%d", name, recompute), func(t *testing.T) {
				m := newTestModel(t, s, 5)
				wantLoss, want := m.runTape(t)
				p := m.bound(t, openCPU(t, cpu.Options{}), Options{RecomputeBlocks: recompute})
				for range 2 { // a step leaves nothing behind
					loss, got := m.step(t, p, [][2]int{{0, s.batch * s.seq}})
					if math.Abs(loss-wantLoss) > 1e-5*math.Abs(wantLoss) {
						t.Errorf("loss %g, want %g", loss, wantLoss)
					}
					for param := range want {
						if d := distance(got[param], want[param]); !(d <= 1e-4) {
							t.Errorf("gradient of %s is off by %.2g of its norm", param, d)
						}
					}
				}
			})
		}
	}
}

func distance(got, want []float32) float64 {
	diff, norm := 0.0, 0.0
	for i, w := range want {
		diff += (float64(got[i]) - float64(w)) * (float64(got[i]) - float64(w))
		norm += float64(w) * float64(w)
	}
	return math.Sqrt(diff / norm)
}

// One hash of the gradients, whatever the threads, the micro-batches, the
// recomputation and what the compiler knows of the step.
func TestBitsDoNotDependOnTheCut(t *testing.T) {
	s := testShape{batch: 8, seq: 24, heads: 2, kvHeads: 2, headDim: 16, ffn: 40, vocab: 67, layers: 3}
	for _, alibi := range []bool{false, true} {
		s.alibi = alibi
		want := ""
		for _, rows := range []int{8, 4, 2, 1} {
			for _, threads := range []int{1, 3} {
				for _, o := range []Options{
					{KeepCheap: true}, {}, {RecomputeBlocks: 3}, {RecomputeBlocks: 3, KeepCheap: true},
					{MicroBatches: s.batch / rows}, {MicroBatches: s.batch / rows, RecomputeBlocks: 2},
				} {
					got := gradientHash(t, s, rows, threads, o)
					if want == "" {
						want = got
					}
					if got != want {
						t.Errorf("alibi=%v, micro-batches of %d rows, %d threads, %+v: gradients %s, want %s", alibi, rows, threads, o, got, want)
					}
				}
			}
		}
	}
}

func gradientHash(t *testing.T, s testShape, rows, threads int, o Options) string {
	whole := newTestModel(t, s, 11)
	cut := s
	cut.batch = rows
	m := newTestModel(t, cut, 11)
	maps.Copy(m.floats, whole.floats)
	maps.Copy(m.ints, whole.ints)
	p := m.bound(t, openCPU(t, cpu.Options{Threads: threads}), o)
	var micros [][2]int
	for i := 0; i < s.batch; i += rows {
		micros = append(micros, [2]int{i * s.seq, (i + rows) * s.seq})
	}
	loss, grads := m.step(t, p, micros)
	h := sha256.New()
	binary.Write(h, binary.LittleEndian, loss)
	for _, name := range slices.Sorted(maps.Keys(grads)) {
		binary.Write(h, binary.LittleEndian, grads[name])
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:8])
}

// A run takes exactly the memory that the plan announced.
func TestPlanIsWhatIsAllocated(t *testing.T) {
	m := newTestModel(t, testShapes["rope"], 1)
	dev := &counting{Device: openCPU(t, cpu.Options{})}
	p, err := Compile(m.g, dev, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if dev.bytes != 0 {
		t.Fatalf("compiling allocated %d bytes", dev.bytes)
	}
	m.bindTo(t, p, dev)
	before := dev.bytes
	m.step(t, p, [][2]int{{0, 14}})
	if want := p.Plan().ArenaBytes; before != want || dev.bytes != want {
		t.Errorf("planned %d bytes, bound %d, after a step %d", want, before, dev.bytes)
	}
	if err := p.Close(); err != nil || dev.bytes != 0 {
		t.Errorf("after Close %d bytes are held (%v)", dev.bytes, err)
	}
}

// A program compiled for one micro-batch overwrites gradients, so a second one,
// or none, is refused.
func TestMicroBatchesAreCounted(t *testing.T) {
	m := newTestModel(t, testShapes["rope"], 1)
	p := m.bound(t, openCPU(t, cpu.Options{}), Options{MicroBatches: 1})
	m.step(t, p, [][2]int{{0, 14}})
	if err := p.Micro(); err == nil || !strings.Contains(err.Error(), "micro-batch 2 of a step") {
		t.Errorf("a second micro-batch gave %v", err)
	}
	if err := p.Begin(); err != nil {
		t.Fatal(err)
	}
	if err := p.End(); err == nil {
		t.Error("a step without a micro-batch ended well")
	}
}

// bindTo binds with parameters from the uncounted device.
func (m *testModel) bindTo(t *testing.T, p *Program, dev *counting) {
	params := map[string]kernels.Buf{}
	for _, name := range m.g.Params() {
		mem, err := dev.Device.Alloc(int64(len(m.floats[name])) * 4)
		if err != nil {
			t.Fatal(err)
		}
		params[name] = kernels.Buf{Mem: mem, Len: len(m.floats[name])}
		if err := kernels.Write(dev.Device, params[name], m.floats[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Bind(params); err != nil {
		t.Fatal(err)
	}
}

// counting is a device that counts what is allocated, or refuses.
type counting struct {
	kernels.Device
	bytes  int64
	refuse bool
}

func (c *counting) Alloc(n int64) (kernels.Mem, error) {
	if c.refuse {
		return nil, errors.New("no memory left")
	}
	c.bytes += n
	return c.Device.Alloc(n)
}

func (c *counting) Free(m kernels.Mem) {
	c.bytes -= m.Size()
	c.Device.Free(m)
}

// A step in steady state allocates nothing.
func TestStepAllocatesNothing(t *testing.T) {
	m := newTestModel(t, testShapes["rope"], 1)
	p := m.bound(t, openCPU(t, cpu.Options{Threads: 2}), Options{RecomputeBlocks: 2})
	m.step(t, p, [][2]int{{0, 14}})
	allocs := testing.AllocsPerRun(20, func() {
		for _, err := range []error{p.Begin(), p.SetInts("tokens", m.ints["tokens"]), p.Micro(), p.End()} {
			if err != nil {
				t.Fatal(err)
			}
		}
	})
	if allocs > 0 {
		t.Errorf("%v allocations in a step", allocs)
	}
}

func TestProgramErrors(t *testing.T) {
	m := newTestModel(t, testShapes["rope"], 1)
	dev := &counting{Device: openCPU(t, cpu.Options{}), refuse: true}
	p, err := Compile(m.g, dev, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{p.Begin(), p.Micro(), p.End(), p.SetInts("tokens", m.ints["tokens"])} {
		if !errors.Is(err, errUnbound) {
			t.Errorf("unbound program: error %v", err)
		}
	}
	if err := p.Bind(nil); err == nil || !strings.Contains(err.Error(), "parameter adown") {
		t.Errorf("binding without parameters: error %v", err)
	}
	params := map[string]kernels.Buf{}
	for _, name := range m.g.Params() {
		params[name] = kernels.Buf{Len: len(m.floats[name])}
	}
	if err := p.Bind(params); err == nil || !strings.Contains(err.Error(), "arena") {
		t.Errorf("binding without memory: error %v", err)
	}
	p = m.bound(t, openCPU(t, cpu.Options{}), Options{})
	if err := p.SetInts("tokens", []int32{1}); err == nil {
		t.Error("a short input was accepted")
	}
	if err := p.SetInts("tokns", m.ints["tokens"]); err == nil || !strings.Contains(err.Error(), "no input tokns") {
		t.Errorf("a misspelt input gave %v", err)
	}
}
