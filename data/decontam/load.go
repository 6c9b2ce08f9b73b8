package decontam

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Build reads the evaluation sets of cfg and indexes them. The result depends on
// the contents and the order of the files only. A broken line is an error: an item
// that is silently left out is one that nobody looks for.
func Build(cfg Config) (*Index, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	b := newBuilder(cfg)
	for _, set := range cfg.Sets {
		paths, err := filepath.Glob(set.Path)
		if err != nil {
			return nil, fmt.Errorf("decontam: %s: not a pattern: %w", set.Path, err)
		}
		if len(paths) == 0 {
			return nil, fmt.Errorf("decontam: %s: there is no such file; correct the path of the evaluation set", set.Path)
		}
		for _, path := range paths {
			if err := readSet(path, set, b.add); err != nil {
				return nil, fmt.Errorf("decontam: read evaluation set %s: %w", path, err)
			}
		}
	}
	if len(cfg.Sets) > 0 && b.index.Items() == 0 {
		return nil, fmt.Errorf("decontam: no item of %d is long enough to be looked for; lower min_units or name the right fields", b.index.stats.Read)
	}
	return b.finish(), nil
}

// readSet calls add for each item of a file.
func readSet(path string, set Set, add func(Item)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	r, closer, err := decompressed(bufio.NewReaderSize(f, 1<<16))
	if err != nil {
		return err
	}
	defer closer()
	name := set.Name
	if name == "" {
		name, _, _ = strings.Cut(filepath.Base(path), ".")
	}
	return readItems(bufio.NewReaderSize(r, 1<<16), set.Fields, func(it Item) {
		if it.Task != "" && it.Task != name {
			it.Task = name + "/" + it.Task
		} else {
			it.Task = name
		}
		add(it)
	})
}

// decompressed looks at the first bytes for gzip and Zstandard.
func decompressed(br *bufio.Reader) (io.Reader, func(), error) {
	head, _ := br.Peek(4)
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(br)
		return z, func() {}, err
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(br, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	}
	return br, func() {}, nil
}

// readItems reads one JSON object per line, or one array of objects.
func readItems(br *bufio.Reader, fields Fields, add func(Item)) error {
	if mark, err := br.Peek(3); err == nil && string(mark) == "\ufeff" {
		if _, err := br.Discard(3); err != nil {
			return err
		}
	}
	if first, err := br.Peek(1); err == nil && first[0] == '[' {
		return readArray(br, fields, add)
	}
	for line := 1; ; line++ {
		raw, err := br.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("line %d: %w", line, err)
		}
		if trimmed := bytes.TrimPrefix(bytes.Trim(raw, " \t\r\n\x00"), []byte("\ufeff")); len(trimmed) > 0 {
			it, bad := ParseItem(trimmed, fields, line)
			if bad != nil {
				return fmt.Errorf("line %d %w", line, bad)
			}
			add(it)
		}
		if err != nil {
			return nil
		}
	}
}

func readArray(br *bufio.Reader, fields Fields, add func(Item)) error {
	dec := json.NewDecoder(br)
	if _, err := dec.Token(); err != nil {
		return err
	}
	n := 0
	for ; dec.More(); n++ {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return fmt.Errorf("broken JSON after %d items: %w", n, err)
		}
		it, err := ParseItem(raw, fields, n+1)
		if err != nil {
			return fmt.Errorf("item %d %w", n+1, err)
		}
		add(it)
	}
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("broken JSON after %d items: %w", n, err)
	}
	return nil
}
