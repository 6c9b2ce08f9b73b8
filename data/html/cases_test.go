package html

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// plain is what a page's markup leaves when every tag goes: the reference for pages
// that are all text.
func plain(page string) string {
	_, body, _ := strings.Cut(page, "<body>")
	var b strings.Builder
	in := false
	for _, r := range body {
		switch {
		case r == '<':
			in = true
		case r == '>':
			in = false
			b.WriteByte(' ')
		case !in:
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// Pages on which all is text keep all of it, whatever names their elements have.
func TestWholePagesStay(t *testing.T) {
	for _, name := range []string{"aname.html", "bodycopy.html", "copydivs.html", "copyinbody.html", "epub_script.xhtml", "epub_title.xhtml", "hiddenxs.html"} {
		content, err := os.ReadFile(filepath.Join("testdata", "cases", name))
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(strings.Fields(extract(t, Default(), string(content)).Text), " ")
		if d := cmp.Diff(plain(string(content)), got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestCases(t *testing.T) {
	for name, wants := range map[string][]string{
		"katex.html":    {"the famous formula $E=mc^2$ where m is"},
		"lineDivs.html": {"\n\ndef f(x):\n    return x + 1\nprint(f(2))\n\n"},
		"lists.html":    {"\n- Clove hitch: fastens", "\n- Sheet bend joins", "\n- Reef knot ties", "A knot is never nearly right"},
		"ruby.html":     {"漢字は日本語", "東京は首都です"},
		"t_links.html":  {"# | Name | Field", "\n0 | Luca Soldaini | NLP | The Knowledge Gap", "\n2 | Tarek El-Ghazawi | Distributed"},
		"t_plain.html":  {"# | Name | Field", "\n0 | Luca Soldaini | NLP | The Knowledge Gap", "\n2 | Tarek El-Ghazawi | Distributed"},
	} {
		content, err := os.ReadFile(filepath.Join("testdata", "cases", name))
		if err != nil {
			t.Fatal(err)
		}
		got := extract(t, Default(), string(content)).Text
		for _, want := range wants {
			if !strings.Contains(got, want) {
				t.Errorf("%s lacks %q:\n%s", name, want, got)
			}
		}
		for _, bad := range []string{"Home", "About", "かん", "きょう", "mc2"} {
			if strings.Contains(got, bad) {
				t.Errorf("%s has %q:\n%s", name, bad, got)
			}
		}
	}
}

// Formulas are TeX, from wherever a page has it, once each.
func TestFormulas(t *testing.T) {
	frame := func(formula string) string {
		return "<article><p>" + en + "</p><p>The value is " + formula + " here, as was shown at length before.</p><p>" + en + "</p></article>"
	}
	for name, tc := range map[string][2]string{
		"MathJax 2":                  {`<span class="MathJax_Preview">x2</span><span class="MathJax" id="M1"><nobr>x2</nobr></span><script type="math/tex" id="M-1">x^2</script>`, "is $x^2$ here"},
		"MathJax 2, displayed":       {`<div class="MathJax_Display"><span class="MathJax">x2</span></div><script type="math/tex; mode=display">x^2+1</script>`, "$x^2+1$"},
		"MathJax 3":                  {`<mjx-container class="MathJax" jax="CHTML"><mjx-math class="MJX-TEX" aria-hidden="true"><mjx-mi>x</mjx-mi></mjx-math><mjx-assistive-mml><math><msup><mi>x</mi><mn>2</mn></msup></math></mjx-assistive-mml></mjx-container>`, "is $x^2$ here"},
		"MathML with alttext":        {`<math alttext="\frac{a}{b}"><mfrac><mi>a</mi><mi>b</mi></mfrac></math>`, `is $\frac{a}{b}$ here`},
		"MathML alone":               {`<math><mfrac><mrow><mi>a</mi><mo>+</mo><mn>1</mn></mrow><msqrt><mi>b</mi></msqrt></mfrac></math>`, `is $\frac{a + 1}{\sqrt{b}}$ here`},
		"annotation of another kind": {`<math><semantics><mi>y</mi><annotation encoding="StarMath">stars</annotation></semantics></math>`, "is $y$ here"},
		"hidden":                     {`<span style="display:none"><math alttext="q"><mi>q</mi></math></span><b>3</b>`, "is 3 here"},
	} {
		got := extract(t, Default(), frame(tc[0])).Text
		if !strings.Contains(got, tc[1]) || strings.Count(got, "x^2") > 1 || strings.Contains(got, "stars") {
			t.Errorf("%s:\n%s", name, got)
		}
	}
	table := `<article><p>` + en + `</p><table><tr><th>law<th>form<tr><td>energy<td><math alttext="E=mc^2"></math><tr><td>force<td><math alttext="F=ma"></math></table><p>` + en + `</p></article>`
	if got := extract(t, Default(), table).Text; !strings.Contains(got, "law | form\nenergy | $E=mc^2$\nforce | $F=ma$") {
		t.Errorf("a table of formulas:\n%s", got)
	}
}

// Cells stay in their columns: empty ones, wide ones and those with nothing but a sign.
func TestColumns(t *testing.T) {
	page := `<article><p>` + en + `</p><table><tr><th>a<th>b<th>c<tr><td>1<td><td>3<tr><td colspan=2>wide<td>—<tr><td>+<td>x<td>y</table><p>` + en + `</p></article>`
	want := "a | b | c\n1 |  | 3\nwide |  | —\n+ | x | y"
	if got := extract(t, Default(), page).Text; !strings.Contains(got, want) {
		t.Errorf("%s", got)
	}
}

// The main heading and the question of a page stay, wherever they stand.
func TestHeadingsAndQuestions(t *testing.T) {
	menu := `<nav><a href=/>Home</a><a href=/q>Questions</a></nav>`
	for name, page := range map[string]string{
		"heading above the article":      menu + `<h1>How do birds find their way?</h1><article><p>` + en + `</p><p>` + en + `</p></article>`,
		"heading in a header":            `<header><a href=/>Site</a><h1>How do birds find their way?</h1></header><main><p>` + en + `</p><p>` + en + `</p></main>`,
		"a short question, then answers": menu + `<div class="question"><h1>How do birds find their way?</h1><p>I saw them every autumn and wondered.</p></div><div class="answers"><div class="answer"><p>` + en + en + `</p></div><div class="answer"><p>` + en + `</p></div></div>`,
		"a long question":                menu + `<div class="q"><h1>How do birds find their way?</h1><p>` + strings.ReplaceAll(en, "book", "question") + `</p></div><div class="answers"><div><p>` + en + en + en + `</p></div></div>`,
	} {
		got := extract(t, Default(), page).Text
		if !strings.HasPrefix(got, "How do birds find their way?") || strings.Contains(got, "Home") || strings.Contains(got, "Site") {
			t.Errorf("%s:\n%s", name, got)
		}
		if name == "a long question" && !strings.Contains(got, "This question tells") || strings.Contains(name, "short") && !strings.Contains(got, "every autumn") {
			t.Errorf("%s loses the question:\n%s", name, got)
		}
	}
}

// What a forum says of its members is no text; comments stay where they are wanted.
func TestForumAndComments(t *testing.T) {
	post := func(who, text string) string {
		return `<div class="post"><div class="postprofile"><b>` + who + `</b><br>Posts: 1024<br>Joined: 2011</div><div class="content"><p>` + text + `</p></div><div class="signature">Never stop <b>learning</b>.</div><p>积分 2048</p></div>`
	}
	got := extract(t, Default(), post("anna", en+en)+post("bob", zh+zh)).Text
	for _, bad := range []string{"Posts", "Joined", "learning", "积分"} {
		if strings.Contains(got, bad) {
			t.Errorf("%q stays:\n%s", bad, got)
		}
	}
	if !strings.Contains(got, en) || !strings.Contains(got, zh) {
		t.Errorf("posts go:\n%s", got)
	}
	page := `<article><h1>Head</h1><p>` + en + `</p><p>` + en + `</p></article><section id="comments"><div class="comment"><p>I have been there too, and it was lovely.</p></div><div class="comment"><p>` + zh + `</p></div></section>`
	if got := extract(t, Default(), page).Text; strings.Contains(got, "lovely") || strings.Contains(got, zh) {
		t.Errorf("comments that nobody asked for:\n%s", got)
	}
	cfg := Default()
	cfg.Comments = true
	if got := extract(t, cfg, page).Text; !strings.Contains(got, "lovely") || !strings.Contains(got, zh) || !strings.Contains(got, en) {
		t.Errorf("comments go:\n%s", got)
	}
}

// A class is a menu's or a sign of nothing, by the words beside it.
func TestNames(t *testing.T) {
	for name, want := range map[string]bool{
		"copy": true, "body-copy": false, "article-copy": false, "copyright": true, "hidden": true, "hidden-xs": false, "hidden-print": false,
		"ad": true, "ad-slot": true, "ad-free": false, "adContainer": true, "hot": true, "hot-list": true, "hot-topic": false,
		"search": true, "search-box": true, "search-result": false, "social-links": true, "socialism": false, "nav": true, "main-nav": true,
		"sidebar-page": true, "text hidden-print": false, "text hidden": true,
	} {
		if got := attributeBits([]byte(name))&isAside != 0; got != want {
			t.Errorf("%q is aside: %v", name, got)
		}
	}
}
