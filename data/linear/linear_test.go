package linear

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestUnits(t *testing.T) {
	for text, want := range map[string]string{
		"The Sea's e-mail, 3.14!":     "the sea ' s e - mail , 3 . 14 !",
		"山水Road路":                     "山 水 road 路",
		"漢字かな カナ・한국어 ｱ":               "漢 字 か な カ ナ ・ 한국어 ｱ",
		"ÉCOLE\u00a0été\u3000МОРЕ":    "école été море",
		"a\u200bb\x00c\td":            "a b c d",
		"e\u0301a \xff <b>":           "e\u0301a \ufffd < b >",
		"__label__x </s>":             "_ _ label _ _ x < / s >",
		"、。「」﹏ ¥5":                    "、 。 「 」 ﹏ ¥ 5",
		"":                            "",
		"\U00020000\U0001f642x\u3007": "\U00020000 \U0001f642 x \u3007",
	} {
		if got := strings.Join(tokensOf(Units, text), " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Units are a way to write a text with spaces: fastText reads the result as the
// same tokens. Hashes are those of the token.
func TestUnitsAreSpaced(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(rt, "text")
		tokens := tokensOf(Units, text)
		if again := tokensOf(Spaces, strings.Join(tokens, " ")); !slices.Equal(tokens, again) {
			rt.Fatalf("%q became %q", tokens, again)
		}
		for _, mode := range []Tokens{Units, Spaces} {
			var s splitter
			for s.start(mode, text); s.next(); {
				if s.hash != hashToken(string(s.token)) || len(s.token) == 0 {
					rt.Fatalf("token %q has hash %d", s.token, s.hash)
				}
			}
		}
	})
}

func TestScoreIsWhatPredictSays(t *testing.T) {
	for name, m := range goldenModels(t) {
		s := m.NewScorer()
		for _, text := range []string{"the river runs", "山 水 x", strings.Repeat("rain sea of ", 1000)} {
			for _, p := range s.Predict(text, 0, 0, nil) {
				label, err := m.Label(p.Label)
				if err != nil {
					t.Fatal(err)
				}
				if got := s.Score(text, label); got != p.Probability {
					t.Errorf("%s: %.20q: score %g, predicted %+v", name, text, got, p)
				}
			}
			top := s.Predict(text, 3, 0, nil)
			if all := s.Predict(text, 0, 0, nil); !slices.Equal(top, all[:len(top)]) {
				t.Errorf("%s: the best three %v are not the first of %v", name, top, all)
			}
			for _, p := range s.Predict(text, 0, 0.1, nil) {
				if p.Probability < 0.1 {
					t.Errorf("%s: %+v is below the threshold", name, p)
				}
			}
		}
	}
}

func TestScoringDoesNotAllocate(t *testing.T) {
	for name, m := range goldenModels(t) {
		s, dst := m.NewScorer(), make([]Prediction, 0, 512)
		text := strings.Repeat("the river runs to 山水 unknown-words ", 300)
		s.Predict(text, 3, 0, dst)
		if n := testing.AllocsPerRun(3, func() {
			s.Score(text, 0)
			s.Predict(text, 3, 0, dst)
		}); n != 0 {
			t.Errorf("%s: %g allocations", name, n)
		}
	}
}

func TestCompactModelsSayTheSame(t *testing.T) {
	models, shorter := goldenModels(t), 0
	m, _ := trained(t, small(), texts(60))
	models["own"] = m
	for name, m := range models {
		c := m.Compact()
		if c == m {
			continue
		}
		shorter++
		tolerance := float32(1e-5)
		if m.args.Loss == lossOneVsAll || m.args.Loss == lossNegative {
			tolerance = 0.008
		}
		a, b := m.NewScorer(), c.NewScorer()
		for _, r := range append(goldenRows(t), goldenRow{Text: texts(1)[0].Text}) {
			for label := range m.Labels() {
				x, y := a.Score(r.Text, label), b.Score(r.Text, label)
				if x-y > tolerance || y-x > tolerance {
					t.Errorf("%s: %.30q: label %d has %g, compact %g", name, r.Text, label, x, y)
				}
			}
		}
		if c.pruned == nil {
			read, err := Parse(fileOf(t, c))
			if err != nil {
				t.Fatal(err)
			}
			if x, y := b.Score("rain", 0), read.NewScorer().Score("rain", 0); x != y {
				t.Errorf("%s: %g is read as %g", name, x, y)
			}
		}
	}
	if shorter != 6 {
		t.Errorf("%d models became shorter", shorter)
	}
}

func TestLabels(t *testing.T) {
	m := goldenModels(t)["hs.bin"]
	a, err := m.Label("7")
	b, err2 := m.Label("__label__7")
	if err != nil || err2 != nil || a != b || m.Labels()[a] != "7" {
		t.Errorf("labels %d and %d, %v, %v", a, b, err, err2)
	}
	if _, err := m.Label("nosuch"); err == nil || !strings.Contains(err.Error(), "and 19 more") {
		t.Errorf("unknown label: %v", err)
	}
}

// Damage names the place and what to do.
func TestDamagedFiles(t *testing.T) {
	good, err := os.ReadFile("testdata/softmax.bin")
	if err != nil {
		t.Fatal(err)
	}
	m, _ := trained(t, small(), texts(40))
	own := fileOf(t, m)
	change := func(b []byte, at int, with ...byte) []byte {
		c := bytes.Clone(b)
		copy(c[at:], with)
		return c
	}
	for name, tc := range map[string]struct {
		data []byte
		want string
	}{
		"empty":         {nil, "at byte 0"},
		"other file":    {[]byte("PAR1abcdefgh"), "no model of fastText"},
		"version":       {change(good, 4, 99), "version 99"},
		"vectors":       {change(good, 8+28, 1), "word vectors"},
		"dim":           {change(good, 8, 9), "9"},
		"loss":          {change(good, 8+24, 9), "loss is 9"},
		"bucket":        {change(good, 8+32, 0xff, 0xff, 0xff, 0x7f), "rows"},
		"entries":       {change(good, 8+56, 0xff, 0xff, 0xff, 0x7f), "entries"},
		"cut short":     {good[:len(good)-1], "the output matrix needs"},
		"behind":        {append(bytes.Clone(good), "123456789"...), "9 bytes lie behind"},
		"trailer":       {own[:len(own)-1], "checksum"},
		"flipped":       {change(own, len(own)/2, own[len(own)/2]^1), "the checksum is"},
		"more trailers": {append(bytes.Clone(own), 'x'), "behind the trailer"},
	} {
		_, err := Parse(tc.data)
		if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "at byte") {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
	path := filepath.Join(t.TempDir(), "bad.bin")
	if err := os.WriteFile(path, good[:100], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "fetch it again") {
		t.Errorf("%v names no file or mend", err)
	}
}

// No file makes the reader or a scorer panic, nor take memory beyond its size.
func FuzzParse(f *testing.F) {
	paths, _ := filepath.Glob("testdata/*.[bf]*")
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	m, _ := trained(f, small(), texts(10))
	f.Add(fileOf(f, m))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Parse(data)
		if err != nil {
			return
		}
		s := m.NewScorer()
		s.Predict("the river 山水 </s> x", 2, 0, nil)
		s.Score("the sea runs to the river", m.dict.labels-1)
	})
}

// A score that is no number is passed over.
func TestAUCOfNoNumber(t *testing.T) {
	nan := float32(math.NaN())
	if got := AUC([]float32{nan, 1, 0, nan}, []bool{true, true, false, false}); got != 1 {
		t.Errorf("AUC %g, want 1", got)
	}
}

func TestAUC(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 30).Draw(rt, "n")
		scores, positive := make([]float32, n), make([]bool, n)
		for i := range scores {
			scores[i], positive[i] = float32(rapid.IntRange(0, 6).Draw(rt, "score")), rapid.Bool().Draw(rt, "positive")
		}
		var won, pairs float64
		for i := range scores {
			for j := range scores {
				if positive[i] && !positive[j] {
					pairs++
					if scores[i] > scores[j] {
						won++
					} else if scores[i] == scores[j] {
						won += 0.5
					}
				}
			}
		}
		want := 0.5
		if pairs > 0 {
			want = won / pairs
		}
		if got := AUC(scores, positive); got-want > 1e-12 || want-got > 1e-12 {
			rt.Fatalf("%g, want %g", got, want)
		}
	})
}

func TestCounts(t *testing.T) {
	c := Counts{TruePositive: 6, FalsePositive: 2, FalseNegative: 4}
	if c.Precision() != 0.75 || c.Recall() != 0.6 || c.F1() != 12.0/18 || (Counts{}).F1() != 0 {
		t.Errorf("%g %g %g", c.Precision(), c.Recall(), c.F1())
	}
}

func TestCrossValidation(t *testing.T) {
	c, ex := small(), texts(200)
	q, err := CrossValidate(context.Background(), c, ex, 4)
	if err != nil || q.Documents != 200 || q.Accuracy < 0.95 || q.Labels["nature"].AUC < 0.98 || q.Labels["nature"].Documents != 100 {
		t.Errorf("%+v, %v", q, err)
	}
	// Labels drawn at random cannot be predicted, even when each text stands
	// there five times, if its copies share a group.
	for i := range ex {
		ex[i].Text, ex[i].Group = fmt.Sprintf("only%d words%d here%d", i/5, i/5, i/5), fmt.Sprint(i/5)
		ex[i].Labels = []string{[]string{"a", "b"}[binary.LittleEndian.Uint16([]byte(fmt.Sprintf("%02d", i/5%97)))%7%2]}
	}
	q, err = CrossValidate(context.Background(), c, ex, 5)
	if err != nil || q.Labels["a"].AUC > 0.75 {
		t.Errorf("copies in one group leak: %+v, %v", q, err)
	}
	for i := range ex {
		ex[i].Group = ""
	}
	if q, err = CrossValidate(context.Background(), c, ex, 5); err != nil || q.Labels["a"].AUC < 0.9 {
		t.Errorf("copies in no group do not leak: %+v, %v", q, err)
	}
	if _, err := CrossValidate(context.Background(), c, ex[:1], 5); err == nil {
		t.Error("one example made five folds")
	}
}
