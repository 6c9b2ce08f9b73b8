package linear

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"huihai/internal/atomicfile"
	"huihai/internal/vfs"
)

// Save writes the model to path, whole or not at all, in fastText's format (see
// the package comment). Pruned models and those that fastText quantised, which
// this package only reads, are refused.
func (m *Model) Save(path string) error {
	if q, ok := m.input.(*quantised); m.pruned != nil || ok && (q.parts.dim != 1 || q.norms != nil) {
		return fmt.Errorf("linear: save %s: the classifier is quantised or pruned and was read from a file; copy that file", path)
	}
	_, err := atomicfile.WriteFile(vfs.OS{}, path, m.write)
	if err != nil {
		return fmt.Errorf("linear: save %s: %w", path, err)
	}
	return nil
}

// write writes the model with its trailer.
func (m *Model) write(out io.Writer) error {
	sum := crc32.New(castagnoli)
	buf := bufio.NewWriterSize(out, 1<<16)
	w := &writer{out: io.MultiWriter(buf, sum)}
	w.put([]int32{magic, version})
	w.put(m.args)
	d := &m.dict
	w.put([]int32{int32(d.words + d.labels), int32(d.words), int32(d.labels)})
	w.put([]int64{m.tokens, -1})
	for i := range d.ends {
		w.bytes(d.entry(i))
		w.bytes([]byte{0})
		w.put(d.counts[i])
		w.put(i >= d.words)
	}
	for _, x := range []matrix{m.input, m.output} {
		if q, ok := x.(*quantised); ok {
			w.codes(q)
			continue
		}
		d := x.(*dense)
		w.put(false)
		w.put([]int64{int64(d.rows()), int64(d.cols)})
		for i := range d.rows() {
			w.floats(d.row(i))
		}
	}
	if m.mode != Spaces {
		text, err := json.Marshal(trailer{m.mode})
		if err != nil {
			return err
		}
		w.bytes([]byte(trailerTag))
		w.put(uint32(len(text)))
		w.bytes(text)
		w.put(sum.Sum32())
	}
	return errors.Join(w.err, buf.Flush())
}

// codes writes a matrix of one byte a row, as [Model.Quantize] makes it.
func (w *writer) codes(q *quantised) {
	w.put([]bool{true, false}) // no norms
	w.put([]int64{int64(q.n), 1})
	w.put(int32(len(q.codes)))
	w.bytes(q.codes)
	w.put([]int32{1, 1, 1, 1})
	w.floats(q.parts.centroids)
}

// writer keeps the first error.
type writer struct {
	out io.Writer
	row []byte
	err error
}

func (w *writer) bytes(b []byte) {
	if w.err == nil {
		_, w.err = w.out.Write(b)
	}
}

func (w *writer) put(v any) {
	if w.err == nil {
		w.err = binary.Write(w.out, binary.LittleEndian, v)
	}
}

func (w *writer) floats(x []float32) {
	w.row = w.row[:0]
	for _, v := range x {
		w.row = binary.LittleEndian.AppendUint32(w.row, math.Float32bits(v))
	}
	w.bytes(w.row)
}
