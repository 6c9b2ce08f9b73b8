package checkpoint

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"huihai/internal/atomicfile"
)

const markerFormat = "huihai-checkpoint-1"

// marker is complete.json.
type marker struct {
	Format     string       `json:"format"`
	GlobalStep int          `json:"global_step"`
	Files      []markedFile `json:"files"` // sorted by name
}

type markedFile struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

func newMarker(step int, files []atomicfile.Info) *marker {
	m := &marker{Format: markerFormat, GlobalStep: step}
	for _, f := range files {
		m.Files = append(m.Files, markedFile{f.Name, f.Size, f.SHA256})
	}
	slices.SortFunc(m.Files, func(a, b markedFile) int { return strings.Compare(a.Name, b.Name) })
	return m
}

// readMarker reads and checks the marker of a checkpoint folder.
func readMarker(dir string) (*marker, error) {
	data, err := readSmall(filepath.Join(dir, markerFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing, so its saving did not finish", markerFile)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", markerFile, err)
	}
	return parseMarker(data)
}

func parseMarker(data []byte) (*marker, error) {
	var m marker
	if err := decodeJSON(data, &m); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", markerFile, err)
	}
	if m.Format != markerFormat {
		return nil, fmt.Errorf("%s has format %q; this program reads %q", markerFile, m.Format, markerFormat)
	}
	if m.GlobalStep < 0 {
		return nil, fmt.Errorf("%s is damaged: global_step is %d", markerFile, m.GlobalStep)
	}
	for _, f := range m.Files {
		if f.Name != filepath.Base(f.Name) || !filepath.IsLocal(f.Name) || f.Name == "." || f.Size < 0 {
			return nil, fmt.Errorf("%s is damaged: it lists the file %q of %d bytes", markerFile, f.Name, f.Size)
		}
	}
	// Nothing vouches for the marker but its form: it is what this package
	// writes, to the last byte.
	if same, err := encodeJSON(m); err != nil || !bytes.Equal(same, data) {
		return nil, fmt.Errorf("%s is damaged: it is not as it was written", markerFile)
	}
	return &m, nil
}

// Compare returns the names of the files that two checkpoints do not have in
// common: other content, or missing in one of them. Their markers are read, not
// the files, so both must have been verified.
func Compare(a, b string) (differs []string, err error) {
	x, err := readMarker(a)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: compare: %s: %w", a, err)
	}
	y, err := readMarker(b)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: compare: %s: %w", b, err)
	}
	for _, f := range x.Files {
		if !slices.Contains(y.Files, f) {
			differs = append(differs, f.Name)
		}
	}
	for _, f := range y.Files {
		if !slices.Contains(x.Files, f) && !slices.Contains(differs, f.Name) {
			differs = append(differs, f.Name)
		}
	}
	return differs, nil
}

// lists reports whether the file of this name belongs to the checkpoint.
func (m *marker) lists(name string) bool {
	return slices.ContainsFunc(m.Files, func(f markedFile) bool { return f.Name == name })
}

// checkSizes makes sure that every listed file is there with its full length.
func (m *marker) checkSizes(dir string) error { return checkSizes(dir, m.Files) }

func checkSizes(dir string, files []markedFile) error {
	var errs []error
	for _, f := range files {
		info, err := os.Stat(filepath.Join(dir, f.Name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			errs = append(errs, fmt.Errorf("%s is missing", f.Name))
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", f.Name, cause(err)))
		case !info.Mode().IsRegular() || info.Size() != f.Size:
			errs = append(errs, fmt.Errorf("%s has %d bytes, but %d were saved", f.Name, info.Size(), f.Size))
		}
	}
	return errors.Join(errs...)
}

// verify reads every listed file and compares its hash.
func (m *marker) verify(ctx context.Context, dir string) error { return verifyFiles(ctx, dir, m.Files) }

// verifyFiles compares the sizes of files, then their hashes, several at a time.
// The error names all that differ.
func verifyFiles(ctx context.Context, dir string, files []markedFile) error {
	if err := checkSizes(dir, files); err != nil {
		return err
	}
	paths := make([]string, len(files))
	for i, f := range files {
		paths[i] = filepath.Join(dir, f.Name)
	}
	sums, errs := hashFiles(ctx, paths)
	if err := ctx.Err(); err != nil {
		return err
	}
	for i, f := range files {
		if errs[i] == nil && sums[i] != f.SHA256 {
			errs[i] = fmt.Errorf("%s is damaged: its SHA-256 is %s, but %s was saved", f.Name, sums[i], f.SHA256)
		}
	}
	return errors.Join(errs...)
}

// hashFiles returns the SHA-256 of every file in hexadecimal, or its error. One
// goroutine per processor reads, each a file at a time.
func hashFiles(ctx context.Context, paths []string) (sums []string, errs []error) {
	sums, errs = make([]string, len(paths)), make([]error, len(paths))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, path := range paths {
		g.Go(func() error {
			sums[i], errs[i] = hashFile(ctx, path)
			return nil
		})
	}
	_ = g.Wait() // the errors are in errs, all of them and in order
	return sums, errs
}

func hashFile(ctx context.Context, path string) (string, error) {
	name := filepath.Base(path)
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, cause(err))
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.CopyBuffer(h, cancellable{ctx, file}, make([]byte, 128<<10)); err != nil {
		return "", fmt.Errorf("read %s: %w", name, cause(err))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// cancellable is a reader that ends with its context.
type cancellable struct {
	ctx context.Context
	r   io.Reader
}

func (c cancellable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// decodeJSON reads one JSON value and nothing after it; numbers of unknown
// place stay as they are written.
func decodeJSON(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(v); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return errors.New("the JSON ends too early")
		}
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("the JSON is followed by other text")
	}
	return nil
}
