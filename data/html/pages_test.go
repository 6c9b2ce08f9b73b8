package html

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	xhtml "golang.org/x/net/html"
)

var (
	markedText = regexp.MustCompile(`(?s)<!--\[-->(.*?)<!--\]-->|<!--=(.*?)-->`)
	inlineTags = regexp.MustCompile(`</?(?:a|b|i|u|em|strong|span|code|sub|sup|small|mark|font|cite|kbd|ruby|rb|q)\b[^>]*>`)
	anyTag     = regexp.MustCompile(`<[^>]*>`)
	marks      = regexp.MustCompile(`<!--(?:\[|\]|=.*?)-->`)
	oneToken   = regexp.MustCompile(`[\p{Han}\p{Hiragana}\p{Katakana}]|[^\P{L}\p{Han}\p{Hiragana}\p{Katakana}]+|\p{N}+`)
)

// marked returns a page without its marks, and the text that they mark.
func marked(src string) (page, want string) {
	var out strings.Builder
	for _, m := range markedText.FindAllStringSubmatch(src, -1) {
		text := anyTag.ReplaceAllString(inlineTags.ReplaceAllString(m[1], ""), "\n")
		out.WriteString(xhtml.UnescapeString(text) + m[2] + "\n")
	}
	return marks.ReplaceAllString(src, ""), out.String()
}

// score compares two texts as bags of tokens: a Han or kana character, a run of
// other letters, a run of digits.
func score(got, want string) (precision, recall, f1 float64) {
	bag := map[string]int{}
	for _, t := range oneToken.FindAllString(want, -1) {
		bag[strings.ToLower(t)]++
	}
	both, all, n := 0, len(oneToken.FindAllString(want, -1)), 0
	for _, t := range oneToken.FindAllString(got, -1) {
		n++
		if t = strings.ToLower(t); bag[t] > 0 {
			bag[t]--
			both++
		}
	}
	if both == 0 {
		return 0, 0, 0
	}
	precision, recall = float64(both)/float64(n), float64(both)/float64(all)
	return precision, recall, 2 * precision * recall / (precision + recall)
}

// Pages in usual layouts, with the text that somebody marked by hand.
func TestMarkedPages(t *testing.T) {
	names, err := filepath.Glob("testdata/pages/*html")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	sum := 0.0
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		page, want := marked(string(src))
		got := extract(t, Default(), page).Text
		p, r, f := score(got, want)
		t.Logf("%-32s F1 %.3f, precision %.3f, recall %.3f", filepath.Base(name), f, p, r)
		if sum += f; f < 0.9 {
			t.Errorf("%s: F1 %.3f", filepath.Base(name), f)
		}
	}
	mean := sum / float64(len(names))
	t.Logf("mean F1 %.4f of %d", mean, len(names))
	if mean < 0.985 || len(names) < 37 {
		t.Errorf("mean F1 %.4f of %d pages", mean, len(names))
	}
}
