package dash

import (
	"context"
	"os"
	"sync"
	"time"
)

const (
	// maxClients bounds the pages that listen at a time.
	maxClients = 64
	// clientQueue is how many events a client may lag behind before it is cut off; it
	// then connects again and reads everything anew.
	clientQueue = 64
	// maxEventRows is the most lines sent as an event; after more, pages read anew.
	maxEventRows = 200
)

// hub holds what is known of the runs and tells listeners what changes. poll is called
// by one goroutine; everything else may be called by any.
type hub struct {
	host  string
	ready chan struct{} // closed after the first poll

	mu      sync.RWMutex
	runs    []*run
	clients map[*client]struct{}
	closed  bool
}

// client is a listener. Its channel is closed when it lags too far behind, or when the
// hub closes.
type client struct{ events chan []byte }

func newHub(runs []*run) *hub {
	host, _ := os.Hostname() // without a name no run counts as one of this machine's
	return &hub{host: host, runs: runs, ready: make(chan struct{}), clients: map[*client]struct{}{}}
}

// watch polls until ctx ends.
func (h *hub) watch(ctx context.Context, every time.Duration) {
	h.poll(ctx)
	close(h.ready)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			h.poll(ctx)
		}
	}
}

// wait returns when the runs have been read once, or false when ctx ends before.
func (h *hub) wait(ctx context.Context) bool {
	select {
	case <-h.ready:
		return true
	case <-ctx.Done():
		return false
	}
}

// poll reads what is new in all run folders and tells the listeners.
func (h *hub) poll(ctx context.Context) {
	for _, r := range h.runs {
		before := summarize(r) // nobody else writes to it
		h.pollLog(ctx, r)
		state, changed := r.look(h.host)
		h.mu.Lock()
		if changed {
			r.file, r.have, r.status, r.problem = state.file, state.have, state.status, state.problem
		}
		if after := summarize(r); !after.sameState(before) {
			h.send(event("run", after))
		}
		h.mu.Unlock()
	}
}

// pollLog reads a log to its end.
func (h *hub) pollLog(ctx context.Context, r *run) {
	for more := true; more && ctx.Err() == nil; {
		n, err := r.tail.read()
		more = n.more
		if err == nil && r.logProblem == "" && !n.restarted && len(n.records) == 0 && n.skipped == 0 {
			continue
		}
		h.mu.Lock()
		first, generation := r.rows, r.generation
		r.take(n)
		r.logProblem = ""
		if err != nil {
			r.logProblem = err.Error()
		}
		switch {
		case r.generation != generation || len(n.records) > maxEventRows:
			h.send(event("resync", map[string]string{"run": r.name}))
		case len(n.records) > 0:
			h.send(event("points", pointsOf(r, first, n.records)))
		}
		h.mu.Unlock()
	}
}

// join adds a listener, or returns nil when there are too many.
func (h *hub) join() *client {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.clients) >= maxClients {
		return nil
	}
	c := &client{events: make(chan []byte, clientQueue)}
	h.clients[c] = struct{}{}
	return c
}

// leave removes a listener.
func (h *hub) leave(c *client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(c)
}

func (h *hub) drop(c *client) {
	if _, there := h.clients[c]; there {
		delete(h.clients, c)
		close(c.events)
	}
}

// send hands an event to every listener that has room for it and cuts off the rest.
// The lock is held.
func (h *hub) send(e []byte) {
	for c := range h.clients {
		select {
		case c.events <- e:
		default:
			h.drop(c)
		}
	}
}

// close ends all listening.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for c := range h.clients {
		h.drop(c)
	}
}

// find returns a run by its name. The lock is held.
func (h *hub) find(name string) *run {
	for _, r := range h.runs {
		if r.name == name {
			return r
		}
	}
	return nil
}
