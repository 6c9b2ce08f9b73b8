package shard

import (
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// DefaultRowGroupBytes is the size of a row group before encoding.
const DefaultRowGroupBytes = 64 << 20

// Writer writes rows of one type into a Parquet file. Row groups end by bytes,
// since rows differ in size by orders of magnitude.
type Writer[T any] struct {
	w     *parquet.GenericWriter[T]
	size  func(*T) int
	limit int
	held  int
	rows  int64
	row   [1]T
}

// newWriter starts a file on w with the given page size.
func newWriter[T any](w io.Writer, kind string, pageBytes, groupBytes int, size func(*T) int) *Writer[T] {
	return &Writer[T]{
		w: parquet.NewGenericWriter[T](w,
			parquet.Compression(&zstd.Codec{Level: zstd.SpeedDefault, Concurrency: 1}),
			parquet.PageBufferSize(pageBytes),
			parquet.CreatedBy("huihai", SchemaVersion, ""),
			parquet.KeyValueMetadata(KeySchema, SchemaVersion),
			parquet.KeyValueMetadata(KeyKind, kind),
		),
		size: size, limit: groupBytes,
	}
}

// NewDocumentWriter writes documents to w; Close ends the file, not w.
func NewDocumentWriter(w io.Writer) *Writer[Document] {
	return newWriter(w, "documents", 256<<10, DefaultRowGroupBytes, func(d *Document) int {
		return len(d.Text) + len(d.Meta) + 24*(len(d.Paragraphs)+len(d.Sentences)) + 16*len(d.Signals) + 256
	})
}

// NewTokenWriter writes token rows to w; Close ends the file, not w. Pages are
// small, since the loader reads single rows out of order.
func NewTokenWriter(w io.Writer) *Writer[TokenRow] {
	return newWriter(w, "tokens", 64<<10, DefaultRowGroupBytes, func(r *TokenRow) int {
		return 4*len(r.TokenIDs) + 12*len(r.DocNos) + 32
	})
}

// Write appends a row. The row's slices may be reused afterwards.
func (w *Writer[T]) Write(row T) error {
	w.row[0] = row
	if _, err := w.w.Write(w.row[:]); err != nil {
		return fmt.Errorf("shard: %w", err)
	}
	w.rows++
	if w.held += w.size(&row); w.held < w.limit {
		return nil
	}
	w.held = 0
	if err := w.w.Flush(); err != nil {
		return fmt.Errorf("shard: %w", err)
	}
	return nil
}

// SetMeta puts a key and value into the footer.
func (w *Writer[T]) SetMeta(key, value string) { w.w.SetKeyValueMetadata(key, value) }

// Rows returns how many rows were written.
func (w *Writer[T]) Rows() int64 { return w.rows }

// Close writes the footer.
func (w *Writer[T]) Close() error {
	w.w.SetKeyValueMetadata(KeyRows, fmt.Sprint(w.rows))
	if err := w.w.Close(); err != nil {
		return fmt.Errorf("shard: %w", err)
	}
	return nil
}
