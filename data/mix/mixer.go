package mix

import (
	"errors"
	"fmt"
	"math"
)

// Segment says how sources are drawn from some draw on.
type Segment struct {
	From    int64     // the first draw that it decides, counted from 0
	Weights []float64 // relative, one per source
	// Limits bound how often a source is drawn, counted from the very first
	// draw; a negative one is no bound, nil bounds none.
	Limits []int64
}

// Mixer draws from several sources by segments. A segment begins exactly at its
// draw. A source that reaches its limit has weight 0 from then on and the others
// keep their proportions. Shares are exact to a draw from the last such change on;
// see [Schedule]. When no source is left the draws end.
//
// What a Mixer does next is a function of its segments and its [Place].
type Mixer struct {
	segments []Segment
	drawn    []int64
	draws    int64
	segment  int
	schedule *Schedule // nil at the end
}

// Place is where a mixer is: its size is that of the sources, not of the draws.
type Place struct {
	Drawn []int64 `json:"drawn"` // by source, since the first draw
	Phase []int64 `json:"phase"` // by source, since the weights last changed
}

// NewMixer returns a mixer at its first draw. The first segment begins at 0, the
// others each after the one before.
func NewMixer(segments []Segment) (*Mixer, error) {
	if len(segments) == 0 || segments[0].From != 0 {
		return nil, errors.New("mix: the first segment must begin at draw 0")
	}
	m := &Mixer{segments: segments, drawn: make([]int64, len(segments[0].Weights))}
	for i, s := range segments {
		if i > 0 && s.From <= segments[i-1].From {
			return nil, fmt.Errorf("mix: segment %d begins at draw %d, which is not after %d", i, s.From, segments[i-1].From)
		}
		if len(s.Weights) != len(m.drawn) || s.Limits != nil && len(s.Limits) != len(m.drawn) {
			return nil, fmt.Errorf("mix: segment %d is not of %d sources", i, len(m.drawn))
		}
		if _, err := NewSchedule(s.Weights); err != nil {
			return nil, fmt.Errorf("segment %d: %w", i, err)
		}
	}
	m.turn()
	return m, nil
}

// Ended tells that no source is left to draw from.
func (m *Mixer) Ended() bool { return m.schedule == nil }

// Draws returns how many draws there were.
func (m *Mixer) Draws() int64 { return m.draws }

// Next returns the source of the next draw and how often it was drawn before. It
// must not be called when the draws have ended.
func (m *Mixer) Next() (source int, before int64) {
	if m.schedule == nil {
		panic("mix: draw after the end")
	}
	source = m.schedule.Next()
	before = m.drawn[source]
	m.drawn[source]++
	m.draws++
	if m.draws == m.end() || m.left(source) == 0 {
		m.turn()
	}
	return source, before
}

// end is the draw at which the next segment begins.
func (m *Mixer) end() int64 {
	if m.segment+1 == len(m.segments) {
		return math.MaxInt64
	}
	return m.segments[m.segment+1].From
}

// left is how often a source may still be drawn in the segment.
func (m *Mixer) left(source int) int64 {
	limits := m.segments[m.segment].Limits
	if limits == nil || limits[source] < 0 {
		return math.MaxInt64
	}
	return max(0, limits[source]-m.drawn[source])
}

// turn begins a phase: the segment of this draw, without what has run out.
func (m *Mixer) turn() {
	for m.draws >= m.end() {
		m.segment++
	}
	weights := append([]float64(nil), m.segments[m.segment].Weights...)
	for i := range weights {
		if m.left(i) == 0 {
			weights[i] = 0
		}
	}
	m.schedule, _ = NewSchedule(weights) // fails only when nothing is left
}

// Place returns where the mixer is.
func (m *Mixer) Place() Place {
	p := Place{Drawn: append([]int64(nil), m.drawn...), Phase: make([]int64, len(m.drawn))}
	if m.schedule != nil {
		copy(p.Phase, m.schedule.counts)
	}
	return p
}

// Restore moves the mixer to a place. Its segments may differ from those that it
// was at when the place was taken in all that has not begun: a segment that begins
// at this very draw begins.
func (m *Mixer) Restore(p Place) error {
	if len(p.Drawn) != len(m.drawn) || len(p.Phase) != len(m.drawn) {
		return fmt.Errorf("mix: place of %d and %d sources for a mixture of %d", len(p.Drawn), len(p.Phase), len(m.drawn))
	}
	at := Mixer{segments: m.segments, drawn: append([]int64(nil), p.Drawn...)}
	for i, n := range p.Drawn {
		if n < 0 || p.Phase[i] < 0 || p.Phase[i] > n || n > math.MaxInt64-at.draws {
			return fmt.Errorf("mix: source %d was drawn %d times, %d of them in this phase", i, n, p.Phase[i])
		}
		at.draws += n
	}
	at.turn()
	if at.schedule != nil && at.draws != m.segments[at.segment].From {
		if err := at.schedule.Restore(p.Phase); err != nil {
			return err
		}
	}
	*m = at
	return nil
}

// CopyFrom makes m equal to another mixer of the same segments, without allocating
// when both are in the same phase's weights.
func (m *Mixer) CopyFrom(o *Mixer) {
	drawn, schedule := m.drawn, m.schedule
	*m = *o
	m.drawn = append(drawn[:0], o.drawn...)
	if o.schedule == nil {
		return
	}
	if schedule == nil {
		schedule = &Schedule{}
	}
	counts := schedule.counts
	*schedule = *o.schedule // weights never change and are shared
	schedule.counts = append(counts[:0], o.schedule.counts...)
	m.schedule = schedule
}
