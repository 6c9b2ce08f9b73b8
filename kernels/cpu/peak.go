package cpu

import (
	"runtime"
	"sync"
	"time"
)

// peakRounds is one timed burst, a few milliseconds of work.
const peakRounds = 1 << 20

// MeasurePeak returns the GFLOP/s that the given number of threads (0 takes
// GOMAXPROCS) reach in a loop of independent fused multiply-adds on registers,
// with the vectors of the default path: the ceiling that "share of the machine's
// peak" refers to. It takes about a quarter of a second; the best of several
// bursts counts, so that a busy machine disturbs it little.
func MeasurePeak(threads int) (gflops float64) {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	p := fastest(availablePaths())
	rates := make([]float64, threads)
	var all sync.WaitGroup
	for i := range rates {
		all.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			for start := time.Now(); time.Since(start) < 250*time.Millisecond; {
				rates[i] = max(rates[i], p.burst())
			}
		})
	}
	all.Wait()
	for _, r := range rates {
		gflops += r
	}
	return gflops
}

// burst times one loop and returns GFLOP/s.
func (p isa) burst() float64 {
	start := time.Now()
	flop := p.peak(peakRounds)
	return flop / time.Since(start).Seconds() / 1e9
}
