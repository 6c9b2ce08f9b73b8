package dedup

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/zeebo/xxh3"
	"pgregory.net/rapid"
)

// sentencesOf cuts a text after marks and at line breaks.
func sentencesOf(text string) (spans []Span) {
	start := -1
	end := func(i int) {
		if start >= 0 {
			spans = append(spans, Span{int32(start), int32(i), xxh3.HashString(strings.ToLower(text[start:i]))})
			start = -1
		}
	}
	for i, r := range text {
		switch {
		case r == '\n' || r == ' ' && start < 0:
			end(i)
		case r == '.' || r == '。':
			end(i + utf8.RuneLen(r))
		case start < 0:
			start = i
		}
	}
	end(len(text))
	return spans
}

// resolve compares all windows of a corpus, as the stages of a build do.
func resolve(cfg SpanConfig, docs [][]Span, quality []float32) [][]Repeat {
	groups := map[uint64][]Occurrence{}
	p := NewSpanPolicy(cfg)
	for d, spans := range docs {
		for _, k := range p.Keys(nil, spans) {
			groups[k.Hash] = append(groups[k.Hash], Occurrence{int64(d), k.Index, quality[d]})
		}
	}
	out := make([][]Repeat, len(docs))
	for _, g := range groups {
		slices.SortFunc(g, cfg.Compare)
		for i, o := range g {
			out[o.Doc] = append(out[o.Doc], Repeat{o.Index, uint32(len(g)), i == 0})
		}
	}
	return out
}

func trim(t testing.TB, cfg SpanConfig, texts []string, quality []float32) ([]string, SpanCounts) {
	docs := make([][]Span, len(texts))
	for i, text := range texts {
		docs[i] = sentencesOf(text)
	}
	p := NewSpanPolicy(cfg)
	var out []string
	for i, found := range resolve(cfg, docs, quality) {
		r, err := p.Apply(texts[i], docs[i], found)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r.Text)
	}
	return out, p.Counts
}

func TestSpansAreRemoved(t *testing.T) {
	texts := []string{
		"All rights reserved. One.\n\nA line about cats. Two.",
		"Three. ALL RIGHTS RESERVED. Four.\n\nAll rights reserved.\nFive.\n",
		"  All rights reserved.\n",
	}
	cfg := SpanConfig{Action: "remove", Level: "sentence", Window: 1, MinBytes: 10, MinCopies: 3, Keep: "best"}
	got, counts := trim(t, cfg, texts, []float32{0.5, 0.9, 0.1})
	want := []string{"One.\n\nA line about cats. Two.", "Three. ALL RIGHTS RESERVED. Four.\n\nFive.\n", ""}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if want := (SpanCounts{Documents: 3, Changed: 3, Emptied: 1, Spans: 10, Repeated: 4, Protected: 1, Removed: 3, Bytes: 135, RemovedBytes: 65}); counts != want {
		t.Errorf("%+v, want %+v", counts, want)
	}
	cfg.Keep = "first"
	if got, _ := trim(t, cfg, texts, []float32{0.5, 0.9, 0.1}); got[0] != texts[0] || strings.Contains(got[1], "RESERVED") {
		t.Errorf("the first is not what stays: %q", got)
	}
	cfg.Action = "count"
	got, counted := trim(t, cfg, texts, []float32{0.5, 0.9, 0.1})
	if !slices.Equal(got, texts) || counted.Repeated != 4 || counted.Removed != 0 {
		t.Errorf("counting changes texts: %q %+v", got, counted)
	}
	cfg.MinCopies, cfg.Action = 5, "remove"
	if got, _ := trim(t, cfg, texts, make([]float32, 3)); !slices.Equal(got, texts) {
		t.Errorf("removed with too few copies: %q", got)
	}
}

// Of the gaps around what goes, the first with the most line breaks stays.
func TestGaps(t *testing.T) {
	cfg := SpanConfig{Action: "remove", Level: "sentence", Window: 1, MinBytes: 1, MinCopies: 2, Keep: "first"}
	for text, want := range map[string]string{
		"x.\nA.   x. B.": "x.\nA.   B.", "x.\nA. x.   B.": "x.\nA. B.", "x.\nA. x.\n\nB.": "x.\nA.\n\nB.", "x.\nA.\nx. x.\n B.": "x.\nA.\nB.",
	} {
		if got, _ := trim(t, cfg, []string{text}, []float32{0}); got[0] != want {
			t.Errorf("%q becomes %q, want %q", text, got[0], want)
		}
	}
}

// Three sentences must repeat together, and a sentence stays that a canonical
// window needs, though another window would have it removed.
func TestC4Spans(t *testing.T) {
	texts := []string{"A. B. C. D.", "A. B. X. C. D.", "y. A. B. C. z.", "C. C. C. C. C."}
	got, _ := trim(t, C4Spans(), texts, make([]float32, 4))
	want := []string{"A. B. C. D.", "A. B. X. C. D.", "y. z.", "C. C. C."}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Whatever is removed, every repeated window remains somewhere, the text is a
// subsequence of the old one in whole characters, and the spans are its own.
func TestSpanProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := SpanConfig{Action: "remove", Level: "sentence", Window: rapid.IntRange(1, 3).Draw(t, "window"),
			MinBytes: rapid.IntRange(1, 12).Draw(t, "bytes"), MinCopies: rapid.IntRange(2, 3).Draw(t, "copies"),
			Keep: rapid.SampledFrom([]string{"first", "best"}).Draw(t, "keep")}
		var texts []string
		var docs [][]Span
		var quality []float32
		for range rapid.IntRange(1, 6).Draw(t, "docs") {
			var text strings.Builder
			for range rapid.IntRange(0, 10).Draw(t, "sentences") {
				text.WriteString(rapid.SampledFrom([]string{"One.", "春眠不覺曉。", "Four words are here.", "é", "五。"}).Draw(t, "sentence"))
				text.WriteString(rapid.SampledFrom([]string{"", " ", "\n", "\n\n"}).Draw(t, "gap"))
			}
			texts = append(texts, text.String())
			docs = append(docs, sentencesOf(text.String()))
			quality = append(quality, float32(rapid.IntRange(0, 2).Draw(t, "quality")))
		}
		p := NewSpanPolicy(cfg)
		before, after := map[string]int{}, map[string]int{}
		window := func(text string, spans []Span, i int) (key string, size int) {
			for _, s := range spans[i : i+cfg.Window] {
				key += strings.ToLower(text[s.Start:s.End]) + "|"
				size += int(s.End - s.Start)
			}
			return key, size
		}
		for i, found := range resolve(cfg, docs, quality) {
			for k := range max(len(docs[i])-cfg.Window+1, 0) {
				key, _ := window(texts[i], docs[i], k)
				before[key]++
			}
			r, err := p.Apply(texts[i], docs[i], found)
			if err != nil {
				t.Fatal(err)
			}
			if !utf8.ValidString(r.Text) || !subsequence(r.Text, texts[i]) {
				t.Fatalf("%q of %q", r.Text, texts[i])
			}
			for n, s := range r.Spans {
				old := docs[i][r.Kept[n]]
				if r.Text[s.Start:s.End] != texts[i][old.Start:old.End] || s.Hash != old.Hash {
					t.Fatalf("span %d is %q, was %q", n, r.Text[s.Start:s.End], texts[i][old.Start:old.End])
				}
			}
			for _, f := range found {
				if f.Canonical && int(f.Copies) >= cfg.MinCopies {
					for n := range cfg.Window {
						if !slices.Contains(r.Kept, f.Index+uint32(n)) {
							t.Fatalf("%q: span %d of a canonical window is gone", texts[i], int(f.Index)+n)
						}
					}
				}
			}
			for k := range max(len(r.Spans)-cfg.Window+1, 0) {
				key, _ := window(r.Text, r.Spans, k)
				after[key]++
			}
		}
		for key, n := range before {
			if size := len(key) - cfg.Window; n >= cfg.MinCopies && size >= cfg.MinBytes && after[key] == 0 {
				t.Fatalf("%q has gone from the corpus", key)
			}
			if n := before[key]; cfg.Window == 1 && n >= cfg.MinCopies && len(key)-1 >= cfg.MinBytes && after[key] != 1 {
				t.Fatalf("%q is %d times left of %d", key, after[key], n)
			}
		}
		if p.Counts.Spans < p.Counts.Repeated || p.Counts.Repeated < p.Counts.Removed+p.Counts.Protected {
			t.Fatalf("%+v", p.Counts)
		}
	})
}

func subsequence(part, whole string) bool {
	for _, r := range part {
		i := strings.IndexRune(whole, r)
		if i < 0 {
			return false
		}
		whole = whole[i+utf8.RuneLen(r):]
	}
	return true
}

func TestSpansThatAreNoneAreRefused(t *testing.T) {
	p := NewSpanPolicy(C4Spans())
	for i, spans := range [][]Span{{{0, 2, 0}, {1, 3, 0}}, {{0, 99, 0}}, {{2, 1, 0}}, {{0, 1, 0}}, {{-1, 3, 0}}} {
		if _, err := p.Apply("春a", spans, nil); err == nil || !strings.Contains(err.Error(), "span ") {
			t.Errorf("case %d: %v", i, err)
		}
	}
	if _, err := p.Apply("春a", []Span{{0, 3, 0}}, []Repeat{{0, 2, false}}); err == nil || !strings.Contains(err.Error(), "another version") {
		t.Error(err)
	}
}

func TestSpanConfig(t *testing.T) {
	for _, c := range []SpanConfig{DefaultSpans(), C4Spans()} {
		if err := c.Validate(); err != nil {
			t.Error(err)
		}
	}
	err := SpanConfig{}.Validate()
	for _, key := range []string{"action", "level", "window", "min_bytes", "min_copies", "keep"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("the error does not name %s: %v", key, err)
		}
	}
	var sum SpanCounts
	one := SpanCounts{1, 2, 3, 4, 5, 6, 7, 8, 9}
	sum.Add(one)
	if sum.Add(one); sum != (SpanCounts{2, 4, 6, 8, 10, 12, 14, 16, 18}) {
		t.Errorf("%+v", sum)
	}
}

func BenchmarkSpans(b *testing.B) {
	var text strings.Builder
	for i := range 200 {
		fmt.Fprintf(&text, "Sentence number %d is about nothing in particular. ", i)
	}
	spans := sentencesOf(text.String())
	p := NewSpanPolicy(C4Spans())
	var found []Repeat
	for i := 0; i < 150; i += 7 {
		found = append(found, Repeat{uint32(i), 2, i%2 == 0})
	}
	var keys []SpanKey
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		keys = p.Keys(keys[:0], spans)
		if _, err := p.Apply(text.String(), spans, found); err != nil {
			b.Fatal(err)
		}
	}
}
