package page

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func render(t interface{ Fatal(...any) }, p Page) string {
	var b bytes.Buffer
	if err := Write(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func full(text string) Page {
	return Page{
		Title: text, Subtitle: text, Facts: []Fact{{text, text}},
		Sections: []Section{{
			Title: text, Note: text,
			Bars:       &Bars{Unit: text, Bars: []Bar{{text, 3, 1, text}, {"b", 0, 0, ""}}},
			Histograms: []Histogram{{text, 0, 1, []int64{1, 2}, []int64{0, 5}, []Mark{{0.5, text}}}},
			Table:      &Table{Head: []string{text, "n"}, Rows: [][]string{{text, "1"}}},
			Examples:   []Example{{text, text, []Example{{Head: text, Text: text}}}},
		}},
	}
}

// Whatever the texts are, they stay texts: no markup of theirs, nothing loaded
// from elsewhere.
func TestTextsAreEscaped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := "<script>" + rapid.StringOf(rapid.RuneFrom([]rune(`<>"'&/ x中`))).Draw(t, "text") + `</pre><img src="http://x">`
		out := render(t, full(text))
		if strings.Contains(out, "<script") || strings.Contains(out, "<img") {
			t.Fatal("markup of a text reached the page")
		}
	})
}

var svg = regexp.MustCompile(`(?s)<svg.*?</svg>`)

func TestChartsAreXML(t *testing.T) {
	charts := svg.FindAllString(render(t, full(`a & <b> "c"`)), -1)
	if len(charts) != 1 {
		t.Fatalf("%d charts, want 1", len(charts))
	}
	for _, c := range charts {
		d := xml.NewDecoder(strings.NewReader(c))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%v in %s", err, c)
			}
		}
	}
	if !strings.Contains(charts[0], `x1="170.0"`) {
		t.Errorf("the mark is not in the middle: %s", charts[0])
	}
}

// The longer part of the first bar: 3 of 4 parts of the width.
func TestBarsAreToScale(t *testing.T) {
	out := render(t, full("x"))
	if !strings.Contains(out, `style="width:75.0%"`) || !strings.Contains(out, `style="width:25.0%"`) {
		t.Errorf("bars are not to scale: %s", out)
	}
}

func TestNothingIsLoaded(t *testing.T) {
	out := render(t, full("x"))
	for _, bad := range []string{"http:", "https:", "src=", "@import", "<link"} {
		if strings.Contains(out, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
}
