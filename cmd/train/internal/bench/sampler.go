package bench

import (
	"slices"
	"time"
)

const (
	leastSamples   = 3
	mostSamples    = 1 << 12
	shortestSample = 100 * time.Microsecond // shorter calls are timed several at a time
)

// sampler repeats a call and keeps the median time. It allocates nothing while
// it measures.
type sampler struct {
	now     func() time.Duration // a clock that does not go back
	budget  time.Duration        // to spend on one call, beyond the least number of samples
	samples []float64            // its capacity is the largest number of samples
}

func newSampler(budget time.Duration) *sampler {
	start := time.Now()
	return &sampler{
		now: func() time.Duration { return time.Since(start) }, budget: budget,
		samples: make([]float64, 0, mostSamples),
	}
}

// median returns the seconds of one repetition; run must do the work the given
// number of times. The first run, which brings operands in, is not counted.
func (s *sampler) median(run func(reps int)) float64 {
	run(1)
	reps := s.repetitions(run)
	s.samples = s.samples[:0]
	for begin := s.now(); len(s.samples) < cap(s.samples); {
		if len(s.samples) >= leastSamples && s.now()-begin >= s.budget {
			break
		}
		s.samples = append(s.samples, s.seconds(run, reps))
	}
	return medianOf(s.samples)
}

// seconds times one sample.
func (s *sampler) seconds(run func(reps int), reps int) float64 {
	t := s.now()
	run(reps)
	return (s.now() - t).Seconds() / float64(reps)
}

// repetitions finds how many calls one sample needs to be long enough to time.
func (s *sampler) repetitions(run func(reps int)) int {
	reps := 1
	for reps < 1<<20 {
		t := s.now()
		run(reps)
		took := s.now() - t
		if took >= shortestSample {
			break
		}
		reps = max(2*reps, int(float64(reps)*float64(shortestSample)/float64(max(took, 1))))
	}
	return min(reps, 1<<20)
}

// medianOf sorts the values and returns the middle one.
func medianOf(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}
