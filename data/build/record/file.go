package record

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"huihai/data/flow"
)

// File is a file of records open for reading.
type File struct {
	*flow.RecordReader
	f *os.File
}

// Open opens a file of records.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &File{flow.NewRecordReader(f), f}, nil
}

// Close ends reading.
func (r *File) Close() {
	r.RecordReader.Close()
	_ = r.f.Close()
}

// Each calls fn for every record of a file, until fn says to stop.
func Each(ctx context.Context, path string, fn func([]byte) (more bool, err error)) error {
	r, err := Open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		b, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		more, err := fn(b)
		if err != nil || !more {
			return err
		}
	}
}

// EachOf calls fn for all records of a partition.
func EachOf(ctx context.Context, in *flow.Merge, fn func([]byte) error) error {
	for n := 0; ; n++ {
		rec, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := fn(rec); err != nil {
			return err
		}
	}
}
