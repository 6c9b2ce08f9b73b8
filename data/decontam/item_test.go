package decontam

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

// layouts are rows in the layouts of public evaluation sets.
var layouts = []struct {
	name, row string
	fields    Fields
	want      Item
}{
	{"MMLU", `{"split":"test","subject":"law","question":"Q?","choices":["a","b","c","d"],"answer":1}`, Fields{},
		Item{Task: "law", Name: "7", Question: "Q?", Answer: "b", Choices: []string{"a", "b", "c", "d"}}},
	{"GSM8K", `{"question":"Q?","answer":"2*3=<<2*3=6>>6.\n#### 6"}`, Fields{}, Item{Name: "7", Question: "Q?", Answer: "2*3=6.\n#### 6"}},
	{"C-Eval", `{"subject":"s","id":0,"question":"问","A":"甲","B":"乙","C":"丙","D":"丁","answer":"C","explanation":"x"}`, Fields{},
		Item{Task: "s", Name: "0", Question: "问", Answer: "丙", Choices: []string{"甲", "乙", "丙", "丁"}}},
	{"C-Eval test", `{"id":3,"question":"问","A":"甲","B":"乙","C":"丙","D":"丁","answer":""}`, Fields{},
		Item{Name: "3", Question: "问", Choices: []string{"甲", "乙", "丙", "丁"}}},
	{"CMMLU", `{"subject":"s","Question":"问","A":"甲","B":"乙","C":"丙","D":"丁","Answer":"A"}`, Fields{},
		Item{Task: "s", Name: "7", Question: "问", Answer: "甲", Choices: []string{"甲", "乙", "丙", "丁"}}},
	{"AGIEval", `{"task":"t","id":4,"passage":"P","question":"Q?","options":["(A)one","(B) two"],"label":"B","answer":null}`, Fields{},
		Item{Task: "t", Name: "4", Question: "Q?", Answer: "two", Choices: []string{"one", "two"}}},
	{"AGIEval cloze", `{"task":"t","id":4,"passage":null,"question":"Q?","options":null,"label":null,"answer":"12"}`, Fields{}, Item{Task: "t", Name: "4", Question: "Q?", Answer: "12"}},
	{"HumanEval", `{"task_id":"HumanEval/0","prompt":"def f():","canonical_solution":"  return 1","entry_point":"f","test":"x"}`, Fields{},
		Item{Name: "HumanEval/0", Question: "def f():", Answer: "return 1"}},
	{"MBPP", `{"text":"Write f.","code":"def f(): pass","task_id":11,"test_list":["assert f()"]}`, Fields{}, Item{Name: "11", Question: "Write f.", Answer: "def f(): pass"}},
	{"BBH", `{"task":"bool","id":0,"input":"not True is","target":"False"}`, Fields{}, Item{Task: "bool", Name: "0", Question: "not True is", Answer: "False"}},
	{"MedQA", `{"realidx":0,"question":"Q?","options":{"A":"x","B":"y"},"answer_idx":"B","answer":"y"}`, Fields{},
		Item{Name: "0", Question: "Q?", Answer: "y", Choices: []string{"x", "y"}}},
	{"GAOKAO-Bench", `{"keyword":"k","index":5,"question":"Q?","answer":["A"],"analysis":"z"}`, Fields{}, Item{Task: "k", Name: "5", Question: "Q?"}},
	{"TruthfulQA", `{"question":"Q?","best_answer":"It is so."}`, Fields{}, Item{Name: "7", Question: "Q?", Answer: "It is so."}},
	{"named", `{"q":"Q?","sol":"So.","key":"x1","o1":"a","o2":"b","set":"z"}`, Fields{ID: "key", Task: "set", Question: "q", Answer: "sol", Choices: "o1, o2"},
		Item{Task: "z", Name: "x1", Question: "Q?", Answer: "So.", Choices: []string{"a", "b"}}},
	{"index out of range", `{"question":"Q?","choices":["a","b"],"answer":9}`, Fields{}, Item{Name: "7", Question: "Q?", Choices: []string{"a", "b"}}},
}

func TestLayouts(t *testing.T) {
	for _, l := range layouts {
		got, err := ParseItem([]byte(l.row), l.fields, 7)
		if err != nil {
			t.Errorf("%s: %v", l.name, err)
		} else if d := cmp.Diff(l.want, got); d != "" {
			t.Errorf("%s: %s", l.name, d)
		}
	}
}

func TestBrokenRows(t *testing.T) {
	for row, want := range map[string]string{
		`{"a":`:                   "is no JSON object",
		`[1]`:                     "is no JSON object",
		`{"query":3.5e,"x":1}`:    "is no JSON object",
		`{"q":"Q?","b":1}`:        "it has the fields b, q",
		`{"question":["Q?"]}`:     "has no question",
		`{"text":"T","answer":1}`: "",
	} {
		_, err := ParseItem([]byte(row), Fields{}, 1)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", row, err, want)
		}
	}
	if _, err := ParseItem([]byte(`{"question":"Q?"}`), Fields{Choices: "A,B"}, 1); err == nil || !strings.Contains(err.Error(), `no field "A"`) {
		t.Errorf("missing choices: %v", err)
	}
	if _, err := ParseItem([]byte(`{"question":"Q?"}`), Fields{Answer: "gold"}, 1); err == nil || !strings.Contains(err.Error(), `no field "gold"`) {
		t.Errorf("missing answer: %v", err)
	}
}

func TestBuildReadsFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	rows := `{"question":"` + q("tower") + `","answer":"1889","subject":"history"}` + "\n\n" + `{"question":"` + q("ducks") + `"}`
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	plain := write("a.jsonl", rows)
	packed := write("b.jsonl.zst", string(enc.EncodeAll([]byte(rows), nil)))
	array := write("c.json", "["+strings.ReplaceAll(strings.ReplaceAll(rows, "\n\n", ","), "Janet", "Jane")+"]")
	cfg := Default()
	cfg.Sets = []Set{{Path: plain}, {Path: packed}, {Path: array, Name: "arr"}}
	x, err := Build(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if s := x.Stats(); s.Read != 6 || s.Indexed != 3 || s.Duplicates != 3 {
		t.Errorf("got %+v", s)
	}
	if h := x.NewChecker().CheckAll(q("tower") + " 1889"); len(h) == 0 || h[0].Task != "a/history" || h[0].Item != "1" {
		t.Errorf("got %+v", h)
	}
	if h := x.NewChecker().CheckAll(strings.ReplaceAll(q("ducks"), "Janet", "Jane")); len(h) == 0 || h[0].Task != "arr" || h[0].Item != "2" {
		t.Errorf("got %+v", h)
	}
	for _, c := range []struct{ path, want string }{
		{filepath.Join(dir, "none*"), "there is no such file"},
		{filepath.Join(dir, "[a"), "not a pattern"},
		{write("bad.jsonl", `{"question":"x"}`+"\n{"), "bad.jsonl: line 2 is no JSON object"},
		{write("bad.json", `[{"question":"x"},`), "after 1 items"},
		{write("short.jsonl", `{"question":"x"}`), "long enough"},
		{write("bad.gz", "\x1f\x8bnot gzip"), "bad.gz"},
	} {
		cfg.Sets = []Set{{Path: c.path}}
		if _, err := Build(cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.path, err, c.want)
		}
	}
}

func FuzzParseItem(f *testing.F) {
	for _, l := range layouts {
		f.Add([]byte(l.row))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		it, err := ParseItem(raw, Fields{}, 1)
		if err == nil && (it.Question == "" || it.Name == "") {
			t.Fatalf("%q gave %+v without an error", raw, it)
		}
		indexOf(Default(), []Item{it}).NewChecker().CheckAll(it.Question + it.Answer)
	})
}

func FuzzIndexFile(f *testing.F) {
	for _, items := range [][]Item{nil, sample[:1], sample} {
		data, err := indexOf(Default(), items).encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data[len(magic):])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		x, err := decodeBody(body)
		if err != nil {
			return
		}
		x.NewChecker().CheckAll(sample[0].Question)
		again, err := x.encode()
		if err != nil {
			t.Fatal(err)
		}
		if y, err := decodeBody(again[len(magic):]); err != nil || y.Stats() != x.Stats() {
			t.Fatalf("written and read again: %v", err)
		}
	})
}
