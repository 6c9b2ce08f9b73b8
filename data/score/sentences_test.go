package score

import (
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func sentencesOf(text string) (out []string) {
	var e Extractor
	_, _, sentences := e.Extract(text)
	for _, s := range sentences {
		out = append(out, text[s.Start:s.End])
	}
	return out
}

func TestSentences(t *testing.T) {
	for _, want := range [][]string{
		{"One ends here.", "Two ends there!", "Is this three?", "Four has no mark"},
		{"Mr. Smith met Dr. Jones at 3.30 p.m. on Jan. 5 in Washington, D.C. with e.g. two friends.", "They left."},
		{"He works for Apple Inc. in the U.S. today.", "She moved to the U.S.", "The house was sold."},
		{"J. R. R. Tolkien wrote it.", "I met A. Smith there."},
		{"It costs $3.75, i.e. less than 4.00 (see Fig. 2).", "Good."},
		{"“Where are you?” he asked.", "“Here.”", "She came out."},
		{`"Stop!" cried the man.`, `"Why?"`, "Nobody knew."},
		{"See https://example.com/a?b=c!d.html, then http://a.b/c.", "Then write to me@example.com.", "Done."},
		{"Well... perhaps.", "I waited...", "Nobody came.", "What?!", "Yes!!!"},
		{"(It was late.)", "[They slept.]", "Morning came."},
		{"1. First item.", "2. Second item.", "3) Third"},
		{"版本3.14发布了。", "价格为1.5元。", "Go 1.26 很快！"},
		{"他问：“你去哪里？”", "我说：“回家。”", "天黑了……", "没有人来！！", "真的吗？！"},
		{"“走吧！”，他说。", "（完。）", "你好；", "再见。"},
		{"我…我不知道。", "使用U.S.标准。"},
		{"OK!", "好"},
		{"No. 5 is alive.", "He said no.", "Nobody moved."},
		{"We sold books, pens, etc. to them.", "I like tea, coffee, etc.", "The shop closed."},
	} {
		text := strings.Join(want, " ")
		if got := sentencesOf(text); !slices.Equal(got, want) {
			t.Errorf("%q\n is cut into %q\n      want %q", text, got, want)
		}
	}
}

func TestSentencesAndLines(t *testing.T) {
	if got := sentencesOf("結束.然後開始.第1.2節"); !slices.Equal(got, []string{"結束.", "然後開始.", "第1.2節"}) {
		t.Errorf("%q", got)
	}
	got := sentencesOf("A heading\nThe text was set in lines of a fixed width, and so\ngoes on here. A new one\n\nNext paragraph\n- item one\n- item two")
	want := []string{"A heading", "The text was set in lines of a fixed width, and so\ngoes on here.", "A new one", "Next paragraph", "- item one", "- item two"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestFlags(t *testing.T) {
	text := "A heading\n\nThe river runs to the sea, all day long. The river runs  to the SEA, all day long.\n\n" +
		"- an item of a list.\n\n==== %% $$ ====.\n\nPLEASE CALL US NOW!\n\nWe use cookies on this site.\n\nread more\n\nThe river runs to the sea, all day long."
	var e Extractor
	f, paragraphs, sentences := e.Extract(text)
	want := []ParagraphFlags{ParagraphShort | ParagraphUnfinished, 0, ParagraphRepeated, ParagraphList, ParagraphSymbols,
		ParagraphCapitals, ParagraphBoilerplate, ParagraphShort | ParagraphUnfinished | ParagraphBoilerplate, ParagraphRepeated}
	if len(sentences) != len(want) {
		t.Fatalf("%d sentences, want %d", len(sentences), len(want))
	}
	for i, s := range sentences {
		if s.Flags != want[i] {
			t.Errorf("sentence %d, %q, has flags %b, want %b", i, text[s.Start:s.End], s.Flags, want[i])
		}
		if q := s.Flags.factor(); s.Quality != q {
			t.Errorf("sentence %d has quality %g, want %g", i, s.Quality, q)
		}
	}
	if sentences[1].Hash != sentences[2].Hash || sentences[1].Hash != sentences[8].Hash || sentences[0].Hash == sentences[1].Hash {
		t.Error("hashes do not tell copies")
	}
	if paragraphs[7].Hash != sentences[8].Hash {
		t.Error("a paragraph of one sentence has another hash than the sentence")
	}
	if f.SentenceSpans != 9 || f.LowSentences != 4 || f.LowParagraphs != 3 || f.DupSentences != 2 {
		t.Errorf("%d sentences, %d low, %d low paragraphs, %d copies", f.SentenceSpans, f.LowSentences, f.LowParagraphs, f.DupSentences)
	}
	q := (float32(34)*1 + float32(34)*0.3) / 68
	if math.Abs(float64(paragraphs[1].Quality-q)) > 1e-6 {
		t.Errorf("a paragraph's quality is %g, want %g", paragraphs[1].Quality, q)
	}
}

func TestFewHan(t *testing.T) {
	var e Extractor
	f, paragraphs, _ := e.Extract("春眠不觉晓，处处闻啼鸟。夜来风雨声。\n\n第一章\n\n秦川雄帝宅，函谷壮皇居。绮殿千寻起。")
	if f.FewHanParagraphs != 1 || paragraphs[1].Flags&ParagraphFewHan == 0 || paragraphs[0].Flags&ParagraphFewHan != 0 {
		t.Errorf("%d paragraphs with few Han characters; flags %b, %b", f.FewHanParagraphs, paragraphs[0].Flags, paragraphs[1].Flags)
	}
}

// checkSpans tells what is wrong with the spans of a text, if anything is.
func checkSpans(text string, paragraphs, sentences []Span) string {
	end, k := int32(0), 0
	for _, p := range paragraphs {
		if p.Start < end || p.End <= p.Start || int(p.End) > len(text) {
			return "a paragraph out of order"
		}
		if !(p.Quality > 0 && p.Quality <= 1.0001) {
			return "a paragraph's quality out of range"
		}
		inside, last := 0, p.Start
		for ; k < len(sentences) && sentences[k].Start < p.End; k++ {
			s := sentences[k]
			if s.Start < last || s.End <= s.Start || s.End > p.End {
				return "a sentence out of order or across paragraphs"
			}
			if !(s.Quality > 0 && s.Quality <= 1) {
				return "a sentence's quality out of range"
			}
			if utf8.ValidString(text) && !utf8.ValidString(text[s.Start:s.End]) {
				return "a sentence that cuts a character"
			}
			if strings.Trim(text[last:s.Start], " \t\r\n\u3000") != "" {
				return "text between sentences"
			}
			inside, last = inside+1, s.End
		}
		if inside == 0 {
			return "a paragraph without a sentence"
		}
		if strings.Trim(text[last:p.End], " \t\r\n\u3000") != "" {
			return "text behind the last sentence"
		}
		end = p.End
	}
	if k != len(sentences) {
		return "sentences outside paragraphs"
	}
	return ""
}

func TestSentencesCoverTheText(t *testing.T) {
	parts := []string{"The end", "Mr", "春眠", ".", "。", "!", "……", "…", "\"", "”", ")", " ", "\n", "\n\n", "\u3000", "3.14", "http://a.b/c", "a", "U.S.", "；", "\t", "\xff", "é"}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 40).Draw(t, "parts"), "")
		var e Extractor
		_, paragraphs, sentences := e.Extract(text)
		if wrong := checkSpans(text, paragraphs, sentences); wrong != "" {
			t.Fatalf("%s in %q: %v, %v", wrong, text, paragraphs, sentences)
		}
	})
}

func FuzzSpans(f *testing.F) {
	f.Add("The cat. 秦川，\u3000x…\xff{\n\n“好！”她说。 e.g. http://a.b/?c=d. 3.14")
	f.Add("a.\u3000\n\u3000\n.")
	var e Extractor
	f.Fuzz(func(t *testing.T, text string) {
		_, paragraphs, sentences := e.Extract(text)
		if wrong := checkSpans(text, paragraphs, sentences); wrong != "" {
			t.Errorf("%s: %v, %v", wrong, paragraphs, sentences)
		}
	})
}
