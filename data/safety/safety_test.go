package safety

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// with writes terms to a file and returns a Scorer of them alone.
func with(t testing.TB, cfg Config, lexicon string) *Scorer {
	t.Helper()
	path := filepath.Join(t.TempDir(), "terms.tsv")
	if err := os.WriteFile(path, []byte(lexicon), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg.Builtin, cfg.Lexicons = nil, []string{path}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func found(s *Scorer, text string) []string {
	var out []string
	for _, m := range s.Find(text) {
		out = append(out, text[m.Start:m.End])
	}
	return out
}

const terms = "@bad 2\ncasino\nonline casino\nbet*\nkill you\n博彩\n网上博彩\n赌钱\n加v信\nav女优\nNo1赌场\n@allow 0\ncasino royale\n反博彩\n"

var matches = []struct {
	text       string
	want       []string
	obfuscated []string // where it differs
}{
	{text: "an Online  Casino, a CASINO", want: []string{"Online  Casino", "CASINO"}},
	{text: "ｃａｓｉｎｏ", want: []string{"ｃａｓｉｎｏ"}},
	{text: "casinos xcasino casino1 casino_x", want: []string{"casino"}},
	{text: "online-casino; online\ncasino", want: []string{"online-casino", "online\ncasino"}},
	{text: "bets better alphabet bet", want: []string{"bet", "bet", "bet"}},
	{text: "kill you casino", want: []string{"kill you", "casino"}},
	{text: "Casino Royale", want: []string{"Casino Royale"}},
	{text: "去网上博彩和博彩", want: []string{"网上博彩", "博彩"}},
	{text: "反博彩", want: []string{"反博彩"}},
	{text: "賭錢，赌錢", want: []string{"賭錢", "赌錢"}},
	{text: "加V信，加ｖ信", want: []string{"加V信", "加ｖ信"}},
	{text: "看AV女优吗no1赌场", want: []string{"AV女优", "no1赌场"}},
	{text: "看No1赌场", want: []string{"No1赌场"}},
	{text: "博 彩，网.上*博-彩。博，彩；博...彩", obfuscated: []string{"博 彩", "网.上*博-彩"}},
	{text: "博 casino彩", want: []string{"casino"}},
	{text: "博 彩", obfuscated: []string{"博 彩"}},
	{text: "博", want: nil},
	{text: "", want: nil},
}

func TestFind(t *testing.T) {
	for _, obfuscated := range []bool{false, true} {
		cfg := Default()
		cfg.Obfuscated = obfuscated
		s := with(t, cfg, terms)
		for _, m := range matches {
			want := m.want
			if obfuscated && m.obfuscated != nil {
				want = m.obfuscated
			}
			if got := found(s, m.text); !slices.Equal(got, want) {
				t.Errorf("obfuscated %v, %q: found %q, want %q", obfuscated, m.text, got, want)
			}
		}
	}
}

// Each term of the built-in lexicons is found in itself, whole, also in capitals
// and behind other text.
func TestBuiltinTermsAreFound(t *testing.T) {
	s, err := New(Default())
	if err != nil {
		t.Fatal(err)
	}
	all, err := Default().terms()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, term := range all {
		if seen[term.Text] {
			t.Errorf("%q stands twice in the lexicons", term.Text)
		}
		seen[term.Text] = true
		if (term.Category == Allow) != (term.Weight == 0) {
			t.Errorf("%q of category %s has weight %g", term.Text, term.Category, term.Weight)
		}
		text := strings.TrimSuffix(term.Text, "*")
		for _, form := range []string{text, "the 的 " + strings.ToUpper(text) + ", 的"} {
			got := s.Find(form)
			if len(got) != 1 || s.Term(got[0].Term).Text != term.Text || got[0].End-got[0].Start != len(text) {
				t.Errorf("%q in %q: found %q", term.Text, form, found(s, form))
			}
		}
	}
	if len(all) < 500 {
		t.Errorf("only %d terms", len(all))
	}
}

// naive finds terms of Han characters: of all matches, the one that begins first
// and is the longest, then on behind it.
func naive(terms []string, text []rune) [][2]int {
	var out [][2]int
	for i := 0; i < len(text); {
		best := 0
		for _, term := range terms {
			n := len([]rune(term))
			if n > best && i+n <= len(text) && string(text[i:i+n]) == term {
				best = n
			}
		}
		if best == 0 {
			i++
			continue
		}
		out = append(out, [2]int{i, i + best})
		i += best
	}
	return out
}

func TestFindEqualsTheNaiveOne(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		word := rapid.StringOfN(rapid.RuneFrom([]rune("甲乙丙")), 1, 5, -1)
		list := rapid.SliceOfNDistinct(word, 1, 8, rapid.ID[string]).Draw(rt, "terms")
		text := rapid.StringOfN(rapid.RuneFrom([]rune("甲乙丙丁")), 0, 30, -1).Draw(rt, "text")
		a := newAlphabet()
		for _, w := range list {
			a.admit(w)
		}
		a.close()
		l := &lexicon{cfg: Default(), feed: feeder{alphabet: a}}
		tr := newTrie()
		for id, w := range list {
			tr.add(l.row(w), int32(id))
			l.terms, l.lead = append(l.terms, Term{Text: w}), append(l.lead, 0)
		}
		l.automaton = tr.build(int(a.count))
		s := l.scorer()
		var got [][2]int
		for _, m := range s.Find(text) {
			if text[m.Start:m.End] != list[m.Term] {
				rt.Fatalf("match of %q is %q", list[m.Term], text[m.Start:m.End])
			}
			got = append(got, [2]int{m.Start / 3, m.End / 3})
		}
		if want := naive(list, []rune(text)); !slices.Equal(got, want) {
			rt.Fatalf("terms %q in %q: found %v, want %v", list, text, got, want)
		}
	})
}

func TestScore(t *testing.T) {
	s := with(t, Default(), terms+"@worse 3\nbomb\n")
	if got, want := s.Categories(), []string{"bad", "worse"}; !slices.Equal(got, want) {
		t.Fatalf("categories %q, want %q", got, want)
	}
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: %g, want %g", what, got, want)
		}
	}
	r := s.Score("nothing here")
	near("clean", r.Safety, 1)
	near("clean, worst", r.Worst, 1)
	if r.Units != 2 || len(r.Paragraphs) != 0 {
		t.Errorf("clean: %+v", r)
	}
	// 200 words and 50 characters in three paragraphs; casino 3 times, bomb once.
	text := strings.Repeat("word ", 196) + "casino\n\n" + "casino casino\n\n" + strings.Repeat("字", 50) + " bomb"
	r = s.Score(text)
	d := 1000 * (2*math.Log2(4) + 3*math.Log2(2)) / 250
	near("safety", r.Safety, 10/(10+d))
	if r.Units != 250 || !slices.Equal(r.Hits, []int32{3, 1}) || len(r.Paragraphs) != 3 {
		t.Errorf("got %+v", r)
	}
	near("first paragraph", r.Paragraphs[0].Safety, 10/(10+1000*2/197.0))
	near("second paragraph", r.Paragraphs[1].Safety, 10/(10+1000*2*math.Log2(3)/100))
	near("worst", r.Worst, 10/(10+1000*2*math.Log2(3)/100))
	if p := r.Paragraphs[1]; text[p.Start:p.End] != "casino casino" {
		t.Errorf("second paragraph is %q", text[p.Start:p.End])
	}
	if r := s.Score("casino royale 反博彩"); r.Safety != 1 || len(r.Paragraphs) != 0 {
		t.Errorf("allowed terms: %+v", r)
	}
	if r := s.Score("a line\ncasino\nanother"); len(r.Paragraphs) != 1 || r.Paragraphs[0].Start != 7 {
		t.Errorf("lines: %+v", r)
	}
}

func TestConfigChangesTheScore(t *testing.T) {
	cfg := Default()
	cfg.MinSafety, cfg.Weights = 0.5, map[string]float64{"bad": 0}
	s := with(t, cfg, terms+"@worse 3\nbomb\n")
	if r := s.Score("casino"); r.Safety != 1 || r.Reason != "" || r.Hits[0] != 1 {
		t.Errorf("switched off: %+v", r)
	}
	if r := s.Clone().Score("bomb"); r.Reason != Reason || math.Abs(r.Safety-0.25) > 1e-9 {
		t.Errorf("dropped: %+v", r)
	}
}

func TestCounts(t *testing.T) {
	cfg := Default()
	cfg.MinSafety = 0.5
	s := with(t, cfg, terms+"@worse 3\nbomb\n")
	var a, b Counts
	for _, text := range []string{"clean", "casino casino bomb", "casino royale"} {
		s.Count(&a, s.Score(text))
	}
	b.Add(a)
	b.Add(a)
	want := Counts{Scored: 6, WithHit: 2, Dropped: 2, Hits: map[string]int64{"bad": 4, "worse": 2}}
	if d := cmp.Diff(want, b); d != "" {
		t.Error(d)
	}
}

// A text and its copies in other forms have one score; more bad words never make it
// safer.
func TestScoreProperties(t *testing.T) {
	s, err := New(Default())
	if err != nil {
		t.Fatal(err)
	}
	words := []string{"the", "casino", "porn", "murder", "代开发票", "毒品", "你好", "，", "\n\n", "weather", "ratio", "sex", "kill", "you", "。"}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 40).Draw(t, "words"), " ")
		a := s.Score(text)
		hits := slices.Clone(a.Hits)
		worst := 1.0
		for _, p := range a.Paragraphs {
			worst = min(worst, p.Safety)
		}
		if a.Safety <= 0 || a.Safety > 1 || a.Worst != worst || (a.Safety == 1) != (worst == 1) {
			t.Fatalf("%q: %+v", text, a)
		}
		if b := s.Score(strings.ToUpper(text)); b.Safety != a.Safety || !slices.Equal(b.Hits, hits) {
			t.Fatalf("%q has %g, in capitals %g", text, a.Safety, b.Safety)
		}
		if b := s.Score(text + "\n\nporn"); b.Safety > a.Safety && a.Units >= 100 {
			t.Fatalf("%q has %g, with another bad word %g", text, a.Safety, b.Safety)
		}
	})
}

func TestErrors(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Errorf("the default: %v", err)
	}
	err := Config{MinSafety: 2, Builtin: []string{"fr"}, Weights: map[string]float64{"x": -1}}.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"min_safety is 2", `builtin has "fr"`, "weights.x is -1", "half is 0", "min_units is 0"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in:\n%v", want, err)
		}
	}
	for text, want := range map[string]string{
		"a\tb\tc":     "line 1: \"c\" is no weight",
		"x\n@bad":     "line 2 is \"@bad\"",
		"@bad -1":     "\"-1\" is no weight",
		"a\tb\t1\t2":  "line 1 is",
		"a\ttwo word": "line 1 is",
		"\xff":        "line 1 is not valid UTF-8",
		"...":         `the term "..." has no letters`,
		"*":           `the term "*" has no letters`,
		"\U0001F600":  "has no letters",
	} {
		path := filepath.Join(t.TempDir(), "terms.tsv")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		cfg := Default()
		cfg.Lexicons = []string{path}
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
	cfg := Default()
	cfg.Weights = map[string]float64{"weather": 1}
	if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), `weights has "weather"`) {
		t.Errorf("unknown category: %v", err)
	}
	cfg = Default()
	cfg.Lexicons = []string{"no/such/file"}
	if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), "no/such/file") {
		t.Errorf("missing file: %v", err)
	}
}

func TestParseLexicon(t *testing.T) {
	got, err := ParseLexicon(strings.NewReader("\ufeff# comment\nplain\n\n@bad 2.5\nfirst\nsecond\tworse\nthird\tworst\t4\n"))
	want := []Term{{"plain", "other", 1}, {"first", "bad", 2.5}, {"second", "worse", 2.5}, {"third", "worst", 4}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v (%v), want %v", got, err, want)
	}
}

// A term of a later lexicon takes the place of an equal one.
func TestLaterLexiconsOverride(t *testing.T) {
	path := filepath.Join(t.TempDir(), "own.tsv")
	if err := os.WriteFile(path, []byte("MURDER*\tallow\t0\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg := Default()
	cfg.Lexicons = []string{path}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if r := s.Score("murder, a murderer"); r.Safety != 1 {
		t.Errorf("got %+v", r)
	}
}

func FuzzLexicon(f *testing.F) {
	f.Add(terms, "a casino in 网上博彩")
	f.Add("x\ty\t1", "x")
	cfg := Default()
	cfg.Obfuscated = true
	if _, err := compile(cfg, nil); err != nil { // makes what is made once
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, lexicon, text string) {
		list, err := ParseLexicon(strings.NewReader(lexicon))
		if err != nil {
			return
		}
		for _, term := range list {
			if term.Text == "" || term.Category == "" || !(term.Weight >= 0) {
				t.Fatalf("%q gave %+v", lexicon, term)
			}
		}
		s, err := compile(cfg, list)
		if err != nil {
			return
		}
		last := 0
		for _, m := range s.Find(text) {
			if m.Start < last || m.End <= m.Start || m.End > len(text) {
				t.Fatalf("%q: match %+v behind %d", text, m, last)
			}
			last = m.End
		}
		if r := s.Score(text); !(r.Safety > 0 && r.Safety <= 1) {
			t.Fatalf("%q: %+v", text, r)
		}
	})
}

func BenchmarkScore(b *testing.B) {
	s, err := New(Default())
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct{ name, text string }{
		{"prose", "The quick brown fox jumps over the lazy dog, and the dog, which was not asleep, saw it with one eye.\n"},
		{"code", "func (s *scan) add(k Kind, start, end int) { s.out = append(s.out, Match{k, start, end}) } // x[3] = 17\n"},
		{"chinese", "秦川雄帝宅，函谷壮皇居。绮殿千寻起，离宫百雉余。连甍遥接汉，飞观迥凌虚。\n"},
		{"spam", "网上博彩平台注册送彩金，代开发票加微信，online casino bonus and cheap viagra.\n"},
	} {
		b.Run(c.name, func(b *testing.B) {
			text := strings.Repeat(c.text, 200)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				s.Score(text)
			}
		})
	}
}

func ExampleScorer_Score() {
	s, err := New(Default())
	if err != nil {
		panic(err)
	}
	r := s.Score("网上博彩平台，注册送彩金，加微信")
	for i, n := range r.Hits {
		if n > 0 {
			fmt.Println(s.Categories()[i], n)
		}
	}
	fmt.Printf("%.2f\n", r.Safety)
	// Output:
	// fraud 1
	// gambling 2
	// 0.12
}
