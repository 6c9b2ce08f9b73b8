package clean

import (
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
)

// only returns a configuration that makes no change but those f asks for.
func only(f func(*Config)) Config {
	c := Config{Width: WidthKeep, IdeographicSpace: SpaceKeep, Simplify: SimplifyOff, Boilerplate: BoilerplateOff, MaxBlankLines: 2}
	f(&c)
	return c
}

var (
	asciiWidth = only(func(c *Config) { c.Width = WidthASCII })
	allWidth   = only(func(c *Config) { c.Width = WidthAll })
	trimmed    = only(func(c *Config) { c.IdeographicSpace = SpaceIndent })
	unseen     = only(func(c *Config) { c.Invisible = true })
	entities   = only(func(c *Config) { c.Entities = true })
	repaired   = only(func(c *Config) { c.Mojibake = true })
	cited      = only(func(c *Config) { c.Citations = true })
	one        = only(func(c *Config) { c.Simplify = SimplifyCharacters })
	phrased    = only(func(c *Config) { c.Simplify = SimplifyPhrases })
	lines      = only(func(c *Config) { c.Boilerplate = BoilerplateLines })
	c4         = only(func(c *Config) { c.Boilerplate = BoilerplateC4 })
)

func TestFeatures(t *testing.T) {
	for _, tc := range []struct {
		name, in, want string
		cfg            Config
	}{
		{"letters and digits", "ＡＢｃ１２，（％）\u3000", "ABc12，（％）", asciiWidth},
		{"punctuation too", "Ａ，（％）￥", "A,(%)¥", allWidth},
		{"half-width Katakana", "ｶﾞﾊﾟｳﾞｱﾞﾂﾃﾄｺｰﾋｰ｡", "ガパヴア゛ツテトコーヒー。", asciiWidth},
		{"indent", "\u3000\u3000段落\u3000文", "段落 文", trimmed},
		{"soft hyphen", "co\u00adoperate\u200b now\u2060", "cooperate now", unseen},
		{"marks of direction", "a\u200eb\u202dc\u202c", "abc", unseen},
		{"Persian", "می\u200cخواهم a\u200cb", "می\u200cخواهم ab", unseen},
		{"Malayalam", "ന്\u200d", "ന്\u200d", unseen},
		{"emoji", "👩\u200d👩\u200d👧 ❤\ufe0f\u200d🔥 x\u200d👧", "👩\u200d👩\u200d👧 ❤\ufe0f\u200d🔥 x👧", unseen},
		{"Thai", "ภาษา\u200bไทย\u200b a\u200bb", "ภาษา\u200bไทย ab", unseen},
		{"joiners in a row", "م\u200c\u200c\u200dا", "م\u200cا", unseen},
		{"entities", "A &amp; B&nbsp;&lt;b&gt; &#39;q&#x27; &hellip; &copy;", "A & B <b> 'q' … ©", entities},
		{"no entities", "a && b; &bogus; x&y; AT&T &copy 2020 ?a=1&lt=2 &ampx;", "a && b; &bogus; x&y; AT&T &copy 2020 ?a=1&lt=2 &ampx;", entities},
		{"escaped twice", "&amp;amp;lt;p&amp;#62;", "<p>", entities},
		{"entity of a line end", "a&#13;&#10;b&#0;", "a\nb\ufffd", entities},
		{"Windows-1252", "itâ€™s â€œfineâ€\u009d â€” cafÃ© Â©2020 naÃ¯ve â‚¬5", "it’s “fine” — café ©2020 naïve €5", repaired},
		{"Latin-1", "it\u00e2\u0080\u0099s \u00c3\u00a9t\u00c3\u00a9", "it’s été", repaired},
		{"Chinese", "ä½\u00a0å¥½ä¸–ç•Œ", "你好世界", repaired},
		{"Cyrillic", "Ð¿Ñ€Ð¸Ð²ÐµÑ‚", "привет", repaired},
		{"emoji broken", "ðŸ˜€", "😀", repaired},
		{"broken twice", "caf\u00c3\u0192\u00c2\u00a9", "café", repaired},
		{"true letters", "« né\u00a0» NÃO, São Paulo, Ångström, âge, Ð, ä, l’été… À “là”", "« né\u00a0» NÃO, São Paulo, Ångström, âge, Ð, ä, l’été… À “là”", repaired},
		{"citations", "It is so.[12][3, 4][5-7] Title[edit] x[citation needed] [note] [1234] [] a[0-9]", "It is so. Title x [note] [1234] [] a[0-9]", cited},
		{"characters", "乾隆年間，頭髮乾了，著作", "干隆年间，头发干了，著作", one},
		{"phrases", "乾隆年間，頭髮乾了，於是", "乾隆年间，头发干了，于是", phrased},
		{"rare characters", "𠁞㑮", "𠀾𫝈", one},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := New(tc.cfg).Clean(tc.in); got != tc.want {
				t.Errorf("Clean(%q)\n got %q\nwant %q", tc.in, got, tc.want)
			}
		})
	}
}

func TestBoilerplate(t *testing.T) {
	for _, tc := range []struct {
		line, name string
		cfg        Config
	}{
		{"Read more »", "en_read_more", lines},
		{"Home | About Us | Contact", "en_navigation", lines},
		{"首页 新闻 财经 体育", "zh_navigation", lines},
		{"This site uses cookies to improve your experience.", "en_cookies", lines},
		{"Please enable JavaScript in your browser.", "en_javascript", lines},
		{"Copyright © 2021 Example Ltd. All rights reserved.", "en_copyright", lines},
		{"© 2024 Example", "en_copyright", lines},
		{"京ICP备12345678号-1", "zh_icp", lines},
		{"【责任编辑：王小明】", "zh_byline", lines},
		{"上一篇：春天的故事", "zh_previous_next", lines},
		{"扫码关注我们的公众号", "zh_scan", lines},
		{"点击阅读全文>>", "zh_read_more", lines},
		{"版权所有 某某公司", "zh_copyright", lines},
		{"Читать далее…", "ru_page", lines},
		{"続きを読む", "ja_page", lines},
		{"The kitchen uses cookiesheets of steel.", "", lines},
		{"He went home, about ten, and had no contact with the news.", "", lines},
		{"他在上一篇文章里说过这件事，当时没有人注意，" + strings.Repeat("后来大家才明白", 12), "", lines},
		{"本文讨论版权所有者的权利与义务，" + strings.Repeat("以及相关的司法解释和案例。", 12), "", lines},
		{"Nothing to see here.", "", lines},
		{"A whole sentence stands here.", "", c4},
		{"「這是一句話。」", "", c4},
		{"今天天气很好！", "", c4},
		{"A heading without an end", "c4_terminal", c4},
		{"It goes on...", "c4_terminal", c4},
		{"Two words.", "c4_words", c4},
		{"Please turn on JavaScript now.", "c4_javascript", c4},
		{"See our privacy policy for this.", "c4_policy", c4},
		{"a b " + strings.Repeat("x", 1001) + ".", "c4_long_word", c4},
	} {
		c := New(tc.cfg)
		got, n := c.Clean("甲乙丙。\n"+tc.line+"\n甲乙丙。"), c.Counts()
		if removed := got == "甲乙丙。\n甲乙丙。"; removed != (tc.name != "") {
			t.Errorf("%q removed: %v, want pattern %q; counts %v", tc.line, removed, tc.name, n.Boilerplate)
		}
		if tc.name == "" {
			continue
		}
		if n.Boilerplate[tc.name] != 1 || n.BoilerplateLines != 1 || n.BoilerplateBytes != int64(len(tc.line)+1) {
			t.Errorf("%q counts %+v, want one of %s", tc.line, n, tc.name)
		}
		keep := tc.cfg
		keep.BoilerplateKeep = []string{tc.name}
		k := New(keep)
		if k.Clean(tc.line); k.Counts().Boilerplate[tc.name] != 0 {
			t.Errorf("%q is removed as %s, which is kept", tc.line, tc.name)
		}
	}
}

// Every phrase of the table must be able to match: folded, framed by nothing,
// and at most as long as its pattern allows.
func TestPatternsCanMatch(t *testing.T) {
	l := newLineRules(nil)
	for i, p := range patterns {
		for _, phrase := range p.phrases {
			if fold := string(foldLine(nil, phrase)); fold != phrase {
				t.Errorf("%s: %q folds to %q", p.name, phrase, fold)
			}
			line := phrase
			switch p.kind {
			case prefix:
				line = phrase + " y"
			case contains:
				line = "x " + phrase + " y"
			case items:
				line = phrase + " | " + phrase
			}
			got := l.match([]byte(line))
			if got == "" || slices.IndexFunc(patterns, func(q pattern) bool { return q.name == got }) > i && got != p.name {
				t.Errorf("%s: %q matches %q", p.name, line, got)
			}
		}
	}
}

// What inert lets pass unchecked must be in form C whatever stands around it.
func TestInert(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if r >= 0xd800 && r < 0xe000 || !inert(r) {
			continue
		}
		p := norm.NFC.PropertiesString(string(r))
		if !norm.NFC.IsNormalString(string(r)) || !p.BoundaryBefore() {
			t.Errorf("U+%04X is not inert", r)
		}
	}
}

func TestSimplifyMatchesOpenCC(t *testing.T) {
	golden, err := os.ReadFile("testdata/t2s.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(golden)) {
		in, want, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		want = strings.ReplaceAll(want, "苧", "苎") // see t2s/README.md
		c := New(phrased)
		got := c.Clean(in)
		if got != want {
			t.Errorf("Clean(%q)\n got %q\nwant %q", in, got, want)
		}
		changed := 0
		a, b := []rune(in), []rune(got)
		for i := range a {
			if a[i] != b[i] {
				changed++
			}
		}
		if n := c.Counts().Simplified; n != int64(changed) {
			t.Errorf("Clean(%q) counts %d characters, want %d", in, n, changed)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []Config{Default(), Web()} {
		if err := c.Validate(); err != nil {
			t.Errorf("a named configuration is wrong: %v", err)
		}
	}
	bad := Config{Width: "narrow", IdeographicSpace: "", Simplify: "yes", Boilerplate: "all", BoilerplateKeep: []string{"xx"}, MaxBlankLines: -1}
	err := bad.Validate()
	if err == nil {
		t.Fatal("Validate accepts nonsense")
	}
	var missing []string
	for _, key := range []string{"width", "ideographic_space", "simplify", "boilerplate is", "boilerplate_keep", "max_blank_lines"} {
		if !strings.Contains(err.Error(), key) {
			missing = append(missing, key)
		}
	}
	if diff := cmp.Diff([]string(nil), missing); diff != "" {
		t.Errorf("Validate reports not all problems (-want +got):\n%s\n%v", diff, err)
	}
}

// Texts that were read as Latin-1 are recognised as such.
func TestMisreadTexts(t *testing.T) {
	const broken, right = "ÎÒÃÇµÄÄ¿±êÊÇÈÃÃ¿Ò»¸öÈË¶¼ÄÜÓÃÉÏ¿É¿¿µÄ¹¤¾ß¡£", "我们的目标是让每一个人都能用上可靠的工具。"
	c := New(repaired)
	if got := c.Clean(broken); got != right || c.Counts().Mojibake != int64(len([]rune(right))) {
		t.Errorf("%q, %+v", got, c.Counts())
	}
	for _, s := range []string{right, "«Déjà vu», dit-il à l’élève.", "ÄÖÜ äöü ß"} {
		if got := New(repaired).Clean(s); got != s {
			t.Errorf("%q becomes %q", s, got)
		}
	}
}

// Brackets that close nothing are text, however many there are.
func TestManyBrackets(t *testing.T) {
	cfg := Default()
	cfg.Citations = true
	text := strings.Repeat("[", 800_000) + "1] and [2]."
	got := New(cfg).Clean(text)
	if want := strings.Repeat("[", 799_999) + " and."; got != want && got != strings.Repeat("[", 799_999)+" and ." {
		t.Errorf("%d bytes of %d, ends in %q", len(got), len(text), got[max(0, len(got)-20):])
	}
}
