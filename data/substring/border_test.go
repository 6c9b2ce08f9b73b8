package substring

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"huihai/data/cut"
)

// Each ⟨ is a place where sentences may be parted; ends of the text are too.
func TestSentenceBorders(t *testing.T) {
	for _, marked := range []string{
		"One. ⟨Two!  ⟨Three? ⟨Four",
		"He paid 3.14 dollars to Dr. Smith of the U.S. Army, e.g. for J. Doe. ⟨Then he left.",
		"“Is it?” ⟨She said so. ⟨(Yes.) ⟨No... and so on",
		"春眠不覺曉。⟨處處聞啼鳥！⟨夜來風雨聲，花落知多少？”⟨完",
		"他说：“走吧。”⟨然后走了",
		"1. Item one⟨\n⟨2. Item two⟨\n⟨\n⟨Para",
		"a line that was broken since it had to be\nshort enough to be read by people. ⟨Fine.⟨\n⟨Next",
		"This text is broken at about seventy columns since somebody called\nPeter wrote it so, in the year of our lord and of some other people\n1990 it was.⟨\n⟨End",
		"To be, or not to be, that is the question:⟨\n⟨Whether 'tis nobler",
		"Title⟨\n⟨Another title⟨\n⟨## Head",
		"run --one \\\n  --two \\\n  --three⟨\n⟨done",
		"f(\n  x,⟨\n⟨  y\n)⟨\n⟨g()",
		"第一行⟨\n⟨第二行",
	} {
		text := strings.ReplaceAll(marked, "⟨", "")
		var got strings.Builder
		for i, r := range text {
			if i > 0 && sentenceBorder(text, i) {
				got.WriteString("⟨")
			}
			got.WriteRune(r)
		}
		if got.String() != marked {
			t.Errorf("got  %q\nwant %q", got.String(), marked)
		}
	}
}

func TestWordBorders(t *testing.T) {
	for _, marked := range []string{
		"don't⟨ ⟨stop⟨,⟨ ⟨naïve⟨ ⟨cafe\u0301", "春⟨眠⟨不⟨覺⟨曉⟨GPT4⟨。", "👩\u200d🔧⟨x_1",
	} {
		text := strings.ReplaceAll(marked, "⟨", "")
		var got strings.Builder
		for i, r := range text {
			if i > 0 && wordBorder(text, i) {
				got.WriteString("⟨")
			}
			got.WriteRune(r)
		}
		if got.String() != marked {
			t.Errorf("got  %q\nwant %q", got.String(), marked)
		}
	}
}

// What is left when ⟦…⟧ occurs elsewhere.
func TestCuts(t *testing.T) {
	for _, tc := range []struct{ cut, marked, want string }{
		{CutExact, "ab⟦cd⟧ef", "abef"},
		{CutWord, "some th⟦ing is here and th⟧ere", "some thing there"},
		{CutWord, "some⟦ thing ⟧there", "some there"},
		{CutWord, "春眠⟦不覺⟧曉", "春眠曉"},
		{CutSentence, "One is he⟦re. Two is. Three⟧ is.", "One is here. Three is."},
		{CutSentence, "春眠不⟦覺曉。處處聞啼鳥。夜來⟧風雨聲。", "春眠不覺曉。夜來風雨聲。"},
		{CutSentence, "One⟦ is all. ⟧", "One is all. "},
		{CutSentence, "A title⟦\nA line.\n⟧Another", "A title\nAnother"},
		{CutSentence, "A title⟦\nA line.⟧\nAnother", "A title\nAnother"},
		{CutSentence, "Text. ⟦More of it.\nA line.\n⟧# Head", "Text. \n# Head"},
		{CutSentence, "One⟦ sentence that is not ended⟧ here", "One sentence that is not ended here"},
		{CutSentence, "Code:\n```go\n⟦x := 1\ny := 2\n```\nText. ⟧End", "Code:\n```go\nx := 1\ny := 2\n```\nEnd"},
		{CutSentence, "⟦```go\nx := 1\n```\n⟧End", "End"},
		{CutSentence, "⟦| a | b |\n|---|---|\n⟧| 1 | 2. |", "| a | b |\n|---|---|\n| 1 | 2. |"},
		{CutSentence, "```\nnever closed\n⟦| a |\nText.\n⟧End", "```\nnever closed\nEnd"},
	} {
		start := strings.Index(tc.marked, "⟦")
		end := strings.Index(tc.marked, "⟧") - len("⟦")
		text := strings.NewReplacer("⟦", "", "⟧", "").Replace(tc.marked)
		cfg := small(16)
		cfg.Cut = tc.cut
		d := Decide(text, []Mark{{0, Span{Start: int32(start), End: int32(end)}, false}}, cfg)
		if got := cut.Apply(text, d.Remove); got != tc.want {
			t.Errorf("%s, %q: got %q, want %q", tc.cut, tc.marked, got, tc.want)
		}
	}
}

// Whatever the text and the range, cuts are inside the range and at borders, a
// second look finds the same, and valid UTF-8 stays valid.
func TestShrinkIsInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("aB1 .。!\n|`'\"(，春\u0301\u3000é-\\"))).Draw(t, "text")
		a := rapid.IntRange(0, len(text)).Draw(t, "start")
		b := rapid.IntRange(a, len(text)).Draw(t, "end")
		for _, where := range []string{CutExact, CutWord, CutSentence} {
			c := newCutter(text, where)
			s, ok := c.shrink(Span{Start: int32(a), End: int32(b)})
			if !ok {
				continue
			}
			if int(s.Start) < a || int(s.End) > b {
				t.Fatalf("%s: %v of %d..%d", where, s, a, b)
			}
			if left := text[:s.Start] + text[s.End:]; utf8.ValidString(text) && !utf8.ValidString(left) {
				t.Fatalf("%s: %q becomes %q", where, text, left)
			}
			if !c.may(int(s.Start)) || !c.may(int(s.End)) {
				t.Fatalf("%s: %q is cut at %v", where, text, s)
			}
		}
	})
}

func FuzzDecide(f *testing.F) {
	f.Add("One. Two.\n```\nx\n```\n| a |\n| b |", int32(3), int32(30), int32(5), int32(9))
	f.Add("\xff\xe5。\u3000", int32(0), int32(100), int32(-4), int32(2))
	f.Fuzz(func(t *testing.T, text string, a, b, c, d int32) {
		for _, where := range []string{CutExact, CutWord, CutSentence} {
			cfg := small(16)
			cfg.Cut = where
			dec := Decide(text, []Mark{{0, Span{Start: a, End: b}, false}, {0, Span{Start: c, End: d}, true}}, cfg)
			if got := cut.Apply(text, dec.Remove); len(got) != len(text)-int(dec.Counts.Removed) {
				t.Errorf("%d bytes of %d are left, counts %+v", len(got), len(text), dec.Counts)
			}
		}
	})
}
