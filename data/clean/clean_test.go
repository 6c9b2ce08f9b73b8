package clean

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestClean(t *testing.T) {
	full := Default()
	full.Width, full.IdeographicSpace = WidthAll, SpaceBlank
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
		{"edges", "\n\n a\n\n", " a", Default(), Counts{Documents: 1, Changed: 1, BlankLines: 2, FinalNewlines: 1}},
		{"nfc", "e\u0301", "\u00e9", Default(), Counts{Documents: 1, Changed: 1, NFC: 1}},
		{"full width", "ＡＢ，\u3000１", "AB, 1", full, Counts{Documents: 1, Changed: 1, FullWidth: 4, IdeographicSpaces: 1}},
		{"full width kept", "Ａ，", "Ａ，", Default(), Counts{Documents: 1}},
		{"only blanks", " \n\t\n", "", Default(), Counts{Documents: 1, Changed: 1, TrailingBlanks: 2, BlankLines: 3}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := New(tc.cfg)
			if got := c.Clean(tc.in); got != tc.want {
				t.Errorf("Clean(%q) = %q, want %q", tc.in, got, tc.want)
			}
			if diff := cmp.Diff(tc.counts, c.Counts()); diff != "" {
				t.Errorf("counts of %q (-want +got):\n%s", tc.in, diff)
			}
		})
	}
}
