package safetensors

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"huihai/internal/mmap"
)

// File is an open safetensors file. Its methods may be called from several
// goroutines.
type File struct {
	path     string
	m        *mmap.Map
	start    int64 // of the data section
	tensors  []Tensor
	index    map[string]int
	metadata map[string]string
}

// Tensor is a view of one tensor of an open file. It is a value; copying it
// copies no data. It is of no use once its file is closed. The zero Tensor must
// not be read.
type Tensor struct {
	Info
	file       *File
	begin, end int64 // in the file
}

// Open maps the file at path and checks its whole header. The error is a
// *FormatError where the content is at fault.
func Open(path string) (*File, error) {
	m, err := mmap.Open(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	f := &File{path: path, m: m}
	if err := m.Do(f.parse); err != nil {
		m.Close()
		var fe *FormatError
		if errors.As(err, &fe) {
			return nil, fe
		}
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	return f, nil
}

func (f *File) parse(data []byte) error {
	entries, metadata, start, err := parseFile(f.path, data)
	if err != nil {
		return err
	}
	f.start, f.metadata = start, metadata
	f.tensors = make([]Tensor, len(entries))
	f.index = make(map[string]int, len(entries))
	for i, e := range entries {
		f.tensors[i] = Tensor{Info: e.Info, file: f, begin: start + e.begin, end: start + e.end}
		f.index[e.Name] = i
	}
	return nil
}

// Path returns the name the file was opened under.
func (f *File) Path() string { return f.path }

// Close unmaps the file; its tensors and the slices of Bytes become invalid.
// Closing twice is harmless.
func (f *File) Close() error { return f.m.Close() }

// Metadata returns a copy of the __metadata__ object, nil when there is none.
func (f *File) Metadata() map[string]string { return maps.Clone(f.metadata) }

// Len returns the number of tensors.
func (f *File) Len() int { return len(f.tensors) }

// Names returns the tensors' names in the order of their data.
func (f *File) Names() []string {
	names := make([]string, len(f.tensors))
	for i, t := range f.tensors {
		names[i] = t.Name
	}
	return names
}

// Tensors returns all tensors in the order of their data. The slice is the
// caller's.
func (f *File) Tensors() []Tensor { return slices.Clone(f.tensors) }

// Tensor returns the tensor with the given name.
func (f *File) Tensor(name string) (Tensor, error) {
	i, ok := f.index[name]
	if !ok {
		return Tensor{}, &FormatError{Path: f.path, Tensor: name, Problem: "the file has no tensor of this name"}
	}
	return f.tensors[i], nil
}

// Has reports whether the file has a tensor with the given name.
func (f *File) Has(name string) bool {
	_, ok := f.index[name]
	return ok
}

// Path returns the name of the file that holds the tensor.
func (t Tensor) Path() string { return t.file.path }

// NumBytes returns the size of the tensor's data.
func (t Tensor) NumBytes() int64 { return t.end - t.begin }

// Bytes returns the stored bytes without copying, nil once the file is closed.
// The slice must not be written to and is invalid after [File.Close]; see
// package mmap for files that change while open. It is aligned to one byte only.
func (t Tensor) Bytes() []byte {
	data := t.file.m.Bytes()
	if data == nil {
		return nil
	}
	return data[t.begin:t.end:t.end]
}

// Reader returns a new reader of the stored bytes, which is also an
// io.ReaderAt and io.Seeker.
func (t Tensor) Reader() *io.SectionReader {
	return io.NewSectionReader(t.file.m, t.begin, t.end-t.begin)
}

// WriteTo copies the stored bytes to w, as io.WriterTo.
func (t Tensor) WriteTo(w io.Writer) (n int64, err error) {
	err = t.file.m.Do(func(data []byte) error {
		k, err := w.Write(data[t.begin:t.end])
		n = int64(k)
		return err
	})
	if err != nil {
		err = fmt.Errorf("safetensors: copy tensor %s of %s: %w", quote(t.Name), t.file.path, err)
	}
	return n, err
}
