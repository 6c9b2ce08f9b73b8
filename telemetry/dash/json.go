package dash

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// number is a float64 in JSON; what JSON has no number for are the words "NaN", "+Inf"
// and "-Inf", as in the log.
type number float64

// MarshalJSON implements json.Marshaler.
func (n number) MarshalJSON() ([]byte, error) { return appendNumber(nil, float64(n)), nil }

// numbers are values for a curve: seven digits, which no screen can show.
type numbers []float64

// MarshalJSON implements json.Marshaler.
func (n numbers) MarshalJSON() ([]byte, error) {
	b := append(make([]byte, 0, 12*len(n)+2), '[')
	for i, v := range n {
		if i > 0 {
			b = append(b, ',')
		}
		if a := math.Abs(v); a != 0 && a < 1e6 {
			b = strconv.AppendFloat(b, v, 'g', 7, 64)
			continue
		}
		b = appendNumber(b, v)
	}
	return append(b, ']'), nil
}

func appendNumber(b []byte, v float64) []byte {
	if !isFinite(v) {
		return append(strconv.AppendFloat(append(b, '"'), v, 'g', -1, 64), '"')
	}
	if a := math.Abs(v); a >= 1e-6 && a < 1e15 {
		return strconv.AppendFloat(b, v, 'f', -1, 64)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}

// row is a line of a run's panel.
type row struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// parent is where a run went on from.
type parent struct {
	RunID string `json:"run_id"`
	Step  int64  `json:"step"`
}

// summary is a run as /api/runs and the event "run" tell it.
type summary struct {
	Run       string            `json:"run"`
	Folder    string            `json:"folder"`
	RunID     string            `json:"run_id,omitempty"`
	Parent    *parent           `json:"parent,omitempty"`
	Status    Status            `json:"status"`
	Message   string            `json:"message,omitempty"`
	Problem   string            `json:"problem,omitempty"` // why a file could not be read
	Model     string            `json:"model,omitempty"`
	Host      string            `json:"host,omitempty"`
	PID       int               `json:"pid,omitempty"`
	Started   number            `json:"started,omitempty"` // seconds since 1970
	Ended     number            `json:"ended,omitempty"`
	Steps     int64             `json:"steps,omitempty"` // of the whole run
	FirstStep int64             `json:"first_step,omitempty"`
	Step      int64             `json:"step"`
	Rows      int               `json:"rows"` // lines read
	Skipped   int               `json:"skipped_lines,omitempty"`
	Gen       int               `json:"generation"`
	Panel     []row             `json:"panel"`
	Tags      []string          `json:"tags"`
	Last      map[string]number `json:"last"`
}

func summarize(r *run) summary {
	f := r.file
	s := summary{
		Run: r.name, Folder: r.dir, RunID: f.RunID, Status: r.status, Message: f.Message, Model: r.panel("model"),
		Host: f.Host, PID: f.PID, Started: finite(f.Started), Ended: finite(f.Ended), Steps: f.Steps, FirstStep: f.FirstStep,
		Step: r.step, Rows: r.rows, Skipped: r.skipped, Gen: r.generation,
		Panel: []row{}, Tags: r.tags(), Last: map[string]number{},
	}
	if f.Parent != nil {
		s.Parent = &parent{f.Parent.RunID, f.Parent.Step}
	}
	s.Problem = strings.Join(nonEmpty(r.problem, r.logProblem), "; ")
	for _, p := range f.Panel {
		s.Panel = append(s.Panel, row{p.Key, p.Value})
	}
	for _, tag := range s.Tags {
		if v, ok := r.last(tag); ok {
			s.Last[tag] = number(v)
		}
	}
	return s
}

func finite(v float64) number {
	if isFinite(v) {
		return number(v)
	}
	return 0
}

func nonEmpty(list ...string) []string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// sameState reports whether two summaries differ in their points at most.
func (s summary) sameState(o summary) bool {
	s.Step, s.Rows, s.Skipped, s.Gen, s.Tags, s.Last = o.Step, o.Rows, o.Skipped, o.Gen, o.Tags, o.Last
	return reflect.DeepEqual(s, o)
}

// eventRow is a line of a log in the event "points".
type eventRow struct {
	Step   int64             `json:"step"`
	Values map[string]number `json:"values"`
}

// points is the event of that name: the lines from number first on.
type points struct {
	Run   string     `json:"run"`
	Gen   int        `json:"generation"`
	First int        `json:"first"`
	Rows  []eventRow `json:"rows"`
}

func pointsOf(r *run, first int, records []record) points {
	p := points{Run: r.name, Gen: r.generation, First: first}
	for _, rec := range records {
		values := map[string]number{}
		for i, tag := range rec.tags {
			values[tag] = number(rec.values[i])
		}
		p.Rows = append(p.Rows, eventRow{rec.step, values})
	}
	return p
}

// event writes a server-sent event. Its data is one line, as JSON is.
func event(name string, data any) []byte {
	var b bytes.Buffer
	b.WriteString("event: " + name + "\ndata: ")
	if err := json.NewEncoder(&b).Encode(data); err != nil {
		panic("dash: an event that is no JSON")
	}
	b.WriteString("\n")
	return b.Bytes()
}

// curve is a series as /api/series tells it.
type curve struct {
	Steps   []int64 `json:"steps"`
	Values  numbers `json:"values"`
	Smooth  numbers `json:"smooth,omitempty"`
	Average *state  `json:"average,omitempty"`
	Points  int     `json:"points"`            // in the log
	Thinned bool    `json:"thinned,omitempty"` // old points were dropped, extremes kept
}

// state lets a page go on smoothing where the server ended.
type state struct {
	Sum    number `json:"sum"`
	Weight number `json:"weight"`
}

// seriesQuery says what /api/series is asked for.
type seriesQuery struct {
	after  int64 // points of later steps only
	points int   // at most so many for each curve
	smooth float64
	tags   []string // none: all
}

var errNoTag = errors.New("no such tag")

// curvesOf answers a query. The hub's lock is held.
func curvesOf(r *run, q seriesQuery) (map[string]curve, error) {
	tags := q.tags
	if len(tags) == 0 {
		tags = r.tags()
	}
	out := map[string]curve{}
	for _, tag := range tags {
		s := r.series[tag]
		if s == nil {
			return nil, errNoTag
		}
		out[tag] = curveOf(s, q)
	}
	return out, nil
}

func curveOf(s *series, q seriesQuery) curve {
	from := 0
	for from < len(s.steps) && s.steps[from] <= q.after {
		from++
	}
	keep := s.reduced(from, q.points)
	c := curve{Steps: pick(s.steps, keep), Values: pick(s.values, keep), Points: len(s.steps), Thinned: s.thinned}
	if q.smooth > 0 {
		smoothed, a := smooth(s.values, q.smooth)
		c.Smooth = pick(smoothed, keep)
		c.Average = &state{number(a.sum), number(a.weight)}
	}
	return c
}
