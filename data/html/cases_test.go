package html

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Pages of which text was lost once.
func TestCases(t *testing.T) {
	for name, want := range map[string][]string{
		"aname.html": {"Manual page", "and x0.", "and x4."}, "epub_title.xhtml": {"Winter water", "and x3."}, "epub_script.xhtml": {"Winter water", "and x3."},
		"bodycopy.html": {"Head\n\nHarbour", "copy0.", "copy1.", "copy2.", "copy3.", "copy4."}, "copydivs.html": {"cd0.", "cd1.", "cd2.", "cd3."},
		"hiddenxs.html": {"hp0.", "hp1.", "hp2.", "hp3."}, "copyinbody.html": {"The sign © was introduced long ago", "and lead."},
		"katex.html":    {"the famous formula $E=mc^2$ where m"},
		"lineDivs.html": {"def f(x):\n    return x + 1\nprint(f(2))\n\nForest"},
		"ruby.html":     {"漢字は日本語の文字です。", "東京は首都です。"},
		"t_links.html": {"# | Name | Field | Dissertation | University | Year | Advisor\n0 | Luca Soldaini | NLP | The Knowledge Gap in Medical Information | Georgetown University | 2018 | Nazli Goharian\n1 | Nazli",
			"| 1988 | Gerald Flachs\n\nThe genealogy"},
		"lists.html": {"Glossary of knots\n\nThis", "crews.\n\n- Bowline: forms", "\n- Clove hitch: fastens a rope to a post quickly.\n- Sheet bend joins", "\n- Reef knot ties two ends of the same rope around an object, such as a furled sail\n\nEach",
			"movements.\n\nA knot is never nearly right;"},
	} {
		src, err := os.ReadFile(filepath.Join("testdata/cases", name))
		if err != nil {
			t.Fatal(err)
		}
		got := extract(t, Default(), string(src)).Text
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: %q is not in\n%s", name, w, got)
			}
		}
	}
	links, _ := os.ReadFile("testdata/cases/t_links.html")
	plain, _ := os.ReadFile("testdata/cases/t_plain.html")
	if a, b := extract(t, Default(), string(links)).Text, extract(t, Default(), string(plain)).Text; a != b {
		t.Errorf("links change a table:\n%s\n%s", a, b)
	}
}
