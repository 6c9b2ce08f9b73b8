package query

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"huihai/data"
)

// Filter says which documents to look at; empty fields take all.
type Filter struct {
	Text       string // must be in the text, as it is
	Regexp     string // must match the text, in Go's syntax
	Status     string // kept, or a reason
	Source     string
	Language   string
	MinQuality float64
	MaxQuality float64 // 0 means no bound
	Limit      int     // hits at most; 0 means all
}

// Hit is a document that a search found.
type Hit struct {
	ID       string  `json:"id"`
	DocNo    int64   `json:"doc_no"`
	Source   string  `json:"source"`
	FilePath string  `json:"file_path"`
	Language string  `json:"language"`
	Quality  float32 `json:"quality"`
	Status   string  `json:"status"`
	Matches  int     `json:"matches"` // in the text
	Offset   int     `json:"offset"`  // of the first, in bytes
	Snippet  string  `json:"snippet"`
}

type searchRow struct {
	ID       string  `parquet:"id"`
	DocNo    int64   `parquet:"doc_no"`
	Text     string  `parquet:"text"`
	Source   string  `parquet:"source"`
	FilePath string  `parquet:"file_path"`
	Language string  `parquet:"language"`
	Quality  float32 `parquet:"quality"`
	Status   string  `parquet:"status"`
}

// Search calls fn for the documents of the data set in dir that pass the filter,
// in their order.
func Search(ctx context.Context, dir string, f Filter, fn func(Hit) error) error {
	m, err := data.ReadManifest(dir)
	if err != nil {
		return err
	}
	find, err := f.finder()
	if err != nil {
		return err
	}
	found := 0
	return Scan(ctx, dir, m, data.KindDocuments, func(r *searchRow) (bool, error) {
		if f.Status != "" && r.Status != f.Status || f.Source != "" && r.Source != f.Source || f.Language != "" && r.Language != f.Language ||
			float64(r.Quality) < f.MinQuality || f.MaxQuality > 0 && float64(r.Quality) > f.MaxQuality {
			return true, nil
		}
		matches, at, end := find(r.Text)
		if matches == 0 {
			return true, nil
		}
		h := Hit{r.ID, r.DocNo, r.Source, r.FilePath, r.Language, r.Quality, r.Status, matches, at, around(r.Text, at, end)}
		if err := fn(h); err != nil {
			return false, err
		}
		found++
		return f.Limit == 0 || found < f.Limit, nil
	})
}

// finder returns a function that counts matches and finds the first.
func (f Filter) finder() (func(string) (n, at, end int), error) {
	switch {
	case f.Text != "" && f.Regexp != "":
		return nil, fmt.Errorf("query: search for a text or for a regular expression, not both")
	case f.Regexp != "":
		re, err := regexp.Compile(f.Regexp)
		if err != nil {
			return nil, fmt.Errorf("query: %w", err)
		}
		return func(s string) (int, int, int) {
			all := re.FindAllStringIndex(s, -1)
			if len(all) == 0 {
				return 0, 0, 0
			}
			return len(all), all[0][0], all[0][1]
		}, nil
	case f.Text != "":
		return func(s string) (int, int, int) {
			at := strings.Index(s, f.Text)
			if at < 0 {
				return 0, 0, 0
			}
			return strings.Count(s, f.Text), at, at + len(f.Text)
		}, nil
	}
	return func(string) (int, int, int) { return 1, 0, 0 }, nil
}

// margin is the bytes that a snippet shows on either side of a match.
const margin = 80

func around(s string, at, end int) string {
	lo, hi := max(0, at-margin), min(len(s), end+margin)
	if hi-lo > 4*margin { // a long match shows its beginning
		hi = lo + 4*margin
	}
	for lo > 0 && !utf8.RuneStart(s[lo]) {
		lo--
	}
	for hi < len(s) && !utf8.RuneStart(s[hi]) {
		hi++
	}
	return strings.Clone(s[lo:hi])
}
