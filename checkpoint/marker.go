package checkpoint

import (
	"bytes"
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
func (m *marker) checkSizes(dir string) error {
	var errs []error
	for _, f := range m.Files {
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

// verify reads every listed file and compares its hash, several at a time.
func (m *marker) verify(dir string) error {
	if err := m.checkSizes(dir); err != nil {
		return err
	}
	errs := make([]error, len(m.Files))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, f := range m.Files {
		g.Go(func() error {
			errs[i] = f.verify(dir)
			return nil
		})
	}
	_ = g.Wait() // the errors are in errs, all of them and in order
	return errors.Join(errs...)
}

func (f markedFile) verify(dir string) error {
	file, err := os.Open(filepath.Join(dir, f.Name))
	if err != nil {
		return fmt.Errorf("%s: %w", f.Name, cause(err))
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.CopyBuffer(h, struct{ io.Reader }{file}, make([]byte, 128<<10)); err != nil {
		return fmt.Errorf("read %s: %w", f.Name, cause(err))
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != f.SHA256 {
		return fmt.Errorf("%s is damaged: its SHA-256 is %s, but %s was saved", f.Name, got, f.SHA256)
	}
	return nil
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
