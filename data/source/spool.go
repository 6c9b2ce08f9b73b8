package source

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Spool writes a stream, such as standard input, to a file in dir, so that it
// can be hashed, cut and read again. The file's name has the hash of the content
// and an extension for what the content looks like: the same stream gives the
// same file. The folder is made if it is not there; the file appears at once.
func Spool(r io.Reader, dir string) (path string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("standard input: %w", err)
	}
	tmp, err := os.CreateTemp(dir, ".stdin-*")
	if err != nil {
		return "", fmt.Errorf("standard input: %w", err)
	}
	defer func() {
		_ = tmp.Close()
		_ = os.Remove(tmp.Name()) // gone by now if all went well
	}()
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(tmp, h), r)
	if err != nil {
		return "", fmt.Errorf("standard input: after %d bytes: %w", n, err)
	}
	if n == 0 {
		return "", errors.New("standard input is empty")
	}
	if err := tmp.Sync(); err != nil {
		return "", fmt.Errorf("standard input: %w", err)
	}
	head := make([]byte, 64<<10)
	k, err := tmp.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("standard input: %w", err)
	}
	path = filepath.Join(dir, "stdin-"+hex.EncodeToString(h.Sum(nil))+sniffExtension(head[:k]))
	if err := os.Rename(tmp.Name(), path); err != nil {
		return "", fmt.Errorf("standard input: %w", err)
	}
	return path, nil
}

// sniffExtension tells compression and format by the beginning of a file.
func sniffExtension(head []byte) string {
	const enough = 32 << 10
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		if z, err := gzip.NewReader(bytes.NewReader(head)); err == nil {
			inner, _ := io.ReadAll(io.LimitReader(z, enough))
			return plainExtension(inner) + ".gz"
		}
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		if z, err := zstd.NewReader(bytes.NewReader(head), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20)); err == nil {
			defer z.Close()
			inner, _ := io.ReadAll(io.LimitReader(z, enough))
			return plainExtension(inner) + ".zst"
		}
	case bytes.HasPrefix(head, []byte{0x5d, 0x2a, 0x4d, 0x18}): // a dictionary, which only web archives have
		return ".warc.zst"
	}
	return plainExtension(head)
}

func plainExtension(head []byte) string {
	b := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case bytes.HasPrefix(head, []byte("PAR1")):
		return ".parquet"
	case bytes.HasPrefix(b, []byte("WARC/")):
		return ".warc"
	case isPage(b):
		return ".html"
	case len(b) > 0 && b[0] == '[':
		return ".json"
	case len(b) > 0 && b[0] == '{':
		line, _, whole := bytes.Cut(b, []byte("\n"))
		if !whole || json.Valid(line) {
			return ".jsonl"
		}
		return ".json"
	}
	return ".txt"
}

// isPage tells whether HTML begins here, after comments and an XML declaration.
func isPage(b []byte) bool {
	b = bytes.ToLower(b[:min(len(b), 4<<10)])
	for {
		b = bytes.TrimLeft(b, " \t\r\n")
		end := ""
		switch {
		case bytes.HasPrefix(b, []byte("<!doctype html")), bytes.HasPrefix(b, []byte("<html")):
			return true
		case bytes.HasPrefix(b, []byte("<!--")):
			end = "-->"
		case bytes.HasPrefix(b, []byte("<?xml")):
			end = "?>"
		default:
			return false
		}
		i := bytes.Index(b, []byte(end))
		if i < 0 {
			return false
		}
		b = b[i+len(end):]
	}
}
