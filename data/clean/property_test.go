package clean

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// checkClean holds what every cleaned text must satisfy.
func checkClean(t interface{ Errorf(string, ...any) }, in string, cfg Config) {
	c := New(cfg)
	out := c.Clean(in)
	if !utf8.ValidString(out) {
		t.Errorf("Clean(%q) = %q is not UTF-8", in, out)
	}
	if cfg.NFC && cfg.Simplify == SimplifyOff && !norm.NFC.IsNormalString(out) {
		t.Errorf("Clean(%q) = %q is not NFC", in, out)
	}
	if strings.ContainsAny(out, "\r\x00\ufeff\u2028\u0085") || strings.Contains(out, " \n") {
		t.Errorf("Clean(%q) = %q keeps what it should remove", in, out)
	}
	if strings.Contains(out, strings.Repeat("\n", cfg.MaxBlankLines+2)) {
		t.Errorf("Clean(%q) = %q keeps a run of blank lines", in, out)
	}
	again := New(cfg)
	if twice := again.Clean(out); twice != out {
		t.Errorf("Clean with %+v is not idempotent on %q: %q then %q", cfg, in, out, twice)
	}
	if changed := c.Counts().Changed == 1; changed != (in != out) {
		t.Errorf("Clean(%q) = %q but counts a change: %v", in, out, changed)
	}
	if counts := c.Counts(); in != out && sumOf(counts) == 0 {
		t.Errorf("Clean(%q) = %q with %+v counts no cause", in, out, cfg)
	}
}

// sumOf adds all causes of change.
func sumOf(c Counts) int64 {
	return c.InvalidUTF8 + c.ByteOrderMarks + c.Controls + c.LineEnds + c.TrailingBlanks + c.BlankLines + c.FinalNewlines + c.NFC + c.FullWidth +
		c.HalfWidth + c.IdeographicSpaces + c.Invisible + c.Entities + c.Mojibake + c.Simplified + c.Citations + c.BoilerplateLines
}

// alphabet holds pieces of which each change can be made, and its neighbours.
var alphabet = []string{
	"a", "B", " ", "\t", "\n", "\r", "\r\n", "\u3000", "中", "文", "。", "e", "\u0301", "\ufeff",
	"\xff", "\x80", "\x00", "\u0085", "\u2028", "，", "Ａ", "\u1100", "\u1161", "\u11a8", "😀", "\ufffe",
	"ｶ", "ﾞ", "ﾟ", "ﾊ", "＆", "；", "\u00ad", "\u200b", "\u200c", "\u200d", "\u0627", "\u0915", "\u0e01", "👩", "❤", "\ufe0f",
	"&", "amp", "lt", "#38", "#x3000", "nbsp", ";", "&amp;", "&lt;", "Ã", "©", "â", "€", "™", "\u009d", "Â", "ä", "½", "ð", "Ÿ", "˜",
	"[", "1", ",", "]", "edit", "[2]", "read more", "Home", "|", "登录", "版权所有", "版權所有", "京ICP备", "上一篇", "javascript", ".",
	"乾", "隆", "坤", "淨", "著", "於", "清", "宮", "瞭", "解", "薴", "苧", "變", "徵", "之", "聲", "覆", "復", "\uf9d1", "\U0002f800", "\u212b", "\u037e",
}

func drawConfig(t *rapid.T) Config {
	pick := func(name string, values ...string) string { return rapid.SampledFrom(values).Draw(t, name) }
	return Config{
		NFC:              rapid.Bool().Draw(t, "nfc"),
		Width:            pick("width", WidthKeep, WidthASCII, WidthAll),
		IdeographicSpace: pick("space", SpaceKeep, SpaceBlank, SpaceIndent),
		Invisible:        rapid.Bool().Draw(t, "invisible"),
		Entities:         rapid.Bool().Draw(t, "entities"),
		Mojibake:         rapid.Bool().Draw(t, "mojibake"),
		Simplify:         pick("simplify", SimplifyOff, SimplifyCharacters, SimplifyPhrases),
		Citations:        rapid.Bool().Draw(t, "citations"),
		Boilerplate:      pick("boilerplate", BoilerplateOff, BoilerplateLines, BoilerplateC4),
		MaxBlankLines:    rapid.IntRange(0, 3).Draw(t, "blank"),
	}
}

func TestCleanProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := strings.Join(rapid.SliceOfN(rapid.SampledFrom(alphabet), 0, 40).Draw(t, "in"), "")
		checkClean(t, in, drawConfig(t))
	})
}

// Counts of two cleaners add up to those of one that saw all texts.
func TestCountsAdd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := drawConfig(t)
		texts := rapid.SliceOfN(rapid.Map(rapid.SliceOfN(rapid.SampledFrom(alphabet), 0, 20), func(p []string) string { return strings.Join(p, "") }), 2, 2).Draw(t, "texts")
		one, a, b := New(cfg), New(cfg), New(cfg)
		one.Clean(texts[0])
		one.Clean(texts[1])
		a.Clean(texts[0])
		b.Clean(texts[1])
		var sum Counts
		sum.Add(a.Counts())
		sum.Add(b.Counts())
		if diff := cmp.Diff(one.Counts(), sum); diff != "" {
			t.Errorf("counts of %q: the sum differs (-want +got):\n%s", texts, diff)
		}
	})
}

func FuzzClean(f *testing.F) {
	f.Add("a\r\n\u3000b \xff\n\n\n\n", uint16(0))
	f.Add(strings.Join(alphabet, ""), uint16(0xffff))
	f.Add(strings.Join(alphabet, "\n"), uint16(0x5555))
	f.Fuzz(func(t *testing.T, in string, bits uint16) {
		on := func(i int) bool { return bits>>i&1 == 1 }
		pick := func(i int, values ...string) string { return values[int(bits>>i)%len(values)] }
		checkClean(t, in, Config{
			NFC: on(0), Invisible: on(1), Entities: on(2), Mojibake: on(3), Citations: on(4), MaxBlankLines: 2,
			Width:            pick(5, WidthKeep, WidthASCII, WidthAll),
			IdeographicSpace: pick(7, SpaceKeep, SpaceBlank, SpaceIndent),
			Simplify:         pick(9, SimplifyOff, SimplifyCharacters, SimplifyPhrases),
			Boilerplate:      pick(11, BoilerplateOff, BoilerplateLines, BoilerplateC4),
		})
	})
}
