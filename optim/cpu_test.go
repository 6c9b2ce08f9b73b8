package optim

import (
	"errors"
	"math"
	"slices"
	"testing"

	"huihai/internal/rng"
	"huihai/kernels"
	"huihai/kernels/cpu"
)

func openCPU(t *testing.T, threads int) *cpu.Device {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	return dev
}

func TestAdamWOnCPUEqualsPyTorch(t *testing.T) {
	checkAgainstPyTorch(t, openCPU(t, 2))
}

// train runs a few steps on tensors of awkward sizes and returns the weights.
func train(t *testing.T, dev kernels.Device) []float32 {
	t.Helper()
	var params []Param
	for i, shape := range [][]int{{7}, {3, 5}, {129, 65}, {1}, {4097}} {
		name := string(rune('a' + i))
		s := rng.New(11, name)
		values := make([]float32, elements(shape))
		for i := range values {
			values[i] = float32(s.NormFloat64())
		}
		params = append(params, newParam(t, dev, name, shape, values))
	}
	opt, err := New(dev, Default(), params)
	if err != nil {
		t.Fatal(err)
	}
	defer opt.Close()
	for step := 1; step <= 4; step++ {
		for _, p := range params {
			s := rng.New(uint64(step), "grad/"+p.Name)
			grad := make([]float32, p.Grad.Len)
			for i := range grad {
				grad[i] = float32(0.02 * s.NormFloat64())
			}
			write(t, dev, p.Grad, grad)
		}
		if res, err := Step(opt, step, 1e-2); err != nil {
			t.Fatal(err)
		} else if !res.Clipped {
			t.Fatalf("step %d has norm %v; the case is meant to be clipped", step, res.GradNorm)
		}
	}
	var all []float32
	for _, p := range params {
		all = append(all, read(t, dev, p.Value)...)
	}
	return all
}

func TestThreadsDoNotChangeTheBits(t *testing.T) {
	want := train(t, openCPU(t, 1))
	for _, threads := range []int{2, 3} {
		if got := train(t, openCPU(t, threads)); !slices.Equal(got, want) {
			t.Errorf("%d threads give other weights than one", threads)
		}
	}
	// The plain loops of the fake device round differently, but not by much.
	plain := train(t, &fakeDevice{})
	for i, w := range plain {
		if math.Abs(float64(want[i]-w)) > 2e-6 {
			t.Fatalf("weight %d is %v, plain loops give %v", i, want[i], w)
		}
	}
}

func TestCPUFindsNonFiniteGradients(t *testing.T) {
	dev := openCPU(t, 2)
	for _, at := range []int{0, 17, 4999} {
		p := newParam(t, dev, "w", []int{5000}, make([]float32, 5000))
		grad := make([]float32, 5000)
		grad[at] = float32(math.NaN())
		write(t, dev, p.Grad, grad)
		opt, err := New(dev, Default(), []Param{p})
		if err != nil {
			t.Fatal(err)
		}
		_, err = Step(opt, 1, 1e-3)
		var nonFinite *NonFiniteError
		if !errors.As(err, &nonFinite) {
			t.Errorf("a NaN at element %d gives: %v", at, err)
		}
		opt.Close()
	}
}
