package decontam

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var sample = []Item{
	{Task: "math", Name: "ducks", Question: "Janet's ducks lay 16 eggs per day. She eats three for breakfast every morning and bakes muffins for her friends every day with four. She sells the remainder at the farmers' market daily for $2 per fresh duck egg. How much in dollars does she make every day at the farmers' market?", Answer: "She makes 9 * 2 = $18 every day at the farmer's market."},
	{Task: "facts", Name: "crust", Question: "Which element is most abundant in the crust of the Earth?", Choices: []string{"Silicon", "Oxygen", "Iron and nickel", "Aluminium"}, Answer: "Oxygen"},
	{Task: "facts", Name: "tower", Question: "In which year was the tower of Gustave Eiffel opened to the public of Paris?", Answer: "1889"},
	{Task: "code", Name: "close", Question: "Check if in given list of numbers, are any two numbers closer to each other than given threshold, and return the index of the first such pair.", Answer: "for idx, elem in enumerate(numbers): for idx2, elem2 in enumerate(numbers): if idx != idx2: distance = abs(elem - elem2)"},
	{Task: "zh", Name: "beef", Question: "肉牛屠宰后，胴体的哪个部位肉质较好", Choices: []string{"胸部", "腹部", "大腿", "小腿"}, Answer: "大腿"},
	{Task: "zh", Name: "budget", Question: "甲公司对其各子公司实行全面预算管理，并通常使用增量预算方式进行战略控制。2015年10月，甲公司投资了一个新的项目乙，2015年11月启动2016年度预算编制工作，此时甲公司应要求乙公司编制哪一种预算"},
	{Task: "zh", Name: "short", Question: "三国演义的作者是谁"},
}

const around = "This is a page about something else, with a few sentences in front of it and nothing to see.\n\n%s\n\nThen the page goes on about the weather of last week, which was neither warm nor cold."

// q returns the question of a sample item.
func q(name string) string {
	for _, it := range sample {
		if it.Name == name {
			return it.Question
		}
	}
	panic("no such item")
}

var planted = []struct {
	name, text string
	decon      []string // items found
	exact      []string
	quoted     bool // too little for both
}{
	{"whole", q("ducks"), []string{"ducks"}, []string{"ducks"}, false},
	{"capitals", strings.ToUpper(q("ducks")), []string{"ducks"}, []string{"ducks"}, false},
	{"punctuation", strings.NewReplacer(".", " -- ", ",", "\n", "$", " ", "?", "!!").Replace(q("ducks")), []string{"ducks"}, []string{"ducks"}, false},
	{"full width", strings.NewReplacer("16", "１６", "Janet", "Ｊａｎｅｔ").Replace(q("ducks")), []string{"ducks"}, []string{"ducks"}, false},
	{"a word exchanged", strings.Replace(q("ducks"), "muffins", "cakes", 1), []string{"ducks"}, []string{"ducks"}, false},
	{"words inserted", strings.Replace(q("ducks"), "every morning", "almost always early every morning", 1), []string{"ducks"}, []string{"ducks"}, false},
	{"words left out", strings.Replace(q("ducks"), "per fresh duck egg", "each", 1), []string{"ducks"}, []string{"ducks"}, false},
	{"a sentence only", "Janet's ducks lay 16 eggs per day. She eats three for breakfast every morning.", nil, []string{"ducks"}, false},
	{"every fifth word exchanged", "Janet's ducks lay 16 xx per day She eats xx for breakfast every morning xx bakes muffins for her xx every day with four xx sells the remainder at xx farmers' market daily for xx per fresh duck egg", nil, nil, false},
	{"short with choices", q("crust") + " A. Silicon B. Oxygen C. Iron and nickel D. Aluminium", []string{"crust"}, nil, false},
	{"short with bare choices", q("crust") + " (Silicon, oxygen, iron and nickel, aluminium)", []string{"crust"}, []string{"crust"}, false},
	{"short with answer", q("crust") + "\nAnswer: it is oxygen.", []string{"crust"}, nil, false},
	{"short without", q("crust") + " Nobody knows.", nil, nil, false},
	{"short, edited, with answer", "Which element is the most abundant in the crust of the Earth? Oxygen", nil, nil, false},
	{"answer too far", q("crust") + strings.Repeat(" blah", 60) + " oxygen", nil, nil, false},
	{"long enough without answer", q("tower"), []string{"tower"}, []string{"tower"}, false},
	{"with its code", q("close") + "\n" + sample[3].Answer, []string{"close"}, []string{"close"}, false},
	{"two items", q("ducks") + "\n\n" + q("crust") + " Oxygen", []string{"ducks", "crust"}, []string{"ducks"}, false},
	{"Chinese with choices", "题目：肉牛屠宰后胴体的哪个部位肉质较好？A．胸部 B．腹部 C．大腿 D．小腿", []string{"beef"}, nil, false},
	{"Chinese without", "肉牛屠宰后胴体的哪个部位肉质较好？看情况。", []string{"beef"}, nil, false},
	{"Chinese with a character put in", "肉牛屠宰后的胴体的哪个部位肉质较好？看情况。", nil, nil, false},
	{"Chinese without its beginning", "屠宰后胴体的哪个部位肉质较好？看情况。", nil, nil, false},
	{"Chinese, characters exchanged", strings.NewReplacer("战略控制", "管控", "十月", "10月").Replace(q("budget")), []string{"budget"}, []string{"budget"}, false},
	{"Chinese, one sentence", "甲公司对其各子公司实行全面预算管理，并通常使用增量预算方式进行战略控制。", nil, []string{"budget"}, true},
	{"too short to look for", q("short") + "？", nil, nil, false},
	{"nothing", "The quick brown fox jumps over the lazy dog.", nil, nil, false},
}

// indexOf indexes items.
func indexOf(cfg Config, items []Item) *Index {
	b := newBuilder(cfg)
	for _, it := range items {
		b.add(it)
	}
	return b.finish()
}

var methods = []string{MethodDecon, MethodNGram13, MethodBoth}

func method(m string) Config {
	cfg := Default()
	cfg.Method = m
	return cfg
}

func found(hits []Hit) []string {
	var out []string
	for _, h := range hits {
		out = append(out, h.Item)
	}
	slices.Sort(out)
	return out
}

func TestPlanted(t *testing.T) {
	for _, m := range methods {
		c := indexOf(method(m), sample).NewChecker()
		for _, p := range planted {
			want := p.decon
			switch {
			case m == MethodNGram13:
				want = p.exact
			case m == MethodBoth && !p.quoted:
				want = append(slices.Clone(want), p.exact...)
			}
			want = slices.Compact(slices.Sorted(slices.Values(want)))
			for _, frame := range []string{"%s", around, "%s\n\n" + around[:40], around[60:]} {
				frame = strings.Replace(frame, "%%", "%", 1)
				if strings.Count(frame, "%s") != 1 {
					continue
				}
				text := fmt.Sprintf(frame, p.text)
				hits := c.CheckAll(text)
				if got := found(hits); !slices.Equal(got, want) {
					t.Errorf("%s, %s: found %v, want %v in %q", m, p.name, hits, want, text)
				}
				at := strings.Index(frame, "%s")
				for _, h := range hits {
					if h.Start < at || h.End > at+len(p.text) || h.Start >= h.End || h.Score <= 0 || h.Score > 1 {
						t.Errorf("%s, %s: hit %+v lies outside of what was planted, %d to %d", m, p.name, h, at, at+len(p.text))
					}
				}
			}
		}
	}
}

// Sampling sees any copy, wherever it begins, whose run of n-grams is as long as
// the distance.
func TestSamplingSeesEveryCopy(t *testing.T) {
	for _, every := range []int{1, 3, 7} {
		cfg := Default()
		cfg.SampleEvery = every
		c := indexOf(cfg, sample).NewChecker()
		for shift := range 2 * every {
			text := strings.Repeat("word ", shift) + q("crust") + " Oxygen"
			if len(c.CheckAll(text)) == 0 {
				t.Errorf("not found behind %d words, sampling every %d", shift, every)
			}
		}
	}
}

func TestHotNGramsStartNothing(t *testing.T) {
	items := slices.Clone(sample)
	for i := range 30 {
		items = append(items, Item{Task: "template", Name: fmt.Sprint(i), Question: "Which of the following statements about the law of the sea is right, and which is not, in your view?", Answer: fmt.Sprint("answer number ", i)})
	}
	cfg := Default()
	cfg.HotItems = 20
	x := indexOf(cfg, items)
	if x.Stats().HotNGrams == 0 {
		t.Fatal("no hot n-grams")
	}
	text := "Which of the following statements about the law of the sea is right, and which is not, in your view? answer number 3 " + q("ducks")
	if got := found(x.NewChecker().CheckAll(text)); !slices.Equal(got, []string{"ducks"}) {
		t.Errorf("found %v, want ducks alone", got)
	}
}

func TestStats(t *testing.T) {
	s := indexOf(Default(), append(slices.Clone(sample), sample[0])).Stats()
	if s.Read != 8 || s.Indexed != 6 || s.TooShort != 1 || s.Duplicates != 1 || s.NGrams == 0 {
		t.Errorf("got %+v", s)
	}
}

func TestCutAndActions(t *testing.T) {
	items := sample
	ducks, first, last := q("ducks"), "First paragraph.\n", "Last\none."
	text := first + "\n" + ducks + "\n\n\n" + last
	cfg := Default()
	cfg.Action = ActionCut
	r := indexOf(cfg, items).NewChecker().Apply(text)
	if want := first + "\n" + last; r.Text != want || r.Reason != "" || r.Counts.Cut != 1 || r.Counts.CutBytes != int64(len(text)-len(want)) {
		t.Errorf("cut: got %q, %+v; want %q", r.Text, r.Counts, want)
	}
	if r := indexOf(cfg, items).NewChecker().Apply(ducks + "\n"); r.Reason != Reason || r.Counts.Dropped != 1 {
		t.Errorf("cutting everything: %+v", r)
	}
	if r := indexOf(cfg, items).NewChecker().Apply("a\n" + strings.Replace(ducks, " She", "\nShe", 1) + "\nb"); r.Text != "a\nb" {
		t.Errorf("cutting lines: %q", r.Text)
	}
	cfg.Action = ActionFlag
	if r := indexOf(cfg, items).NewChecker().Apply(text); r.Reason != "" || r.Text != text || len(r.Hits) != 1 {
		t.Errorf("flag: %+v", r)
	}
	cfg.Action = ActionDrop
	r = indexOf(cfg, items).NewChecker().Apply(text)
	want := Counts{Checked: 2, Hits: 2, Items: 2, Dropped: 2, Tasks: map[string]int64{"math": 2}}
	var sum Counts
	sum.Add(r.Counts)
	sum.Add(r.Counts)
	if d := cmp.Diff(want, sum); r.Reason != Reason || d != "" {
		t.Errorf("drop: %+v %s", r, d)
	}
	if r := indexOf(cfg, items).NewChecker().Apply("clean"); r.Reason != "" || cmp.Diff(r.Counts, Counts{Checked: 1}) != "" {
		t.Errorf("clean: %+v", r)
	}
}

func TestSaveAndLoad(t *testing.T) {
	for _, m := range methods {
		x := indexOf(method(m), sample)
		path := filepath.Join(t.TempDir(), "evals.idx")
		if err := x.Save(path); err != nil {
			t.Fatal(err)
		}
		y, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if x.Stats() != y.Stats() || x.Items() != y.Items() {
			t.Errorf("stats %+v came back as %+v", x.Stats(), y.Stats())
		}
		a, b := x.NewChecker(), y.NewChecker()
		for _, p := range planted {
			if d := cmp.Diff(a.CheckAll(p.text), b.CheckAll(p.text), cmpopts.IgnoreUnexported(Hit{})); d != "" {
				t.Errorf("%s: %s", p.name, d)
			}
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range [][]byte{nil, data[:len(data)-1], data[:40], append(slices.Clone(data), 0), flip(data, 3), flip(data, len(data)/2), flip(data, len(data)-1)} {
			if _, err := decode(bad); err == nil {
				t.Errorf("a damaged file of %d of %d bytes gave no error", len(bad), len(data))
			}
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("a missing file gave %v", err)
	}
}

func flip(data []byte, i int) []byte {
	out := slices.Clone(data)
	out[i] ^= 0x10
	return out
}

func TestValidate(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Errorf("the default: %v", err)
	}
	err := Config{Method: "magic", Action: "hide", Sets: []Set{{}}}.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"method is", "action is", "ngram_words is 0", "exact_chars is 0", "whole_chars is 0", "sample_every is 0", "long_units is 0", "threshold is 0", "sets[0].path"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in:\n%v", want, err)
		}
	}
}

// A mark begins files and, where several were put together, lines.
func TestMarksInSets(t *testing.T) {
	line := `{"question": "Which of the old bridges over the river was built first of all", "answer": "the stone bridge"}`
	path := filepath.Join(t.TempDir(), "ev.jsonl")
	if err := os.WriteFile(path, []byte("\ufeff"+line+"\n\ufeff"+strings.Replace(line, "river", "valley", 1)+"\n\x00\x00"), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg := Default()
	cfg.Sets = []Set{{Path: path}}
	x, err := Build(cfg)
	if err != nil || x.Stats().Read != 2 {
		t.Errorf("%v", err)
	}
}
