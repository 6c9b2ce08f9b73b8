package data

import (
	"context"
	"errors"

	"huihai/data/shard"
)

// prefetch reads rows ahead of the loader, in its order, in one goroutine.
type prefetch struct {
	ready  chan *prefetched
	free   chan *prefetched
	cancel context.CancelFunc
	done   chan struct{}
}

type prefetched struct {
	number int64 // of the row in the split
	row    shard.Row
	source string
	err    error
}

// startPrefetch reads this reader's rows from state s on, until the order ends or
// stop is called.
func (l *Loader) startPrefetch(s State) (*prefetch, error) {
	w, err := l.newWalk(s)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &prefetch{
		ready: make(chan *prefetched, l.cfg.Prefetch), free: make(chan *prefetched, l.cfg.Prefetch+1),
		cancel: cancel, done: make(chan struct{}),
	}
	for range l.cfg.Prefetch + 1 {
		p.free <- &prefetched{}
	}
	go func() {
		defer close(p.done)
		defer close(p.ready)
		for n := 0; !w.ended(); n++ {
			if n%l.cfg.readers() != l.cfg.Reader {
				w.skip()
				continue
			}
			var item *prefetched
			select {
			case item = <-p.free:
			case <-ctx.Done():
				return
			}
			item.number = w.next()
			item.source, item.err = l.read(ctx, item.number, &item.row)
			select {
			case p.ready <- item:
			case <-ctx.Done():
				return
			}
			if item.err != nil {
				return
			}
		}
	}()
	return p, nil
}

// next returns the next row, waiting for it if need be.
func (p *prefetch) next(ctx context.Context) (*prefetched, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case item, ok := <-p.ready:
		if !ok {
			return nil, errors.New("data: loader: fewer rows were read ahead than the order has: this is a defect")
		}
		return item, item.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// recycle gives a row's memory back.
func (p *prefetch) recycle(item *prefetched) { p.free <- item }

// stop ends the goroutine and waits for it.
func (p *prefetch) stop() {
	p.cancel()
	<-p.done
}
