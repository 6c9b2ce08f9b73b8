package lang

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"huihai/internal/golden"
)

// tag joins language and variant.
func tag(r Result) string {
	if r.Variant != "" {
		return r.Language + "-" + r.Variant
	}
	return r.Language
}

func TestSentences(t *testing.T) {
	data, err := os.ReadFile("testdata/sentences.tsv")
	if err != nil {
		t.Fatal(err)
	}
	id := New(Default())
	for line := range strings.Lines(string(data)) {
		want, text, _ := strings.Cut(strings.TrimSpace(line), "\t")
		r := id.Identify(text, false)
		if tag(r) != want {
			t.Errorf("%s: %q is %s (%.2f), top %v", want, text, tag(r), r.Score, r.Top)
		}
		if r.Score < 0.5 {
			t.Errorf("%s: %q has score %.2f", want, text, r.Score)
		}
		if len(r.Top) == 0 || r.Top[0].Language != r.Language || r.Top[0].Score != r.Score {
			t.Errorf("%s: %q has top %v for %s, %.2f", want, text, r.Top, r.Language, r.Score)
		}
	}
}

func TestIdentify(t *testing.T) {
	id := New(Default())
	for _, tc := range []struct {
		name, text               string
		language, script, varies string
		code                     bool
	}{
		{"nothing", "", "und", "Zyyy", "", false},
		{"no letters", "123 + 456 = 579 …!?", "und", "Zyyy", "", false},
		{"named code", "x", "code", "Latn", "", true},
		{"Go", strings.Repeat(prose["code"], 2), "code", "Latn", "", false},
		{"Python", "import os\n\nclass Walk:\n    def __init__(self, top):\n        self.top = top\n        self.seen = set()\n\n    def run(self):\n        # look at every file once\n        for name in os.listdir(self.top):\n            if name in self.seen:\n                continue\n            self.seen.add(name)\n            yield name\n", "code", "Latn", "", false},
		{"C", "#include <stdio.h>\n#define N 3\nint main(void)\n{\n\tint i;\n\tfor (i = 0; i < N; i++)\n\t\tputs(\"x\");\n\treturn 0;\n}\n", "code", "Latn", "", false},
		{"verse is no code", "Roses are red,\nviolets are blue,\nsugar is sweet,\nand so are you,\nand so am I;\nsaid he to her.\n", "en", "Latn", "", false},
		{"a list of links is no code", "数据集如下：\n\n" + strings.Repeat("- [Stanford Alpaca (en)](https://example.org/a) 指令数据\n- [自我认知 (zh)](data/self_cognition.json)\n", 4), "zh", "Hani", "Hans", false},
		{"a table of functions is no code", "What the functions of this package are for:\n" + strings.Repeat("| `load()` | reads the weights of a model from a folder |\n", 6), "en", "Latn", "", false},
		{"citations are no code", "If you use our results, please cite the paper.\n@article{key,\n  title = {The title of the paper},\n  author={Somebody and Another},\n  year = {2024},\n  journal = {The journal of papers}\n}\n", "en", "Latn", "", false},
		{"encoded bytes in English", "The picture of the house is below, and the text goes on behind it.\n" + strings.Repeat("A", 9000) + "\nThe text goes on here, as was said above.", "en", "Latn", "", false},
		{"both writings", "国國", "zh", "Hani", "", false},
		{"Chinese with English words", "我们用 Go 写的 data pipeline 处理文本，速度很快，结果也可以重现。", "zh", "Hani", "Hans", false},
		{"English with a Chinese name", "The author of the book is called 老舍, and it was written in Peking in the thirties.", "en", "Latn", "", false},
		{"Japanese", "東京へ行く", "ja", "Jpan", "", false},
		{"Tibetan", "བོད་སྐད་ཡིག", "bo", "Tibt", "", false},
		{"random letters", "xqzv kjwq zzxv qqwk vxzj qkxz wvqj zxkq jvqx wqzk", "und", "Latn", "", false},
	} {
		r := id.Identify(tc.text, tc.code)
		if r.Language != tc.language || r.Script != tc.script || r.Variant != tc.varies {
			t.Errorf("%s: got %s %s %q (%.2f), want %s %s %q", tc.name, r.Language, r.Script, r.Variant, r.Score, tc.language, tc.script, tc.varies)
		}
	}
}

// A word or two prove little, and the score says so.
func TestShortTextsAreUncertain(t *testing.T) {
	id := New(Default())
	for _, text := range []string{"no", "a", "die", "Menu", "me", "не", "و"} {
		if r := id.Identify(text, false); r.Score > 0.75 {
			t.Errorf("%q is %s with score %.2f", text, r.Language, r.Score)
		}
	}
	short, long := id.Identify("ich bin hier", false).Score, id.Identify(strings.Repeat(prose["german"], 5), false).Score
	if short >= long || long < 0.95 {
		t.Errorf("a short text has score %.2f, a long one %.2f", short, long)
	}
}

func TestShares(t *testing.T) {
	r := New(Default()).Identify("abcdef где 中文 ひ カ 한 α", false)
	want := []Share{{"Latn", 6. / 15}, {"Cyrl", 3. / 15}, {"Hani", 2. / 15}, {"Hira", 1. / 15}, {"Kana", 1. / 15}, {"Hang", 1. / 15}, {"Grek", 1. / 15}}
	if diff := cmp.Diff(want, r.Scripts); diff != "" {
		t.Errorf("shares (-want +got):\n%s", diff)
	}
}

var pieces = []string{
	"the ", "und ", "de ", "la ", "не ", "и ", "و ", "है ", "中", "文", "國", "国", "の", "カ", "한", "α", "ไ", "x", "Ω", "İ", "ı", "ß",
	" ", "\n", "\t", ";\n", "{\n", "}\n", "a = 1\n", "\xff", "\xe4\xb8", "\u0301", "1", ".", "'", "\U0001f600", "\U00020000", "ৰ", "װ",
}

func drawText(t *rapid.T) string {
	return strings.Repeat(strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 60).Draw(t, "pieces"), ""), rapid.IntRange(1, 8).Draw(t, "times"))
}

// checkResult holds what every result must satisfy, and that it depends on the
// text alone.
func checkResult(t interface{ Errorf(string, ...any) }, used *Identifier, cfg Config, text string) {
	r := used.Identify(text, false)
	sum := float32(0)
	for _, s := range r.Scripts {
		sum += s.Share
	}
	if len(r.Scripts) > 0 && (sum < 0.999 || sum > 1.001) {
		t.Errorf("shares of %q sum to %g: %v", text, sum, r.Scripts)
	}
	if !(r.Score >= 0 && r.Score <= 1) || r.Language == "" || r.Script == "" || len(r.Top) > cfg.Candidates {
		t.Errorf("%q gives %+v", text, r)
	}
	total := float32(0)
	for i, c := range r.Top {
		total += c.Score
		if !(c.Score >= 0 && c.Score <= 1) || i > 0 && c.Score > r.Top[i-1].Score {
			t.Errorf("%q gives top %v", text, r.Top)
		}
	}
	if total > 1.001 {
		t.Errorf("%q gives probabilities over one: %v", text, r.Top)
	}
	if diff := cmp.Diff(New(cfg).Identify(text, false), r, cmp.Transformer("empty", func(s []Candidate) []Candidate { return append([]Candidate{}, s...) }), cmp.Transformer("none", func(s []Share) []Share { return append([]Share{}, s...) })); diff != "" {
		t.Errorf("%q gives another result after other texts:\n%s", text, diff)
	}
}

func TestResultProperties(t *testing.T) {
	used := map[Config]*Identifier{}
	rapid.Check(t, func(t *rapid.T) {
		cfg := Config{WindowBytes: rapid.SampledFrom([]int{64, 100, 4096}).Draw(t, "window"), Code: rapid.Bool().Draw(t, "code"), Candidates: rapid.IntRange(0, 5).Draw(t, "top"), MinScore: 0.1}
		if used[cfg] == nil {
			used[cfg] = New(cfg)
		}
		checkResult(t, used[cfg], cfg, drawText(t))
	})
}

func FuzzIdentify(f *testing.F) {
	for _, text := range prose {
		f.Add(text)
	}
	f.Add(strings.Join(pieces, ""))
	cfg := Default()
	cfg.WindowBytes = 64
	id := New(cfg)
	f.Fuzz(func(t *testing.T, text string) { checkResult(t, id, cfg, text) })
}

func TestWindows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.ToValidUTF8(drawText(t), "")
		text = strings.Repeat(text, rapid.IntRange(1, 30).Draw(t, "repeat"))
		n := rapid.IntRange(64, 400).Draw(t, "n")
		parts := windows(nil, text, n)
		at := 0
		for _, p := range parts {
			if !utf8.ValidString(p) {
				t.Errorf("the window %q cuts a character", p)
			}
			i := strings.Index(text[at:], p)
			if i < 0 {
				t.Fatalf("the window %q of %q is out of order", p, text)
			}
			at += i
		}
		if len(text) <= onePart && strings.Join(parts, "") != text {
			t.Errorf("a short text is not read whole")
		}
		if len(text) > onePart && len(parts) != 3 {
			t.Errorf("%d windows for %d bytes", len(parts), len(text))
		}
	})
}

// The scan for the tables must agree with Unicode's own.
func TestScriptTable(t *testing.T) {
	h := newHistogram()
	for r := rune(0); r <= 0x323af; r++ {
		if fast, slow := h.scriptOf(r), slowScript(r); fast != slow && slow != scriptNone {
			t.Errorf("U+%04X is %s by the ranges, %s by Unicode", r, scripts[fast].code, scripts[slow].code)
		}
	}
}

func TestValidate(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	err := Config{WindowBytes: 1, Candidates: -1, MinScore: 2}.Validate()
	if err == nil {
		t.Fatal("Validate accepts nonsense")
	}
	for _, key := range []string{"window_bytes", "candidates", "min_score"} {
		if !strings.Contains(err.Error(), key) {
			t.Errorf("Validate does not report %s: %v", key, err)
		}
	}
}

// Sources of the Go installation are program text even without their names.
func TestGoSourcesAreCode(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(golden.GoRoot(t), "src", "net", "http", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	id, code := New(Default()), 0
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if id.Identify(string(text), false).Language == codeText {
			code++
		}
	}
	if len(files) == 0 || code*10 < len(files)*9 {
		t.Errorf("%d of %d files are code", code, len(files))
	}
}
