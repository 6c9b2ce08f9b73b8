package cpu

import (
	"sync"
	"sync/atomic"
)

// task is a piece of work cut into units that write disjoint outputs. Tasks live
// in the device, so that starting one allocates nothing.
type task interface {
	// unit does unit i on the given worker.
	unit(worker, i int)
}

// pool runs tasks on a fixed set of workers; the caller is worker 0.
type pool struct {
	workers int
	wake    []chan struct{}
	done    chan struct{}
	exited  sync.WaitGroup

	task  task
	units int64
	next  atomic.Int64
	busy  atomic.Int64
}

func newPool(workers int) *pool {
	p := &pool{workers: workers, done: make(chan struct{}, 1)}
	for w := 1; w < workers; w++ {
		c := make(chan struct{}, 1)
		p.wake = append(p.wake, c)
		p.exited.Add(1)
		go p.work(w, c)
	}
	return p
}

func (p *pool) work(worker int, wake <-chan struct{}) {
	defer p.exited.Done()
	for range wake {
		p.drain(worker)
		if p.busy.Add(-1) == 0 {
			p.done <- struct{}{}
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
	helpers := min(p.workers, units) - 1
	p.task, p.units = t, int64(units)
	p.next.Store(0)
	p.busy.Store(int64(helpers))
	for _, c := range p.wake[:helpers] {
		c <- struct{}{}
	}
	p.drain(0)
	<-p.done
	p.task = nil
}

func (p *pool) drain(worker int) {
	for {
		i := p.next.Add(1) - 1
		if i >= p.units {
			return
		}
		p.task.unit(worker, int(i))
	}
}

func (p *pool) close() {
	for _, c := range p.wake {
		close(c)
	}
	p.exited.Wait()
}
