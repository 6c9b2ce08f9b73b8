package sample

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

type goldenCase struct {
	Name              string     `json:"name"`
	Temperature       float64    `json:"temperature"`
	TopK              int        `json:"top_k"`
	TopP              float64    `json:"top_p"`
	RepetitionPenalty float64    `json:"repetition_penalty"`
	Logits            []*float32 `json:"logits"`
	History           []int32    `json:"history"`
	Greedy            int32      `json:"greedy"`
	Kept              []int32    `json:"kept"`
	Probs             []float64  `json:"probs"`
}

func newSampler(t testing.TB, o Options) *Sampler {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// distribution returns the probability of each candidate after one Next.
func distribution(t testing.TB, s *Sampler, logits []float32, history []int32) map[int32]float64 {
	t.Helper()
	if _, err := s.Next(logits, history); err != nil {
		t.Fatal(err)
	}
	var total float64
	for _, w := range s.weights {
		total += w
	}
	out := map[int32]float64{}
	for i, id := range s.ids {
		out[id] = s.weights[i] / total
	}
	return out
}

func TestHuggingFaceGolden(t *testing.T) {
	data, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []goldenCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 50 {
		t.Fatalf("only %d cases", len(cases))
	}
	for i, c := range cases {
		logits := make([]float32, len(c.Logits))
		for j, v := range c.Logits {
			logits[j] = float32(math.Inf(-1))
			if v != nil {
				logits[j] = *v
			}
		}
		o := Options{Temperature: c.Temperature, TopK: c.TopK, TopP: c.TopP, RepetitionPenalty: c.RepetitionPenalty}
		got := distribution(t, newSampler(t, o), logits, c.History)
		for j, id := range c.Kept {
			if p, ok := got[id]; !ok || math.Abs(p-c.Probs[j]) > 1e-5 {
				t.Errorf("case %d (%s): token %d has probability %v, want %v", i, c.Name, id, p, c.Probs[j])
			}
		}
		if len(got) != len(c.Kept) {
			t.Errorf("case %d (%s): kept %d tokens, want %v", i, c.Name, len(got), c.Kept)
		}
		greedy := newSampler(t, Options{Greedy: true, RepetitionPenalty: c.RepetitionPenalty})
		if id, err := greedy.Next(logits, c.History); err != nil || id != c.Greedy {
			t.Errorf("case %d (%s): greedy %d, want %d (%v)", i, c.Name, id, c.Greedy, err)
		}
	}
}

// The rules as one would write them down, without heaps.
func naive(o Options, logits []float32, history []int32) map[int32]float64 {
	scores := slices.Clone(logits)
	if p := float32(o.RepetitionPenalty); p != 1 {
		for _, id := range history {
			scores[id] = logits[id] / p
			if logits[id] < 0 {
				scores[id] = logits[id] * p
			}
		}
	}
	ids := make([]int32, len(scores))
	for i := range scores {
		scores[i] /= float32(o.Temperature)
		ids[i] = int32(i)
	}
	slices.SortFunc(ids, func(a, b int32) int {
		if scores[a] != scores[b] {
			if scores[a] > scores[b] {
				return -1
			}
			return 1
		}
		return int(b - a)
	})
	if k := o.TopK; k > 0 && k < len(ids) {
		for k < len(ids) && scores[ids[k]] == scores[ids[k-1]] {
			k++
		}
		ids = ids[:k]
	}
	var total, mass float64
	for _, id := range ids {
		total += math.Exp(float64(scores[id] - scores[ids[0]]))
	}
	out := map[int32]float64{}
	for i, id := range ids {
		if o.TopP < 1 && i > 0 && mass >= o.TopP*total {
			break
		}
		out[id] = math.Exp(float64(scores[id] - scores[ids[0]]))
		mass += out[id]
	}
	for id := range out {
		out[id] /= mass
	}
	return out
}

func TestAgainstTheRulesWrittenDown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 50).Draw(t, "n")
		// Quarters make ties frequent, and their differences exact.
		logits := make([]float32, n)
		for i := range logits {
			logits[i] = float32(rapid.IntRange(-40, 40).Draw(t, "logit")) / 4
		}
		history := rapid.SliceOfN(rapid.Int32Range(0, int32(n-1)), 0, 8).Draw(t, "history")
		o := Options{
			Temperature:       rapid.SampledFrom([]float64{0.5, 1, 2}).Draw(t, "temperature"),
			TopK:              rapid.IntRange(0, 60).Draw(t, "top_k"),
			TopP:              rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(0, 1)).Draw(t, "top_p"),
			RepetitionPenalty: rapid.SampledFrom([]float64{0.5, 1, 2}).Draw(t, "penalty"),
		}
		s, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		before := slices.Clone(logits)
		id, err := s.Next(logits, history)
		if err != nil {
			t.Fatal(err)
		}
		want := naive(o, logits, history)
		if want[id] == 0 || len(s.ids) != len(want) || !slices.Equal(logits, before) {
			t.Fatalf("chose %d, kept %v, want %v", id, s.ids, want)
		}
		for i, id := range s.ids {
			var total float64
			for _, w := range s.weights {
				total += w
			}
			if math.Abs(s.weights[i]/total-want[id]) > 1e-6 {
				t.Fatalf("token %d: %v, want %v", id, s.weights[i]/total, want[id])
			}
		}
	})
}

func TestDrawsFollowTheProbabilities(t *testing.T) {
	logits := []float32{0, 1, 2, float32(math.Inf(-1)), 0.5}
	s := newSampler(t, Options{Temperature: 1, TopP: 1, RepetitionPenalty: 1, Seed: 7})
	want := distribution(t, s, logits, nil)
	const n = 40_000
	var seen [5]int
	for range n {
		id, err := s.Next(logits, nil)
		if err != nil {
			t.Fatal(err)
		}
		seen[id]++
	}
	// Chi-squared with 3 degrees of freedom; the seed is fixed, so this cannot
	// fail by chance. 16.3 is the 0.1 % point.
	var chi float64
	for id, p := range want {
		d := float64(seen[id]) - n*p
		chi += d * d / (n * p)
	}
	if chi > 16.3 || seen[3] > 0 {
		t.Errorf("drew %v for %v: chi-squared %.1f", seen, want, chi)
	}
}

func TestSeedsDecide(t *testing.T) {
	logits := make([]float32, 1000)
	stream := func(seed uint64) string {
		s := newSampler(t, Options{Temperature: 1, TopP: 1, RepetitionPenalty: 1, Seed: seed})
		var out []int32
		for range 20 {
			id, err := s.Next(logits, nil)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, id)
		}
		return fmt.Sprint(out)
	}
	if first, again := stream(1), stream(1); first != again || first == stream(2) {
		t.Error("the seed does not decide the stream")
	}
}

func TestGreedyTakesTheFirstOfTheLargest(t *testing.T) {
	s := newSampler(t, Options{Greedy: true, RepetitionPenalty: 1})
	if id, err := s.Next([]float32{1, 3, 3, 2}, []int32{1}); id != 1 || err != nil {
		t.Errorf("%d %v", id, err)
	}
	s = newSampler(t, Options{Greedy: true, RepetitionPenalty: 1.1})
	if id, err := s.Next([]float32{1, 3, 3, 2}, []int32{1}); id != 2 || err != nil {
		t.Errorf("with penalty: %d %v", id, err)
	}
}

// A top_p of 0 leaves the most likely token alone, as in transformers, which
// keeps at least one: every seed gives the greedy choice.
func TestTopPOfZeroIsGreedy(t *testing.T) {
	logits, history := released(300)
	want, err := newSampler(t, Options{Greedy: true, RepetitionPenalty: 1.2}).Next(logits, history)
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(20) {
		s := newSampler(t, Options{Temperature: 2, RepetitionPenalty: 1.2, Seed: seed})
		if id, err := s.Next(logits, history); id != want || err != nil {
			t.Errorf("seed %d: %d (%v), want %d", seed, id, err, want)
		}
	}
}

func TestBadInputIsAnError(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, greedy := range []bool{false, true} {
		s := newSampler(t, Options{Temperature: 1, TopP: 1, RepetitionPenalty: 1.1, Greedy: greedy})
		for _, c := range []struct {
			logits  []float32
			history []int32
			want    string
		}{
			{[]float32{1, nan}, nil, "token 1 is NaN"},
			{[]float32{inf, 1}, nil, "token 0 is +Inf"},
			{[]float32{-inf, -inf}, nil, "no token"},
			{nil, nil, "no token"},
			{[]float32{1, 2}, []int32{0, 2}, "token 1 of the history is 2"},
			{[]float32{1, 2}, []int32{-1}, "outside the vocabulary"},
		} {
			if _, err := s.Next(c.logits, c.history); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v %v: %v", c.logits, c.history, err)
			}
		}
		if id, err := s.Next([]float32{-inf, 2}, nil); id != 1 || err != nil {
			t.Errorf("after errors: %d %v", id, err)
		}
	}
	for _, v := range []float32{10, -10} { // the quotient overflows
		s := newSampler(t, Options{Temperature: 1e-38, TopP: 1, RepetitionPenalty: 1})
		if id, err := s.Next([]float32{v - 1, v, v - 2}, nil); id != 1 || err != nil {
			t.Errorf("tiny temperature: %d %v", id, err)
		}
	}
}

func TestValidate(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	if err := (Options{Greedy: true, RepetitionPenalty: 1}).Validate(); err != nil {
		t.Error(err)
	}
	nan := math.NaN()
	for want, o := range map[string]Options{
		"greedy":             {},
		"temperature":        {Temperature: -1},
		"temperature is NaN": {Temperature: nan},
		"temperature is 1e":  {Temperature: 1e-60},
		"top_k":              {Temperature: 1, TopK: -1},
		"top_p":              {Temperature: 1, TopP: 1.5},
		"top_p is NaN":       {Temperature: 1, TopP: nan},
		"repetition_penalty": {Temperature: 1, RepetitionPenalty: -1},
		"penalty is 0":       {Greedy: true},
		"top_p is -0.1":      {Temperature: 1, TopP: -0.1, RepetitionPenalty: 1},
		"penalty is +Inf":    {Greedy: true, RepetitionPenalty: math.Inf(1)},
	} {
		if err := o.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", o, err)
		}
		if s, err := New(o); err == nil || s != nil {
			t.Errorf("%+v: New accepted it", o)
		}
	}
}

func released(vocab int) (logits []float32, history []int32) {
	logits = make([]float32, vocab)
	for i := range logits {
		logits[i] = float32(math.Sin(float64(i)*12.9898) * 8)
	}
	return logits, []int32{1, 2, 3, 100, 3}
}

func TestSteadyStateDoesNotAllocate(t *testing.T) {
	logits, history := released(5000)
	for _, o := range []Options{Default(), {Temperature: 1, TopP: 0.9, RepetitionPenalty: 1}, Neutral(), {Greedy: true, RepetitionPenalty: 1.1}} {
		s := newSampler(t, o)
		if n := testing.AllocsPerRun(20, func() {
			if _, err := s.Next(logits, history); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%+v: %v allocations a token", o, n)
		}
	}
}

func BenchmarkNext(b *testing.B) {
	logits, history := released(125_696)
	for name, o := range map[string]Options{"chat": Default(), "top-p": {Temperature: 1, TopP: 0.9, RepetitionPenalty: 1}, "greedy": {Greedy: true, RepetitionPenalty: 1}} {
		b.Run(name, func(b *testing.B) {
			s := newSampler(b, o)
			for b.Loop() {
				if _, err := s.Next(logits, history); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}
