package configs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxFileBytes is the largest file that is read: a configuration is written by hand.
const maxFileBytes = 16 << 20

// readFile reads the layer of a file, an empty one for no path.
func (s *schema) readFile(path string) (*layer, error) {
	if path == "" {
		return &layer{}, nil
	}
	text, err := readRegular(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("configuration: no file %s; make one with: train config init NAME --output %s", path, path)
	case err != nil:
		return nil, fmt.Errorf("configuration: read %s: %w", path, err)
	}
	at := Origin{Kind: FromFile, Name: filepath.ToSlash(path)}
	if isUTF16(text) {
		l := &layer{}
		l.failWhole(at, "save it as UTF-8", "the file is UTF-16")
		return l, nil
	}
	return s.parseYAML(text, at), nil
}

// readRegular reads a file of bounded size. What is no file is not opened: a pipe
// would wait for its writer, and a device may never end.
func readRegular(path string) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("it is %s, not a file", whatIs(st.Mode()))
	}
	tooLarge := func(n int64) error {
		return fmt.Errorf("it has %d bytes, more than the %d that a configuration may have; is it another file?", n, maxFileBytes)
	}
	if st.Size() > maxFileBytes {
		return nil, tooLarge(st.Size())
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err == nil && len(text) > maxFileBytes {
		err = tooLarge(int64(len(text)))
	}
	return text, err
}

// whatIs names what is at a path and no file.
func whatIs(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "something else"
}

// isUTF16 tells a text in UTF-16, by its byte-order mark or by the zeros that Latin
// letters have there.
func isUTF16(text []byte) bool {
	if bytes.HasPrefix(text, []byte{0xff, 0xfe}) || bytes.HasPrefix(text, []byte{0xfe, 0xff}) {
		return true
	}
	return len(text) >= 4 && (text[0] == 0) != (text[1] == 0) && (text[2] == 0) == (text[0] == 0) && (text[3] == 0) == (text[1] == 0)
}
