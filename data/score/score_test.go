package score

import (
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func features(text string) *Features {
	e := Extractor{Need: NeedAll}
	f, _, _ := e.Extract(text)
	return f
}

func TestFeatures(t *testing.T) {
	f := features("The cat's well-known hat #1... sat on the mat.\n\n• the dog {ran}\nthe dog {ran}\nRead more\n")
	check := func(name string, got, want int) {
		t.Helper()
		if got != want {
			t.Errorf("%s = %d, want %d", name, got, want)
		}
	}
	check("words", f.Words, 19)
	check("tokens", f.Tokens, 18)
	check("alpha tokens", f.AlphaTokens, 16)
	check("digit words", f.DigitWords, 1)
	check("hashes", f.Hashes, 1)
	check("ellipses", f.Ellipses, 1)
	check("braces", f.Braces, 2)
	check("lines", f.Lines, 4)
	check("newlines", f.Newlines, 5)
	check("bullet lines", f.BulletLines, 1)
	check("terminal lines", f.TerminalLines, 1)
	check("short lines", f.ShortLines, 3)
	check("read-more lines", f.ReadMoreLines, 1)
	check("paragraphs", f.Paragraphs, 2)
	check("Gopher's stop words", f.GopherStops, 1)
	check("English stop words", f.EnglishStops, 5)
	check("unique units", f.UniqueUnits, 14)
	check("characters", f.Chars, utf8.RuneCountInString("The cat's well-known hat #1... sat on the mat.\n\n• the dog {ran}\nthe dog {ran}\nRead more\n"))
}

func TestChineseFeatures(t *testing.T) {
	f := features("秦川雄帝宅，函谷壯皇居。\n綺殿千尋起的，GPT模型有3個【注】！")
	if f.Han != 10+6+5 || f.Units != f.Han+2 || f.Words != 2 || f.Brackets != 2 || f.Sentences != 2 || f.ChineseStops != 2 {
		t.Errorf("Han %d, units %d, words %d, brackets %d, sentences %d, stops %d", f.Han, f.Units, f.Words, f.Brackets, f.Sentences, f.ChineseStops)
	}
	if f.Lines != 2 || f.TerminalLines != 2 || f.Paragraphs != 2 {
		t.Errorf("lines %d, terminal %d, paragraphs %d", f.Lines, f.TerminalLines, f.Paragraphs)
	}
}

func TestDuplicateLinesAndParagraphs(t *testing.T) {
	f := features("aaaa\nbb\naaaa\n\nx y\n\nX  Y\n\nx y")
	if f.Lines != 6 || f.DupLines != 2 || f.DupLineChars != 4+3 {
		t.Errorf("lines %d, copies %d of %d characters", f.Lines, f.DupLines, f.DupLineChars)
	}
	if f.Paragraphs != 4 || f.DupParagraphs != 2 || f.DupParaChars != 4 || f.ParagraphChars != 10+6 {
		t.Errorf("paragraphs %d, copies %d of %d characters in %d", f.Paragraphs, f.DupParagraphs, f.DupParaChars, f.ParagraphChars)
	}
}

func TestBoilerplate(t *testing.T) {
	f := features("Please enable JavaScript.\nSee our Privacy Policy and the policy.\nA cookie is a biscuit.\nLorem ipsum dolor.\n阅读全文\nWe all read more.")
	if f.ScriptLines != 1 || f.PolicyLines != 1 || !f.LoremIpsum || f.ReadMoreLines != 1 {
		t.Errorf("script %d, policy %d, lorem %v, more %d", f.ScriptLines, f.PolicyLines, f.LoremIpsum, f.ReadMoreLines)
	}
}

// naive counts n-grams of single-character units in the plainest way.
func naive(units []rune, n int) (top, dup float64) {
	counts, best := map[string]int{}, 0
	for i := 0; i+n <= len(units); i++ {
		g := string(units[i : i+n])
		counts[g]++
		if counts[g] > 1 {
			best = max(best, counts[g]*n)
		}
	}
	seen, chars := map[string]bool{}, 0
	for i := 0; i+n <= len(units); {
		g := string(units[i : i+n])
		if seen[g] {
			chars += n
			i += n
			continue
		}
		seen[g] = true
		i++
	}
	return min(1, float64(best)/float64(len(units))), float64(chars) / float64(len(units))
}

// The narrowed search for repeated n-grams equals the plain one.
func TestRepetitionEqualsTheNaiveOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kinds := []rune("春花秋月")[:rapid.IntRange(1, 4).Draw(t, "kinds")]
		units := rapid.SliceOfN(rapid.SampledFrom(kinds), 1, 120).Draw(t, "units")
		f := features(string(units))
		for n := 2; n <= 4; n++ {
			if top, _ := naive(units, n); math.Abs(top-f.TopNGram[n]) > 1e-12 {
				t.Fatalf("top %d-gram %g, want %g", n, f.TopNGram[n], top)
			}
		}
		for _, n := range []int{5, 6, 7, 8, 9, 10, 13} {
			if _, dup := naive(units, n); math.Abs(dup-f.DupNGram[n]) > 1e-12 {
				t.Fatalf("duplicate %d-grams %g, want %g", n, f.DupNGram[n], dup)
			}
		}
		counts, h := map[rune]float64{}, 0.0
		for _, u := range units {
			counts[u]++
		}
		for _, c := range counts {
			p := c / float64(len(units))
			h -= p * math.Log(p)
		}
		if math.Abs(h-f.Entropy) > 1e-9 {
			t.Fatalf("entropy %g, want %g", f.Entropy, h)
		}
	})
}

func TestLanguages(t *testing.T) {
	s, err := New(Default())
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]Language{
		"The river runs to the sea, and all of it is water that was rain.": English,
		"Short title":  English,
		"秦川雄帝宅，函谷壯皇居。": Chinese,
		"使用 torch.nn 和 DataLoader 训练模型，请先安装依赖，然后运行下面的命令。":                                                                                        Chinese,
		"これは日本語の文章です。とても短いです。":                                                                                                                   "ja",
		"Это предложение написано по-русски.":                                                                                                    "ru",
		"Der Fluß läuft zum Meer und die Kinder spielen am Ufer, während die Eltern schlafen und träumen von schönen Tagen im Süden des Landes.": "de",
		"12345 67890 !!!": "und",
		"한국어 문장입니다.":      "ko",
		"int main() {\n  int x = 1;\n  return x;\n}\nvoid f();": Code,
	} {
		if g := s.Score(text, false).Guess; g.Language != want || g.Score < 0 || g.Score > 1 {
			t.Errorf("%q is %+v, want %s", text, g, want)
		}
	}
	if g := s.Score("# a heading of a script", true).Guess; g.Language != Code {
		t.Errorf("a code file is %+v", g)
	}
}

// Cantonese has its own name and is judged by the rules of Chinese; --languages zh
// keeps it.
func TestCantoneseIsJudgedAsChinese(t *testing.T) {
	text := strings.Repeat("我哋今日去咗茶餐廳食飯，佢話嗰度啲嘢好好食，下次再同埋阿媽一齊嚟。", 3)
	for keep, want := range map[string]string{"zh": Kept, "yue": Kept, "en": ReasonLanguage, "other": ReasonLanguage} {
		cfg := Default()
		cfg.Languages = []string{keep}
		s, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if r := s.Score(text, false); r.Guess.Language != "yue" || r.Reason != want {
			t.Errorf("languages %s: %s, %q; want yue, %q", keep, r.Guess.Language, r.Reason, want)
		}
	}
	s, err := New(Default())
	if err != nil {
		t.Fatal(err)
	}
	if s.rulesFor("yue") != s.rules[Chinese] {
		t.Error("the rules are not those of Chinese")
	}
}

func TestGeneralProfileKeepsOrdinaryTexts(t *testing.T) {
	s, err := New(Default())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"quatrain": "登鸛雀樓\n王之渙\n白日依山盡，黃河入海流。\n欲窮千里目，更上一層樓。",
		"couplet":  "春眠不覺曉，處處聞啼鳥。",
		"refrain":  "砍砍伐檀兮，置之河之干兮。\n河水清且漣猗。\n坎坎伐輻兮，置之河之側兮。\n河水清且直猗。",
		"markdown": "# Install\n\n```sh\ngo install ./...\n```\n\n- fast\n- small\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
		"note":     "Call me back.",
		"dialogue": "All:\nSpeak, speak.\n\nFirst Citizen:\nYou are all resolved rather to die than to famish?\n\nAll:\nResolved. resolved.",
	} {
		if r := s.Score(text, false); r.Reason != Kept {
			t.Errorf("%s is dropped: %s", name, r.Reason)
		}
	}
	if r := s.Score("package a\n\nfunc f() {}\n", true); r.Reason != Kept {
		t.Errorf("a small program is dropped: %s", r.Reason)
	}
	for name, text := range map[string]string{
		"empty":     " \n",
		"symbols":   strings.Repeat("=-=-*** ", 30),
		"one line":  strings.Repeat("Buy now and save. ", 200),
		"mojibake":  strings.Repeat("caf\uFFFD\uFFFD ", 50),
		"digits":    strings.Repeat("3141592653 ", 30),
		"loop in 中": strings.Repeat("点击这里下载。", 100),
	} {
		if r := s.Score(text, false); r.Reason == Kept {
			t.Errorf("%s is kept with quality %g", name, r.Quality)
		}
	}
}

func TestWebProfileNamesItsReasons(t *testing.T) {
	cfg := Default()
	cfg.Profile = "web"
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	// Sixty words of prose, no word twice in a row, to be changed below.
	prose := "The committee that met in the spring decided to open a library for the children of the valley, and with some luck " +
		"they found a house by the river. Many people gave books to it. An old teacher came every morning to sort them, " +
		"wrote cards in blue ink, and told stories when it rained. Nobody who grew up there has forgotten her voice."
	if r := s.Score(prose, false); r.Reason != Kept {
		t.Fatalf("prose is dropped: %s", r.Reason)
	}
	for want, text := range map[string]string{
		"gopher_word_count":   "The cat sat on the mat, and that was the end of it.",
		"gopher_dup_lines":    prose + strings.Repeat("\nHome to start", 3),
		"gopher_hash_ratio":   strings.ReplaceAll(prose, " the ", " #the # "),
		"gopher_bullet_lines": "- " + strings.ReplaceAll(prose, ". ", ".\n- "),
		"fineweb_short_lines": strings.ReplaceAll(prose, ", ", ",\n") + "\na b.\nc d.\ne f.\ng h.\ni j.\nk l.\nm n.",
	} {
		if r := s.Score(text, false); r.Reason != want {
			t.Errorf("reason %s, want %s", r.Reason, want)
		}
	}
}

func TestQualityOrdersTexts(t *testing.T) {
	s, err := New(Default())
	if err != nil {
		t.Fatal(err)
	}
	good := "The committee that met in the spring decided to open a library for the children of the valley. They found a house by the river, and many people gave books to it."
	worse := good + "\n" + good + "\n" + good
	worst := strings.Repeat("click here now >>> ", 40)
	q := func(text string) float32 { return s.Score(text, false).Quality }
	a, b, c := q(good), q(worse), q(worst)
	if !(a > b && b > c) || a < 0.8 {
		t.Errorf("qualities %g, %g, %g", a, b, c)
	}
}

func TestOverrides(t *testing.T) {
	cfg := Default()
	two := 100.0
	cfg.Bounds = map[string]Bound{"general_too_short": {Min: &two}, "general_letters": {Off: true}}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if r := s.Score("The river runs to the sea.", false); r.Reason != "general_too_short" {
		t.Errorf("reason %s", r.Reason)
	}
	cfg = Default()
	cfg.Languages, cfg.MinQuality = []string{"en"}, 0.99
	if s, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	if r := s.Score("秦川雄帝宅，函谷壯皇居。", false); r.Reason != ReasonLanguage {
		t.Errorf("reason %s", r.Reason)
	}
	if r := s.Score("The river runs.", false); r.Reason != ReasonQuality {
		t.Errorf("reason %s", r.Reason)
	}
	bad := Config{Profile: "web", RuleSets: map[string][]string{"en": {"nope"}, "xx": nil}, Bounds: map[string]Bound{"none": {}},
		Languages: []string{"fr"}, MinQuality: 2, Weights: Weights{Length: -1}}
	err = bad.Validate()
	for _, key := range []string{"nope", "xx", "none", "fr", "min_quality", "weights.length"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("the error does not name %s: %v", key, err)
		}
	}
}

func TestEveryRuleIsWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for name, set := range RuleSets() {
		for _, r := range set {
			if err := r.validate(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if seen[r.Name] {
				t.Errorf("%s: two rules are named %s", name, r.Name)
			}
			seen[r.Name] = true
		}
	}
}

func FuzzScore(f *testing.F) {
	f.Add("The cat\n\n• 秦川，\u3000x\xff{", true)
	f.Add("'’-_'a", false)
	s, err := New(Default())
	if err != nil {
		f.Fatal(err)
	}
	s.extract.Need = NeedAll
	for _, list := range s.rules {
		list.need = NeedAll
	}
	f.Fuzz(func(t *testing.T, text string, code bool) {
		r := s.Score(text, code)
		if !(r.Quality >= 0 && r.Quality <= 1) || !(r.Guess.Score >= 0 && r.Guess.Score <= 1) || !(r.HanRatio >= 0 && r.HanRatio <= 1) {
			t.Errorf("quality %g, language %g, Han %g", r.Quality, r.Guess.Score, r.HanRatio)
		}
		for _, m := range measures {
			if v := m.value(r.Features); math.IsNaN(v) || v < 0 {
				t.Errorf("%s is %g", m.name, v)
			}
		}
		end := int32(0)
		for _, p := range r.Paragraphs {
			if p.Start < end || p.End <= p.Start || int(p.End) > len(text) || p.Quality <= 0 || p.Quality > 1 {
				t.Errorf("paragraph %+v", p)
			}
			end = p.End
		}
		if n := utf8.RuneCountInString(text); r.Features.Chars != n {
			t.Errorf("%d characters, want %d", r.Features.Chars, n)
		}
		first := *r.Features
		if again := s.Score(text, code); *again.Features != first {
			t.Error("the second look differs from the first")
		}
	})
}
