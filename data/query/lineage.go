package query

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"huihai/data"
	"huihai/data/shard"
)

// Document is what a person needs to know which document a number stands for.
type Document struct {
	ID         string `json:"id"`
	DocNo      int64  `json:"doc_no"`
	Source     string `json:"source"`
	URL        string `json:"url,omitempty"`
	FilePath   string `json:"file_path"`
	TokenCount int32  `json:"token_count"` // with the one that ends it
	Beginning  string `json:"beginning"`   // of the text: 80 characters at most
}

// beginning is how many characters of a text [Documents] tells.
const beginning = 80

type documentRow struct {
	ID         string `parquet:"id"`
	DocNo      int64  `parquet:"doc_no"`
	Text       string `parquet:"text"`
	Source     string `parquet:"source"`
	URL        string `parquet:"url,optional"`
	FilePath   string `parquet:"file_path"`
	TokenCount int32  `parquet:"token_count"`
}

// Documents looks documents of the data set in dir up by their numbers, as they
// stand in [data.RowLineage]. Numbers that no document has, such as that of padding,
// are left out of the result. It reads of the table what the numbers need, and not
// the rest.
func Documents(ctx context.Context, dir string, numbers []int64) (map[int64]Document, error) {
	m, err := data.ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	want := slices.Clone(numbers)
	slices.Sort(want)
	want = slices.DeleteFunc(slices.Compact(want), func(n int64) bool { return n == shard.NoDocument })
	found := map[int64]Document{}
	for _, f := range m.Files {
		if f.Kind != data.KindDocuments || len(found) == len(want) {
			continue
		}
		if err := lookUpFile(ctx, m.Path(dir, f.Path), want, found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func lookUpFile(ctx context.Context, path string, want []int64, found map[int64]Document) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("query: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return fmt.Errorf("query: %w", err)
	}
	return lookUp(ctx, f, st.Size(), path, want, found)
}

// lookUp adds the documents of one file, whose numbers are among the sorted want.
func lookUp(ctx context.Context, r io.ReaderAt, size int64, path string, want []int64, found map[int64]Document) (err error) {
	defer func() {
		if p := recover(); p != nil { // the library's way with damaged files
			err = fmt.Errorf("query: %s is damaged: %v", path, p)
		}
	}()
	failed := func(err error) error { return fmt.Errorf("query: %s: %w", path, err) }
	if err := shard.CheckFooter(r, size); err != nil {
		return failed(err)
	}
	pf, err := parquet.OpenFile(r, size, parquet.SkipBloomFilters(true))
	if err != nil {
		return failed(err)
	}
	leaf, ok := pf.Schema().Lookup("doc_no")
	if !ok || leaf.Node.Type().Kind() != parquet.Int64 {
		return failed(errors.New("no column doc_no of numbers"))
	}
	for _, g := range pf.RowGroups() {
		if err := ctx.Err(); err != nil {
			return err
		}
		rows, err := rowsOf(g.ColumnChunks()[leaf.ColumnIndex], want)
		if err == nil {
			err = readDocuments(g, rows, found)
		}
		if err != nil {
			return failed(err)
		}
	}
	return nil
}

// rowsOf returns the rows of a row group whose numbers are among the sorted want. It
// reads the pages of the column that may hold one.
func rowsOf(chunk parquet.ColumnChunk, want []int64) ([]int64, error) {
	offsets, err := chunk.OffsetIndex()
	if err != nil {
		return nil, err
	}
	bounds, err := chunk.ColumnIndex()
	if err != nil {
		return nil, err
	}
	pages := chunk.Pages()
	defer pages.Close()
	var rows []int64
	for n := range offsets.NumPages() {
		least, most := bounds.MinValue(n).Int64(), bounds.MaxValue(n).Int64()
		if i, _ := slices.BinarySearch(want, least); i == len(want) || want[i] > most {
			continue
		}
		if err := pages.SeekToRow(offsets.FirstRowIndex(n)); err != nil {
			return nil, err
		}
		page, err := pages.ReadPage()
		if err != nil {
			return nil, err
		}
		values := make([]parquet.Value, page.NumValues())
		got, err := page.Values().ReadValues(values)
		parquet.Release(page)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		for i, v := range values[:got] {
			if _, ok := slices.BinarySearch(want, v.Int64()); ok {
				rows = append(rows, offsets.FirstRowIndex(n)+int64(i))
			}
		}
	}
	return rows, nil
}

// readDocuments reads rows of a row group.
func readDocuments(g parquet.RowGroup, rows []int64, found map[int64]Document) error {
	if len(rows) == 0 {
		return nil
	}
	r := parquet.NewGenericRowGroupReader[documentRow](g)
	defer r.Close()
	var row [1]documentRow
	for _, i := range rows {
		if err := r.SeekToRow(i); err != nil {
			return err
		}
		if n, err := r.Read(row[:]); n != 1 {
			return fmt.Errorf("row %d cannot be read: %w", i, err)
		}
		d := &row[0]
		found[d.DocNo] = Document{
			ID: strings.Clone(d.ID), DocNo: d.DocNo, Source: strings.Clone(d.Source), URL: strings.Clone(d.URL),
			FilePath: strings.Clone(d.FilePath), TokenCount: d.TokenCount, Beginning: strings.Clone(firstOf(d.Text, beginning)),
		}
	}
	return nil
}

// firstOf returns the first n characters of a text.
func firstOf(text string, n int) string {
	for i := range text {
		if n--; n < 0 {
			return text[:i]
		}
	}
	return text
}

// Row is a row of a split with the documents that stand in it.
type Row struct {
	Row    int64      `json:"row"` // its number in the split, as in [data.RowLineage]
	Source string     `json:"source"`
	Spans  []DocRange `json:"documents"`
}

// DocRange is a document's part of a row: tokens Start to End-1 of the row, of which
// the last one of the row is a label only. DocNo is [shard.NoDocument] for padding.
type DocRange struct {
	DocNo int64 `json:"doc_no"`
	Start int32 `json:"start"`
	End   int32 `json:"end"`
}

// Rows tells which documents stand in rows of a split ([data.Train] or
// [data.Validation]) of the data set in dir, in the order of the numbers.
func Rows(dir, split string, numbers []int64) ([]Row, error) {
	m, err := data.ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	kind := data.KindTokens
	if split == data.Validation {
		kind = data.KindValidation
	}
	rows := make([]Row, 0, len(numbers))
	for _, n := range numbers {
		if n < 0 || n >= m.Rows(kind) {
			return nil, fmt.Errorf("query: %s has %d rows in its %s split; asked for row %d, counted from 0", dir, m.Rows(kind), split, n)
		}
		rows = append(rows, Row{Row: n})
	}
	first := int64(0)
	for _, f := range m.Files {
		if f.Kind != kind {
			continue
		}
		if err := readRows(dir, m, f, first, rows); err != nil {
			return nil, err
		}
		first += f.Rows
	}
	return rows, nil
}

// readRows fills those rows that a file holds, whose first row has number first.
func readRows(dir string, m *data.Manifest, f data.ManifestFile, first int64, rows []Row) error {
	var t *shard.TokenFile
	var read shard.Row
	for i := range rows {
		n := rows[i].Row - first
		if n < 0 || n >= f.Rows {
			continue
		}
		if t == nil {
			var err error
			t, err = shard.OpenTokens(m.Path(dir, f.Path), m.SequenceLength+1, &shard.PageCache{})
			if err != nil {
				return fmt.Errorf("query: %w", err)
			}
			defer t.Close()
		}
		if err := t.Read(n, &read); err != nil {
			return fmt.Errorf("query: %w", err)
		}
		source, err := t.Source(n)
		if err != nil {
			return fmt.Errorf("query: %w", err)
		}
		rows[i].Source = source
		for k, start := range read.Starts {
			end := int32(len(read.Tokens))
			if k+1 < len(read.Starts) {
				end = read.Starts[k+1]
			}
			rows[i].Spans = append(rows[i].Spans, DocRange{DocNo: read.Docs[k], Start: start, End: end})
		}
	}
	return nil
}
