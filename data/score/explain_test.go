package score

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func mustNew(t *testing.T, cfg Config) *Scorer {
	t.Helper()
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const shortProse = "The kitten slept on the carpet, and that was the end of it. # # # #"

func TestExplainTellsOfEveryRule(t *testing.T) {
	cfg := Default()
	cfg.Profile = "web"
	three := 3.0
	cfg.Bounds = map[string]Bound{"gopher_word_count": {Min: &three}, "gopher_dup_lines": {Off: true}}
	s := mustNew(t, cfg)
	x := s.Explain(shortProse, Nothing())
	rules, failed := 0, ""
	for _, set := range RuleSets() {
		rules += len(set)
	}
	if len(x.Verdicts) != rules {
		t.Errorf("%d verdicts on %d rules", len(x.Verdicts), rules)
	}
	by := map[string]Verdict{}
	for _, v := range x.Verdicts {
		by[v.Rule] = v
		if v.Active && !v.Pass {
			failed += v.Rule + " "
		}
	}
	if v := by["gopher_word_count"]; !v.Active || !v.Pass || *v.Min != 3 || *v.Max != 100000 || v.Value != 13 || v.Measure != "words" {
		t.Errorf("word count: %+v", v)
	}
	if v := by["gopher_datatrove_word_count"]; v.Active || v.Pass || *v.Min != 50 || v.Value != 13 || v.Set != "gopher_quality_datatrove" {
		t.Errorf("datatrove's word count: %+v", v)
	}
	if v := by["gopher_hash_ratio"]; v.Pass || v.Min != nil || *v.Max != 0.1 {
		t.Errorf("hash ratio: %+v", v)
	}
	if by["gopher_dup_lines"].Active {
		t.Error("a rule that is off is active")
	}
	if x.Reason != "gopher_hash_ratio" || !strings.Contains(failed, x.Reason) {
		t.Errorf("dropped for %s, failed are %s", x.Reason, failed)
	}
	if r := s.Score(shortProse, false); r.Reason != x.Reason || r.Quality != x.Quality {
		t.Errorf("Score says %s, %g", r.Reason, r.Quality)
	}
	if _, err := json.Marshal(x.Verdicts); err != nil {
		t.Error(err)
	}
	product, weights := 0.0, 0.0
	for _, c := range x.Components {
		product += c.Weight * math.Log(max(0.01, c.Value))
		weights += c.Weight
	}
	if q := math.Exp(product / weights); math.Abs(q-float64(x.Quality)) > 1e-4 || len(x.Components) != 10 {
		t.Errorf("%d components make %g, quality is %g", len(x.Components), q, x.Quality)
	}
}

func TestModelsCountInQuality(t *testing.T) {
	s := mustNew(t, Default())
	quality := func(change func(*Known)) float32 {
		k := Nothing()
		change(&k)
		return s.ScoreKnown(shortProse, k).Quality
	}
	plain := s.Score(shortProse, false).Quality
	if q := quality(func(*Known) {}); q != plain {
		t.Errorf("quality %g without models, %g with none", plain, q)
	}
	if q := quality(func(k *Known) { k.Extra.Safety = 0.05 }); q > 0.8*plain {
		t.Errorf("an unsafe text has %g, %g without the score", q, plain)
	}
	low, high := quality(func(k *Known) { k.Extra.Classifier = 0.1 }), quality(func(k *Known) { k.Extra.Classifier = 1 })
	worse := quality(func(k *Known) { k.Extra.Classifier, k.Extra.Perplexity = 0.1, 0.1 })
	if !(worse < low && low < plain && plain < high) {
		t.Errorf("qualities %g, %g, %g, %g", worse, low, plain, high)
	}
	cfg := Default()
	cfg.Weights = Weights{Classifier: 1}
	only := mustNew(t, cfg)
	k := Nothing()
	k.Extra.Classifier = 0.25
	if a, b := only.ScoreKnown(shortProse, k).Quality, only.Score(shortProse, false).Quality; a != 0.25 || b != 0 {
		t.Errorf("by the classifier alone %g, without it %g", a, b)
	}
}

func TestGuessFromOutside(t *testing.T) {
	cfg := Default()
	cfg.Languages = []string{"zh"}
	s := mustNew(t, cfg)
	k := Nothing()
	k.Guess = &Guess{Chinese, "Hani", 0.9}
	if r := s.ScoreKnown(shortProse, k); r.Guess != *k.Guess || r.Reason != Kept {
		t.Errorf("%+v", r)
	}
	k.Guess = &Guess{"fr", "Latn", 0.9} // a language without rules of its own
	s = mustNew(t, Default())
	if r := s.ScoreKnown("== ** == ** ==", k); r.Reason != "general_too_short" {
		t.Errorf("reason %s", r.Reason)
	}
}

func TestSignals(t *testing.T) {
	e := Extractor{Need: NeedAll}
	f, _, _ := e.Extract(shortProse)
	a := f.Signals()
	seen := map[string]float64{}
	for _, s := range a {
		if _, twice := seen[s.Name]; twice {
			t.Errorf("two signals are named %s", s.Name)
		}
		seen[s.Name] = s.Value
	}
	if a[0].Name != "all_chars" || a[0].Value != float64(len(shortProse)) || seen["words"] != 13 || seen["dolma_words"] != 17 {
		t.Errorf("%v", a)
	}
	if len(a) != len(Measures()) {
		t.Errorf("%d signals of %d measures", len(a), len(Measures()))
	}
}

// What one measures does not depend on what else is measured.
func TestNeedChangesNothingElse(t *testing.T) {
	text := strings.Repeat("The cat's well-known hat sat on the mat. 春眠不觉晓，处处闻啼鸟。\n", 5)
	values := func(need Need) map[string]float64 { return peerValues(&Extractor{Need: need}, text) }
	all := values(NeedAll)
	for _, need := range []Need{0, NeedDatatrove, NeedDolma, NeedRPV2, NeedCharNGrams, NeedCopies} {
		got := values(need)
		for _, m := range measures {
			if m.need&^need == 0 && got[m.name] != all[m.name] {
				t.Errorf("with %b, %s is %g, with all it is %g", need, m.name, got[m.name], all[m.name])
			}
		}
	}
}

func TestTraditional(t *testing.T) {
	f := features("為於後说后里㑮")
	if f.Traditional != 4 {
		t.Errorf("%d traditional characters, want 4", f.Traditional)
	}
}

func TestScoreDoesNotAllocate(t *testing.T) {
	cfg := Default()
	cfg.RuleSets = map[string][]string{"en": {"gopher_repetition_dolma", "gopher_repetition_rpv2", "gopher_repetition_datatrove"}, "zh": {"zh_datajuicer"}}
	s := mustNew(t, cfg)
	for _, text := range []string{strings.Repeat(shortProse+"\nDr. Who, etc. is here. We use cookies.\n", 20), strings.Repeat("春眠不觉晓，处处闻啼鸟。……\n", 30)} {
		if n := testing.AllocsPerRun(20, func() { s.Score(text, false) }); n > 0 {
			t.Errorf("%g allocations per text", n)
		}
	}
}

func TestSingleRuleSets(t *testing.T) {
	verse := "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"
	varied := "学校设在河边的老房子里，孩子们每天清晨划船过来。先生教他们认字、算账，也教他们看云识天气。\n"
	long := strings.Repeat("We walked for hours through the wood and along the wall, and then up to the old chapel on the hill. ", 3)
	e := Extractor{Need: NeedAll}
	for _, tc := range []struct{ set, keep, drop, reason string }{
		{"zh_cwt_traditional", verse, verse + "為", "zh_cwt_traditional"},
		{"zh_mnbvc", "春眠不觉晓处处闻啼鸟abc", "春眠不觉晓 has only five of them", "zh_mnbvc_han"},
		{"zh_datajuicer", varied + verse, strings.Repeat("哈", 100), "zh_datajuicer_dup_char_10gram"},
		{"zh_datajuicer", varied, strings.Repeat("-=*#%", 20) + "天", "zh_datajuicer_alnum"},
		{"ccnet", strings.Repeat("a b ", 75), strings.Repeat("a b ", 74), "ccnet_chars"},
		{"mc4", long + "\n" + long + "\n" + long, long + "\n" + long, "mc4_long_lines"},
		{"c4", strings.Repeat("They left. ", 5), strings.Repeat("They left. ", 4) + "And then", "c4_sentences"},
	} {
		f, _, _ := e.Extract(tc.keep)
		if r := broken(f, tc.set); r != "" {
			t.Errorf("%s drops %q for %s", tc.set, tc.keep, r)
		}
		f, _, _ = e.Extract(tc.drop)
		if r := broken(f, tc.set); r != tc.reason {
			t.Errorf("%s on %q: %q, want %s", tc.set, tc.drop, r, tc.reason)
		}
	}
}
