package substring

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"huihai/data/cut"
)

// coverage says of every byte of every document whether a window that occurs
// again, or one that stays for others, covers it.
type coverage [][]byte

const (
	isAgain = 1
	isKept  = 2
)

func (c coverage) add(doc int64, s Span, kept bool) {
	bit := byte(isAgain)
	if kept {
		bit = isKept
	}
	for i := s.Start; i < s.End; i++ {
		c[doc][i] |= bit
	}
}

func newCoverage(docs []Document) coverage {
	c := make(coverage, len(docs))
	for i, d := range docs {
		c[i] = make([]byte, len(d.Text))
	}
	return c
}

func coverageOf(docs []Document, marks []Mark) coverage {
	c := newCoverage(docs)
	for _, m := range marks {
		c.add(m.Doc, m.Span, m.Kept)
	}
	return c
}

// naive is the definition: all windows of the corpus by their text.
func naive(docs []Document, size int) coverage {
	type place struct{ doc, at int }
	windows := map[string][]place{}
	for d, doc := range docs {
		for at := 0; at+size <= len(doc.Text); at++ {
			w := doc.Text[at : at+size]
			windows[w] = append(windows[w], place{d, at})
		}
	}
	c := newCoverage(docs)
	for _, places := range windows {
		if len(places) < 2 {
			continue
		}
		best := places[0]
		for _, p := range places {
			if docs[p.doc].Quality > docs[best.doc].Quality {
				best = p // places are in order of documents: equals lose
			}
		}
		for _, p := range places {
			c.add(int64(p.doc), Span{Start: int32(p.at), End: int32(p.at + size)}, p == best)
		}
	}
	return c
}

// staged is what a pipeline does: segments, a filter on anchors, a reduction.
func staged(t require, docs []Document, cfg Config, limit int) ([]Mark, MatchCounts) {
	s := NewSegmenter(cfg)
	var anchors, records [][]byte
	var marks []Mark
	for d, doc := range docs {
		segs, local := s.Segments(doc.Text)
		for i, seg := range segs {
			anchors = append(anchors, AppendAnchor(nil, seg, int64(d), i))
		}
		for _, l := range local {
			marks = append(marks, Mark{int64(d), l, false})
		}
	}
	slices.SortFunc(anchors, bytes.Compare)
	type key struct {
		doc   uint64
		index uint32
	}
	survivors := map[key]bool{}
	for i, a := range anchors {
		same := func(j int) bool { return j >= 0 && j < len(anchors) && bytes.Equal(a[:8], anchors[j][:8]) }
		if same(i-1) || same(i+1) {
			survivors[key{binary.BigEndian.Uint64(a[8:]), binary.BigEndian.Uint32(a[16:])}] = true
		}
	}
	for d, doc := range docs {
		segs, _ := s.Segments(doc.Text)
		for i, seg := range segs {
			if survivors[key{uint64(d), uint32(i)}] {
				records = append(records, AppendSegment(nil, seg, doc.Text, int64(d), doc.Quality))
			}
		}
	}
	slices.SortFunc(records, bytes.Compare)
	m := NewMatcher(cfg, func(m Mark) error {
		marks = append(marks, m)
		return nil
	})
	if limit > 0 {
		m.batch, m.limit = limit/2, limit
	}
	for _, r := range records {
		if err := m.Add(r); err != nil {
			t.Fatalf("%v", err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatalf("%v", err)
	}
	return marks, m.Counts()
}

type require interface{ Fatalf(string, ...any) }

// corpus draws documents that share parts, repeat themselves, and have periods.
func corpus(t *rapid.T) []Document {
	alphabet := rapid.SampledFrom([]string{"a", "ab", "abcdefgh", "ab. C\n", "春眠不覺曉。x"}).Draw(t, "alphabet")
	runes := []rune(alphabet)
	text := func(least, most int) string {
		n := rapid.IntRange(least, most).Draw(t, "n")
		var b strings.Builder
		for range n {
			b.WriteRune(runes[rapid.IntRange(0, len(runes)-1).Draw(t, "r")])
		}
		return b.String()
	}
	parts := make([]string, rapid.IntRange(1, 5).Draw(t, "parts"))
	for i := range parts {
		if rapid.Bool().Draw(t, "periodic") {
			parts[i] = strings.Repeat(text(1, 6), rapid.IntRange(1, 20).Draw(t, "times"))
		} else {
			parts[i] = text(0, 60)
		}
	}
	docs := make([]Document, rapid.IntRange(0, 6).Draw(t, "docs"))
	for i := range docs {
		for range rapid.IntRange(0, 5).Draw(t, "pieces") {
			docs[i].Text += parts[rapid.IntRange(0, len(parts)-1).Draw(t, "part")]
			if rapid.Bool().Draw(t, "glue") {
				docs[i].Text += text(0, 8)
			}
		}
		docs[i].Quality = float32(rapid.IntRange(-1, 2).Draw(t, "quality"))
	}
	return docs
}

func small(size int) Config {
	cfg := Default()
	cfg.MinBytes, cfg.MinCutBytes, cfg.Cut, cfg.MaxShare = size, 1, CutExact, 1
	return cfg
}

func find(t require, docs []Document, cfg Config) []Mark {
	marks, err := Find(context.Background(), docs, cfg)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return marks
}

// direct is the suffix array of the whole corpus.
func direct(t require, docs []Document, cfg Config) (marks []Mark) {
	pieces := make([]piece, len(docs))
	for i, d := range docs {
		pieces[i] = piece{d.Quality, int64(i), 0, []byte(d.Text)}
	}
	err := new(repeats).find(pieces, cfg.MinBytes, func(m Mark) error {
		marks = append(marks, m)
		return nil
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return marks
}

// The suffix array of the corpus, and the stages through anchors in memory and by
// records, give what comparing all windows gives.
func TestMarksAreTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		docs, cfg := corpus(t), small(rapid.IntRange(16, 24).Draw(t, "size"))
		want := naive(docs, cfg.MinBytes)
		if d := cmp.Diff(want, coverageOf(docs, direct(t, docs, cfg))); d != "" {
			t.Fatalf("suffix array (-want +got):\n%s", d)
		}
		if d := cmp.Diff(want, coverageOf(docs, find(t, docs, cfg))); d != "" {
			t.Fatalf("in memory (-want +got):\n%s", d)
		}
		marks, _ := staged(t, docs, cfg, 0)
		if d := cmp.Diff(want, coverageOf(docs, marks)); d != "" {
			t.Fatalf("stages (-want +got):\n%s", d)
		}
	})
}

// Batches end between anchors: many of them change nothing. An anchor whose
// segments alone are too many is cut, and that is counted.
func TestBatchesChangeNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	letters := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte('a' + rng.IntN(26))
		}
		return string(b)
	}
	var docs []Document
	for i := range 100 {
		shared := letters(60)
		for range 3 {
			docs = append(docs, Document{Text: letters(i) + shared + letters(i), Quality: float32(rng.IntN(3))})
		}
	}
	cfg := small(20)
	want := coverageOf(docs, direct(t, docs, cfg))
	got, counts := staged(t, docs, cfg, 2000)
	if counts.Split != 0 || counts.Bytes < 5000 {
		t.Fatalf("%d anchors were cut, %d bytes matched", counts.Split, counts.Bytes)
	}
	if d := cmp.Diff(want, coverageOf(docs, got)); d != "" {
		t.Error(d)
	}
	if got, counts = staged(t, docs, cfg, 60); counts.Split == 0 {
		t.Error("a limit below the segments of one anchor is not counted")
	}
	if slices.EqualFunc(coverageOf(docs, got), want, bytes.Equal) {
		t.Error("the limit made no difference: the test is too weak to see it")
	}
}

// A passage in very many documents is compared once, and a long run of one
// pattern makes few segments.
func TestFrequentPassagesAreCheap(t *testing.T) {
	docs := make([]Document, 3000)
	for i := range docs {
		docs[i].Text = strings.Repeat("All rights reserved. Terms of use. ", 20)
	}
	_, counts := staged(t, docs, Default(), 0)
	if counts.Bytes > 10_000 {
		t.Errorf("%d bytes were matched for one distinct text of %d", counts.Bytes, len(docs[0].Text))
	}
	if counts.Copies == 0 || counts.Segments < counts.Copies+2 {
		t.Errorf("counts %+v", counts)
	}
	segs, local := NewSegmenter(Default()).Segments(strings.Repeat("-", 100_000))
	if len(segs) > 3 || cut.Total(cut.Union(slices.Clone(local))) < 99_000 {
		t.Errorf("%d segments, %d local spans", len(segs), len(local))
	}
}

// Each window lies in one segment or local span.
func TestSegmentsPartitionWindows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := small(16)
		for _, d := range corpus(t) {
			segs, local := NewSegmenter(cfg).Segments(d.Text)
			var all []Span
			for _, s := range segs {
				all = append(all, s.Span)
			}
			all = append(all, local...)
			slices.SortFunc(all, func(a, b Span) int { return int(a.Start - b.Start) })
			at := int32(0)
			for _, s := range all {
				if s.Start != at || s.Len() < cfg.MinBytes {
					t.Fatalf("span %v; the next window is at %d", s, at)
				}
				at = s.End - int32(cfg.MinBytes) + 1
			}
			if want := max(0, len(d.Text)-cfg.MinBytes+1); int(at) != want {
				t.Fatalf("windows up to %d are in segments, want %d", at, want)
			}
		}
	})
}

// What is removed is somewhere else, whole.
func TestRepeatedWindowsSurvive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		docs, cfg := corpus(t), small(16)
		cfg.Cut = rapid.SampledFrom([]string{CutExact, CutWord, CutSentence}).Draw(t, "cut")
		cfg.MaxShare = rapid.Float64Range(0.1, 1).Draw(t, "max share")
		cfg.MinCutBytes = rapid.IntRange(1, 20).Draw(t, "min cut")
		marks := find(t, docs, cfg)
		var after []string
		for i, d := range docs {
			dec := Decide(d.Text, marksOf(marks, i), cfg)
			if dec.Drop {
				continue
			}
			after = append(after, cut.Apply(d.Text, dec.Remove))
			if !utf8.ValidString(after[len(after)-1]) {
				t.Fatalf("%q became %q", d.Text, after[len(after)-1])
			}
			c := dec.Counts
			if c.Repeated != c.Protected+c.Uncut+c.Removed || c.Removed != int64(len(d.Text)-len(after[len(after)-1])) || c.Ranges != int64(len(dec.Remove)) {
				t.Fatalf("counts do not close: %+v", c)
			}
		}
		for _, m := range marks {
			for at := m.Start; at+16 <= m.End; at++ {
				w := docs[m.Doc].Text[at : at+16]
				if !slices.ContainsFunc(after, func(s string) bool { return strings.Contains(s, w) }) {
					t.Fatalf("%q is nowhere any more", w)
				}
			}
		}
	})
}

// Cut exactly, what stays between two cuts holds no repeated window but those of
// which every byte is also in a window that stays for others, and none at all
// when none is kept.
func TestNothingRepeatedIsLeft(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		docs, cfg := corpus(t), small(16)
		for i := range docs { // one byte a character: exact cuts are exact
			docs[i].Text = strings.Map(func(r rune) rune { return r & 0x7f }, docs[i].Text)
		}
		cfg.Keep = rapid.SampledFrom([]string{KeepOne, KeepNone}).Draw(t, "keep")
		cover := naive(docs, cfg.MinBytes)
		marks := find(t, docs, cfg)
		for i, d := range docs {
			dec := Decide(d.Text, marksOf(marks, i), cfg)
			if dec.Drop {
				continue
			}
			left := minus([]Span{{Start: 0, End: int32(len(d.Text))}}, dec.Remove)
			for _, s := range left {
				for at := s.Start; at < s.End; at++ {
					if c := cover[i][at]; c == isAgain || cfg.Keep == KeepNone && c != 0 {
						t.Fatalf("byte %d of document %d stays, cover %d", at, i, c)
					}
				}
			}
			for _, s := range dec.Remove {
				for at := s.Start; at < s.End; at++ {
					if c := cover[i][at]; c == 0 || cfg.Keep == KeepOne && c&isKept != 0 {
						t.Fatalf("byte %d of document %d goes, cover %d", at, i, c)
					}
				}
			}
		}
	})
}

func marksOf(marks []Mark, doc int) (out []Mark) {
	for _, m := range marks {
		if m.Doc == int64(doc) {
			out = append(out, m)
		}
	}
	return out
}

func TestSpans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) (spans []Span, set [64]bool) {
			for range rapid.IntRange(0, 6).Draw(t, name) {
				a := rapid.IntRange(0, 63).Draw(t, "start")
				b := rapid.IntRange(a, 64).Draw(t, "end")
				spans = append(spans, Span{Start: int32(a), End: int32(b)})
				for i := a; i < b; i++ {
					set[i] = true
				}
			}
			return cut.Union(spans), set
		}
		a, inA := draw("a")
		b, inB := draw("b")
		var got, want [64]bool
		last := int32(-1)
		for _, s := range minus(a, b) {
			if s.Start < last || s.Len() < 1 {
				t.Fatalf("minus(%v, %v) = %v", a, b, minus(a, b))
			}
			last = s.End
			for i := s.Start; i < s.End; i++ {
				got[i] = true
			}
		}
		for i := range want {
			want[i] = inA[i] && !inB[i]
		}
		if got != want {
			t.Fatalf("minus(%v, %v) = %v", a, b, minus(a, b))
		}
	})
}

func TestQualityOrder(t *testing.T) {
	values := []float32{float32(math.NaN()), float32(math.Inf(-1)), -2, -1e-30, 0, 1e-30, 0.5, 1, float32(math.Inf(1))}
	for i := 1; i < len(values); i++ {
		if ascending(values[i-1]) >= ascending(values[i]) {
			t.Errorf("%g and %g are out of order", values[i-1], values[i])
		}
		if got := fromAscending(ascending(values[i])); got != values[i] {
			t.Errorf("%g became %g", values[i], got)
		}
	}
	if ascending(float32(math.Copysign(0, -1))) != ascending(0) || fromAscending(ascending(values[0])) == fromAscending(ascending(values[0])) {
		t.Error("the zeros differ, or NaN is a number")
	}
}

func TestMatcherRefusesWhatIsNoRecord(t *testing.T) {
	cfg := small(16)
	rec := AppendSegment(nil, Segment{7, Span{Start: 3, End: 23}}, "xyz"+strings.Repeat("a", 20), 5, 0.5)
	for name, bad := range map[string][]byte{
		"empty": {}, "short": rec[:len(rec)-1], "long": append(slices.Clone(rec), 0),
		"length": append(append(slices.Clone(rec[:8]), 0xff, 0xff, 0xff, 0xff), rec[12:]...),
		"start":  append(slices.Clone(rec[:len(rec)-4]), 0xff, 0xff, 0xff, 0xff),
	} {
		if err := NewMatcher(cfg, func(Mark) error { return nil }).Add(bad); !errors.Is(err, errRecord) {
			t.Errorf("%s: %v", name, err)
		}
	}
	m := NewMatcher(cfg, func(Mark) error { return nil })
	lower := slices.Clone(rec)
	lower[7]--
	if err := errors.Join(m.Add(rec), m.Add(lower)); !errors.Is(err, errOrder) {
		t.Errorf("records out of order: %v", err)
	}
}

func FuzzRecords(f *testing.F) {
	f.Add(AppendSegment(nil, Segment{7, Span{Start: 0, End: 20}}, strings.Repeat("a", 20), 5, 0.5))
	f.Fuzz(func(t *testing.T, rec []byte) {
		m := NewMatcher(small(16), func(m Mark) error { return nil })
		if m.Add(rec) == nil {
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestConfig(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	err := Config{}.Validate()
	for _, key := range []string{"min_bytes", "action", "keep", "cut", "min_cut_bytes", "max_share"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("the error does not name %s: %v", key, err)
		}
	}
}
