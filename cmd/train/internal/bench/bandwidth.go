package bench

import (
	"runtime"
	"sync"
	"time"
	"unsafe"
)

// streamFloats is the length of each array that the bandwidth is measured on:
// 128 MiB, beyond the caches that a core has to itself.
const streamFloats = 32 << 20

// bandwidth is what memory does for the threads of a device, in GB/s.
type bandwidth struct {
	reading float64 // of an array
	mixed   float64 // the better of copying (read + written) and adding (two read, one written)
}

// of returns the ceiling of a kernel.
func (b bandwidth) of(k kernelCase) float64 {
	if k.readOnly {
		return b.reading
	}
	return b.mixed
}

// measureBandwidth walks through large arrays on the given number of threads, as
// McCalpin's STREAM does; the best of a few passes counts.
func measureBandwidth(threads int) (bandwidth, error) {
	var arrays [3][]float32
	for i := range arrays {
		a, free, err := hostFloats(streamFloats)
		if err != nil {
			return bandwidth{}, err
		}
		defer free()
		arrays[i] = a
	}
	return bandwidth{
		mixed:   max(bestPass(arrays, threads, 3, addPass), bestPass(arrays, threads, 2, copyPass)),
		reading: bestPass(arrays, threads, 1, readPass),
	}, nil
}

// bestPass returns the GB/s of a walk that moves so many arrays.
func bestPass(arrays [3][]float32, threads, moved int, run func(dst, a, b []float32)) (best float64) {
	for start, n := time.Now(), 0; n < 4 || time.Since(start) < 150*time.Millisecond; n++ {
		t := time.Now()
		streamPass(arrays, threads, run)
		if n > 0 { // the first touches the pages
			best = max(best, float64(moved)*4*streamFloats/time.Since(t).Seconds()/1e9)
		}
	}
	return best
}

func copyPass(dst, a, _ []float32) { copy(dst, a) }

func addPass(dst, a, b []float32) {
	b, dst = b[:len(a)], dst[:len(a)]
	for i, v := range a {
		dst[i] = v + b[i]
	}
}

// readPass reads eight bytes at a time into four chains.
func readPass(_, a, _ []float32) {
	words := unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(a))), len(a)/2)
	var s0, s1, s2, s3 uint64
	for ; len(words) >= 4; words = words[4:] {
		s0, s1, s2, s3 = s0^words[0], s1^words[1], s2^words[2], s3^words[3]
	}
	runtime.KeepAlive(s0 ^ s1 ^ s2 ^ s3)
}

// streamPass cuts the arrays into one piece per thread.
func streamPass(arrays [3][]float32, threads int, run func(dst, a, b []float32)) {
	var all sync.WaitGroup
	for i := range threads {
		// Pieces are whole cache lines, so that no two threads share one.
		from, to := (streamFloats/16*i/threads)*16, (streamFloats/16*(i+1)/threads)*16
		all.Go(func() { run(arrays[0][from:to], arrays[1][from:to], arrays[2][from:to]) })
	}
	all.Wait()
}
