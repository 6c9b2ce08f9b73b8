package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"huihai/internal/rng"
	"huihai/kernels"
	"huihai/kernels/cpu"
)

// duel runs one library against ours on one number of threads.
type duel struct {
	lib     *blasLibrary
	clock   func() time.Duration
	budget  time.Duration
	pause   func(time.Duration)
	threads int
	path    string
	pairs   []pair // of the product under way
	results []BlasResult
}

// run compares the products one after the other.
func (d *duel) run(ctx context.Context, c BlasConfig, threads int, products []productShape) (err error) {
	dev, err := cpu.Open(cpu.Options{Threads: threads, Path: c.Path})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	d.threads, d.path = threads, dev.Capabilities().Path
	if err := d.lib.use(threads); err != nil {
		return err
	}
	for i, p := range products {
		if ctx.Err() != nil {
			return errors.New("bench: interrupted")
		}
		name := fmt.Sprintf("%s %s on %d threads", p.kind, p.size(), threads)
		if c.Progress != nil {
			c.Progress(i, len(products), name)
		}
		if err := d.compare(dev, p); err != nil {
			return fmt.Errorf("bench: %s: %w", name, err)
		}
	}
	return nil
}

// compare measures one product and checks the results against each other.
func (d *duel) compare(dev kernels.Device, p productShape) error {
	b := newBed(dev)
	defer b.clear()
	c, left, right := p.operands(b, kernels.F32)
	if b.err != nil {
		return b.err
	}
	var host [3][]float32
	for i, m := range []kernels.Mat{c, left, right} {
		v, free, err := hostFloats(m.Len)
		if err != nil {
			return err
		}
		defer free()
		host[i] = v
		if i == 0 {
			continue
		}
		fillUniform(v, uint64(i))
		if err := kernels.Write(dev, m.Buf, v); err != nil {
			return err
		}
	}
	ours := func() { p.call(dev, c, left, right) }
	theirs := func() { d.lib.multiply(p, host[0], host[1], host[2]) }
	oursSeconds, theirsSeconds, ratio := d.race(ours, theirs)
	if err := dev.Sync(); err != nil {
		return err
	}
	got := make([]float32, c.Len)
	if err := kernels.Read(dev, got, c.Buf); err != nil {
		return err
	}
	difference := maxDifference(got, host[0])
	if bound := agreement(p.k); !(difference <= bound) {
		return fmt.Errorf("the results differ by %.3g, more than rounding explains (%.3g): one of the two is wrong", difference, bound)
	}
	d.results = append(d.results, BlasResult{
		Product: p.kind, Shape: p.size(), Threads: d.threads, Pairs: len(d.pairs),
		OursGFLOPS: p.flops() / oursSeconds / 1e9, TheirsGFLOPS: p.flops() / theirsSeconds / 1e9,
		Ratio: ratio, MaxDifference: difference,
	})
	return nil
}

// race times the two in turns, each pair in the other order than the one before,
// and returns the medians of the seconds and of theirs by ours.
func (d *duel) race(ours, theirs func()) (oursSeconds, theirsSeconds, ratio float64) {
	oursReps, theirsReps := d.repetitions(ours), d.repetitions(theirs)
	d.pairs = d.pairs[:0]
	for start := d.clock(); len(d.pairs) < mostPairs && (len(d.pairs) < leastPairs || d.clock()-start < d.budget); {
		var p pair
		if len(d.pairs)%2 == 0 {
			p.ours = d.seconds(ours, oursReps)
			p.theirs = d.seconds(theirs, theirsReps)
			d.settle()
		} else {
			p.theirs = d.seconds(theirs, theirsReps)
			d.settle()
			p.ours = d.seconds(ours, oursReps)
		}
		d.pairs = append(d.pairs, p)
	}
	median := func(f func(p pair) float64) float64 {
		v := make([]float64, len(d.pairs))
		for i, p := range d.pairs {
			v[i] = f(p)
		}
		return medianOf(v)
	}
	return median(func(p pair) float64 { return p.ours }), median(func(p pair) float64 { return p.theirs }),
		median(func(p pair) float64 { return p.theirs / p.ours })
}

// pair is one turn of both, in seconds.
type pair struct{ ours, theirs float64 }

// repetitions warms a call up and finds how many of it make a sample of a few
// milliseconds, so that waking the workers counts as little as it does in a step.
func (d *duel) repetitions(call func()) int {
	call()
	once := d.seconds(call, 1)
	d.settle()
	return max(1, min(1000, int(sampleSeconds/max(once, 1e-7))))
}

// seconds returns the time of one of reps calls.
func (d *duel) seconds(call func(), reps int) float64 {
	start := d.clock()
	for range reps {
		call()
	}
	return (d.clock() - start).Seconds() / float64(reps)
}

// settle lets the workers of the library fall asleep.
func (d *duel) settle() {
	if d.threads > 1 {
		d.pause(settle)
	}
}

// agreement bounds the difference of two products of depth k with operands in
// [-1, 1). Each rounds about k times, to partial sums that grow as √k, so the
// errors have a spread near k·2⁻²⁶; the largest of millions is near six times
// that, and wrong products differ by √k.
func agreement(k int) float64 { return float64(k) * 0x1p-21 }

// maxDifference returns the largest |a[i]-b[i]|, NaN if there is a NaN.
func maxDifference(a, b []float32) float64 {
	var most float64
	for i, v := range a {
		diff := math.Abs(float64(v) - float64(b[i]))
		if math.IsNaN(diff) {
			return diff
		}
		most = max(most, diff)
	}
	return most
}

// fillUniform fills v with numbers of [-1, 1) that repeat with an odd period, so
// that no two rows of a matrix are equal.
func fillUniform(v []float32, seed uint64) {
	s := rng.New(seed, "bench/products")
	for i := range min(len(v), patternLen) {
		v[i] = 2*s.Float32() - 1
	}
	for i := patternLen; i < len(v); i++ {
		v[i] = v[i-patternLen]
	}
}
