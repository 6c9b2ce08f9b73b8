package clean

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestClean(t *testing.T) {
	full := Default()
	full.FullWidth = true
	for _, tc := range []struct {
		name, in, want string
		cfg            Config
		counts         Counts
	}{
		{"plain", "a b\n\nc", "a b\n\nc", Default(), Counts{Documents: 1}},
		{"crlf", "a\r\nb\rc", "a\nb\nc", Default(), Counts{Documents: 1, Changed: 1, LineEnds: 2}},
		{"separators", "a\u2028b\u0085c", "a\nb\nc", Default(), Counts{Documents: 1, Changed: 1, LineEnds: 2}},
		{"bom", "\ufeffa\ufeffb", "ab", Default(), Counts{Documents: 1, Changed: 1, ByteOrderMarks: 2}},
		{"controls", "a\x00b\x07\u0090c\td", "abc\td", Default(), Counts{Documents: 1, Changed: 1, Controls: 3}},
		{"invalid run", "a\xff\xfe\x80b", "a\ufffdb", Default(), Counts{Documents: 1, Changed: 1, InvalidUTF8: 1}},
		{"true replacement char", "a\ufffdb", "a\ufffdb", Default(), Counts{Documents: 1}},
		{"trailing", "a \t\nb\u3000\u3000\nc", "a\nb\nc", Default(), Counts{Documents: 1, Changed: 1, TrailingBlanks: 2}},
		{"indent stays", "\u3000\u3000段落\n\tx", "\u3000\u3000段落\n\tx", Default(), Counts{Documents: 1}},
		{"blank lines", "a\n\n\n\n\nb", "a\n\n\nb", Default(), Counts{Documents: 1, Changed: 1, BlankLines: 2}},
		{"edges", "\n\n a\n\n", " a", Default(), Counts{Documents: 1, Changed: 1, BlankLines: 2}},
		{"nfc", "e\u0301", "\u00e9", Default(), Counts{Documents: 1, Changed: 1, NFC: 1}},
		{"full width", "ＡＢ，\u3000１", "AB, 1", full, Counts{Documents: 1, Changed: 1, FullWidth: 5}},
		{"full width kept", "Ａ，", "Ａ，", Default(), Counts{Documents: 1}},
		{"only blanks", " \n\t\n", "", Default(), Counts{Documents: 1, Changed: 1, TrailingBlanks: 2, BlankLines: 3}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := New(tc.cfg)
			if got := c.Clean(tc.in); got != tc.want {
				t.Errorf("Clean(%q) = %q, want %q", tc.in, got, tc.want)
			}
			if got := c.Counts(); got != tc.counts {
				t.Errorf("counts of %q: %+v, want %+v", tc.in, got, tc.counts)
			}
		})
	}
}

// checkClean holds what every cleaned text must satisfy.
func checkClean(t interface{ Errorf(string, ...any) }, in string, cfg Config) {
	c := New(cfg)
	out := c.Clean(in)
	if !utf8.ValidString(out) {
		t.Errorf("Clean(%q) = %q is not UTF-8", in, out)
	}
	if cfg.NFC && !norm.NFC.IsNormalString(out) {
		t.Errorf("Clean(%q) = %q is not NFC", in, out)
	}
	if strings.ContainsAny(out, "\r\x00\ufeff\u2028\u0085") || strings.Contains(out, " \n") {
		t.Errorf("Clean(%q) = %q keeps what it should remove", in, out)
	}
	if strings.Contains(out, strings.Repeat("\n", cfg.MaxBlankLines+2)) {
		t.Errorf("Clean(%q) = %q keeps a run of blank lines", in, out)
	}
	if again := New(cfg).Clean(out); again != out {
		t.Errorf("Clean is not idempotent on %q: %q then %q", in, out, again)
	}
	if changed := c.Counts().Changed == 1; changed != (in != out) {
		t.Errorf("Clean(%q) = %q but counts a change: %v", in, out, changed)
	}
}

var alphabet = []string{"a", "B", " ", "\t", "\n", "\r", "\r\n", "\u3000", "中", "文", "。", "e", "\u0301", "\ufeff",
	"\xff", "\x80", "\x00", "\u0085", "\u2028", "，", "Ａ", "\u1100", "\u1161", "\u11a8", "😀", "\ufffe"}

func TestCleanProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := strings.Join(rapid.SliceOfN(rapid.SampledFrom(alphabet), 0, 40).Draw(t, "in"), "")
		cfg := Config{NFC: rapid.Bool().Draw(t, "nfc"), FullWidth: rapid.Bool().Draw(t, "fw"), MaxBlankLines: rapid.IntRange(0, 3).Draw(t, "blank")}
		checkClean(t, in, cfg)
	})
}

func FuzzClean(f *testing.F) {
	f.Add("a\r\n\u3000b \xff\n\n\n\n", true, false)
	f.Add(strings.Join(alphabet, ""), true, true)
	f.Fuzz(func(t *testing.T, in string, nfc, full bool) {
		checkClean(t, in, Config{NFC: nfc, FullWidth: full, MaxBlankLines: 2})
	})
}

func BenchmarkClean(b *testing.B) {
	for name, text := range map[string]string{
		"ascii":   strings.Repeat("The quick brown fox jumps over the lazy dog.\n", 200),
		"chinese": strings.Repeat("大學之道，在明明德，在親民，在止於至善。\n", 200),
	} {
		b.Run(name, func(b *testing.B) {
			c := New(Default())
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				c.Clean(text)
			}
		})
	}
}
