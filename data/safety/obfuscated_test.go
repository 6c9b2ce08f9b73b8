package safety

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// hitTerms lists the hits in a text, without context and what is allowed.
func hitTerms(s *Scorer, text string) []string {
	var out []string
	for _, m := range s.Find(text) {
		if t := s.Term(m.Term); t.Category != Allow && t.Category != Context {
			out = append(out, t.Text)
		}
	}
	return out
}

func TestDisguisedWordsAreFound(t *testing.T) {
	s, err := New(Default())
	if err != nil {
		t.Fatal(err)
	}
	plain := Default()
	plain.Obfuscated = false
	p, err := New(plain)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"you b1tch": "bitch", "such a B!TCH.": "bitch", "f*ck this": "fuck", "what the f**k": "fuck", "F*** it": "fuck",
		"f u c k it": "fuck", "k.y.s": "kys", "fuuuuuck": "fuck", "a$$hole": "asshole*", "@sshole": "asshole*", "a55h01e": "asshole*",
		"k1ll y0urself": "kill yourself", "n1gg3r": "nigger*", "wh0re": "whore", "**sl*t**": "slut", "p0rn": "porn", "c*nt!": "cunt",
		"傻*逼": "傻逼", "傻 -逼": "傻逼", "你.妈.死.了": "你妈死了", "煞笔": "煞笔", "傻b吧": "傻b", "约p吗": "约p",
	} {
		if got := strings.Join(hitTerms(s, text), ","); got != want {
			t.Errorf("%q: found %q, want %q", text, got, want)
		}
		if p.Score(text).Safety < s.Score(text).Safety {
			t.Errorf("%q: looking through disguises made it safer", text)
		}
	}
}

func TestWhatIsNoDisguise(t *testing.T) {
	s, err := New(Default())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"Galaxy A55, B1 level, K1 and S4", "char *p = s*t; x*y*z", "i18n, l10n, k8s, e2e, b2b, mp3, h264", "0x5h17 1337", "$HOME/bin/sh1",
		"a b c d e", "F. K. Smith", "**bold** and *kit*", "base64: c2hpdA==", "5 * 4 * 3", "sooo good, aaaand", "class A1, unit 5B!",
		"他很傻。笔记", "地球上 岸边", "r * c * n", "s. h. i. p.", "C*-algebra", "user@host", "1st 2nd 3rd 4th",
	} {
		if got := hitTerms(s, text); len(got) > 0 {
			t.Errorf("%q: found %q", text, got)
		}
	}
}

// Uncovering keeps the length and all that is not ASCII.
func TestUncoverProperties(t *testing.T) {
	s, err := New(Default())
	if err != nil {
		t.Fatal(err)
	}
	d := s.disguises
	piece := rapid.OneOf(rapid.SampledFrom([]string{"f*ck", "b1tch", "f u c k", "a$$hole", "fuuuck", "k.y.s", "傻逼", " ", "!", "x*y"}), rapid.StringN(0, 8, 24))
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 8).Draw(t, "pieces"), "")
		got := d.uncover(text)
		if len(got) != len(text) || utf8.ValidString(text) != utf8.ValidString(got) {
			t.Fatalf("%q became %q", text, got)
		}
		for i := range len(text) {
			if text[i] >= 0x80 && got[i] != text[i] {
				t.Fatalf("%q became %q: byte %d", text, got, i)
			}
		}
	})
}

// Words that tell about a thing take weight from words that name it, and never add any.
func TestContextMakesSafer(t *testing.T) {
	s, err := New(Default())
	if err != nil {
		t.Fatal(err)
	}
	base := "他因赌博和吸毒被带走，还有人代开发票。"
	last := s.Score(base).Safety
	if last >= 0.9 {
		t.Fatalf("the text without context has safety %g", last)
	}
	for _, more := range []string{"民警", "法院", "判处", "依法", "提醒"} {
		base += more + "，"
		got := s.Score(base).Safety
		if got <= last {
			t.Errorf("%q: safety %g, before the last word %g", base, got, last)
		}
		last = got
	}
	if r := s.Score("民警提醒，法院依法判处"); r.Safety != 1 || len(r.Paragraphs) != 0 {
		t.Errorf("context alone: %+v", r)
	}
}

func TestAlternatives(t *testing.T) {
	terms, err := ParseLexicon(strings.NewReader("@a 2\n[xy]b[12]\nplain\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range terms {
		got = append(got, x.Text)
	}
	if want := "xb1 xb2 yb1 yb2 plain"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, bad := range []string{"a[b", "a[]", strings.Repeat("[abcdefgh]", 3)} {
		if _, err := ParseLexicon(strings.NewReader(bad)); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%q: error %v", bad, err)
		}
	}
}

func BenchmarkUncover(b *testing.B) {
	s, err := New(Default())
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct{ name, text string }{
		{"prose", "The quick brown fox jumps over the lazy dog, and the dog, which was not asleep, saw it with one eye.\n"},
		{"chinese", "秦川雄帝宅，函谷壮皇居。绮殿千寻起，离宫百雉余。连甍遥接汉，飞观迥凌虚。\n"},
		{"leet", "such a b1tch, f*ck this, f u c k you a$$hole, k1ll y0urself fuuuuck\n"},
	} {
		b.Run(c.name, func(b *testing.B) {
			text := strings.Repeat(c.text, 200)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				s.disguises.uncover(text)
			}
		})
	}
}

// Passing over words that begin no term changes nothing.
func TestBeginningsChangeNothing(t *testing.T) {
	s, err := New(Default())
	if err != nil {
		t.Fatal(err)
	}
	slow := s.Clone()
	l := *s.lexicon
	l.feed.beginnings = nil
	slow.lexicon = &l
	var pieces []string
	for _, x := range s.terms {
		pieces = append(pieces, strings.TrimSuffix(x.Text, "*"))
	}
	piece := rapid.OneOf(rapid.SampledFrom(pieces), rapid.SampledFrom([]string{" ", ", ", "the ", "x", "KILL ", "约", "p", "ſ", "É", "3d ", "fu", "ck"}), rapid.StringN(0, 5, 12))
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 10).Draw(t, "pieces"), rapid.SampledFrom([]string{"", " "}).Draw(t, "between"))
		a, b := hitTerms(s, text), hitTerms(slow, text)
		if !slices.Equal(a, b) {
			t.Fatalf("%q: %q, without passing over %q", text, a, b)
		}
		if x, y := s.Score(text), slow.Score(text); x.Safety != y.Safety || x.Units != y.Units {
			t.Fatalf("%q: %v and %v", text, x, y)
		}
	})
}
