package flow

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// A spill file holds, for every partition in order, a record stream sorted
// bytewise, then the P+1 offsets of the streams as big-endian uint64, then P
// and the magic. One file per run, however many partitions: the number of files
// grows with the shards and not with shards times partitions.
const blockMagic = "HHBLOCK1"

func runName(i int) string { return fmt.Sprintf("blocks-%03d.bin", i) }

// blockWriter gathers the records of a map task.
type blockWriter struct {
	task   *Task
	parts  []blockBuffer
	bytes  int64
	budget int64
	runs   int
}

type blockBuffer struct {
	data []byte
	refs []blockRef
}

// blockRef finds a record in its buffer; head is its first eight bytes, which
// decide most comparisons without touching the buffer.
type blockRef struct {
	head     uint64
	off, len uint32
}

func newBlockWriter(t *Task, partitions int, budget int64) *blockWriter {
	return &blockWriter{task: t, parts: make([]blockBuffer, partitions), budget: min(budget, 1<<31)}
}

func (b *blockWriter) add(partition int, record []byte) error {
	p := &b.parts[partition]
	var head [8]byte
	copy(head[:], record)
	p.refs = append(p.refs, blockRef{binary.BigEndian.Uint64(head[:]), uint32(len(p.data)), uint32(len(record))})
	p.data = append(p.data, record...)
	b.bytes += int64(len(record)) + 16
	if b.bytes < b.budget {
		return nil
	}
	return b.spill()
}

// spill sorts what is held and writes it as one run.
func (b *blockWriter) spill() error {
	out, err := b.task.Create(runName(b.runs))
	if err != nil {
		return err
	}
	b.runs++
	b.bytes = 0
	w := &countWriter{w: out}
	footer := binary.BigEndian.AppendUint64(nil, 0)
	for i := range b.parts {
		if err := b.parts[i].write(w); err != nil {
			return err
		}
		footer = binary.BigEndian.AppendUint64(footer, uint64(w.n))
	}
	footer = binary.BigEndian.AppendUint64(footer, uint64(len(b.parts)))
	_, err = w.Write(append(footer, blockMagic...))
	return err
}

func (b *blockWriter) close() (runs int, err error) {
	if b.bytes > 0 {
		err = b.spill()
	}
	return b.runs, err
}

func (p *blockBuffer) write(w io.Writer) error {
	slices.SortFunc(p.refs, func(x, y blockRef) int {
		if x.head != y.head {
			if x.head < y.head {
				return -1
			}
			return 1
		}
		return bytes.Compare(p.data[x.off:x.off+x.len], p.data[y.off:y.off+y.len])
	})
	rw := NewRecordWriter(w)
	for _, r := range p.refs {
		if err := rw.Write(p.data[r.off : r.off+r.len]); err != nil {
			return err
		}
	}
	p.data, p.refs = p.data[:0], p.refs[:0]
	return rw.Close()
}

type countWriter struct {
	w io.Writer
	n int64
}

func (c *countWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// openRun opens one partition of a spill file.
func openRun(path string, partition int) (*RecordReader, io.Closer, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	r, err := sectionOf(f, partition)
	if err != nil {
		_ = f.Close()
		return nil, nil, fmt.Errorf("flow: %s: %w", path, err)
	}
	return NewRecordReader(r), f, nil
}

var errBlockFile = errors.New("not a whole spill file")

func sectionOf(f *os.File, partition int) (io.Reader, error) {
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	size := st.Size()
	tail := make([]byte, 16)
	if _, err := f.ReadAt(tail, size-16); size < 16 || err != nil || string(tail[8:]) != blockMagic {
		return nil, errBlockFile
	}
	count := binary.BigEndian.Uint64(tail)
	table := size - 16 - 8*int64(count+1)
	if count > 1<<24 || partition >= int(count) || table < 0 {
		return nil, errBlockFile
	}
	offs := make([]byte, 16)
	if _, err := f.ReadAt(offs, table+8*int64(partition)); err != nil {
		return nil, err
	}
	lo, hi := int64(binary.BigEndian.Uint64(offs)), int64(binary.BigEndian.Uint64(offs[8:]))
	if lo < 0 || hi < lo || hi > table {
		return nil, errBlockFile
	}
	return io.NewSectionReader(f, lo, hi-lo), nil
}
