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

// parquet reads the text column, and the id, url, meta and kept columns where there
// are any, of a Parquet file. ByteOffset is the row number.
func (r *reader) parquet(f *os.File) (err error) {
	defer func() {
		// The decoder panics on some damaged files.
		if p := recover(); p != nil {
			err = fmt.Errorf("damaged: the Parquet decoder gave up: %v", p)
		}
	}()
	pf, size, err := openParquet(f)
	if err != nil {
		return err
	}
	if err := checkPages(f, pf); err != nil {
		return err
	}
	cols, err := r.findColumns(pf)
	if err != nil {
		return err
	}
	row := int64(0)
	starts := pf.Metadata().RowGroups
	for i, g := range pf.RowGroups() {
		if !r.covers(rowGroupStart(&starts[i]), size) {
			row += g.NumRows()
			continue
		}
		if err := r.rowGroup(g, cols, &row); err != nil {
			return err
		}
	}
	return nil
}

func openParquet(f *os.File) (*parquet.File, int64, error) {
	st, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	if err := shard.CheckFooter(f, st.Size()); err != nil {
		return nil, 0, err
	}
	pf, err := parquet.OpenFile(f, st.Size(), parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true))
	if err != nil {
		return nil, 0, fmt.Errorf("not a whole Parquet file: %w", err)
	}
	return pf, st.Size(), nil
}

// rowGroupStart is the offset of a row group's first page.
func rowGroupStart(g *format.RowGroup) int64 {
	if len(g.Columns) == 0 {
		return 0
	}
	return chunkStart(&g.Columns[0].MetaData)
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

// wantedColumn is a field of the schema that is read, nil where the file has none.
type wantedColumn struct {
	name string
	tree *columnTree
}

// findColumns finds the fields by name; "content.text" leads into a group.
func (r *reader) findColumns(pf *parquet.File) ([]wantedColumn, error) {
	names := r.fieldsWanted().names
	cols := make([]wantedColumn, len(names))
	for i, n := range names {
		cols[i] = wantedColumn{n, findTree(pf.Root(), n)}
	}
	text := cols[fieldText].tree
	if text == nil || text.kind != leafColumn || !text.isText {
		var have []string
		for _, path := range pf.Schema().Columns() {
			have = append(have, strings.Join(path, "."))
		}
		return cols, fmt.Errorf("no text column %q; the file has %s (choose one with text_field)", r.cfg.TextField, strings.Join(have, ", "))
	}
	for _, i := range []int{fieldID, fieldURL} {
		if t := cols[i].tree; t != nil && t.kind != leafColumn {
			cols[i].tree = nil
		}
	}
	return cols, nil
}

// rowGroup walks the wanted columns of one row group side by side.
func (r *reader) rowGroup(g parquet.RowGroup, cols []wantedColumn, row *int64) error {
	chunks := g.ColumnChunks()
	readers := map[int]*columnReader{}
	defer func() {
		for _, c := range readers {
			c.close()
		}
	}()
	for _, c := range cols {
		c.tree.eachLeaf(func(leaf int) {
			if readers[leaf] == nil {
				readers[leaf] = &columnReader{pages: chunks[leaf].Pages(), flat: c.tree.rep == 0 && c.tree.kind == leafColumn}
			}
		})
	}
	cells := map[int][]parquet.Value{}
	for range g.NumRows() {
		if *row%1024 == 0 && r.ctx.Err() != nil {
			return r.ctx.Err()
		}
		for leaf, c := range readers {
			values, err := c.nextRow()
			if err != nil {
				return fmt.Errorf("damaged: row %d: %w", *row, err)
			}
			cells[leaf] = values
		}
		if err := r.parquetRow(cols, cells, *row); err != nil {
			return err
		}
		*row++
	}
	return nil
}

func (r *reader) parquetRow(cols []wantedColumn, cells map[int][]parquet.Value, row int64) error {
	d := Document{ByteOffset: row}
	text := cols[fieldText].tree.first(cells)
	if text.IsNull() {
		r.reject(row, ReasonNoText, "the text is null", nil, 0)
		return nil
	}
	if size := int64(len(text.ByteArray())); size > r.cfg.MaxDocumentBytes { // before it is copied, as often as a dictionary says
		r.reject(row, ReasonTooLong, fmt.Sprintf("a text of %d bytes; the limit is %d", size, r.cfg.MaxDocumentBytes), text.ByteArray(), size)
		return nil
	}
	d.Text = string(text.ByteArray())
	if !utf8.ValidString(d.Text) {
		r.reject(row, ReasonInvalidUTF8, "", []byte(d.Text), int64(len(d.Text)))
		return nil
	}
	key := "@" + strconv.FormatInt(row, 10)
	if d.SourceID = cols[fieldID].tree.scalar(cells); d.SourceID != "" {
		key = "id:" + d.SourceID
	}
	d.URL = cols[fieldURL].tree.scalar(cells)
	w := r.fieldsWanted()
	for i := fieldMeta; i < len(cols); i++ {
		w.values[i] = cols[i].tree.json(cells)
	}
	// A meta column of strings holds JSON, or what it holds is kept as a string.
	if t := cols[fieldMeta].tree; t != nil && t.kind == leafColumn && t.isText && len(w.names) == fieldKept {
		w.values[fieldMeta] = jsonOf(t.scalar(cells))
	}
	d.Meta = w.meta()
	if r.cfg.TextIsHTML {
		return r.htmlField(d, key)
	}
	return r.record(d, key)
}

// columnReader yields the values of a column row by row.
type columnReader struct {
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	buf    [64]parquet.Value
	have   []parquet.Value
	row    []parquet.Value
	flat   bool // one value a row, which need not be copied
	ended  bool
}

// nextRow returns the values of the next row, of which a list has several; they are
// valid until the next call.
func (c *columnReader) nextRow() ([]parquet.Value, error) {
	c.row = c.row[:0]
	if c.flat {
		if len(c.have) == 0 {
			if err := c.fill(false); err != nil {
				return nil, err
			}
		}
		c.row = append(c.row, c.have[0])
		c.have = c.have[1:]
		return c.row, nil
	}
	for {
		if len(c.have) == 0 && !c.ended {
			if err := c.fill(len(c.row) > 0); err != nil {
				return nil, err
			}
		}
		if c.ended && len(c.have) == 0 {
			if len(c.row) == 0 {
				return nil, io.ErrUnexpectedEOF
			}
			return c.row, nil
		}
		if len(c.row) > 0 && c.have[0].RepetitionLevel() == 0 {
			return c.row, nil
		}
		c.row = append(c.row, c.have[0].Clone())
		c.have = c.have[1:]
	}
}

// fill reads further values. At the end of a column an error says so, unless the last
// row has begun.
func (c *columnReader) fill(begun bool) (err error) {
	for len(c.have) == 0 {
		if c.values == nil {
			if c.page, err = c.pages.ReadPage(); err != nil {
				if errors.Is(err, io.EOF) && begun {
					c.ended = true
					return nil
				}
				if errors.Is(err, io.EOF) {
					err = io.ErrUnexpectedEOF
				}
				return err
			}
			c.values = c.page.Values()
		}
		n, err := c.values.ReadValues(c.buf[:])
		c.have = c.buf[:n]
		if n == 0 {
			if err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			parquet.Release(c.page)
			c.page, c.values = nil, nil
		}
	}
	return nil
}

func (c *columnReader) close() {
	if c.page != nil {
		parquet.Release(c.page)
	}
	_ = c.pages.Close()
}
