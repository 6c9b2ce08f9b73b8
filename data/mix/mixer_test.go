package mix

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// draw is one draw of a mixer.
type draw struct {
	source int
	before int64
}

func take(m *Mixer, n int) (out []draw) {
	for len(out) < n && !m.Ended() {
		s, b := m.Next()
		out = append(out, draw{s, b})
	}
	return out
}

func segments(t *rapid.T, sources int) []Segment {
	var out []Segment
	from := int64(0)
	for i := range rapid.IntRange(1, 4).Draw(t, "segments") {
		s := Segment{From: from}
		for range sources {
			s.Weights = append(s.Weights, float64(rapid.IntRange(0, 9).Draw(t, "weight")))
		}
		s.Weights[i%sources]++
		if rapid.Bool().Draw(t, "limited") {
			for range sources {
				s.Limits = append(s.Limits, int64(rapid.IntRange(-1, 60).Draw(t, "limit")))
			}
		}
		out = append(out, s)
		from += int64(rapid.IntRange(1, 50).Draw(t, "length"))
	}
	return out
}

// plain draws by the definition: shares since the last change of weights, found by
// recounting from the first draw, never more than a draw off.
func checkDraws(t *rapid.T, segments []Segment, draws []draw) {
	sources := len(segments[0].Weights)
	drawn, phase := make([]int64, sources), make([]int64, sources)
	var last []float64
	segment := 0
	for n, d := range draws {
		if segment+1 < len(segments) && segments[segment+1].From == int64(n) {
			segment, last = segment+1, nil
		}
		s := segments[segment]
		weights, sum := slices.Clone(s.Weights), 0.0
		for i := range weights {
			if s.Limits != nil && s.Limits[i] >= 0 && drawn[i] >= s.Limits[i] {
				weights[i] = 0
			}
			sum += weights[i]
		}
		if !slices.Equal(weights, last) {
			clear(phase)
			last = weights
		}
		if weights[d.source] == 0 {
			t.Fatalf("draw %d is of source %d, which has no weight", n, d.source)
		}
		if d.before != drawn[d.source] {
			t.Fatalf("draw %d of source %d is its number %d, want %d", n, d.source, d.before, drawn[d.source])
		}
		drawn[d.source]++
		phase[d.source]++
		total := int64(0)
		for _, c := range phase {
			total += c
		}
		for i, c := range phase {
			if want := weights[i] / sum * float64(total); math.Abs(float64(c)-want) >= 1+1e-6 {
				t.Fatalf("after draw %d source %d has %d of %d draws of its phase, want %g", n, i, c, total, want)
			}
		}
	}
}

func TestMixerKeepsSharesInEveryPhase(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seg := segments(t, rapid.IntRange(1, 6).Draw(t, "sources"))
		m, err := NewMixer(seg)
		if err != nil {
			t.Fatal(err)
		}
		draws := take(m, 300)
		checkDraws(t, seg, draws)
		if len(draws) < 300 { // the end: nothing with a weight is left
			s := seg[m.segment]
			for i, w := range s.Weights {
				if w > 0 && (s.Limits == nil || s.Limits[i] < 0 || m.drawn[i] < s.Limits[i]) {
					t.Fatalf("the draws end after %d, but source %d is not used up", len(draws), i)
				}
			}
		}
	})
}

// Wherever it is stopped, saved as JSON and restored, the draws go on the same; and
// segments that have not begun may be put in at the place itself.
func TestMixerRestoresAnywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seg := segments(t, rapid.IntRange(1, 5).Draw(t, "sources"))
		m, err := NewMixer(seg)
		if err != nil {
			t.Fatal(err)
		}
		want := take(m, 250)
		at := rapid.IntRange(0, len(want)).Draw(t, "at")
		// The first run knows only the segments that have begun before at.
		known := seg
		for len(known) > 1 && known[len(known)-1].From >= int64(at) {
			known = known[:len(known)-1]
		}
		first, err := NewMixer(known)
		if err != nil {
			t.Fatal(err)
		}
		got := take(first, at)
		text, err := json.Marshal(first.Place())
		if err != nil {
			t.Fatal(err)
		}
		var place Place
		if err := json.Unmarshal(text, &place); err != nil {
			t.Fatal(err)
		}
		second, err := NewMixer(seg)
		if err != nil {
			t.Fatal(err)
		}
		if err := second.Restore(place); err != nil {
			t.Fatal(err)
		}
		copied := &Mixer{}
		copied.CopyFrom(second)
		rest := take(second, 250-at)
		if got = append(got, rest...); !slices.Equal(got, want) {
			t.Fatalf("stopped at %d: %v, want %v", at, got, want)
		}
		if again := take(copied, 250-at); !slices.Equal(again, rest) {
			t.Fatalf("the copy goes on with %v, want %v", again, rest)
		}
	})
}

func TestMixerErrors(t *testing.T) {
	w := []float64{1, 2}
	for name, seg := range map[string][]Segment{
		"none": nil, "late": {{From: 1, Weights: w}}, "not rising": {{Weights: w}, {From: 5, Weights: w}, {From: 5, Weights: w}},
		"uneven": {{Weights: w}, {From: 1, Weights: w[:1]}}, "limits": {{Weights: w, Limits: []int64{1}}}, "zero": {{Weights: []float64{0, 0}}},
	} {
		if _, err := NewMixer(seg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	m, err := NewMixer([]Segment{{Weights: w}})
	if err != nil {
		t.Fatal(err)
	}
	take(m, 7)
	before := m.Place()
	for name, p := range map[string]Place{
		"size": {[]int64{1}, []int64{1}}, "negative": {[]int64{-1, 2}, []int64{0, 0}}, "phase": {[]int64{1, 2}, []int64{1, 3}},
		"shares": {[]int64{9, 9}, []int64{9, 9}}, "huge": {[]int64{math.MaxInt64, math.MaxInt64}, []int64{1, 2}},
	} {
		if m.Restore(p) == nil {
			t.Errorf("%s: the place is taken", name)
		}
	}
	if after := m.Place(); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("a refused place moves the mixer from %v to %v", before, after)
	}
}

func BenchmarkMixer(b *testing.B) {
	for _, k := range []int{3, 30} {
		b.Run(fmt.Sprintf("sources=%d", k), func(b *testing.B) {
			weights := make([]float64, k)
			for i := range weights {
				weights[i] = float64(i + 1)
			}
			m, err := NewMixer([]Segment{{Weights: weights}})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				m.Next()
			}
		})
	}
}
