package cpu

import "sync"

// task is a piece of work cut into units that write disjoint outputs. Tasks live
// in the device, so that starting one allocates nothing.
type task interface {
	// unit does unit i on the given worker.
	unit(worker, i int)
}

// pool runs tasks on a fixed set of workers; the caller is worker 0. A run is
// over when its units are done, whether or not every worker has woken by then:
// on a busy machine that can take longer than the work. A worker that comes late
// helps with whatever runs next.
type pool struct {
	workers int
	wake    []chan struct{} // one token each, for workers 1 and up
	done    chan struct{}   // one token per finished run
	exited  sync.WaitGroup

	mu   sync.Mutex // guards what follows
	task task
	next int // first unit not given out
	end  int // units of the run
	left int // units not finished
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
	p.mu.Lock()
	p.task, p.next, p.end, p.left = t, 0, units, units
	p.mu.Unlock()
	for _, c := range p.wake[:min(p.workers, units)-1] {
		select {
		case c <- struct{}{}:
		default: // still on its way from an earlier run
		}
	}
	p.drain(0)
	<-p.done
}

// drain takes units until none is left to give out.
func (p *pool) drain(worker int) {
	finished := 0
	for {
		p.mu.Lock()
		p.left -= finished
		over := finished > 0 && p.left == 0
		t, i := p.task, p.next
		given := i < p.end
		if given {
			p.next++
		}
		p.mu.Unlock()
		if over {
			p.done <- struct{}{}
		}
		if !given {
			return
		}
		t.unit(worker, i)
		finished = 1
	}
}

func (p *pool) close() {
	for _, c := range p.wake {
		close(c)
	}
	p.exited.Wait()
}
