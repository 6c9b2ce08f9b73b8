package html

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"hash/crc32"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"pgregory.net/rapid"

	"huihai/internal/golden"
)

const (
	zh = "我们的目标是让每一个人都能用上可靠的工具，这本书介绍了中国古代的历史和文化，以及人们在不同时期的生活方式。"
	en = "This book tells of the history and culture of an old country, and of how people lived there in several ages, in peace and in war."
)

func extract(t testing.TB, cfg Config, page string) Result {
	t.Helper()
	x, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return x.Extract([]byte(page))
}

func TestText(t *testing.T) {
	menu := `<ul class="menu"><li><a href=/1>First page of all</a></li><li><a href=/2>Second page of all</a></li></ul>`
	for _, tc := range []struct{ name, page, want string }{
		{"menu, sidebar and footer go", `<body>` + menu + `<div class=content><h1>Title</h1><p>` + en + `</p><p>` + en + `</p></div>
			<aside><p>` + en + `</p></aside><footer><p>` + en + `</p></footer>`, "Title\n\n" + en + "\n\n" + en},
		{"the article is taken at its word", `<p>` + en + `</p><article><p>` + zh + `</p><p>` + zh + `</p></article>`, zh + "\n\n" + zh},
		{"short lines between good ones stay, those behind go", `<div><p>` + en + `</p><p>By hand</p><p>` + en + `</p><p>Tags</p></div>`, en + "\n\nBy hand\n\n" + en},
		{"a heading without text goes", `<div><h2>One</h2><p>` + en + en + `</p><h2>Related pages</h2><p><a href=/>a page on something else entirely, with links</a></p></div>`, "One\n\n" + en + en},
		{"two line breaks part paragraphs, one does not", `<div>` + zh + `<br><br>　　` + zh + `<br>` + zh + `</div>`, zh + "\n\n" + zh + "\n" + zh},
		{"lists", `<div><p>` + en + `</p><ul><li>one<li>two <b>fat</b> words<li><p>three</ul></div>`, en + "\n\n- one\n- two fat words\n- three"},
		{"tables, row by row", `<div><p>` + en + `</p><table><tr><th>Name<th>Age<tr><td>Li<td>30<tr><td>Wang<td>40</table><p>` + en + `</p></div>`, en + "\n\nName | Age\nLi | 30\nWang | 40\n\n" + en},
		{"a table for layout", `<table><tr><td><a href=/>Menu with links</a><td><p>` + en + `</p><p>` + en + `</p></td></tr></table>`, en + "\n\n" + en},
		{"code keeps its lines", "<div><p>" + en + "</p><pre><code>\nfunc main() {\n\tprint(1 &lt; 2)\n}\n</code></pre></div>", en + "\n\nfunc main() {\n\tprint(1 < 2)\n}"},
		{"blanks and entities", "<p>  " + en + "&nbsp;&amp;\n\n more\u200b here&#33; </p>", en + " & more here!"},
		{"scripts, styles and controls", "<p>" + en + "<script>var x = '<p>no</p>'</script><style>p{}</style><button>Press me</button></p>", en},
		{"hidden", `<div><p>` + en + `</p><p style="color:red; display: none">` + en + `</p><div hidden>` + en + `</div><span aria-hidden="true">icon</span></div>`, en},
		{"comments", `<div><p>` + en + `</p><p>` + zh + `</p><div id="comments"><p>` + en + `</p></div></div>`, en + "\n\n" + zh},
		{"a name that lies", `<div class="sidebar-page"><div class="has-menu"><p>` + en + `</p><p>` + en + `</p></div></div>`, en + "\n\n" + en},
		{"a form around the page", `<form><p>` + en + `</p><input value=x><select><option>no</select></form>`, en},
		{"no article", `<table><tr><td>The first entry of a list, without an end<td>and the second one beside it<tr><td>The third entry has a little more to say<td>than the fourth one</table>`,
			"The first entry of a list, without an end | and the second one beside it\nThe third entry has a little more to say | than the fourth one"},
		{"a formula", `<p>` + en + ` <span class=m style="display:none"><math alttext="x"><mi>x</mi></math></span><img alt="{\displaystyle x^{2}}"> is it.</p>`, en + " $x^{2}$ is it."},
		{"copyright", `<div><p>` + en + `</p><p>© 2020 Somebody. All rights reserved.</p></div>`, en},
		{"labels of a form are no text", `<p>Name *<p>E-mail *<p>Subject<p>Message *<p>Code<p>Send<p>Name *<p>E-mail *<p>Subject<p>Message *<p>Code<p>Send<p>Name *<p>E-mail *<p>Subject`, ""},
		{"nothing", ``, ""},
	} {
		if d := cmp.Diff(tc.want, extract(t, Default(), tc.page).Text); d != "" {
			t.Errorf("%s: %s", tc.name, d)
		}
	}
}

func TestConfig(t *testing.T) {
	page := `<title> A
		title </title><link rel=canonical href=" http://x/ "><html lang=zh-CN><nav>Menu</nav><p>` + en + `</p><table><tr><td>a<td>b</table><div class=comments><p>` + zh + `</p></div>`
	cfg := Default()
	r := extract(t, cfg, page)
	if r.Title != "A title" || r.Canonical != "http://x/" || r.Language != "zh-CN" {
		t.Errorf("%+v", r)
	}
	cfg.Comments = true
	if got := extract(t, cfg, page).Text; !strings.Contains(got, zh) || !strings.Contains(got, "a | b") {
		t.Errorf("comments: %q", got)
	}
	cfg.Tables = false
	if got := extract(t, cfg, page).Text; strings.Contains(got, "a") && strings.Contains(got, " | ") {
		t.Errorf("no tables: %q", got)
	}
	cfg.MinLetters = 1000
	if got := extract(t, cfg, page).Text; got != "" {
		t.Errorf("too little text: %q", got)
	}
	cfg = Config{Extractor: ExtractorNone, Tables: true}
	if got := extract(t, cfg, page).Text; !strings.HasPrefix(got, "Menu\n\n"+en) {
		t.Errorf("everything: %q", got)
	}
	cfg = Default()
	cfg.Precision = true
	if got := extract(t, cfg, "<p>"+strings.Repeat("a line without an end ", 3)+"<p>"+strings.Repeat("and another one ", 4)).Text; got != "" {
		t.Errorf("precision keeps %q", got)
	}
	if _, err := New(Config{Extractor: "magic", MinLetters: -1}); err == nil || !strings.Contains(err.Error(), "extractor") || !strings.Contains(err.Error(), "min_letters") {
		t.Errorf("a bad configuration: %v", err)
	}
}

func TestCharset(t *testing.T) {
	for page, want := range map[string]string{
		`<meta charset="GBK">`: "gbk", `<META http-equiv=Content-Type content='text/html; charset=Big5'>`: "big5",
		"\n<?xml version='1.0' encoding='Shift_JIS'?><html>": "shift_jis", `<meta name=x><meta charset = utf-8 />`: "utf-8",
		`<meta charset="">`: "", `<p>charset=gbk</p>`: "", `<meta name=charset content=x>`: "", "": "", strings.Repeat(" ", 5000) + "<meta charset=gbk>": "",
	} {
		if got := Charset([]byte(page)); got != want {
			t.Errorf("%q: %q, want %q", page, got, want)
		}
	}
}

type realPage struct{ ID, HTML string }

func realPages(t testing.TB) (pages []realPage) {
	f, err := os.Open(golden.Shared(t, "data", "web/html_pages.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	s := bufio.NewScanner(z)
	s.Buffer(nil, 16<<20)
	for s.Scan() {
		var p realPage
		if err := json.Unmarshal(s.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		pages = append(pages, p)
	}
	if len(pages) != 10 {
		t.Fatalf("%d pages", len(pages))
	}
	return pages
}

// sketch is that of scripts/golden_html.py.
func sketch(text string) map[uint32]bool {
	var words []string
	for _, run := range regexp.MustCompile(`[\p{L}\p{N}]+`).FindAllString(text, -1) {
		for run != "" {
			i := strings.IndexFunc(run, func(r rune) bool { return r >= 0x4e00 && r <= 0x9fff })
			switch {
			case i < 0:
				words, run = append(words, run), ""
			case i > 0:
				words, run = append(words, run[:i]), run[i:]
			default:
				_, n := utf8.DecodeRuneInString(run)
				words, run = append(words, run[:n]), run[n:]
			}
		}
	}
	out := map[uint32]bool{}
	for i := range len(words) - 3 {
		if h := crc32.ChecksumIEEE([]byte(strings.Join(words[i:i+4], " "))); h%16 == 0 {
			out[h] = true
		}
	}
	return out
}

// On pages with an article, an independent extractor takes nearly the same text.
func TestAgainstTrafilatura(t *testing.T) {
	raw, err := os.ReadFile("testdata/trafilatura.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]struct {
		Bytes  int
		Sketch []uint32
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	for _, p := range realPages(t) {
		r := extract(t, Default(), p.HTML)
		ours, theirs, both := sketch(r.Text), want[p.ID].Sketch, 0
		for _, h := range theirs {
			if ours[h] {
				both++
			}
		}
		recall, precision := float64(both)/float64(max(len(theirs), 1)), float64(both)/float64(max(len(ours), 1))
		t.Logf("%s: %d bytes, trafilatura %d; %.2f of its text is here, %.2f of what is here is in it", p.ID, len(r.Text), want[p.ID].Bytes, recall, precision)
		if !strings.HasPrefix(p.ID, "wikipedia") {
			continue // pages of a few lines: checked by eye
		}
		if recall < 0.93 || precision < 0.82 {
			t.Errorf("%s: too far from trafilatura", p.ID)
		}
	}
}

// Without extraction all text of a page is there: as much as in the tree that a
// browser would build.
func TestEverythingIsRead(t *testing.T) {
	for _, p := range realPages(t) {
		doc, err := xhtml.Parse(strings.NewReader(p.HTML))
		if err != nil {
			t.Fatal(err)
		}
		var want strings.Builder
		var walk func(n *xhtml.Node)
		walk = func(n *xhtml.Node) {
			if n.Type == xhtml.ElementNode && tagBits[n.DataAtom]&isHard != 0 {
				return
			}
			for _, a := range n.Attr { // pieces inside lines go by their name
				if tagBits[n.DataAtom]&isBlock == 0 && n.DataAtom != atom.A && (a.Key == "class" && (attributeBits([]byte(a.Val))&isAside != 0 || a.Val == "reference") || a.Key == "style" && hides([]byte(a.Val))) {
					return
				}
			}
			if n.Type == xhtml.TextNode {
				want.WriteString(n.Data + " ")
			}
			for c := n.FirstChild; c != nil; c = c.NextSibling {
				walk(c)
			}
		}
		walk(doc)
		text := extract(t, Config{Extractor: ExtractorNone, Tables: true}, p.HTML).Text
		text = regexp.MustCompile(`\$[^$\n]*\$`).ReplaceAllString(text, " ") // formulas are not text of the tree
		got, all := sketch(text), sketch(want.String())
		missing := 0
		for h := range all {
			if !got[h] {
				missing++
			}
		}
		if missing*8 > len(all) {
			t.Errorf("%s: %d of %d runs of words are missing", p.ID, missing, len(all))
		}
	}
}

// An extractor used before gives what a new one gives.
func TestExtractorHasNoMemory(t *testing.T) {
	pieces := []string{"<div>", "</div>", "<p>", "<li>", "<table><tr><td>", "</table>", "<a href=x>", "</a>", "<pre>", "</pre>", "<nav>", "</nav>", "<br>", "<h2>", "<span hidden>", "</span>", en, zh, "word ", "<script>", "</script>", "<title>", "<svg>", "</svg>"}
	used, _ := New(Default())
	rapid.Check(t, func(t *rapid.T) {
		page := strings.Join(rapid.SliceOf(rapid.SampledFrom(pieces)).Draw(t, "page"), "")
		fresh, _ := New(Default())
		if d := cmp.Diff(fresh.Extract([]byte(page)), used.Extract([]byte(page))); d != "" {
			t.Fatal(d)
		}
	})
}

// Whatever the bytes, extraction ends and invents nothing.
func FuzzExtract(f *testing.F) {
	f.Add("<html><nav>x</nav><article><p>"+en+"</article><table><tr><td>a<td>b</table>", true)
	f.Add("<p><a><div></a></p><li></ul><td></tr>", false)
	f.Add("<pre>\n\xff</pre><math alttext='{\\displaystyle x}'><title><svg><title>", false)
	f.Fuzz(func(t *testing.T, page string, precision bool) {
		x, err := New(Config{Extractor: ExtractorFast, Precision: precision, Tables: true, MinLetters: 1})
		if err != nil {
			t.Fatal(err)
		}
		r := x.Extract([]byte(page))
		if utf8.ValidString(page) && !utf8.ValidString(r.Text) {
			t.Errorf("valid text became %q", r.Text)
		}
		if len(r.Text) > 16*len(page)+16 { // a cell may span columns and rows
			t.Errorf("%d bytes became %d", len(page), len(r.Text))
		}
		_ = Charset([]byte(page))
	})
}

func BenchmarkExtract(b *testing.B) {
	x, _ := New(Default())
	pages, n := realPages(b), 0
	for _, p := range pages {
		n += len(p.HTML)
	}
	b.SetBytes(int64(n))
	b.ReportAllocs()
	for b.Loop() {
		for _, p := range pages {
			x.Extract([]byte(p.HTML))
		}
	}
}
