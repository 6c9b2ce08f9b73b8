package shard

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sort"

	"github.com/parquet-go/parquet-go"
)

// TokenFile reads single rows of a tokens file in any order. It is for one
// goroutine.
type TokenFile struct {
	f      *os.File
	pf     *parquet.File
	groups []parquet.RowGroup
	first  []int64                                    // first row of each group, and the end
	width  int                                        // tokens per row
	cols   struct{ tokens, docs, starts, source int } // source is -1 for none
	cache  *PageCache
	id     int
}

// PageCache holds decoded pages of several files up to a number of bytes; the
// page used longest ago goes first. The zero value holds nothing back.
type PageCache struct {
	Limit int64
	bytes int64
	clock int64
	pages map[pageKey]*cachedPage
	files int
}

type pageKey struct{ file, group, column, page int }

type cachedPage struct {
	firstRow int64 // in the group
	offsets  []int32
	values   []int64
	narrow   []int32
	texts    []string // one a row
	used     int64
	bytes    int64
}

// OpenTokens opens a tokens file whose rows hold width tokens.
func OpenTokens(path string, width int, cache *PageCache) (*TokenFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	t := &TokenFile{f: f, width: width, cache: cache}
	if err := guard(path, t.open); err != nil {
		_ = f.Close()
		return nil, err
	}
	if cache.pages == nil {
		cache.pages = map[pageKey]*cachedPage{}
	}
	t.id = cache.files
	cache.files++
	return t, nil
}

func (t *TokenFile) open() error {
	st, err := t.f.Stat()
	if err != nil {
		return err
	}
	if err := CheckFooter(t.f, st.Size()); err != nil {
		return err
	}
	if t.pf, err = parquet.OpenFile(t.f, st.Size(), parquet.SkipBloomFilters(true)); err != nil {
		return err
	}
	if v, _ := t.pf.Lookup(KeySchema); v != SchemaVersion {
		return fmt.Errorf("schema version %q; this program reads %q", v, SchemaVersion)
	}
	for _, want := range []struct {
		name string
		col  *int
		kind parquet.Kind
	}{{"token_ids", &t.cols.tokens, parquet.Int32}, {"doc_nos", &t.cols.docs, parquet.Int64}, {"doc_starts", &t.cols.starts, parquet.Int32}} {
		leaf, ok := t.pf.Schema().Lookup(want.name, "list", "element")
		if !ok || leaf.Node.Type().Kind() != want.kind {
			return fmt.Errorf("no column %s of lists", want.name)
		}
		*want.col = leaf.ColumnIndex
	}
	t.cols.source = -1
	if leaf, ok := t.pf.Schema().Lookup("source"); ok && leaf.Node.Type().Kind() == parquet.ByteArray {
		t.cols.source = leaf.ColumnIndex
	}
	t.groups = t.pf.RowGroups()
	t.first = []int64{0}
	for _, g := range t.groups {
		t.first = append(t.first, t.first[len(t.first)-1]+g.NumRows())
	}
	return nil
}

// Rows returns the number of rows.
func (t *TokenFile) Rows() int64 { return t.first[len(t.first)-1] }

// Close closes the file.
func (t *TokenFile) Close() error { return t.f.Close() }

// Row is one row as the loader needs it. Slices may be reused by passing the row
// to Read again.
type Row struct {
	Tokens []int32
	Starts []int32
	Docs   []int64
}

// locate finds the row group of row i and its place there.
func (t *TokenFile) locate(i int64) (group int, local int64, err error) {
	g := sort.Search(len(t.groups), func(k int) bool { return t.first[k+1] > i })
	if i < 0 || g == len(t.groups) {
		return 0, 0, fmt.Errorf("row %d of %d", i, t.Rows())
	}
	return g, i - t.first[g], nil
}

// Source returns the source of row i as its column has it, "" where the file has
// no such column.
func (t *TokenFile) Source(i int64) (source string, err error) {
	if t.cols.source < 0 {
		return "", nil
	}
	return source, guard(t.f.Name(), func() error {
		g, local, err := t.locate(i)
		if err != nil {
			return err
		}
		page, at, err := t.row(g, t.cols.source, local)
		if err == nil {
			source = page.texts[at]
		}
		return err
	})
}

// Read fills r with row i.
func (t *TokenFile) Read(i int64, r *Row) error {
	return guard(t.f.Name(), func() error {
		g, local, err := t.locate(i)
		if err != nil {
			return err
		}
		page, at, err := t.row(g, t.cols.tokens, local)
		if err != nil {
			return err
		}
		r.Tokens = append(r.Tokens[:0], page.narrow[page.offsets[at]:page.offsets[at+1]]...)
		if page, at, err = t.row(g, t.cols.starts, local); err != nil {
			return err
		}
		r.Starts = append(r.Starts[:0], page.narrow[page.offsets[at]:page.offsets[at+1]]...)
		if page, at, err = t.row(g, t.cols.docs, local); err != nil {
			return err
		}
		r.Docs = append(r.Docs[:0], page.values[page.offsets[at]:page.offsets[at+1]]...)
		return r.check(i, t.width)
	})
}

// check holds what a row must satisfy before anyone computes with it.
func (r *Row) check(i int64, width int) error {
	if len(r.Tokens) != width {
		return fmt.Errorf("row %d has %d tokens; it should have %d", i, len(r.Tokens), width)
	}
	if len(r.Starts) == 0 || len(r.Starts) != len(r.Docs) || r.Starts[0] != 0 {
		return fmt.Errorf("row %d has malformed document starts", i)
	}
	for k := 1; k < len(r.Starts); k++ {
		if r.Starts[k] <= r.Starts[k-1] || int(r.Starts[k]) >= width {
			return fmt.Errorf("row %d has malformed document starts", i)
		}
	}
	return nil
}

// row finds the page of a column that holds a row of a group, and the row's
// place in it.
func (t *TokenFile) row(group, column int, row int64) (*cachedPage, int, error) {
	chunk := t.groups[group].ColumnChunks()[column]
	index, err := chunk.OffsetIndex()
	if err != nil {
		return nil, 0, err
	}
	n := sort.Search(index.NumPages(), func(p int) bool { return index.FirstRowIndex(p) > row }) - 1
	if n < 0 {
		return nil, 0, errors.New("damaged page index")
	}
	key := pageKey{t.id, group, column, n}
	page := t.cache.get(key)
	if page == nil {
		if page, err = readPage(chunk, index.FirstRowIndex(n)); err != nil {
			return nil, 0, err
		}
		t.cache.put(key, page)
	}
	at := int(row - page.firstRow)
	if at+1 >= len(page.offsets) {
		return nil, 0, errors.New("a page has fewer rows than its index says")
	}
	return page, at, nil
}

// readPage decodes the page of lists that starts at firstRow.
func readPage(chunk parquet.ColumnChunk, firstRow int64) (*cachedPage, error) {
	pages := chunk.Pages()
	defer pages.Close()
	if err := pages.SeekToRow(firstRow); err != nil {
		return nil, err
	}
	p, err := pages.ReadPage()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	defer parquet.Release(p)
	c := &cachedPage{firstRow: firstRow}
	values, buf := p.Values(), make([]parquet.Value, 512)
	if chunk.Type().Kind() == parquet.ByteArray {
		return c, c.readTexts(values, buf)
	}
	wide := chunk.Type().Kind() == parquet.Int64
	if wide {
		c.values = make([]int64, 0, p.NumValues())
	} else {
		c.narrow = make([]int32, 0, p.NumValues())
	}
	count := int32(0)
	for {
		n, err := values.ReadValues(buf)
		for _, v := range buf[:n] {
			if v.RepetitionLevel() == 0 {
				c.offsets = append(c.offsets, count)
			}
			if v.IsNull() {
				continue // an empty list
			}
			count++
			if wide {
				c.values = append(c.values, v.Int64())
			} else {
				c.narrow = append(c.narrow, v.Int32())
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	c.offsets = append(c.offsets, count)
	c.bytes = int64(8*cap(c.values) + 4*cap(c.narrow) + 4*cap(c.offsets))
	return c, nil
}

// readTexts decodes a page of one text a row, of which there are few different ones.
func (c *cachedPage) readTexts(values parquet.ValueReader, buf []parquet.Value) error {
	seen := map[string]string{}
	for {
		n, err := values.ReadValues(buf)
		for _, v := range buf[:n] {
			text, ok := seen[string(v.ByteArray())]
			if !ok {
				text = string(v.ByteArray())
				seen[text] = text
				c.bytes += int64(len(text))
			}
			c.offsets = append(c.offsets, int32(len(c.texts)))
			c.texts = append(c.texts, text)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	c.offsets = append(c.offsets, int32(len(c.texts)))
	c.bytes += int64(16*cap(c.texts) + 4*cap(c.offsets))
	return nil
}

func (c *PageCache) get(key pageKey) *cachedPage {
	p := c.pages[key]
	if p != nil {
		c.clock++
		p.used = c.clock
	}
	return p
}

// put keeps a page, and lets older ones go when there are too many bytes.
func (c *PageCache) put(key pageKey, p *cachedPage) {
	if p.bytes > c.Limit {
		return
	}
	for c.bytes+p.bytes > c.Limit {
		c.evict()
	}
	c.clock++
	p.used = c.clock
	c.pages[key] = p
	c.bytes += p.bytes
}

// evict drops the older of a few pages picked by map order: which one goes
// decides speed only, never a result.
func (c *PageCache) evict() {
	var oldest pageKey
	best := int64(-1)
	n := 0
	for k, p := range c.pages {
		if best < 0 || p.used < best {
			oldest, best = k, p.used
		}
		if n++; n == 16 {
			break
		}
	}
	c.bytes -= c.pages[oldest].bytes
	delete(c.pages, oldest)
}

// guard names the file in errors and turns the decoder's panics on damaged files
// into errors.
func guard(path string, fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("shard: %s is damaged: %v", path, p)
		}
	}()
	if err := fn(); err != nil {
		return fmt.Errorf("shard: %s: %w", path, err)
	}
	return nil
}
