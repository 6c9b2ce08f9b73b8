package mmap

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func write(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadsWhatTheFileHolds(t *testing.T) {
	for _, size := range []int{0, 1, 4095, 4096, 4097, 100_000} {
		want := bytes.Repeat([]byte{1, 2, 3, 5, 7, 11, 13}, size/7+1)[:size]
		m, err := Open(write(t, want))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(m.Bytes(), want) || m.Len() != size {
			t.Errorf("size %d: Bytes differ", size)
		}
		got, err := io.ReadAll(io.NewSectionReader(m, 0, int64(size)+10))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("size %d: ReadAt differs (%v)", size, err)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestReadAtEdges(t *testing.T) {
	m, err := Open(write(t, []byte("abc")))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	p := make([]byte, 2)
	if n, err := m.ReadAt(p, 2); n != 1 || err != io.EOF {
		t.Errorf("over the end: %d, %v", n, err)
	}
	if n, err := m.ReadAt(p, 1<<60); n != 0 || err != io.EOF {
		t.Errorf("far beyond: %d, %v", n, err)
	}
	if _, err := m.ReadAt(p, -1); err == nil {
		t.Error("negative offset accepted")
	}
}

func TestCloseIsSafe(t *testing.T) {
	m, err := Open(write(t, bytes.Repeat([]byte("x"), 1<<20)))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			p := make([]byte, 1<<16)
			for off := int64(0); off < 1<<20; off += 1 << 16 {
				if _, err := m.ReadAt(p, off); err != nil && !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
	if m.Bytes() != nil || m.Len() != 0 {
		t.Error("content visible after Close")
	}
	if _, err := m.ReadAt(make([]byte, 1), 0); !errors.Is(err, ErrClosed) {
		t.Errorf("ReadAt after Close: %v", err)
	}
}

func TestTruncationIsAnError(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux lets the length of a mapped file shrink in the same way everywhere")
	}
	path := write(t, bytes.Repeat([]byte("x"), 1<<20))
	m, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := os.Truncate(path, 4096); err != nil {
		t.Fatal(err)
	}
	_, err = m.ReadAt(make([]byte, 10), 1<<19)
	if err == nil || !strings.Contains(err.Error(), "truncated") || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
	if _, err := m.ReadAt(make([]byte, 10), 0); err != nil {
		t.Errorf("the part that is left: %v", err)
	}
}

func TestOtherPanicsPassThrough(t *testing.T) {
	m, err := Open(write(t, []byte("abc")))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	defer func() {
		if recover() == nil {
			t.Error("an index panic was swallowed")
		}
	}()
	_ = m.Do(func(data []byte) error { _ = data[len(data)]; return nil })
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "absent"), os.DevNull} {
		m, err := Open(path)
		if err == nil {
			m.Close()
			t.Errorf("%s was mapped", path)
		} else if strings.Count(err.Error(), path) != 1 {
			t.Errorf("error must name %s once: %v", path, err)
		}
	}
	if _, err := Open(filepath.Join(dir, "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absence is not recognisable: %v", err)
	}
}

func TestAnonymous(t *testing.T) {
	b, release, err := Anonymous(3 << 20)
	if err != nil || len(b) != 3<<20 || b[0] != 0 || b[len(b)-1] != 0 {
		t.Fatal(len(b), err)
	}
	b[0], b[len(b)-1] = 1, 2
	if err := release(); err != nil {
		t.Error(err)
	}
}
