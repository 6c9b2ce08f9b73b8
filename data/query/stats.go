package query

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"huihai/data"
)

// Group is the documents that agree in the columns asked for.
type Group struct {
	Values    []string             `json:"values"` // of the columns, in their order
	Documents int64                `json:"documents"`
	Bytes     int64                `json:"bytes"`
	Tokens    int64                `json:"tokens"`    // of kept documents, each once
	Quantiles map[string][]float64 `json:"quantiles"` // of the scores that there are
}

// Table is the answer of [Stats].
type Table struct {
	By        []string  `json:"by"`
	Quantiles []float64 `json:"quantile_points"`
	Groups    []Group   `json:"groups"` // most bytes first
}

// points are the quantiles that are told.
var points = []float64{0, 0.1, 0.25, 0.5, 0.75, 0.9, 1}

// statsRow are the columns that statistics need.
type statsRow struct {
	Text          string   `parquet:"text"`
	Source        string   `parquet:"source"`
	Language      string   `parquet:"language"`
	Script        string   `parquet:"language_script"`
	Status        string   `parquet:"status"`
	Split         string   `parquet:"split"`
	ContamTask    string   `parquet:"contam_task"`
	Quality       float32  `parquet:"quality"`
	Perplexity    *float32 `parquet:"perplexity,optional"`
	Classifier    *float32 `parquet:"classifier,optional"`
	Safety        float32  `parquet:"safety"`
	LanguageScore float32  `parquet:"language_score"`
	DupParaFrac   float32  `parquet:"dup_para_frac"`
	TokenCount    int32    `parquet:"token_count"`
}

var groupColumns = map[string]func(*statsRow) string{
	"source":          func(r *statsRow) string { return r.Source },
	"language":        func(r *statsRow) string { return r.Language },
	"language_script": func(r *statsRow) string { return r.Script },
	"status":          func(r *statsRow) string { return r.Status },
	"split":           func(r *statsRow) string { return r.Split },
	"contam_task":     func(r *statsRow) string { return r.ContamTask },
}

var measureColumns = []struct {
	name  string
	value func(*statsRow) *float32 // nil where a document has none
}{
	{"quality", func(r *statsRow) *float32 { return &r.Quality }},
	{"perplexity", func(r *statsRow) *float32 { return r.Perplexity }},
	{"classifier", func(r *statsRow) *float32 { return r.Classifier }},
	{"safety", func(r *statsRow) *float32 { return &r.Safety }},
	{"language_score", func(r *statsRow) *float32 { return &r.LanguageScore }},
	{"dup_para_frac", func(r *statsRow) *float32 { return &r.DupParaFrac }},
	{"bytes", func(r *statsRow) *float32 { n := float32(len(r.Text)); return &n }},
}

// Stats sums up the documents of the data set in dir by the given columns
// (source, language, language_script, status, split, contam_task; none means all
// documents together), with quantiles of their scores. It holds 28 bytes per
// document.
func Stats(ctx context.Context, dir string, by []string) (*Table, error) {
	m, err := data.ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	for _, c := range by {
		if groupColumns[c] == nil {
			return nil, fmt.Errorf("query: cannot group by %q; the columns are %s", c, strings.Join(slices.Sorted(maps.Keys(groupColumns)), ", "))
		}
	}
	type held struct {
		Group
		values [][]float32
	}
	groups := map[string]*held{}
	err = Scan(ctx, dir, m, data.KindDocuments, func(r *statsRow) (bool, error) {
		values := make([]string, len(by))
		for i, c := range by {
			values[i] = groupColumns[c](r)
		}
		key := strings.Join(values, "\x00")
		g := groups[key]
		if g == nil {
			for i := range values {
				values[i] = strings.Clone(values[i])
			}
			g = &held{Group: Group{Values: values}, values: make([][]float32, len(measureColumns))}
			groups[strings.Clone(key)] = g
		}
		g.Documents++
		g.Bytes += int64(len(r.Text))
		g.Tokens += int64(r.TokenCount)
		for i, c := range measureColumns {
			if v := c.value(r); v != nil {
				g.values[i] = append(g.values[i], *v)
			}
		}
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	t := &Table{By: by, Quantiles: points}
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		g := groups[key]
		g.Quantiles = map[string][]float64{}
		for i, c := range measureColumns {
			if len(g.values[i]) > 0 {
				g.Quantiles[c.name] = quantiles(g.values[i])
			}
		}
		t.Groups = append(t.Groups, g.Group)
	}
	slices.SortStableFunc(t.Groups, func(a, b Group) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return t, nil
}

// quantiles sorts v and returns its values at the points, nearest rank.
func quantiles(v []float32) []float64 {
	slices.Sort(v)
	out := make([]float64, len(points))
	for i, p := range points {
		out[i] = float64(v[int(p*float64(len(v)-1)+0.5)])
	}
	return out
}
