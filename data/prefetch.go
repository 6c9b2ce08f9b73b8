package data

import (
	"context"

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
	row shard.Row
	err error
}

// startPrefetch reads from state s on, until the last epoch ends or stop is
// called.
func (l *Loader) startPrefetch(s State) *prefetch {
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
		var order epochOrder
		for ; !l.ended(s); s = l.after(s) {
			var item *prefetched
			select {
			case item = <-p.free:
			case <-ctx.Done():
				return
			}
			item.err = l.read(ctx, s, &order, &item.row)
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
	return p
}

// next returns the next row, waiting for it if need be.
func (p *prefetch) next(ctx context.Context) (*prefetched, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case item := <-p.ready:
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
