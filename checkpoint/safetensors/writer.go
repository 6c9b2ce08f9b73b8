package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"unicode/utf8"
)

// Source is a tensor that can write itself: what a file is made from.
type Source struct {
	Name  string
	Shape []int
	DType DType

	// WriteTo writes the tensor's stored bytes, little-endian and row-major,
	// as many as shape and type say. It may be called again for a second copy.
	WriteTo func(w io.Writer) error
}

// Info returns the row of the header that describes s.
func (s Source) Info() Info { return Info{Name: s.Name, DType: s.DType, Shape: s.Shape} }

// Float32Source returns a Source that stores data as type d; see
// [WriteFloat32s]. It keeps data, which must not change until it is written.
func Float32Source(name string, shape []int, d DType, data []float32) Source {
	return Source{Name: name, Shape: shape, DType: d, WriteTo: func(w io.Writer) error {
		return WriteFloat32s(w, d, data)
	}}
}

// Source returns a Source that copies t as it is stored.
func (t Tensor) Source() Source {
	return Source{Name: t.Name, Shape: t.Shape, DType: t.DType, WriteTo: func(w io.Writer) error {
		_, err := t.WriteTo(w)
		return err
	}}
}

// Writer streams one file. It holds the header and no tensor.
type Writer struct {
	w       io.Writer
	tensors []Info
	next    int
	err     error // the first failure; everything after it fails too
}

// NewWriter writes the header for the tensors, which must then be written in
// this order. metadata may be nil; Hugging Face tools expect {"format": "pt"}.
// Nothing is written when a tensor is invalid or named twice.
func NewWriter(w io.Writer, tensors []Info, metadata map[string]string) (*Writer, error) {
	header, err := Header(tensors, metadata)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(header); err != nil {
		return nil, fmt.Errorf("safetensors: write header: %w", err)
	}
	return &Writer{w: w, tensors: slices.Clone(tensors)}, nil
}

// Write writes the next tensor, whose name must be the next of the header. fill
// must write exactly the tensor's bytes.
func (w *Writer) Write(name string, fill func(io.Writer) error) error {
	if w.err != nil {
		return w.err
	}
	if w.next == len(w.tensors) {
		return w.fail(fmt.Errorf("safetensors: tensor %s is one more than the header lists", quote(name)))
	}
	t := w.tensors[w.next]
	if t.Name != name {
		return w.fail(fmt.Errorf("safetensors: tensor %s was written where the header lists %s", quote(name), quote(t.Name)))
	}
	size, err := t.Size()
	if err != nil {
		return w.fail(err)
	}
	left := &exactWriter{w: w.w, left: size}
	if err := fill(left); err != nil {
		return w.fail(fmt.Errorf("safetensors: write tensor %s: %w", quote(name), err))
	}
	if left.left != 0 {
		return w.fail(fmt.Errorf("safetensors: tensor %s has %d bytes, but its source wrote %d", quote(name), size, size-left.left))
	}
	w.next++
	return nil
}

// Finish reports whether all tensors of the header were written. It does not
// close the underlying writer.
func (w *Writer) Finish() error {
	if w.err == nil && w.next < len(w.tensors) {
		return w.fail(fmt.Errorf("safetensors: %d of %d tensors were written; the next is %s",
			w.next, len(w.tensors), quote(w.tensors[w.next].Name)))
	}
	return w.err
}

func (w *Writer) fail(err error) error {
	w.err = err
	return err
}

// WriteAll writes a whole file to w from sources, in their order.
func WriteAll(w io.Writer, sources []Source, metadata map[string]string) error {
	sw, err := NewWriter(w, Infos(sources), metadata)
	if err != nil {
		return err
	}
	for _, s := range sources {
		if err := sw.Write(s.Name, s.WriteTo); err != nil {
			return err
		}
	}
	return sw.Finish()
}

// Infos returns the header rows of sources.
func Infos(sources []Source) []Info {
	infos := make([]Info, len(sources))
	for i, s := range sources {
		infos[i] = s.Info()
	}
	return infos
}

// errTooMuch is what a source gets that writes more than its shape.
var errTooMuch = errors.New("the source writes more bytes than its shape and type hold")

type exactWriter struct {
	w    io.Writer
	left int64
}

func (e *exactWriter) Write(p []byte) (int, error) {
	if int64(len(p)) > e.left {
		return 0, errTooMuch
	}
	n, err := e.w.Write(p)
	e.left -= int64(n)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return n, err
}

// Header returns the length field and the header for the tensors, padded with
// spaces to a multiple of 8 bytes. Its length plus [TotalSize] is the size of
// the file. Equal arguments give equal bytes.
func Header(tensors []Info, metadata map[string]string) ([]byte, error) {
	b := bytes.NewBuffer(make([]byte, 8))
	b.WriteByte('{')
	if len(metadata) > 0 {
		if err := appendMetadata(b, metadata); err != nil {
			return nil, err
		}
	}
	seen := make(map[string]bool, len(tensors))
	var at int64
	for _, t := range tensors {
		size, err := t.Size()
		switch {
		case err != nil:
		case seen[t.Name]:
			err = errors.New("the name is given twice")
		case t.Name == metadataKey:
			err = errors.New("the name is reserved by the format")
		case !utf8.ValidString(t.Name):
			err = errors.New("the name is not UTF-8")
		case at+size < at:
			err = errors.New("the file overflows 64 bits")
		}
		if err != nil {
			return nil, fmt.Errorf("safetensors: tensor %s: %w", quote(t.Name), err)
		}
		seen[t.Name] = true
		if b.Len() > 9 {
			b.WriteByte(',')
		}
		appendString(b, t.Name)
		fmt.Fprintf(b, `:{"dtype":"%v","shape":[`, t.DType)
		for i, d := range t.Shape {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprint(b, d)
		}
		fmt.Fprintf(b, `],"data_offsets":[%d,%d]}`, at, at+size)
		at += size
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	header := b.Bytes()
	if len(header)-8 > maxHeader {
		return nil, fmt.Errorf("safetensors: the header would take %d bytes; readers refuse more than %d", len(header)-8, maxHeader)
	}
	binary.LittleEndian.PutUint64(header, uint64(len(header)-8))
	return header, nil
}

func appendMetadata(b *bytes.Buffer, metadata map[string]string) error {
	appendString(b, metadataKey)
	b.WriteString(":{")
	for i, k := range slices.Sorted(maps.Keys(metadata)) {
		if !utf8.ValidString(k) || !utf8.ValidString(metadata[k]) {
			return fmt.Errorf("safetensors: metadata key %s: key or value is not UTF-8", quote(k))
		}
		if i > 0 {
			b.WriteByte(',')
		}
		appendString(b, k)
		b.WriteByte(':')
		appendString(b, metadata[k])
	}
	b.WriteByte('}')
	return nil
}

// appendString writes s as JSON without the HTML escapes of package json.
func appendString(b *bytes.Buffer, s string) {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string and a bytes.Buffer cannot fail
	b.Truncate(b.Len() - 1)
}
