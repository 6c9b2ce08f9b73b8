package query

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"

	"huihai/data"
)

// Scan reads the columns of T from the files of a kind (see [data.ManifestFile]) of the
// data set in dir, whose manifest is m, in order,
// until fn says to stop. The row is reused.
func Scan[T any](ctx context.Context, dir string, m *data.Manifest, kind string, fn func(*T) (more bool, err error)) error {
	for _, f := range m.Files {
		if f.Kind != kind {
			continue
		}
		more, err := scanFile(ctx, m.Path(dir, f.Path), fn)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

func scanFile[T any](ctx context.Context, path string, fn func(*T) (bool, error)) (more bool, err error) {
	defer func() {
		if p := recover(); p != nil { // the library's way with damaged files
			err = fmt.Errorf("query: %s is damaged: %v", path, p)
		}
	}()
	f, err := os.Open(path)
	if err != nil {
		return false, fmt.Errorf("query: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return false, fmt.Errorf("query: %w", err)
	}
	pf, err := parquet.OpenFile(f, st.Size())
	if err != nil {
		return false, fmt.Errorf("query: %s: %w", path, err)
	}
	r := parquet.NewGenericReader[T](pf)
	defer r.Close()
	rows := make([]T, 64)
	for {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		n, err := r.Read(rows)
		for i := range rows[:n] {
			more, ferr := fn(&rows[i])
			if ferr != nil || !more {
				return false, ferr
			}
		}
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return false, fmt.Errorf("query: %s: %w", path, err)
		}
	}
}
