package trainer

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"huihai/telemetry"
)

// Observer is told what the trainer does, on the trainer's goroutine, between
// steps. It must not keep what it is given.
type Observer interface {
	Step(StepRecord)
	// Measured tells what a hook measured after a step.
	Measured(step int, hook string, values []telemetry.Scalar)
	Saved(step int, path string)
	// Rewound tells that the run went back to a step: later ones come again.
	Rewound(step int)
	// Note is a sentence for the person, such as a save that failed.
	Note(text string)
}

// Silent is an observer that nobody listens to, for others to build on.
type Silent struct{}

// Step implements [Observer].
func (Silent) Step(StepRecord) {}

// Measured implements [Observer].
func (Silent) Measured(int, string, []telemetry.Scalar) {}

// Saved implements [Observer].
func (Silent) Saved(int, string) {}

// Rewound implements [Observer].
func (Silent) Rewound(int) {}

// Note implements [Observer].
func (Silent) Note(string) {}

// Hook is something that is done every so many steps, after the step's update
// and after its checkpoint is on its way: an evaluation, a measurement. It must
// not change the state of the run; a run with it has the bits of one without.
type Hook struct {
	Name string
	// Every is the number of steps between its runs; 0 means at the end only,
	// where every hook runs.
	Every int
	// Made reports whether its result of a step is on record already, so that a
	// run resumed at that step does not repeat it; nil means no.
	Made func(step int) bool
	// Run measures. Its values are logged under their tags; a value tagged
	// eval/loss decides which checkpoint is the best.
	Run func(ctx context.Context, step int) ([]telemetry.Scalar, error)
}

// StepRecord describes one optimizer step.
type StepRecord struct {
	Step, TotalSteps int
	Loss             float64 // cross-entropy + max-z, nats per token
	CrossEntropy     float64
	MeanMaxLogitSq   float64
	GradNorm         float64 // before clipping
	LearningRate     float64
	Tokens           int // rows x sequence length
	Supervised       int
	TokensSeen       int64 // of the run, this step's included
	Epoch, Index     int64 // place of its first row in the order of the data
	DataSeconds      float64
	StepSeconds      float64 // the whole step, waiting for data included
	// Skipped says that the step was not finite and changed nothing.
	Skipped bool
	// Sources are the losses by source, in the order of their first appearance in
	// the run; empty where the data set does not tell sources. Groups are the
	// shares of the squared gradient norm by layer group. Both are reused.
	Sources []SourceLoss
	Groups  []GroupShare
}

// SourceLoss is the cross-entropy of a source's tokens in one step.
type SourceLoss struct {
	Source     string
	Loss       float64 // nats per token, NaN without any
	Supervised int
}

// GroupShare is the part of the squared gradient norm that a group of tensors
// has: embed, layer.N, norm or head.
type GroupShare struct {
	Group string
	Share float64
}

// recorder sums what a step's record holds, in memory that is reused.
type recorder struct {
	groupOf []int // by tensor, in the optimizer's order
	groups  []GroupShare
	sources []sourceSum
	losses  []SourceLoss
	ring    []ringEntry
	next    int
}

type sourceSum struct {
	name       string
	nll        float64
	supervised int
}

func (r *recorder) init(tensors []string) {
	var names []string
	for _, t := range tensors {
		names = append(names, groupOf(t))
	}
	order := slices.Clone(names)
	slices.SortFunc(order, compareGroups)
	order = slices.Compact(order)
	for _, g := range order {
		r.groups = append(r.groups, GroupShare{Group: g})
	}
	for _, g := range names {
		r.groupOf = append(r.groupOf, slices.Index(order, g))
	}
	r.ring = make([]ringEntry, ringSize)
	for i := range r.ring {
		r.ring[i].Groups = make([]GroupShare, 0, len(order))
	}
}

// groupOf names the layer group of a tensor.
func groupOf(tensor string) string {
	switch {
	case strings.HasPrefix(tensor, "model.layers."):
		n, _, _ := strings.Cut(strings.TrimPrefix(tensor, "model.layers."), ".")
		return "layer." + n
	case strings.Contains(tensor, "embed"):
		return "embed"
	case strings.HasPrefix(tensor, "lm_head"):
		return "head"
	}
	return "norm"
}

// compareGroups orders embed, the layers by number, norm, head.
func compareGroups(a, b string) int {
	rank := func(g string) int {
		var n int
		if _, err := fmt.Sscanf(g, "layer.%d", &n); err == nil {
			return 1 + n
		}
		return map[string]int{"embed": 0, "norm": math.MaxInt - 1, "head": math.MaxInt}[g]
	}
	return rank(a) - rank(b)
}

// begin forgets the step before.
func (r *recorder) begin() {
	for i := range r.sources {
		r.sources[i].nll, r.sources[i].supervised = 0, 0
	}
}

// addRow adds the loss of a row to its source.
func (r *recorder) addRow(source string, nll float64, supervised int) {
	for i := range r.sources {
		if s := &r.sources[i]; s.name == source {
			s.nll += nll
			s.supervised += supervised
			return
		}
	}
	r.sources = append(r.sources, sourceSum{source, nll, supervised})
}

// sourceLosses are the means so far.
func (r *recorder) sourceLosses() []SourceLoss {
	r.losses = r.losses[:0]
	for _, s := range r.sources {
		loss := math.NaN()
		if s.supervised > 0 {
			loss = s.nll / float64(s.supervised)
		}
		r.losses = append(r.losses, SourceLoss{s.name, loss, s.supervised})
	}
	return r.losses
}

// shares divides the squared norms of the tensors among the groups.
func (r *recorder) shares(squares []float64) []GroupShare {
	sum := 0.0
	for i := range r.groups {
		r.groups[i].Share = 0
	}
	for i, s := range squares {
		sum += s
		r.groups[r.groupOf[i]].Share += s
	}
	for i := range r.groups {
		r.groups[i].Share /= sum
	}
	return r.groups
}

// ringSize is the number of steps that the flight recorder remembers.
const ringSize = 64

// ringEntry is a step as fault.json tells it.
type ringEntry struct {
	Step         int                `json:"step"`
	Loss         finite             `json:"loss"`
	GradNorm     finite             `json:"grad_norm"`
	LearningRate float64            `json:"learning_rate"`
	Supervised   int                `json:"supervised_tokens"`
	Epoch        int64              `json:"epoch"`
	Index        int64              `json:"index"`
	Skipped      bool               `json:"skipped,omitempty"`
	Groups       []GroupShare       `json:"-"`
	Shares       map[string]float64 `json:"grad_share,omitempty"` // filled when it is written
}

// remember enters a step into the ring.
func (r *recorder) remember(s StepRecord) {
	e := &r.ring[r.next%ringSize]
	r.next++
	*e = ringEntry{
		Step: s.Step, Loss: finite(s.Loss), GradNorm: finite(s.GradNorm), LearningRate: s.LearningRate,
		Supervised: s.Supervised, Epoch: s.Epoch, Index: s.Index, Skipped: s.Skipped,
		Groups: append(e.Groups[:0], s.Groups...),
	}
}

// last returns the remembered steps, the oldest first.
func (r *recorder) last() []ringEntry {
	var out []ringEntry
	for i := max(0, r.next-ringSize); i < r.next; i++ {
		e := r.ring[i%ringSize]
		e.Shares = map[string]float64{}
		for _, g := range e.Groups {
			if !math.IsNaN(g.Share) {
				e.Shares[g.Group] = g.Share
			}
		}
		out = append(out, e)
	}
	return out
}

// finite is a number that JSON may not have; NaN and infinities are words.
type finite float64

// MarshalJSON implements json.Marshaler.
func (f finite) MarshalJSON() ([]byte, error) {
	v := float64(f)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Appendf(nil, "%q", fmt.Sprint(v)), nil
	}
	return fmt.Appendf(nil, "%v", v), nil
}
