package dash

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// writeTimeout is how long an answer, or one event, may take to be sent.
	writeTimeout = 30 * time.Second
	// keepAlive is how often a silent stream says that it is still there.
	keepAlive = 15 * time.Second
	// defaultPoints and mostPoints bound the answer to a question for curves.
	defaultPoints = 800
	mostPoints    = 20000
)

// api answers the addresses of the package comment.
type api struct {
	hub   *hub
	page  page
	guard guard
}

// handler returns everything behind the guard.
func (a *api) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.getPage)
	mux.HandleFunc("GET /api/runs", a.getRuns)
	mux.HandleFunc("GET /api/series", a.getSeries)
	mux.HandleFunc("GET /api/events", a.getEvents)
	mux.HandleFunc("GET /metrics", a.getMetrics)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintln(w, "ok")
	})
	return a.guard.wrap(a.page.policy, mux)
}

func (a *api) getPage(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Has("token") {
		a.guard.sendOn(w, r) // so that it stays in no history
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Vary", "Accept-Encoding")
	body := a.page.html
	if takesGzip(r) {
		w.Header().Set("Content-Encoding", "gzip")
		body = a.page.zipped
	}
	w.Write(body)
}

func takesGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			return strings.ReplaceAll(weight, " ", "") != "q=0"
		}
	}
	return false
}

// answer sends v as JSON.
func answer(w http.ResponseWriter, r *http.Request, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "the answer cannot be written as JSON", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Vary", "Accept-Encoding")
	if len(body) < 1024 || !takesGzip(r) {
		w.Write(body)
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	zip, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // the level exists
	zip.Write(body)
	zip.Close()
}

func (a *api) getRuns(w http.ResponseWriter, r *http.Request) {
	if !a.hub.wait(r.Context()) {
		return
	}
	var out struct {
		Runs []summary `json:"runs"`
		Now  number    `json:"now"` // seconds since 1970, by the server's clock
	}
	a.hub.mu.RLock()
	for _, one := range a.hub.runs {
		out.Runs = append(out.Runs, summarize(one))
	}
	a.hub.mu.RUnlock()
	out.Now = number(float64(time.Now().UnixMilli()) / 1000)
	answer(w, r, out)
}

func (a *api) getSeries(w http.ResponseWriter, r *http.Request) {
	q, err := parseQuery(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !a.hub.wait(r.Context()) {
		return
	}
	var out struct {
		Run    string           `json:"run"`
		Gen    int              `json:"generation"`
		Rows   int              `json:"rows"` // lines read; the next event begins with this number
		Step   int64            `json:"step"`
		Series map[string]curve `json:"series"`
	}
	name := r.URL.Query().Get("run")
	a.hub.mu.RLock()
	one := a.hub.find(name)
	if one != nil {
		out.Run, out.Gen, out.Rows, out.Step = one.name, one.generation, one.rows, one.step
		out.Series, err = curvesOf(one, q)
	}
	a.hub.mu.RUnlock()
	switch {
	case one == nil:
		http.Error(w, fmt.Sprintf("there is no run %q; /api/runs lists them", name), http.StatusNotFound)
	case err != nil:
		http.Error(w, fmt.Sprintf("run %q has not all of the tags asked for; /api/runs lists them", name), http.StatusNotFound)
	default:
		answer(w, r, out)
	}
}

// parseQuery reads after, points, smooth and tag.
func parseQuery(r *http.Request) (seriesQuery, error) {
	v := r.URL.Query()
	q := seriesQuery{after: -1, points: defaultPoints, tags: v["tag"]}
	var err error
	if s := v.Get("after"); s != "" {
		if q.after, err = strconv.ParseInt(s, 10, 64); err != nil {
			return q, errors.New("after is no whole number: it is the last step that is already known")
		}
	}
	if s := v.Get("points"); s != "" {
		if q.points, err = strconv.Atoi(s); err != nil || q.points < leastPoints || q.points > mostPoints {
			return q, fmt.Errorf("points must be a whole number from %d to %d", leastPoints, mostPoints)
		}
	}
	if s := v.Get("smooth"); s != "" {
		if q.smooth, err = strconv.ParseFloat(s, 64); err != nil || !(q.smooth >= 0 && q.smooth < 1) {
			return q, errors.New("smooth must be a number from 0 to below 1")
		}
	}
	return q, nil
}

func (a *api) getMetrics(w http.ResponseWriter, r *http.Request) {
	if !a.hub.wait(r.Context()) {
		return
	}
	a.hub.mu.RLock()
	body := exposition(a.hub.runs)
	a.hub.mu.RUnlock()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	w.Write(body)
}

// getEvents sends events until the client goes, lags behind, or the server ends.
func (a *api) getEvents(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", "text/event-stream")
		return
	}
	c := a.hub.join()
	if c == nil {
		w.Header().Set("Retry-After", "10")
		http.Error(w, fmt.Sprintf("%d pages listen already; close some", maxClients), http.StatusServiceUnavailable)
		return
	}
	defer a.hub.leave(c)
	out := http.NewResponseController(w)
	out.SetReadDeadline(time.Time{}) // the server's own is for reading a request
	send := func(b []byte) bool {
		out.SetWriteDeadline(time.Now().Add(writeTimeout)) // a recorder of tests has none
		_, err := w.Write(b)
		return err == nil && out.Flush() == nil
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // for proxies
	if !send([]byte("retry: 2000\n\n")) {
		return
	}
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	for {
		select {
		case e, ok := <-c.events:
			if !ok || !send(e) {
				return
			}
		case <-alive.C:
			if !send([]byte(": still here\n\n")) {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}
