package source

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// csv reads a table of comma or tab separated values (RFC 4180) whose first row names
// the columns: the text is in that of text_field.
func (r *reader) csv(br *bufio.Reader, start int64) error {
	in := &bounded{r: br, left: r.rowLimit()}
	c := csv.NewReader(in)
	c.ReuseRecord, c.FieldsPerRecord, c.LazyQuotes = true, -1, true
	if _, ext, _ := splitName(r.file.Path); ext == ".tsv" {
		c.Comma = '\t'
	}
	header, err := c.Read()
	if err != nil {
		return endOf(err)
	}
	names := append([]string(nil), header...)
	columns, err := r.csvColumns(names)
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		if n%256 == 0 && r.ctx.Err() != nil {
			return r.ctx.Err()
		}
		off := start + c.InputOffset()
		in.left = r.rowLimit()
		row, err := c.Read()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errLongRow):
			return fmt.Errorf("damaged: the row at byte %d has no end within %d bytes: a quotation mark is not closed", off, r.rowLimit())
		case err != nil:
			return damaged(fmt.Errorf("row %d: %w", n, err))
		}
		if err := r.csvRow(columns, names, row, off); err != nil {
			return err
		}
	}
}

// rowLimit is how long a row may be: a text with all its quotation marks doubled, and
// other columns.
func (r *reader) rowLimit() int64 { return 2*r.cfg.MaxDocumentBytes + 1<<20 }

// csvColumns finds the columns of the wanted fields, -1 for those that are not there.
func (r *reader) csvColumns(names []string) ([]int, error) {
	wanted := r.fieldsWanted().names
	columns := make([]int, len(wanted))
	for i, w := range wanted {
		columns[i] = -1
		for k, n := range names {
			if n == w {
				columns[i] = k
			}
		}
	}
	if columns[fieldText] < 0 {
		return nil, fmt.Errorf("no column %q; the first row names %s (choose one with text_field)", r.cfg.TextField, strings.Join(names, ", "))
	}
	return columns, nil
}

func (r *reader) csvRow(columns []int, names, row []string, off int64) error {
	if len(row) != len(names) {
		r.reject(off, ReasonBrokenCSV, fmt.Sprintf("%d values in a row of %d columns", len(row), len(names)), []byte(strings.Join(row, ",")), int64(len(strings.Join(row, ","))))
		return nil
	}
	w := r.fieldsWanted()
	value := func(i int) string {
		if columns[i] < 0 {
			return ""
		}
		return row[columns[i]]
	}
	d := Document{Text: value(fieldText), SourceID: value(fieldID), URL: value(fieldURL), ByteOffset: off}
	key := "@" + strconv.FormatInt(off, 10)
	if d.SourceID != "" {
		key = "id:" + d.SourceID
	}
	for i := fieldMeta; i < len(columns); i++ {
		w.values[i] = nil
		if columns[i] >= 0 {
			w.values[i] = quoted(value(i))
		}
	}
	if len(w.names) == fieldKept {
		w.values[fieldMeta] = []byte(value(fieldMeta))
	}
	d.Meta = w.meta()
	if r.cfg.TextIsHTML {
		return r.htmlField(d, key)
	}
	return r.record(d, key)
}

var errLongRow = errors.New("a row is too long")

// bounded gives an error once more than left bytes were read.
type bounded struct {
	r    io.Reader
	left int64
}

// Read implements [io.Reader].
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLongRow
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	return n, err
}
