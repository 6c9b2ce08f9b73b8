package flow

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/zeebo/xxh3"
)

// A spill file holds, for every partition in order, a record stream sorted
// bytewise, then the P+1 offsets of the streams as big-endian uint64, then P
// and the magic. One file per run, however many partitions: the number of files
// grows with the shards and not with shards times partitions.
const blockMagic = "HHBLOCK2"

func runName(i int) string { return fmt.Sprintf("blocks-%03d.bin", i) }

// Emitted sums up the records that a task handed to one partition. It does not
// depend on their order, on where they were cut into runs or on how they
// travelled, so a reduction can tell that it got them all.
type Emitted struct {
	Records int64  `json:"records"`
	Digest  string `json:"digest"` // sum of the records' 128-bit hashes
}

// tally is an Emitted in the making.
type tally struct {
	records int64
	lo, hi  uint64
}

func (t *tally) add(record []byte) {
	h := xxh3.Hash128(record)
	t.records++
	t.lo += h.Lo
	t.hi += h.Hi
}

func (t *tally) emitted() Emitted {
	return Emitted{t.records, fmt.Sprintf("%016x%016x", t.hi, t.lo)}
}

// plus adds what another task handed over.
func (t *tally) plus(e Emitted) error {
	var hi, lo uint64
	if _, err := fmt.Sscanf(e.Digest, "%16x%16x", &hi, &lo); err != nil {
		return fmt.Errorf("digest %q of emitted records: %w", e.Digest, err)
	}
	t.records += e.Records
	t.lo += lo
	t.hi += hi
	return nil
}

// blockWriter gathers the records of a map task.
type blockWriter struct {
	task    *Task
	parts   []blockBuffer
	tallies []tally
	bytes   int64
	budget  int64
	runs    []runFile     // written so far
	enc     *RecordWriter // for all streams, one after the other
	sink    BlockSink     // instead of files
}

// BlockSink takes sorted blocks of a partition in place of a spill file. The
// block is the sink's; see [EachRecord] for its form.
type BlockSink func(partition int, block []byte) error

// sinkBlock bounds the records of one block of a sink.
const sinkBlock = 1 << 20

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

const refBytes = 16

func newBlockWriter(t *Task, partitions int, budget int64, sink BlockSink) *blockWriter {
	return &blockWriter{task: t, parts: make([]blockBuffer, partitions), tallies: make([]tally, partitions), budget: min(budget, 1<<31), sink: sink}
}

func (b *blockWriter) add(partition int, record []byte) error {
	p := &b.parts[partition]
	b.tallies[partition].add(record)
	p.refs = append(p.refs, blockRef{head(record), uint32(len(p.data)), uint32(len(record))})
	p.data = append(p.data, record...)
	b.bytes += int64(len(record)) + refBytes
	if b.bytes < b.budget {
		return nil
	}
	return b.spill()
}

func head(record []byte) uint64 {
	if len(record) >= 8 {
		return binary.BigEndian.Uint64(record)
	}
	var h [8]byte
	copy(h[:], record)
	return binary.BigEndian.Uint64(h[:])
}

// spill sorts what is held and writes it as one run.
func (b *blockWriter) spill() error {
	b.bytes = 0
	if b.sink != nil {
		return b.send()
	}
	name := runName(len(b.runs))
	path, f, err := b.task.createPrivate(name)
	if err != nil {
		return err
	}
	sum := sha256.New()
	w := &countWriter{w: io.MultiWriter(f, sum), path: path}
	err = errors.Join(b.writeRun(w), closeFile(path, f))
	b.runs = append(b.runs, runFile{name, w.n, hex.EncodeToString(sum.Sum(nil))})
	return err
}

func (b *blockWriter) writeRun(w *countWriter) error {
	offsets := []int64{0}
	if b.enc == nil {
		b.enc = NewRecordWriter(w)
	}
	for i := range b.parts {
		p := &b.parts[i]
		if len(p.refs) > 0 {
			p.sort()
			b.enc.Reset(w)
			for _, r := range p.refs {
				if err := b.enc.Write(p.record(r)); err != nil {
					return err
				}
			}
			if err := b.enc.Close(); err != nil {
				return err
			}
			p.clear()
		}
		offsets = append(offsets, w.n)
	}
	return writeFooter(w, offsets)
}

// writeFooter ends a spill file whose streams begin and end at offsets.
func writeFooter(w *countWriter, offsets []int64) error {
	var footer []byte
	for _, o := range offsets {
		footer = binary.BigEndian.AppendUint64(footer, uint64(o))
	}
	footer = binary.BigEndian.AppendUint64(footer, uint64(len(offsets)-1))
	_, err := w.Write(append(footer, blockMagic...))
	return err
}

// send hands what is held to the sink, in sorted blocks.
func (b *blockWriter) send() error {
	for i := range b.parts {
		p := &b.parts[i]
		p.sort()
		var block []byte
		for _, r := range p.refs {
			if len(block) > 0 && len(block)+int(r.len) > sinkBlock {
				if err := b.sink(i, block); err != nil {
					return err
				}
				block = nil
			}
			block = appendRecord(block, p.record(r))
		}
		if len(block) > 0 {
			if err := b.sink(i, block); err != nil {
				return err
			}
		}
		p.clear()
	}
	return nil
}

func appendRecord(block, record []byte) []byte {
	return append(binary.AppendUvarint(block, uint64(len(record))), record...)
}

// EachRecord calls fn for the records of a block that a [BlockSink] got.
func EachRecord(block []byte, fn func(record []byte) error) error {
	for len(block) > 0 {
		n, w := binary.Uvarint(block)
		if w <= 0 || n > uint64(len(block)-w) {
			return errors.New("flow: damaged block of records")
		}
		if err := fn(block[w : w+int(n)]); err != nil {
			return err
		}
		block = block[w+int(n):]
	}
	return nil
}

func (b *blockWriter) close() ([]Emitted, error) {
	if b.bytes > 0 {
		if err := b.spill(); err != nil {
			return nil, err
		}
	}
	out := make([]Emitted, len(b.tallies))
	for i := range b.tallies {
		out[i] = b.tallies[i].emitted()
	}
	return out, nil
}

func (p *blockBuffer) record(r blockRef) []byte { return p.data[r.off : r.off+r.len] }

func (p *blockBuffer) sort() {
	slices.SortFunc(p.refs, func(x, y blockRef) int {
		if x.head != y.head {
			if x.head < y.head {
				return -1
			}
			return 1
		}
		return bytes.Compare(p.record(x), p.record(y))
	})
}

// clear forgets the records. Large buffers are let go: after the largest
// partition all would keep its size.
func (p *blockBuffer) clear() {
	p.data, p.refs = p.data[:0], p.refs[:0]
	if cap(p.data) > 4<<20 {
		p.data, p.refs = nil, nil
	}
}

// countWriter counts what reaches a file.
type countWriter struct {
	w    io.Writer
	path string
	n    int64
}

func (c *countWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	if err != nil {
		err = writeError(c.path, err)
	}
	return n, err
}

// openRun opens one partition of a spill file; the reader is nil when the run
// has nothing for it.
func openRun(path string, partition int) (*RecordReader, io.Closer, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	r, err := sectionOf(f, partition)
	if err != nil || r.Size() == 0 {
		_ = f.Close()
		if err != nil {
			err = fmt.Errorf("flow: %s: %w", path, err)
		}
		return nil, nil, err
	}
	return NewRecordReader(r), f, nil
}

// openSection opens the stream of one partition that lies in a file of its own.
func openSection(path string) (*RecordReader, io.Closer, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	return NewRecordReader(f), f, nil
}

var errBlockFile = errors.New("not a whole spill file")

func sectionOf(f *os.File, partition int) (*io.SectionReader, error) {
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	size := st.Size()
	tail := make([]byte, 16)
	if size < 16 {
		return nil, errBlockFile
	}
	if _, err := f.ReadAt(tail, size-16); err != nil || string(tail[8:]) != blockMagic {
		return nil, errBlockFile
	}
	count := binary.BigEndian.Uint64(tail)
	table := size - 16 - 8*int64(count+1)
	if count > 1<<24 || partition < 0 || partition >= int(count) || table < 0 {
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
