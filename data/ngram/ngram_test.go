package ngram

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawTexts makes texts of few words, so that n-grams repeat.
func drawTexts(t *rapid.T) []string {
	word := rapid.SampledFrom([]string{"a", "b", "c", "dd", "天", "下", ",", "<s>", "<unk>", "E5", "it's"})
	sentence := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(word, 0, 9).Draw(t, "words"), " ")
	})
	doc := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(sentence, 1, 4).Draw(t, "sentences"), "\n")
	})
	return append(rapid.SliceOfN(doc, 0, 40).Draw(t, "documents"), "a b c", "b a")
}

func drawConfig(t *rapid.T) Config {
	c := Default()
	c.Order = rapid.IntRange(MinOrder, MaxOrder).Draw(t, "order")
	c.Prune = [][]int64{nil, {0, 1}, {0, 0, 1}, {0, 1, 2}}[rapid.IntRange(0, 3).Draw(t, "prune")]
	c.Prune = c.Prune[:min(len(c.Prune), c.Order)]
	c.Units = rapid.SampledFrom([]string{UnitsMixed, UnitsWhitespace}).Draw(t, "units")
	c.VocabLimit = rapid.SampledFrom([]int{0, 3}).Draw(t, "vocab_limit")
	c.MinWordCount = rapid.SampledFrom([]int64{1, 4}).Draw(t, "min_word_count")
	c.Quantize = rapid.Bool().Draw(t, "quantize")
	c.HeldOut = 0.1
	c.TempDir = os.TempDir()
	return c
}

// fileOf trains with the lists of texts, a worker each, and returns the file.
func fileOf(t *rapid.T, c Config, lists [][]string) []byte {
	tr, err := NewTrainer(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	for _, texts := range lists {
		w, err := tr.Worker()
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			if err := w.Add(text); err != nil {
				t.Fatal(err)
			}
		}
	}
	b, err := tr.Estimate(t.Context())
	if err != nil {
		if strings.Contains(err.Error(), "no training text") {
			t.Skip("all held out")
		}
		t.Fatal(err)
	}
	defer b.Close()
	head, err := b.head()
	if err != nil {
		t.Fatal(err)
	}
	return append(head, b.model.body...) // what Save writes, without the wait for the disk
}

// The file depends neither on memory nor on workers nor on the order of texts.
func TestFileDependsOnTextsAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts, c := drawTexts(t), drawConfig(t)
		plain := fileOf(t, c, [][]string{texts})
		shuffled := rapid.Permutation(texts).Draw(t, "shuffled")
		cut := rapid.IntRange(0, len(texts)).Draw(t, "cut")
		c.MemoryBytes = minMemory // spills after 64 n-grams
		if got := fileOf(t, c, [][]string{shuffled[:cut], nil, shuffled[cut:]}); string(got) != string(plain) {
			t.Fatalf("files of %d and %d bytes differ", len(got), len(plain))
		}
	})
}

// A budget that makes more runs than are merged at a time changes nothing.
func TestManyRuns(t *testing.T) {
	text := corpus(t)
	var files [2]string
	var temp [2]int64
	for i, memory := range []int64{1 << 20, minMemory} {
		c := kenLM(5)
		c.MemoryBytes = memory
		b := train(t, c, nil, []string{text})
		path := filepath.Join(t.TempDir(), "model")
		if err := b.Save(path); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[i], temp[i] = string(data), b.Report().TempBytes
	}
	if files[0] != files[1] {
		t.Error("a small budget gave another file")
	}
	if temp[1] <= temp[0]*3/2 {
		t.Errorf("%d bytes of temporary files, %d with a small budget; the test is blind", temp[0], temp[1])
	}
}

// After every context, the probabilities of all words add up to 1.
func TestProbabilitiesAddUp(t *testing.T) {
	for _, prune := range [][]int64{nil, {0, 1, 2}} {
		c := kenLM(4, prune...)
		c.VocabLimit = 60
		m := train(t, c, nil, []string{corpus(t)}).Model()
		s, err := m.NewScorer(nil)
		if err != nil {
			t.Fatal(err)
		}
		rapid.Check(t, func(t *rapid.T) {
			s.state = state{}
			if rapid.Bool().Draw(t, "start of a sentence") {
				s.state = state{n: 1, words: [MaxOrder]uint32{bosID}, backoff: [MaxOrder]float32{m.unigram(bosID).backoff()}}
			}
			for range rapid.IntRange(0, 4).Draw(t, "context") {
				s.word(rapid.SampledFrom([]uint32{0, 3, 4, 5, 6, 7, 20, 30}).Draw(t, "word"))
			}
			sum, from := 0.0, s.state
			for id := range uint32(m.head.Words) {
				if id == bosID {
					continue
				}
				s.state = from
				sum += math.Pow(10, float64(s.word(id)))
			}
			if math.Abs(sum-1) > 1e-4 {
				t.Fatalf("prune %v: probabilities after %v add up to %g", prune, from.words[:from.n], sum)
			}
		})
	}
}

// Quantising changes scores little, and imported values stay where they were.
func TestQuantizedScoresAreClose(t *testing.T) {
	text := corpus(t)
	c := kenLM(5)
	exact := train(t, c, nil, []string{text})
	c.Quantize = true
	small := train(t, c, nil, []string{text})
	if a, b := small.Model().Info().Bytes, exact.Model().Info().Bytes; a >= b*2/3 {
		t.Errorf("%d bytes quantised, %d without", a, b)
	}
	es, err := exact.Model().NewScorer(nil)
	if err != nil {
		t.Fatal(err)
	}
	qs, err := small.Model().NewScorer(nil)
	if err != nil {
		t.Fatal(err)
	}
	var sum float64
	var n int
	for _, line := range strings.Split(text, "\n")[:500] {
		want, err := es.Tokens(nil, line)
		if err != nil {
			t.Fatal(err)
		}
		got, err := qs.Tokens(nil, line)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if got[i].Length != want[i].Length {
				t.Fatalf("%q: n-gram of length %d, want %d", line, got[i].Length, want[i].Length)
			}
			sum += math.Abs(float64(got[i].Log10 - want[i].Log10))
			n++
		}
	}
	if mean := sum / float64(n); !(mean < 0.02) || mean == 0 {
		t.Errorf("log10 differs by %g in the mean", mean)
	}
}

func TestUnits(t *testing.T) {
	for _, tc := range []struct {
		text, mixed, folded, blank string
	}{
		{"Don't  stop—now, 24x!", "Don't|stop|—|now|,|24x|!", "don't|stop|—|now|,|00x|!", "don't|stop—now,|00x!"},
		{"天下A股\u3000涨。", "天|下|A|股|涨|。", "天|下|a|股|涨|。", "天下a股\u3000涨。"},
		{"L’été 'x' naïve", "L'été|'|x|'|naïve", "l'été|'|x|'|naïve", "l’été|'x'|naïve"},
		{"a\n\n b\r\nカナ한국어", "a|/|/|b|/|カ|ナ|한국어", "a|/|/|b|/|カ|ナ|한국어", "a|/|/|b|/|カナ한국어"},
		{"\xffa\x00Ж٣", "\uFFFD|a|Ж٣", "\uFFFD|a|ж0", "\uFFFDa|ж0"},
		{strings.Repeat("x", 300), strings.Repeat("x", 128), strings.Repeat("x", 128), strings.Repeat("x", 125)},
	} {
		for i, s := range []splitter{{}, {fold: true}, {fold: true, whitespace: true}} {
			s.reset(tc.text)
			var got []string
			for kind := s.next(); kind != endText; kind = s.next() {
				if kind == endLine {
					got = append(got, "/")
				} else {
					got = append(got, string(s.word))
				}
			}
			if g, want := strings.Join(got, "|"), []string{tc.mixed, tc.folded, tc.blank}[i]; g != want {
				t.Errorf("%q, cut %d: %q, want %q", tc.text, i, g, want)
			}
		}
	}
}

// letters is a tokenizer of bytes.
type letters struct{ name string }

func (letters) AppendEncodeUser(dst []int32, text string) []int32 {
	for i := range len(text) {
		dst = append(dst, int32(text[i]))
	}
	return dst
}
func (letters) VocabSize() int        { return 256 }
func (letters) Piece(id int32) string { return fmt.Sprintf("<0x%02X>", id) }
func (l letters) Fingerprint() string { return l.name }

// A model of pieces is one of their names as words.
func TestPieces(t *testing.T) {
	text := "to be or not to be\nthat is the question"
	c := kenLM(3)
	words := ""
	for line := range strings.SplitSeq(text, "\n") {
		for i := range len(line) {
			words += letters{}.Piece(int32(line[i])) + " "
		}
		words += "\n"
	}
	want := train(t, c, nil, []string{words})
	c.Units = UnitsPieces
	got := train(t, c, letters{"one"}, []string{text})
	if string(got.model.body) != string(want.model.body) {
		t.Error("pieces and their names gave different models")
	}
	if _, err := got.Model().NewScorer(letters{"another"}); err == nil || !strings.Contains(err.Error(), "fingerprint one") {
		t.Errorf("another tokenizer: %v", err)
	}
	if _, err := got.Model().NewScorer(nil); err == nil {
		t.Error("no tokenizer was taken")
	}
	s, err := got.Model().NewScorer(letters{"one"})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := want.Model().NewScorer(nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Score(text)
	if err != nil {
		t.Fatal(err)
	}
	b, err := plain.Score(words)
	if err != nil {
		t.Fatal(err)
	}
	if a != b || a.Tokens != int64(len(text)-1) || a.Sentences != 2 {
		t.Errorf("%+v, want %+v", a, b)
	}
}

func TestQuantilesAndRank(t *testing.T) {
	if quantiles(nil) != nil {
		t.Error("quantiles of nothing")
	}
	ppl := []float64{400, 100, 200, 300}
	q := quantiles(ppl)
	for _, tc := range []struct{ ppl, rank float64 }{
		{50, 0}, {100, 0}, {200, 1. / 3}, {300, 2. / 3}, {400, 1}, {1e9, 1}, {math.Sqrt(100 * 200), 1. / 6}, {math.NaN(), 1}, {math.Inf(1), 1},
	} {
		if got := rank(q, tc.ppl); math.Abs(got-tc.rank) > 1e-3 {
			t.Errorf("rank of %g is %g, want %g", tc.ppl, got, tc.rank)
		}
	}
	if got := rank(quantiles([]float64{7, 7, 7}), 7); got != 0 {
		t.Errorf("rank among equals is %g", got)
	}
	for score, want := range map[float64]string{1: "head", 0.75: "head", 0.65: "middle", 0.3: "tail", 0: "tail", -1: ""} {
		if got := Bucket(score); got != want {
			t.Errorf("score %g is %q, want %q", score, got, want)
		}
	}
}

// Held-out documents are not counted, and scores come from their quantiles.
func TestHeldOut(t *testing.T) {
	c := Default()
	c.Order, c.HeldOut = 3, 0.3
	texts := strings.Split(strings.TrimSpace(corpus(t)), "\n")
	b := train(t, c, nil, texts)
	r := b.Report()
	if n := r.Documents + r.HeldOutDocuments; n != 1000 || r.HeldOutDocuments < 200 || r.HeldOutDocuments > 400 || r.Documents != r.Sentences {
		t.Fatalf("%+v of 1000 documents", r)
	}
	path := filepath.Join(t.TempDir(), "model")
	if err := b.Save(path); err != nil {
		t.Fatal(err)
	}
	m, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	s, err := m.NewScorer(nil)
	if err != nil {
		t.Fatal(err)
	}
	var higher, sum float64
	for _, text := range texts {
		r, err := s.Score(text)
		if err != nil {
			t.Fatal(err)
		}
		if !(r.Score >= 0 && r.Score <= 1) {
			t.Fatalf("%q: score %g", text, r.Score)
		}
		if sum += r.Score; r.Score > 0.5 {
			higher++
		}
	}
	// Most of the texts were trained on: they are more fluent than held-out ones.
	if higher < 700 || sum/1000 < 0.7 {
		t.Errorf("%g of 1000 score above a half, %g in the mean", higher, sum/1000)
	}
	for _, text := range []string{"", "\n \n"} {
		if r, err := s.Score(text); err != nil || r != (Result{Score: -1}) {
			t.Errorf("%q: %+v, %v", text, r, err)
		}
	}
}

func TestScoreDoesNotAllocate(t *testing.T) {
	text := corpus(t)
	s, err := train(t, kenLM(5), nil, []string{text}).Model().NewScorer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(5, func() { _, _ = s.Score(text) }); n > 2 {
		t.Errorf("%g allocations per text", n)
	}
}

// Sorting by digits is sorting by comparing.
func TestSortRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mask := rapid.Uint64().Draw(t, "mask")
		recs := make([]record, rapid.IntRange(0, 400).Draw(t, "records"))
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		for i := range recs {
			recs[i].key = key{r.Uint64() & mask, r.Uint64() & mask, r.Uint64()}
		}
		want := slices.Clone(recs)
		slices.SortFunc(want, func(a, b record) int { return a.key.compare(&b.key) })
		if sortRecords(recs); !slices.Equal(recs, want) {
			t.Fatal("not in order")
		}
	})
}
