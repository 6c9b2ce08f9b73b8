package source

import (
	"bufio"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// What a page of a Parquet file may declare. A page is decoded whole, so what it says
// it holds is memory: a file of 6 kB can say that it is gigabytes. Writers make pages of
// a megabyte; the largest that some make are of a hundred.
const (
	maxPageBytes  = 128 << 20
	maxPageValues = 16 << 20
)

// chunkStart is the offset of a column's first page in a row group.
func chunkStart(m *format.ColumnMetaData) int64 {
	if m.DictionaryPageOffset > 0 {
		return min(m.DictionaryPageOffset, m.DataPageOffset)
	}
	return m.DataPageOffset
}

// checkPages reads the headers of all pages. One that declares more than is allowed is
// an error: pages are decoded whole.
func checkPages(f *os.File, pf *parquet.File) error {
	for _, g := range pf.Metadata().RowGroups {
		for i := range g.Columns {
			m := &g.Columns[i].MetaData
			if err := checkChunk(f, m); err != nil {
				return fmt.Errorf("column %v: %w", m.PathInSchema, err)
			}
		}
	}
	return nil
}

// checkChunk walks the pages of one column in a row group.
func checkChunk(f *os.File, m *format.ColumnMetaData) error {
	if m.TotalCompressedSize < 0 || m.NumValues < 0 || m.TotalCompressedSize == 0 && m.NumValues > 0 {
		return fmt.Errorf("damaged: it says that it has %d values in %d bytes", m.NumValues, m.TotalCompressedSize)
	}
	at := chunkStart(m)
	for end := at + m.TotalCompressedSize; at < end; {
		section := &positioned{r: bufio.NewReaderSize(io.NewSectionReader(f, at, end-at), 512)}
		var h format.PageHeader
		if err := thrift.NewDecoder(new(thrift.CompactProtocol).NewReader(section)).Decode(&h); err != nil {
			return fmt.Errorf("damaged: the header of a page at byte %d: %w", at, err)
		}
		n := int64(0)
		switch {
		case h.DictionaryPageHeader.Valid:
			n = int64(h.DictionaryPageHeader.V.NumValues)
		case h.DataPageHeader.Valid:
			n = int64(h.DataPageHeader.V.NumValues)
		case h.DataPageHeaderV2.Valid:
			n = int64(h.DataPageHeaderV2.V.NumValues)
		}
		if h.UncompressedPageSize < 0 || h.CompressedPageSize < 0 || n < 0 || int64(h.UncompressedPageSize) > maxPageBytes || n > maxPageValues {
			return fmt.Errorf("refused: a page at byte %d says that it holds %d bytes and %d values; pages are decoded whole, and more than %d bytes or %d values are not: write the file again with smaller pages", at, h.UncompressedPageSize, n, maxPageBytes, maxPageValues)
		}
		at += section.n + int64(h.CompressedPageSize)
	}
	return nil
}

// positioned counts what a decoder took.
type positioned struct {
	r *bufio.Reader
	n int64
}

// Read implements [io.Reader].
func (p *positioned) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	p.n += int64(n)
	return n, err
}

// ReadByte implements [io.ByteReader].
func (p *positioned) ReadByte() (byte, error) {
	b, err := p.r.ReadByte()
	if err == nil {
		p.n++
	}
	return b, err
}
