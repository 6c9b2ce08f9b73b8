package build

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/zeebo/xxh3"

	"huihai/data/shard"
)

// bins is the number of classes of a histogram.
const bins = 20

// Histogram counts values in classes of equal width between Min and Max; values
// outside count in the first and the last class.
type Histogram struct {
	Name    string      `json:"name"`
	Min     float64     `json:"min"`
	Max     float64     `json:"max"`
	Kept    [bins]int64 `json:"kept"`
	Dropped [bins]int64 `json:"dropped"`
}

// some tells whether any document is counted: a score of a model that was not given
// has none.
func (h *Histogram) some() bool { return h.Kept != [bins]int64{} || h.Dropped != [bins]int64{} }

func (h *Histogram) add(v float64, kept bool) {
	if math.IsNaN(v) {
		return
	}
	i := int(min(max((v-h.Min)/(h.Max-h.Min)*bins, 0), bins-1))
	if kept {
		h.Kept[i]++
	} else {
		h.Dropped[i]++
	}
}

// Example is a document that shows what a reason means.
type Example struct {
	ID       string  `json:"id"`
	Source   string  `json:"source"`
	FilePath string  `json:"file_path"`
	Language string  `json:"language"`
	Quality  float32 `json:"quality"`
	Detail   string  `json:"detail,omitempty"`
	Text     string  `json:"text"` // the beginning
	// Twin is the copy that stays, of a document that was dropped as one.
	Twin *Twin `json:"twin,omitempty"`
	// Cluster is that of copies, -1 for none.
	Cluster int64 `json:"cluster"`

	rank uint64
}

// Twin is a copy of an example.
type Twin struct {
	ID         string  `json:"id"`
	FilePath   string  `json:"file_path"`
	Quality    float32 `json:"quality"`
	Similarity float64 `json:"similarity"` // Jaccard, of shingles
	Text       string  `json:"text"`       // the beginning
}

// The examples of each reason, and the bytes of text each shows.
const (
	examplesPerReason = 5
	exampleBytes      = 400
	lowestShown       = 20
)

// Survey is what the documents of a build look like, for its report.
type Survey struct {
	Histograms []Histogram          `json:"histograms"`
	Examples   map[string][]Example `json:"examples"` // by reason, also of kept ones
	// Lowest are the kept documents of the lowest quality, from the lowest up.
	Lowest []Example `json:"lowest"`
}

// surveyed are the columns with a histogram.
var surveyed = []struct {
	name     string
	min, max float64
	value    func(*shard.Document) float64
}{
	{"quality", 0, 1, func(d *shard.Document) float64 { return float64(d.Quality) }},
	{"language_score", 0, 1, func(d *shard.Document) float64 { return float64(d.LanguageScore) }},
	{"safety", 0, 1, func(d *shard.Document) float64 { return float64(d.Safety) }},
	{"log10_perplexity", 0, 6, func(d *shard.Document) float64 { return logOrNone(d.Perplexity) }},
	{"classifier", 0, 1, func(d *shard.Document) float64 { return orNone(d.Classifier) }},
	{"log10_bytes", 0, 7, func(d *shard.Document) float64 { return math.Log10(float64(max(1, len(d.Text)))) }},
	{"dup_5gram_frac", 0, 1, func(d *shard.Document) float64 { return float64(d.DupNGram) }},
	{"dup_para_frac", 0, 1, func(d *shard.Document) float64 { return float64(d.DupParaFrac) }},
}

// orNone is no number for a score that no model gave.
func orNone(v float32) float64 {
	if v == 0 {
		return math.NaN()
	}
	return float64(v)
}

func logOrNone(v float32) float64 { return math.Log10(orNone(v)) }

func newSurvey() *Survey {
	s := &Survey{Examples: map[string][]Example{}}
	for _, c := range surveyed {
		s.Histograms = append(s.Histograms, Histogram{Name: c.name, Min: c.min, Max: c.max})
	}
	for _, name := range []string{histogramParagraphs, histogramSentences} {
		s.Histograms = append(s.Histograms, Histogram{Name: name, Max: 1})
	}
	return s
}

// Spans of kept documents have histograms of their own.
const (
	histogramParagraphs = "paragraph_quality"
	histogramSentences  = "sentence_quality"
)

// add counts a document. Which documents become examples depends on their ids
// only.
func (s *Survey) add(d *shard.Document, kept bool, detail string) {
	for i, c := range surveyed {
		s.Histograms[i].add(c.value(d), kept)
	}
	for i, spans := range [][]shard.Span{d.Paragraphs, d.Sentences} {
		h := &s.Histograms[len(surveyed)+i]
		for _, x := range spans {
			h.add(float64(x.Quality), kept)
		}
	}
	e := Example{ID: d.ID, Quality: d.Quality, rank: xxh3.HashString(d.ID), Cluster: d.ClusterID}
	held := s.Examples[d.Status]
	shows := len(held) < examplesPerReason || e.rank < held[examplesPerReason-1].rank
	low := kept && (len(s.Lowest) < lowestShown || lower(e, s.Lowest[lowestShown-1]) < 0)
	if !shows && !low {
		return
	}
	e.Source, e.FilePath, e.Language, e.Detail = d.Source, d.FilePath, d.Language, detail
	e.Text = strings.Clone(beginning(d.Text, exampleBytes))
	if shows {
		s.Examples[d.Status] = topExamples(append(held, e))
	}
	if low {
		s.Lowest = lowest(append(s.Lowest, e))
	}
}

// lower orders by quality, then as examples are.
func lower(a, b Example) int {
	return cmp.Or(cmp.Compare(a.Quality, b.Quality), cmp.Compare(a.rank, b.rank), strings.Compare(a.ID, b.ID))
}

func lowest(e []Example) []Example {
	slices.SortFunc(e, lower)
	return e[:min(len(e), lowestShown)]
}

func topExamples(e []Example) []Example {
	slices.SortFunc(e, func(a, b Example) int { return cmp.Or(cmp.Compare(a.rank, b.rank), strings.Compare(a.ID, b.ID)) })
	return e[:min(len(e), examplesPerReason)]
}

// merge adds the survey of further documents.
func (s *Survey) merge(o *Survey) {
	for i := range s.Histograms {
		for k := range bins {
			s.Histograms[i].Kept[k] += o.Histograms[i].Kept[k]
			s.Histograms[i].Dropped[k] += o.Histograms[i].Dropped[k]
		}
	}
	for i := range o.Lowest {
		o.Lowest[i].rank = xxh3.HashString(o.Lowest[i].ID)
	}
	s.Lowest = lowest(append(s.Lowest, o.Lowest...))
	for reason, examples := range o.Examples {
		for i := range examples {
			examples[i].rank = xxh3.HashString(examples[i].ID)
		}
		s.Examples[reason] = topExamples(append(s.Examples[reason], examples...))
	}
}

// beginning returns the first n bytes of s, less a character that they cut.
func beginning(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n]
}
