package ngram

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zeebo/xxh3"
)

func TestValidateReportsAll(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Fatal(err)
	}
	c := Config{Order: 9, Units: "syllables", Prune: []int64{1, 3, 2}, VocabLimit: -1, HeldOut: 0.9}
	err := c.Validate()
	if err == nil {
		t.Fatal("taken")
	}
	for _, key := range []string{"order is 9", "units is", "prune starts with 1", "prune has 2 after 3", "vocab_limit", "min_word_count", "held_out", "memory_bytes"} {
		if !strings.Contains(err.Error(), key) {
			t.Errorf("%q is not in: %v", key, err)
		}
	}
}

func TestTrainingRefusals(t *testing.T) {
	c := Default()
	c.TempDir = filepath.Join(t.TempDir(), "absent")
	if _, err := NewTrainer(c, nil); err == nil || !strings.Contains(err.Error(), "temp_dir") {
		t.Errorf("absent folder: %v", err)
	}
	c.TempDir = t.TempDir()
	if _, err := NewTrainer(c, letters{}); err == nil {
		t.Error("a tokenizer without pieces was taken")
	}
	estimate := func(c Config, text string) error {
		tr, err := NewTrainer(c, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer tr.Close()
		w, err := tr.Worker()
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Add(text); err != nil {
			t.Fatal(err)
		}
		b, err := tr.Estimate(t.Context())
		if err == nil {
			_ = b.Close()
		}
		return err
	}
	if err := estimate(c, " \n"); err == nil || !strings.Contains(err.Error(), "no training text") {
		t.Errorf("empty text: %v", err)
	}
	c.HeldOut, c.DiscountFallback = 0, false
	if err := estimate(c, "a b c"); err == nil || !strings.Contains(err.Error(), "discount_fallback") {
		t.Errorf("tiny text: %v", err)
	}
	if left, _ := os.ReadDir(c.TempDir); len(left) > 0 {
		t.Errorf("%d files are left", len(left))
	}
}

// savedModel returns a small model's file.
func savedModel(t testing.TB, quantize bool) []byte {
	t.Helper()
	c := Default()
	c.Order, c.Quantize, c.HeldOut = 3, quantize, 0.4
	b := train(t, c, nil, []string{"the cat sat", "the cat ran", "a dog sat", "天地玄黄", "宇宙洪荒", "the dog"})
	path := filepath.Join(t.TempDir(), "model")
	if err := b.Save(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func openBytes(t testing.TB, data []byte) (*Model, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return Open(path)
}

func TestDamagedModelsAreRefused(t *testing.T) {
	good := savedModel(t, false)
	edit := func(f func(b []byte) []byte) []byte { return f(append([]byte(nil), good...)) }
	for _, tc := range []struct {
		name, want string
		data       []byte
	}{
		{"empty", "not an n-gram model", nil},
		{"another format", "import", []byte("\\data\\\nngram 1=4\nngram 2=7\n")},
		{"another version", "version 2", edit(func(b []byte) []byte { b[7] = 2; return b })},
		{"a length beyond the file", "cut off", edit(func(b []byte) []byte { binary.LittleEndian.PutUint32(b[8:], 1<<19); return b })},
		{"a changed header", "checksum", edit(func(b []byte) []byte { b[40] ^= 1; return b })},
		{"half", "cut off", good[:len(good)/2]},
		{"one byte less", "cut off", good[:len(good)-1]},
		{"one byte more", "lengthened", edit(func(b []byte) []byte { return append(b, 0) })},
	} {
		m, err := openBytes(t, tc.data)
		if err == nil {
			_ = m.Close()
		}
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	m, err := openBytes(t, edit(func(b []byte) []byte { b[len(b)-100] ^= 1; return b }))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.Verify(); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("changed body: %v", err)
	}
}

func TestBadARPAIsRefused(t *testing.T) {
	const good = `\data\
ngram 1=4
ngram 2=3

\1-grams:
-1.5	<unk>	0
0	<s>	-0.3
-0.5	</s>
-0.4	a	-0.2

\2-grams:
-0.1	<s> a
-0.2	a a
-0.3	a </s>

\end\
`
	dir := t.TempDir()
	read := func(text string) error {
		path := filepath.Join(dir, "x.arpa")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		b, err := ImportARPA(t.Context(), path, kenLM(2), nil)
		if err == nil {
			return b.Close()
		}
		return err
	}
	if err := read(good); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ old, new, want string }{
		{`\data\`, "hello", "not an ARPA file"},
		{"ngram 2=3", "ngram 2=4", "more n-grams than there are"},
		{"ngram 2=3", "ngram 2=2", `where \end\ should be`},
		{"ngram 1=4", "ngram 1=3", "fewer n-grams"},
		{"ngram 2=3", "ngram 3=3", `"ngram 2=count" should be`},
		{"-0.2	a a", "-0.2	a b", `"b" is not among the 1-grams`},
		{"-0.2	a a", "-0.2	a </s>", "twice"},
		{"-0.2	a a", "0.2	a a", "not above 0"},
		{"-0.2	a a", "-0.2	a a	-0.1", "2-gram should be"},
		{"a	-0.2", "a	x", "backoff"},
		{"-0.5	</s>", "-0.5	b", "no </s>"},
		{"-0.4	a	", "-0.4	</s>	", "second time"},
		{"\\end\\\n", "", `before \end\`},
	} {
		if err := read(strings.Replace(good, tc.old, tc.new, 1)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%q for %q: %v", tc.new, tc.old, err)
		}
	}
	orphan := strings.NewReplacer("ngram 2=3\n", "ngram 2=3\nngram 3=1\n", "\n\\end", "\n\\3-grams:\n-0.1	<s> a </s>\n\n\\end", "-0.3	a </s>", "-0.3	<s> </s>").Replace(good)
	if err := read(orphan); err == nil || !strings.Contains(err.Error(), `2-gram "a </s>" is part`) {
		t.Errorf("orphan: %v", err)
	}
}

// No file makes opening or scoring panic or search without end.
func FuzzOpen(f *testing.F) {
	f.Add(savedModel(f, false), "the cat 天")
	f.Add(savedModel(f, true), "the cat 天")
	f.Add([]byte(magic), "")
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		// The checksum would keep the fuzzer out of the header.
		if len(data) >= prefixBytes {
			if n := int64(binary.LittleEndian.Uint32(data[8:])); n <= int64(len(data)-prefixBytes) {
				data = append([]byte(nil), data...)
				binary.LittleEndian.PutUint64(data[16:], xxh3.Hash(data[prefixBytes:prefixBytes+n]))
			}
		}
		m, err := openBytes(t, data)
		if err != nil {
			return
		}
		defer m.Close()
		_ = m.Verify()
		_ = m.Info()
		s, err := m.NewScorer(nil)
		if err != nil {
			return
		}
		if _, err := s.Score(text); err != nil {
			t.Fatal(err)
		}
	})
}

// No text makes the import panic, and what it takes can be scored and written.
func FuzzImportARPA(f *testing.F) {
	f.Add([]byte("\\data\\\nngram 1=4\nngram 2=1\n\n\\1-grams:\n-1\t<unk>\n0\t<s>\t-0.3\n-0.5\t</s>\n-0.4\ta\t-0.2\n\n\\2-grams:\n-0.1\t<s> a\n\n\\end\\\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "x.arpa")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		c := kenLM(2)
		c.TempDir = t.TempDir()
		b, err := ImportARPA(t.Context(), path, c, nil)
		if err != nil {
			return
		}
		defer b.Close()
		s, err := b.Model().NewScorer(nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Score(string(data)); err != nil {
			t.Fatal(err)
		}
	})
}
