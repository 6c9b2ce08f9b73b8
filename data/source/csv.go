package source

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// csv reads a table of comma or tab separated values (RFC 4180) whose first row names
// the columns: the text is in that of text_field. A row that is broken is rejected and
// the next line read. The header of a second table, where two were put together, is no
// row.
func (r *reader) csv(br *bufio.Reader, start int64) error {
	t := &table{src: br, off: start, limit: r.rowLimit(), comma: r.separator(br)}
	t.begin(nil)
	names, _, err := t.next()
	if err != nil {
		return endOf(err)
	}
	names = slices.Clone(names)
	columns, err := r.csvColumns(names)
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		if n%256 == 0 && r.ctx.Err() != nil {
			return r.ctx.Err()
		}
		row, off, err := t.next()
		var broken *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errLongRow):
			return fmt.Errorf("damaged: the row at byte %d has no end within %d bytes: a quotation mark is not closed", off, t.limit)
		case errors.As(err, &broken):
			r.reject(off, ReasonBrokenCSV, broken.Err.Error(), t.raw, int64(len(t.raw)))
			continue
		case err != nil:
			return damaged(fmt.Errorf("row %d: %w", n, err))
		}
		if len(row) > 0 {
			row[0] = strings.TrimPrefix(row[0], string(utf8BOM))
		}
		if slices.Equal(row, names) || len(bytes.Trim(t.raw, "\x00\r\n")) == 0 {
			continue
		}
		if err := r.csvRow(columns, names, row, off); err != nil {
			return err
		}
	}
}

// separator is what stands between values: in a .tsv a tab; else a comma or, where only
// that gives the first row the text's column, the semicolon or tab of other customs.
func (r *reader) separator(br *bufio.Reader) rune {
	if _, ext, _ := splitName(r.file.Path); ext == ".tsv" {
		return '\t'
	}
	head, _ := br.Peek(4096)
	line, _, _ := strings.Cut(string(head), "\n")
	for _, c := range []string{",", ";", "\t"} {
		for name := range strings.SplitSeq(line, c) {
			if strings.Trim(name, "\"\r ") == r.cfg.TextField {
				return rune(c[0])
			}
		}
	}
	return ','
}

// table reads the rows of a table and holds their bytes, so that what is broken can be
// read again in another way.
type table struct {
	src   *bufio.Reader
	limit int64 // bytes of a row
	comma rune

	c    *csv.Reader
	in   *held
	off  int64  // of what c reads first
	used int64  // bytes of c's input that were used
	raw  []byte // the bytes of the last row
}

// begin reads on with bytes that were read before, then with those that follow.
func (t *table) begin(again []byte) {
	t.off += t.used
	t.in = &held{r: io.MultiReader(bytes.NewReader(again), t.src)}
	t.c = t.reader(t.in)
	t.used = 0
}

func (t *table) reader(r io.Reader) *csv.Reader {
	c := csv.NewReader(r)
	c.ReuseRecord, c.FieldsPerRecord, c.Comma = true, -1, t.comma
	return c
}

// next returns the next row, valid until the next call, and its offset. After a
// [csv.ParseError] it goes on behind the line in which the broken row began.
func (t *table) next() (row []string, off int64, err error) {
	t.in.buf = append(t.in.buf[:0], t.in.buf[t.c.InputOffset()-t.used:]...)
	t.used = t.c.InputOffset()
	off = t.off + t.used
	t.in.left = t.limit
	row, err = t.c.Read()
	t.raw = t.in.buf[:min(int64(len(t.in.buf)), t.c.InputOffset()-t.used)]
	var broken *csv.ParseError
	if !errors.As(err, &broken) {
		return row, off, err
	}
	if lazy := t.withBareQuotes(); lazy != nil {
		return lazy, off, nil
	}
	line := bytes.IndexByte(t.raw, '\n') + 1
	if line == 0 {
		line = len(t.raw)
	}
	again := slices.Clone(t.in.buf[line:])
	t.raw = slices.Clone(t.raw[:line])
	t.used += int64(line)
	t.begin(again)
	if t.comma == '\t' { // whose values need no quotation marks, so that these are their own
		return strings.Split(string(bytes.TrimRight(t.raw, "\r\n")), "\t"), off, nil
	}
	return nil, off, err
}

// withBareQuotes reads the last row, if it is one line, with quotation marks inside of
// values that do not begin with one; nil if it cannot be read so either.
func (t *table) withBareQuotes() []string {
	if i := bytes.IndexByte(t.raw, '\n'); i >= 0 && i < len(t.raw)-1 {
		return nil
	}
	c := t.reader(bytes.NewReader(t.raw))
	c.LazyQuotes = true
	row, err := c.Read()
	if err != nil || c.InputOffset() < int64(len(t.raw)) {
		return nil
	}
	var b bytes.Buffer
	for i, v := range row { // a value that only its end closes may hold separators
		if i > 0 {
			b.WriteRune(t.comma)
		}
		b.WriteString(v)
	}
	if !bytes.Equal(b.Bytes(), bytes.TrimRight(t.raw, "\r\n")) {
		return nil // there are quoted values besides: what ends where is a guess
	}
	return row
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
		w.values[fieldMeta] = jsonOf(value(fieldMeta))
	}
	d.Meta = w.meta()
	if r.cfg.TextIsHTML {
		return r.htmlField(d, key)
	}
	return r.record(d, key)
}

var errLongRow = errors.New("a row is too long")

// held keeps what was read, and gives an error once more than left bytes were.
type held struct {
	r    io.Reader
	buf  []byte
	left int64
}

// Read implements [io.Reader].
func (h *held) Read(p []byte) (int, error) {
	if h.left <= 0 {
		return 0, errLongRow
	}
	n, err := h.r.Read(p)
	h.left -= int64(n)
	h.buf = append(h.buf, p[:n]...)
	return n, err
}
