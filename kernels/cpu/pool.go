package cpu

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// task is a piece of work cut into units that write disjoint outputs. Tasks live
// in the device, so that starting one allocates nothing.
type task interface {
	// unit does unit i on the given worker.
	unit(worker, i int)
}

// spinTime is how long a worker without work, or a caller that waits for the
// last unit, looks for news before it sleeps. Waking a sleeper costs tens of
// microseconds, as long as a unit of work takes, and a training step starts
// thousands of runs.
const spinTime = 60 * time.Microsecond

// pool runs tasks on a fixed set of workers; the caller is worker 0. A run is
// over when its units are done, whether or not every worker has woken by then:
// on a busy machine that can take longer than the work. A worker that comes late
// helps with whatever runs next.
type pool struct {
	workers int
	spin    time.Duration
	sleep   []sleeper     // workers 1 and up
	done    chan struct{} // wakes the caller
	exited  sync.WaitGroup

	// What a run sets before it publishes state, and leaves alone until left is
	// zero; so whoever has claimed a unit may read it.
	task task
	end  uint32 // units of the run

	_     cacheLine
	state atomic.Uint64 // number of the run in the high half, units not given out in the low
	_     cacheLine
	left  atomic.Int32 // units not finished
	_     cacheLine
	asks  atomic.Uint32 // number of the run whose caller sleeps, or 0
	_     cacheLine
}

// cacheLine keeps words apart that different workers write.
type cacheLine [64]byte

// sleeper is where one worker sleeps.
type sleeper struct {
	wake   chan struct{} // one token
	asleep atomic.Bool   // whoever sets it to false sends the token or does without
	_      cacheLine
}

func newPool(workers int) *pool {
	if workers > runtime.GOMAXPROCS(0) { // a spinning worker would be in another's way
		return makePool(workers, 0)
	}
	return makePool(workers, spinTime)
}

func makePool(workers int, spin time.Duration) *pool {
	p := &pool{workers: workers, spin: spin, done: make(chan struct{}, 1), sleep: make([]sleeper, workers-1)}
	for i := range p.sleep {
		p.sleep[i].wake = make(chan struct{}, 1)
		p.exited.Add(1)
		go p.work(i+1, &p.sleep[i])
	}
	return p
}

func (p *pool) work(worker int, s *sleeper) {
	defer p.exited.Done()
	pending := func() bool { return uint32(p.state.Load()) != 0 }
	for {
		p.drain(worker)
		if p.await(pending) {
			continue
		}
		s.asleep.Store(true)
		if pending() && s.asleep.CompareAndSwap(true, false) {
			continue // a run began in between and has not seen the flag
		}
		if _, open := <-s.wake; !open {
			return
		}
	}
}

// await spins until ready holds or the time for that is up, and returns which.
func (p *pool) await(ready func() bool) bool {
	const looks = 64 // between two readings of the clock
	var start time.Time
	for {
		for range looks {
			if ready() {
				return true
			}
		}
		switch {
		case p.spin == 0:
			return false
		case start.IsZero():
			start = time.Now()
		case time.Since(start) >= p.spin:
			return false
		}
	}
}

// run does units 0..units-1 of t and returns when all are done.
func (p *pool) run(t task, units int) {
	if p.workers == 1 || units <= 1 {
		for i := range units {
			t.unit(0, i)
		}
		return
	}
	number := uint32(p.state.Load()>>32) + 1
	if number == 0 { // taken by "no run"
		number = 1
	}
	p.task, p.end = t, uint32(units)
	p.left.Store(int32(units))
	p.state.Store(uint64(number)<<32 | uint64(units))
	for i := range p.sleep[:min(p.workers, units)-1] {
		if s := &p.sleep[i]; s.asleep.CompareAndSwap(true, false) {
			s.wake <- struct{}{}
		}
	}
	p.drain(0)
	finished := func() bool { return p.left.Load() == 0 }
	if p.await(finished) {
		return
	}
	p.asks.Store(number)
	if finished() && p.asks.CompareAndSwap(number, 0) {
		return
	}
	<-p.done
}

// drain takes units until none is left to give out.
func (p *pool) drain(worker int) {
	for {
		s := p.state.Load()
		rest := uint32(s)
		if rest == 0 {
			return
		}
		if !p.state.CompareAndSwap(s, s-1) {
			continue
		}
		p.task.unit(worker, int(p.end-rest))
		if p.left.Add(-1) == 0 {
			if p.asks.CompareAndSwap(uint32(s>>32), 0) {
				p.done <- struct{}{}
			}
		}
	}
}

func (p *pool) close() {
	for i := range p.sleep {
		close(p.sleep[i].wake)
	}
	p.exited.Wait()
}
