package cpu

import (
	"math"
	"slices"
	"strings"
	"testing"

	"huihai/kernels"
)

func open(t testing.TB, o Options) *Device {
	t.Helper()
	d, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want string
	}{{Options{Threads: -1}, "threads is -1"}, {Options{Path: "sse"}, `path "sse" is not available`}} {
		if _, err := Open(c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Open(%+v): error %v, want one with %q", c.o, err, c.want)
		}
	}
}

func TestAllocRefuses(t *testing.T) {
	d := open(t, Options{Threads: 1})
	for _, n := range []int64{-1, 1 << 50, math.MaxInt64} {
		if m, err := d.Alloc(n); err == nil {
			t.Errorf("Alloc(%d) gave %d bytes", n, m.Size())
		} else if n > 0 && !strings.Contains(err.Error(), "GiB") {
			t.Errorf("Alloc(%d): %v does not say how much there is", n, err)
		}
	}
	m, err := d.Alloc(0)
	if err != nil {
		t.Fatalf("Alloc(0): %v", err)
	}
	d.Free(m)
}

func TestMisusePanics(t *testing.T) {
	d := open(t, Options{Threads: 2})
	m, err := d.Alloc(400)
	if err != nil {
		t.Fatal(err)
	}
	b := kernels.Buf{Mem: m, Len: 100}
	outside := kernels.Buf{Mem: m, Len: 101}
	half := kernels.Buf{Mem: m, Len: 100, Type: kernels.BF16}
	freed, _ := d.Alloc(400)
	d.Free(freed)
	for name, call := range map[string]func(){
		"outside":      func() { d.Zero(outside) },
		"absent":       func() { d.Zero(kernels.Buf{}) },
		"freed":        func() { d.Zero(kernels.Buf{Mem: freed, Len: 100}) },
		"freed twice":  func() { d.Free(freed) },
		"lengths":      func() { d.Add(b, b.Slice(0, 50), b) },
		"type":         func() { d.Add(b, half, b) },
		"left bf16":    func() { d.MatMulNT(b.Mat(2, 2), half.Mat(2, 2), b.Mat(2, 2), false) },
		"shapes":       func() { d.MatMulNT(b.Mat(2, 2), b.Mat(2, 3), b.Mat(2, 4), false) },
		"misaligned":   func() { d.Zero(kernels.Buf{Mem: m, Off: 2, Len: 10}) },
		"negative off": func() { d.Zero(kernels.Buf{Mem: m, Off: -4, Len: 10}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}

func TestNameAndCapabilities(t *testing.T) {
	d := open(t, Options{Threads: 3, Path: "portable"})
	if d.Name() != "cpu (portable, 3 threads)" {
		t.Errorf("name %q", d.Name())
	}
	c := d.Capabilities()
	if c.Path != "portable" || c.Threads != 3 || c.FixedBytes <= 0 || !slices.Contains(c.Weights, kernels.NF4) {
		t.Errorf("capabilities %+v", c)
	}
}

func TestMeasurePeak(t *testing.T) {
	if g := MeasurePeak(1); !(g > 0.01 && g < 1e5) {
		t.Errorf("peak of one thread is %g GFLOP/s", g)
	}
}
