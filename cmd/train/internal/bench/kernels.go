package bench

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"huihai/kernels/cpu"
)

// KernelConfig chooses what [Kernels] measures.
type KernelConfig struct {
	Threads int
	Path    string // code path of the kernels; "" is the default one
	// Only keeps the kernels whose "name shape" it matches; nil keeps all.
	Only *regexp.Regexp
	// Seconds is the time to repeat one kernel for.
	Seconds float64
	// Progress, when not nil, is told each kernel before it runs.
	Progress func(done, total int, kernel string)
}

// KernelResult is the median time of one kernel at one shape and how close that
// is to what the machine can do.
type KernelResult struct {
	Kernel  string  `json:"kernel"`
	Shape   string  `json:"shape"`
	Seconds float64 `json:"seconds"`
	// One of the two is set: GFLOPS where arithmetic bounds the kernel, else
	// GBPerSecond, counting bytes that must move once.
	GFLOPS      float64 `json:"gflops,omitempty"`
	GBPerSecond float64 `json:"gb_per_second,omitempty"`
	// Share is the rate as a part of the measured peak or bandwidth, 0 where a
	// cache bounds the kernel, whose bandwidth is not measured.
	Share float64 `json:"share,omitempty"`
	Bound string  `json:"bound"` // "compute", "memory" or "cache"
}

// The bounds of a kernel and the names of the machine's own rows.
const (
	boundCompute, boundMemory, boundCache = "compute", "memory", "cache"
	peakRow, bandwidthRow                 = "Peak", "Bandwidth"
)

// machine is what bounds kernels.
type machine struct {
	peak   float64 // GFLOP/s
	memory cpu.Bandwidth
	cached float64 // bytes that stay in a cache
}

// kernelCase is one kernel at one shape.
type kernelCase struct {
	kernel, shape string
	flops         float64 // that must be done; 0 where only memory counts
	bytes         float64 // that must move, each operand once
	readOnly      bool    // nearly all of the bytes are only read
	// build makes the operands and returns the call to time.
	build func(b *bed) func()
}

// Kernels measures the calls of the device at the shapes of training and
// decoding, and those that memory bounds at a shape beyond the caches. The first
// three results are the machine's own: a loop of fused multiply-adds, and passes
// over large arrays.
func Kernels(ctx context.Context, c KernelConfig) (_ []KernelResult, device string, err error) {
	chosen, err := chooseCases(c.Only)
	if err != nil {
		return nil, "", err
	}
	dev, err := cpu.Open(cpu.Options{Threads: c.Threads, Path: c.Path})
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	threads := dev.Capabilities().Threads
	m := machine{peak: cpu.MeasurePeak(threads), cached: cachedBytes(cacheFolder)}
	if err := m.measureMemory(threads); err != nil {
		return nil, "", err
	}
	seconds := make([]float64, len(chosen))
	b, s := newBed(dev), newSampler(time.Duration(c.Seconds*float64(time.Second)))
	for i, k := range chosen {
		if ctx.Err() != nil {
			return nil, "", errors.New("bench: interrupted")
		}
		if c.Progress != nil {
			c.Progress(i, len(chosen), k.name())
		}
		if seconds[i], err = k.measure(b, s); err != nil {
			return nil, "", fmt.Errorf("bench: %s: %w", k.name(), err)
		}
	}
	// Again, since on a shared machine the bandwidth changes from minute to minute.
	if err := m.measureMemory(threads); err != nil {
		return nil, "", err
	}
	results := []KernelResult{
		{Kernel: peakRow, Shape: "multiply-adds on registers", GFLOPS: m.peak, Share: 1, Bound: boundCompute},
		{Kernel: bandwidthRow, Shape: "read", GBPerSecond: m.memory.Read, Share: 1, Bound: boundMemory},
		{Kernel: bandwidthRow, Shape: "read and write", GBPerSecond: m.memory.Mixed, Share: 1, Bound: boundMemory},
	}
	for i, k := range chosen {
		results = append(results, k.result(seconds[i], m))
	}
	return results, dev.Name(), nil
}

// measureMemory keeps the best bandwidth of all its calls.
func (m *machine) measureMemory(threads int) error {
	b, err := cpu.MeasureBandwidth(threads)
	m.memory.Read, m.memory.Mixed = max(m.memory.Read, b.Read), max(m.memory.Mixed, b.Mixed)
	return err
}

// measure builds the operands, times the call and frees them.
func (k kernelCase) measure(b *bed, s *sampler) (float64, error) {
	defer b.clear()
	call := k.build(b)
	if b.err != nil {
		return 0, b.err
	}
	seconds := s.median(func(reps int) {
		for range reps {
			call()
		}
		if err := b.dev.Sync(); err != nil {
			b.err = err
		}
	})
	return seconds, b.err
}

// result compares a time with the two bounds: the larger of the times that the
// peak and the bandwidth allow is the one that binds (the roofline of Williams,
// Waterman and Patterson 2009).
func (k kernelCase) result(seconds float64, m machine) KernelResult {
	r := KernelResult{Kernel: k.kernel, Shape: k.shape, Seconds: seconds, Bound: boundMemory}
	bandwidth := m.memory.Mixed
	if k.readOnly {
		bandwidth = m.memory.Read
	}
	if k.flops/m.peak > k.bytes/bandwidth {
		r.Bound, r.GFLOPS = boundCompute, k.flops/seconds/1e9
		r.Share = r.GFLOPS / m.peak
		return r
	}
	r.GBPerSecond = k.bytes / seconds / 1e9
	if k.bytes <= m.cached {
		r.Bound = boundCache
		return r
	}
	r.Share = r.GBPerSecond / bandwidth
	return r
}

func (k kernelCase) name() string { return k.kernel + " " + k.shape }

// allCases lists every kernel at every shape.
func allCases() []kernelCase {
	return slices.Concat(matMulCases(), attentionCases(), headCases(), normCases(), elementCases(), tableCases(), sparseCases())
}

// ErrNothingChosen is returned when Only matches nothing.
var ErrNothingChosen = errors.New("nothing chosen")

func chooseCases(only *regexp.Regexp) ([]kernelCase, error) {
	all := allCases()
	if only == nil {
		return all, nil
	}
	var names []string
	for _, k := range all {
		if !slices.Contains(names, k.kernel) {
			names = append(names, k.kernel)
		}
	}
	chosen := slices.DeleteFunc(all, func(k kernelCase) bool { return !only.MatchString(k.name()) })
	if len(chosen) == 0 {
		return nil, fmt.Errorf("bench: %q matches no kernel and shape (%w); the kernels are %s", only, ErrNothingChosen, strings.Join(names, ", "))
	}
	return chosen, nil
}

// The shapes, in the letters of package kernels: those of the quickstart's model
// on four rows of 512 tokens, and those of Baichuan 2 7B on two rows of 4096.
const (
	stepT, stepC, stepF, stepV, stepD = 2048, 512, 1376, 8192, 64
	bigT, bigC, bigF, bigV, bigD      = 8192, 4096, 11008, 125696, 128
)
