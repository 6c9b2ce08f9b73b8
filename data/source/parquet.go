package source

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"huihai/data/shard"
)

// parquet reads the text column, and the id, url and meta columns where there
// are any, of a Parquet file. ByteOffset is the row number.
func (r *reader) parquet(f *os.File) (err error) {
	defer func() {
		// The decoder panics on some damaged files.
		if p := recover(); p != nil {
			err = fmt.Errorf("damaged: the Parquet decoder gave up: %v", p)
		}
	}()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if err := shard.CheckFooter(f, st.Size()); err != nil {
		return err
	}
	pf, err := parquet.OpenFile(f, st.Size(), parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true))
	if err != nil {
		return fmt.Errorf("not a whole Parquet file: %w", err)
	}
	cols, err := r.findColumns(pf)
	if err != nil {
		return err
	}
	row := int64(0)
	starts := pf.Metadata().RowGroups
	for i, g := range pf.RowGroups() {
		if !r.covers(rowGroupStart(&starts[i]), st.Size()) {
			row += g.NumRows()
			continue
		}
		if err := r.rowGroup(g, cols, &row); err != nil {
			return err
		}
	}
	return nil
}

// rowGroupStart is the offset of a row group's first page.
func rowGroupStart(g *format.RowGroup) int64 {
	if len(g.Columns) == 0 {
		return 0
	}
	m := &g.Columns[0].MetaData
	if m.DictionaryPageOffset > 0 {
		return min(m.DictionaryPageOffset, m.DataPageOffset)
	}
	return m.DataPageOffset
}

// covers tells whether an offset lies in the part of the file that is to be read.
// What a damaged file places outside of it belongs to the first part.
func (r *reader) covers(off, size int64) bool {
	if r.file.Length == 0 {
		return true
	}
	if off < 0 || off >= size {
		off = 0
	}
	return off >= r.file.Offset && off < r.file.Offset+r.file.Length
}

// columns holds leaf column numbers, -1 for absent.
type columns struct{ text, id, url, meta int }

func (r *reader) findColumns(pf *parquet.File) (columns, error) {
	cols := columns{-1, -1, -1, -1}
	var names []string
	for _, path := range pf.Schema().Columns() {
		name := strings.Join(path, ".")
		names = append(names, name)
		leaf, ok := pf.Schema().Lookup(path...)
		if !ok || leaf.MaxRepetitionLevel > 0 || leaf.Node.Type().Kind() != parquet.ByteArray {
			continue
		}
		for _, want := range []struct {
			field string
			col   *int
		}{{r.cfg.TextField, &cols.text}, {r.cfg.IDField, &cols.id}, {r.cfg.URLField, &cols.url}, {r.cfg.MetaField, &cols.meta}} {
			if name == want.field {
				*want.col = leaf.ColumnIndex
			}
		}
	}
	if cols.text < 0 {
		return cols, fmt.Errorf("no text column %q; the file has %s (choose one with text_field)", r.cfg.TextField, strings.Join(names, ", "))
	}
	return cols, nil
}

// rowGroup walks the wanted columns of one row group side by side.
func (r *reader) rowGroup(g parquet.RowGroup, cols columns, row *int64) error {
	chunks := g.ColumnChunks()
	open := func(i int) *columnReader {
		if i < 0 {
			return nil
		}
		return &columnReader{pages: chunks[i].Pages()}
	}
	text, id, url, meta := open(cols.text), open(cols.id), open(cols.url), open(cols.meta)
	all := []*columnReader{text, id, url, meta}
	defer func() {
		for _, c := range all {
			c.close()
		}
	}()
	for range g.NumRows() {
		d := Document{ByteOffset: *row}
		var values [4]string
		var null bool
		for i, c := range all {
			v, isNull, err := c.next()
			if err != nil {
				return fmt.Errorf("damaged: row %d: %w", *row, err)
			}
			values[i] = v
			null = null || i == 0 && isNull
		}
		d.Text, d.URL, d.Meta = values[0], values[2], values[3]
		if err := r.parquetRow(d, values[1], null); err != nil {
			return err
		}
		*row++
	}
	return nil
}

func (r *reader) parquetRow(d Document, id string, null bool) error {
	if null {
		r.reject(d.ByteOffset, ReasonNoText, "the text is null", nil, 0)
		return nil
	}
	if !utf8.ValidString(d.Text) {
		r.reject(d.ByteOffset, ReasonInvalidUTF8, "", []byte(d.Text), int64(len(d.Text)))
		return nil
	}
	key := "@" + strconv.FormatInt(d.ByteOffset, 10)
	if id != "" {
		key = "id:" + strings.ToValidUTF8(id, "\uFFFD")
	}
	d.URL, d.Meta = strings.ToValidUTF8(d.URL, "\uFFFD"), strings.ToValidUTF8(d.Meta, "\uFFFD")
	if r.cfg.TextIsHTML {
		return r.htmlField(d, key)
	}
	return r.record(d, key)
}

// columnReader yields the values of a flat column one by one. A nil reader
// yields empty values.
type columnReader struct {
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	buf    [64]parquet.Value
	have   []parquet.Value
}

func (c *columnReader) next() (value string, null bool, err error) {
	if c == nil {
		return "", true, nil
	}
	for len(c.have) == 0 {
		if c.values == nil {
			if c.page, err = c.pages.ReadPage(); err != nil {
				if errors.Is(err, io.EOF) {
					err = io.ErrUnexpectedEOF
				}
				return "", false, err
			}
			c.values = c.page.Values()
		}
		n, err := c.values.ReadValues(c.buf[:])
		c.have = c.buf[:n]
		if n == 0 {
			if err != nil && !errors.Is(err, io.EOF) {
				return "", false, err
			}
			parquet.Release(c.page)
			c.page, c.values = nil, nil
		}
	}
	v := c.have[0]
	c.have = c.have[1:]
	if v.IsNull() {
		return "", true, nil
	}
	return string(v.ByteArray()), false, nil
}

func (c *columnReader) close() {
	if c == nil {
		return
	}
	if c.page != nil {
		parquet.Release(c.page)
	}
	_ = c.pages.Close()
}
