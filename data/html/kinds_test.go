package html

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"pgregory.net/rapid"
)

// What surrounds the piece under test, so that the page has an article.
func around(piece string) string {
	return "<article><p>" + en + "</p>" + piece + "<p>" + en + "</p></article>"
}

func TestFormulas(t *testing.T) {
	const mml = `<math xmlns="http://www.w3.org/1998/Math/MathML"`
	for _, tc := range []struct{ name, piece, want string }{
		{"KaTeX", `<p>Let <span class="katex"><span class="katex-mathml">` + mml + `><semantics><mrow><mi>a</mi></mrow><annotation encoding="application/x-tex">a_1</annotation></semantics></math></span><span class="katex-html" aria-hidden="true">a1</span></span> be.</p>`, "Let $a_1$ be."},
		{"MathJax 2", `<p>Let <span class="MathJax_Preview">x</span><span class="MathJax" id="m"><nobr>x2</nobr></span><script type="math/tex">x^2 < 3</script> be.</p>`, "Let $x^2 < 3$ be."},
		{"MathJax 2, without its output", `<p>Let <script type="math/tex; mode=display">\sum_i i</script> be.</p>`, `Let $$\sum_i i$$ be.`},
		{"MathJax 3", `<p>Let <mjx-container class="MathJax" jax="CHTML"><mjx-math class="MJX-TEX" aria-hidden="true"><mjx-mi class="mjx-i"><mjx-c></mjx-c></mjx-mi></mjx-math><mjx-assistive-mml>` + mml + `><mfrac><mn>1</mn><msup><mi>x</mi><mn>10</mn></msup></mfrac></math></mjx-assistive-mml></mjx-container> be.</p>`, `Let $\frac{1}{x^{10}}$ be.`},
		{"alttext", `<p>Let ` + mml + ` alttext="\sqrt{2} &lt; 2" display="block"><msqrt><mn>2</mn></msqrt></math> be.</p>`, `Let $$\sqrt{2} < 2$$ be.`},
		{"MathML alone", `<p>Let ` + mml + `><mrow><msubsup><mi>a</mi><mn>1</mn><mi>n</mi></msubsup><mo>&le;</mo><msqrt><mi>b</mi><mo>+</mo><mn>1</mn></msqrt></mrow></math> be.</p>`, `Let $a_1^n≤\sqrt{b+1}$ be.`},
		{"a picture of MediaWiki", `<p>Let <span class="mwe-math-element"><span style="display: none;">` + mml + ` alttext="{\displaystyle x^{2}}"><mi>x</mi></math></span><img class="mwe-math-fallback-image-inline" aria-hidden="true" alt="{\displaystyle x^{2}}"></span> be.</p>`, `Let $x^{2}$ be.`},
		{"MathML and its picture", `<p>Let ` + mml + ` alttext="{\displaystyle y}"><mi>y</mi></math><img class="mwe-math-fallback-image-inline" alt="{\displaystyle y}"> be.</p>`, `Let $y$ be.`},
		{"pictures of others", `<p>Let <img class="latex" alt="a &gt; b"> and <img eeimg="1" alt="c"> and <span class="ztext-math" data-tex="d^2">d2</span> be.</p>`, `Let $a > b$ and $c$ and $d^2$ be.`},
		{"pictures of other things", `<p>Let <img class="image" alt="a cat"><img class="math" id="tex1" alt="a dog"> it be.</p>`, `Let it be.`},
		{"a cell", `<table><tr><th>Name<th>Value<tr><td>pi<td>` + mml + `><semantics><mi>p</mi><annotation encoding="application/x-tex">\pi</annotation></semantics></math><tr><td>none<td></table>`, "Name | Value\npi | $\\pi$\nnone |"},
		{"unclosed", `<p>Let ` + mml + `><mi>z</mi></p>`, ""},
	} {
		got := extract(t, Default(), around(tc.piece)).Text
		if want := en + "\n\n" + tc.want + "\n\n" + en; tc.want != "" && got != want {
			t.Errorf("%s: %s", tc.name, cmp.Diff(want, got))
		} else if tc.want == "" && !strings.HasPrefix(got, en) {
			t.Errorf("%s: %q", tc.name, got)
		}
	}
}

func TestStructure(t *testing.T) {
	for _, tc := range []struct{ name, piece, want string }{
		{"one element a line of code", `<pre><code><span class="line">a</span><span class="line"></span><span class="line">  b</span></code></pre>`, "a\n\n  b"},
		{"with line breaks between", "<pre><code><span class=line>if a {</span>\n<span class=line></span>\n<span class=line>}  // done</span></code></pre>", "if a {\n\n}  // done"},
		{"boxes of lines", `<pre><div>print(1)</div><div>print(2)</div></pre>`, "print(1)\nprint(2)"},
		{"numbered lines", `<pre><table class="hljs-ln"><tr><td class="hljs-ln-numbers">1</td><td class="hljs-ln-code">x = 1</td></tr><tr><td class="hljs-ln-numbers">2</td><td class="hljs-ln-code">y = 2</td></tr></table></pre>`, "x = 1\ny = 2"},
		{"numbers in a cell of their own", `<table><tr><td class="gutter"><pre>1<br>2</pre></td><td class="code"><pre><span class="line">let x = 1;</span><br><span class="line">let y = 2;</span></pre></td></tr></table>`, "let x = 1;\nlet y = 2;"},
		{"spans of cells", `<table><tr><th>Year<th colspan=2>Yield<tr><td rowspan=2>2001<td>wheat<td>5<tr><td>rye<td>3</table>`, "Year | Yield |\n2001 | wheat | 5\n | rye | 3"},
		{"empty cells", `<table><tr><th>a<th>b<th>c<tr><td>1<td><td>3<tr><td>-<td>5<td>6</table>`, "a | b | c\n1 | | 3\n- | 5 | 6"},
		{"links in cells", `<table><tr><td>Rank<td>Town<tr><td>1<td><a href=/a>Ahlen</a><tr><td>2<td><a href=/b>Beckum</a></table>`, "Rank | Town\n1 | Ahlen\n2 | Beckum"},
		{"a list of links that a sentence announces", `<p>You will need three of the following tools:</p><ul><li><a href=/1>Hammer</a><li><a href=/2>Saw</a></ul>`, "You will need three of the following tools:\n\n- Hammer\n- Saw"},
		{"a list of other pages", `<p>Read more:</p><ul><li><a href=/1>Hammer time is over</a><li><a href=/2>Saw that coming</a></ul>`, ""},
		{"a quotation that is a link", `<blockquote><a href=/q>Nobody ever measured twice without a reason.</a></blockquote>`, "Nobody ever measured twice without a reason."},
		{"buttons", `<div><a onclick=x>Save</a> <a onclick=y>Report</a></div>`, ""},
		{"a signature", `<div class="signature">Sent from my garden shed, with best wishes to all</div>`, ""},
		{"ruby", `<p><ruby>漢<rp>(<rt>kan<rp>)</ruby>と<ruby>字<rtc><rt>ji</rt></rtc></ruby>です。</p>`, "漢と字です。"},
		{"names of properties", `<p class="hidden-xs">One.</p><div class="ad-free"><p>Two.</p></div><section class="hot-topic"><p>Three.</p></section><div class="search-result"><p>Four.</p></div><div class="has-sidebar no-comments"><p>Five.</p></div>`, "One.\n\nTwo.\n\nThree.\n\nFour.\n\nFive."},
		{"a sentence on rights", `<p>The © sign is a letter in a circle, and the law no longer asks for it.</p><p>© 2020 Someone Ltd</p>`, "The © sign is a letter in a circle, and the law no longer asks for it."},
		{"lines that begin as labels do", `<p>By the time we came, it was over.</p><p>Next we tried the cellar.</p><p>目录学是一门古老的学问。</p>`, "By the time we came, it was over.\n\nNext we tried the cellar.\n\n目录学是一门古老的学问。"},
	} {
		want := en + "\n\n" + tc.want + "\n\n" + en
		if tc.want == "" {
			want = en + "\n\n" + en
		}
		if d := cmp.Diff(want, extract(t, Default(), around(tc.piece)).Text); d != "" {
			t.Errorf("%s: %s", tc.name, d)
		}
	}
}

// The main heading and the question stay, wherever they stand.
func TestHeadings(t *testing.T) {
	const head = "How do birds find their way?"
	for _, tc := range []struct{ page, want string }{
		{`<nav><a href=/>Home</a></nav><h1>` + head + `</h1><article><p>` + en + `</p><p>` + en + `</p></article>`, head + "\n\n" + en + "\n\n" + en},
		{`<header><a href=/>Site</a><h1>` + head + `</h1></header><main><p>` + en + `</p><p>` + en + `</p></main>`, head + "\n\n" + en + "\n\n" + en},
		{`<title>` + head + ` - Birds</title><div class=top><h1>Birds</h1></div><h2>` + head + `</h2><div><p>` + en + `</p><p>` + en + `</p></div>`, head + "\n\n" + en + "\n\n" + en},
		{`<div class="question"><h1>` + head + `</h1><p>I saw them and wondered.</p></div><div class="answers"><div><p>` + en + `</p></div><div><p>` + zh + `</p></div></div>`, head + "\n\nI saw them and wondered.\n\n" + en + "\n\n" + zh},
	} {
		if d := cmp.Diff(tc.want, extract(t, Default(), tc.page).Text); d != "" {
			t.Errorf("%s: %s", tc.page, d)
		}
	}
}

func TestSelfClosed(t *testing.T) {
	const xml = `<?xml version="1.0"?>`
	body := `<head><title/></head><body><div class="comments"/><p>` + en + `</p><pre/><p>` + en + `</p></body>`
	for _, page := range []string{xml + "<html>" + body, `<html xmlns="http://www.w3.org/1999/xhtml">` + body} {
		if got := extract(t, Default(), page).Text; got != en+"\n\n"+en {
			t.Errorf("XHTML: %q", got)
		}
	}
	// In HTML the slash means nothing: all is in the box of comments.
	if got := extract(t, Default(), `<p>`+zh+`</p><p>`+zh+`</p><div class="comments"/><p>`+en+`</p>`).Text; got != zh+"\n\n"+zh {
		t.Errorf("HTML: %q", got)
	}
}

// A page of which nothing is left is judged again without the names.
func TestNothingLeft(t *testing.T) {
	var page strings.Builder
	for range 3 {
		page.WriteString(`<div class="sidebar"><p>` + en + `</p></div>`)
	}
	if got := extract(t, Default(), page.String()).Text; strings.Count(got, en) != 3 {
		t.Errorf("%q", got)
	}
	if got := extract(t, Default(), `<p>`+en+`</p><p>`+en+`</p>`+page.String()).Text; strings.Count(got, en) != 2 {
		t.Errorf("sidebars beside an article: %q", got)
	}
}

func TestComments(t *testing.T) {
	const remark = "I tried it twice and the second time it worked as described."
	for _, box := range []string{
		`<div id="comments"><h3>2 Comments</h3><p>` + remark + `</p><p>Posted on 3 May 2019</p></div>`,
		`<div><h3>网友评论</h3><div>` + remark + `</div></div>`,
		`<section class="disqus"><p>` + remark + `</p><a href="#">Reply</a></section>`,
	} {
		page := `<div><h1>Head</h1><p>` + en + `</p><p>` + en + `</p></div>` + box
		cfg := Default()
		without := extract(t, cfg, page).Text
		cfg.Comments = true
		with := extract(t, cfg, page).Text
		if want := "Head\n\n" + en + "\n\n" + en; without != want || with != want+"\n\n"+remark {
			t.Errorf("%s:\nwithout %q\nwith %q", box, without, with)
		}
	}
}

// Pages made to take long or to confuse: reading them ends, and their text stays.
func TestHostile(t *testing.T) {
	const n = 100_000
	text := "<p>" + en + "</p><p>" + en + "</p>"
	for name, page := range map[string]string{
		"boxes":              strings.Repeat("<div>", n) + text,
		"boxes and a script": strings.Repeat("<div>", 2000) + "<script>var hidden = 1;</script>" + text,
		"lines":              strings.Repeat("<b>", n) + text,
		"anchors":            strings.Repeat("<a>", n) + text,
		"links":              strings.Repeat("<a href=x>", n) + "</a>" + text,
		"lists":              strings.Repeat("<ul><li>", n) + text,
		"tables":             strings.Repeat("<table><tr><td>", n) + text,
		"cells":              "<table><tr>" + strings.Repeat("<td>x", n) + "</table>" + text,
		"spans":              "<table>" + strings.Repeat("<tr><td colspan=50 rowspan=50>x<td>y", n/10) + "</table>" + text,
		"ends":               text + strings.Repeat("</ul></b>", n),
		"attributes":         "<p " + strings.Repeat("a=b ", n) + ">" + text,
		"classes":            `<div class="` + strings.Repeat("ad-free ", n) + `">` + text,
		"a name":             `<div class="` + strings.Repeat("ad", n) + `">` + text,
		"a style":            `<p style="` + strings.Repeat("a:b;", n) + `">` + text,
		"labels":             text + strings.Repeat("<p>Comments</p>", n),
		"linked labels":      text + strings.Repeat("<p><a href=x>Related</a></p>", n),
		"headings":           "<title>" + strings.Repeat("head ", n) + "</title>" + strings.Repeat("<h1>head head</h1>", n/10) + text,
		"a formula":          "<p>" + strings.Repeat("<math>", n) + "</math>" + text,
		"rows of a formula":  "<p><math>" + strings.Repeat("<mrow>", n) + "</math>" + text,
		"ruby":               "<ruby>" + strings.Repeat("<rt>", n) + "</ruby>" + text,
		"comments":           strings.Repeat("<!--", n) + "-->" + text,
		"code":               "<pre>" + strings.Repeat("<div>", n) + "</pre>" + text,
	} {
		got := extract(t, Default(), page).Text
		if !strings.Contains(got, en) || strings.Contains(got, "hidden") {
			t.Errorf("%s: %.200q", name, got)
		}
	}
}

// Attributes are read as the tokenizer reads them.
func TestAttributesAgainstTokenizer(t *testing.T) {
	pieces := []string{" ", "a", "B", "=", "'", `"`, "/", "x y", "class", "\n", "-"}
	rapid.Check(t, func(t *rapid.T) {
		tag := "<p " + strings.Join(rapid.SliceOf(rapid.SampledFrom(pieces)).Draw(t, "tag"), "") + ">"
		z := xhtml.NewTokenizer(strings.NewReader(tag))
		if k := z.Next(); k != xhtml.StartTagToken && k != xhtml.SelfClosingTagToken {
			return
		}
		raw := string(z.Raw())
		var want, got [][2]string
		seen := map[string]bool{}
		for _, a := range z.Token().Attr {
			if want = append(want, [2]string{a.Key, a.Val}); seen[a.Key] {
				return // which of two counts is the tokenizer's matter
			}
			seen[a.Key] = true
		}
		var buf [longTag]byte
		name, rest := tagOf([]byte(raw), &buf)
		if atom.Lookup(name) != atom.P {
			t.Fatalf("%q: the tag is %q", raw, name)
		}
		for i := 0; i < len(rest); {
			var k, v []byte
			if k, v, i = nextAttribute(rest, i); len(k) > 0 && !seen["got "+strings.ToLower(string(k))] {
				seen["got "+strings.ToLower(string(k))] = true
				got = append(got, [2]string{strings.ToLower(string(k)), string(v)})
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("%q: %s", raw, d)
		}
	})
}
