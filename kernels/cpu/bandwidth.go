package cpu

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

// Bandwidth is what memory does for some threads, in GB/s of 10⁹ bytes.
type Bandwidth struct {
	Read float64 // of an array
	// Mixed is the better of copying past the caches (read + written) and of
	// adding one array to another (two read, one written).
	Mixed float64
}

// bandwidthFloats is the length of each of two arrays: 256 MiB, beyond the caches
// that cores share.
const bandwidthFloats = 64 << 20

// MeasureBandwidth walks through two arrays of 256 MiB on the given number of
// threads (0 takes GOMAXPROCS) with the vectors of the default path, as McCalpin's
// STREAM does. The arrays are written first: memory that never was is one page of
// zeros, which stays in a cache. It takes about a second; the best of a few
// passes counts, so that a busy machine disturbs it little.
func MeasureBandwidth(threads int) (_ Bandwidth, err error) {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	var arrays [2][]float32
	for i := range arrays {
		data, err := mapMemory(4 * bandwidthFloats)
		if err != nil {
			return Bandwidth{}, fmt.Errorf("cpu: measure the bandwidth: allocate %s: %w", size(4*bandwidthFloats), err)
		}
		defer func() {
			if e := unmapMemory(data); err == nil {
				err = e
			}
		}()
		arrays[i] = f32Slice(data, 0, bandwidthFloats)
	}
	p := fastest(availablePaths())
	pass := func(moved int, run func(a, b []float32)) (gb float64) {
		for start, n := time.Now(), 0; n < 3 || time.Since(start) < 200*time.Millisecond; n++ {
			t := time.Now()
			p.onPieces(arrays, threads, run)
			gb = max(gb, float64(moved)*4*bandwidthFloats/time.Since(t).Seconds()/1e9)
		}
		return gb
	}
	p.onPieces(arrays, threads, func(a, b []float32) { fillOnes(a); fillOnes(b) })
	return Bandwidth{
		Read:  pass(1, func(a, _ []float32) { p.read(a) }),
		Mixed: max(pass(2, func(a, b []float32) { p.copyTo(b, a, true) }), pass(3, func(a, b []float32) { p.axpy(b, 1, a) })),
	}, nil
}

// onPieces cuts the arrays into one piece per thread, in whole cache lines.
func (p isa) onPieces(arrays [2][]float32, threads int, run func(a, b []float32)) {
	var all sync.WaitGroup
	for i := range threads {
		from, to := bandwidthFloats/64*i/threads*64, bandwidthFloats/64*(i+1)/threads*64
		all.Go(func() {
			defer p.fence(true)
			run(arrays[0][from:to], arrays[1][from:to])
		})
	}
	all.Wait()
}

func fillOnes(x []float32) {
	for i := range x {
		x[i] = 1
	}
}
