package source

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// Zeros behind and between compressed streams are no damage; what is neither is, and
// what came before it stays.
func TestPadding(t *testing.T) {
	one, two := "{\"text\":\"one\"}\n", "{\"text\":\"two\"}\n"
	skippable := "\x50\x2a\x4d\x18\x05\x00\x00\x00\x00\x00\x00\x00\x01"
	for _, n := range []int{0, 1, 2, 3, 4, 5, 511, 512, 1 << 17, 1<<17 + 1} {
		zeros := strings.Repeat("\x00", n)
		for name, content := range map[string]string{
			"a.jsonl.gz": string(gz(one)) + zeros + string(gz(two)) + zeros, "a.jsonl.zst": string(zst(one)) + zeros + string(zst(two)) + zeros,
			"b.jsonl.zst": skippable + string(zst(one)) + skippable + zeros + string(zst(two)) + skippable + zeros,
		} {
			o := read(t, write(t, filepath.Join(t.TempDir(), name), []byte(content)), Default())
			if o.err != nil || !slices.Equal(o.texts(), []string{"one", "two"}) {
				t.Errorf("%s, %d zeros: %v, %q", name, n, o.err, o.texts())
			}
		}
	}
	damaged := zst(two)
	damaged[0]++
	for name, content := range map[string][]byte{
		"a.jsonl.gz": append(gz(one), "garbage\x00\x00\x00\x00"...), "a.jsonl.zst": append(zst(one), "garbage\x00\x00\x00\x00"...),
		"b.jsonl.zst": slices.Concat(zst(one), damaged, make([]byte, 64)), "c.jsonl.zst": slices.Concat(zst(one), zst(two)[:9]),
	} {
		o := read(t, write(t, filepath.Join(t.TempDir(), name), content), Default())
		if o.err == nil || !slices.Equal(o.texts(), []string{"one"}) {
			t.Errorf("%s: %v, %q", name, o.err, o.texts())
		}
	}
	if o := read(t, write(t, filepath.Join(t.TempDir(), "a.jsonl.zst"), []byte(one)), Default()); o.err == nil || !strings.Contains(o.err.Error(), "not a Zstandard file") {
		t.Errorf("no Zstandard: %v", o.err)
	}
}

// The window that a file needs is bound by a setting.
func TestMaxWindow(t *testing.T) {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithWindowSize(16<<20), zstd.WithSingleSegment(false))
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for n := 0; n < 20<<20; lines++ {
		k, _ := fmt.Fprintf(w, "{\"text\":\"line %d %s\"}\n", lines, strings.Repeat("of many words ", 50))
		n += k
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := write(t, filepath.Join(t.TempDir(), "a.jsonl.zst"), b.Bytes())
	cfg := Default()
	for window, good := range map[int64]bool{8 << 20: false, 16 << 20: true, 1 << 32: true} {
		cfg.MaxWindow = window
		o := read(t, path, cfg)
		if (o.err == nil) != good || good && len(o.docs) != lines || !good && !strings.Contains(o.err.Error(), "source.max_window") {
			t.Errorf("window %d: %v, %d documents of %d", window, o.err, len(o.docs), lines)
		}
	}
}

// Zeros in a file that was not compressed lose nothing either, and binary data is none.
func TestZeros(t *testing.T) {
	zeros := strings.Repeat("\x00", 5000)
	for name, tc := range map[string]struct {
		content string
		texts   []string
	}{
		"a.jsonl": {"{\"text\":\"one\"}" + zeros + "\n" + zeros + "{\"text\":\"two\"}\n" + zeros + "\n", []string{"one", "two"}},
		"b.jsonl": {zeros + "{\"text\":\"one\"}\n" + zeros, []string{"one"}},
		"a.txt":   {"one\ntwo\n" + zeros, []string{"one\ntwo\n"}},
		"b.txt":   {strings.Repeat("one\n", 20_000) + strings.Repeat(zeros, 40), []string{strings.Repeat("one\n", 16384), strings.Repeat("one\n", 20_000-16384)}},
		"a.json":  {"[{\"text\":\"one\"}]" + zeros, []string{"one"}},
		"a.csv":   {"text\none\n" + zeros, []string{"one"}},
	} {
		o := read(t, write(t, filepath.Join(t.TempDir(), name), []byte(tc.content)), Default())
		if o.err != nil || !slices.Equal(o.texts(), tc.texts) || len(o.stats.Rejected) > 0 {
			t.Errorf("%s: %v, %d texts, rejected %v", name, o.err, len(o.docs), o.stats.Rejected)
		}
	}
	for _, content := range []string{"{\"text\":\"a\x00b\"}\n", "\x00\x01\x02\x03\n\x00\x04\x05\x06\n", "ELF\x00\x01\n\x00"} {
		if o := read(t, write(t, filepath.Join(t.TempDir(), "a.jsonl"), []byte(content)), Default()); o.err == nil || len(o.docs) > 0 {
			t.Errorf("%q: %v, %q", content, o.err, o.texts())
		}
	}
}
