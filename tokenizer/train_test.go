package tokenizer

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// trainCorpus is the text of testdata/train_golden.jsonl.gz.
func trainCorpus(tb testing.TB) string {
	return string(gunzip(tb, filepath.Join("testdata", "train_corpus.txt.gz")))
}

// trainGolden is a training of SentencePiece 0.2.3 on train_corpus.txt.gz,
// or on a text of its own, its settings and its pieces (text, type, score).
type trainGolden struct {
	Config json.RawMessage
	Corpus string
	Pieces [][3]any
}

// TestTrainGolden wants the same pieces with the same ids, types and scores.
func TestTrainGolden(t *testing.T) {
	whole := trainCorpus(t)
	n := 0
	eachLine(t, filepath.Join("testdata", "train_golden.jsonl.gz"), func(g trainGolden) {
		n++
		cfg := TrainConfig{MaxAlphabetShare: 1, MaxDistinctWords: 1 << 20}
		decoder := yaml.NewDecoder(bytes.NewReader(g.Config)) // JSON is YAML
		decoder.KnownFields(true)
		if err := decoder.Decode(&cfg); err != nil {
			t.Fatal(err)
		}
		corpus := cmp.Or(g.Corpus, whole)
		tok, err := Train(t.Context(), cfg, slices.Values([]string{corpus}))
		if err != nil {
			t.Errorf("%s: %v", g.Config, err)
			return
		}
		if tok.VocabSize() != len(g.Pieces) {
			t.Errorf("%s: %d pieces, want %d", g.Config, tok.VocabSize(), len(g.Pieces))
			return
		}
		for i, want := range g.Pieces {
			p := tok.piece(int32(i))
			if got := [3]any{p.text, float64(p.typ), float64(p.score)}; got != want {
				t.Errorf("%s:\npiece %d is %v, want %v", g.Config, i, got, want)
				return
			}
		}
	})
	if n < 18 {
		t.Errorf("%d trainings compared, want 18", n)
	}
}

func smallConfig() TrainConfig {
	cfg := DefaultTrainConfig()
	cfg.VocabSize = 2500
	return cfg
}

// TestTrainIsDeterministic varies the number of threads and how the text is
// divided into documents: the file must not change by a byte.
func TestTrainIsDeterministic(t *testing.T) {
	corpus := trainCorpus(t)
	lines := strings.Split(corpus, "\n")
	var want []byte
	for _, threads := range []int{1, 2, 7} {
		for _, docs := range [][]string{{corpus}, lines} {
			cfg := smallConfig()
			cfg.NumThreads = threads
			tok, err := Train(t.Context(), cfg, slices.Values(docs))
			if err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want = tok.Marshal()
			}
			if !bytes.Equal(tok.Marshal(), want) {
				t.Errorf("%d threads, %d documents: the model differs", threads, len(docs))
			}
		}
	}
}

// TestTrainOrderOfDocuments: counts are all that matters.
func TestTrainOrderOfDocuments(t *testing.T) {
	lines := strings.Split(trainCorpus(t), "\n")
	a, err := Train(t.Context(), smallConfig(), slices.Values(lines))
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(lines)
	b, err := Train(t.Context(), smallConfig(), slices.Values(lines))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Marshal(), b.Marshal()) {
		t.Error("the order of the documents changes the model")
	}
}

// TestTrainDefaults checks what chat tools rely on.
func TestTrainDefaults(t *testing.T) {
	corpus := trainCorpus(t)
	for _, size := range []int{600, 2048, 4000} {
		cfg := DefaultTrainConfig()
		cfg.VocabSize = size
		tok, report, err := TrainWithReport(t.Context(), cfg, slices.Values([]string{corpus}))
		if err != nil {
			t.Fatal(err)
		}
		if tok.VocabSize() != size || tok.UnknownID() != 0 || tok.BOS() != 1 || tok.EOS() != 2 || tok.PAD() != -1 {
			t.Errorf("size %d: vocabulary %d, unk %d, bos %d, eos %d, pad %d", size, tok.VocabSize(), tok.UnknownID(), tok.BOS(), tok.EOS(), tok.PAD())
		}
		for name, id := range map[string]int32{"\n": 5, "\t": 6, "<reserved_106>": 195, "<reserved_107>": 196} {
			got, ok := tok.ID(name)
			if !ok || tok.IsUserDefined(got) != (name != "\t") {
				t.Errorf("size %d: %q is there: %v, and user-defined: %v", size, name, ok, tok.IsUserDefined(got))
			}
			if size >= 2048 && got != id {
				t.Errorf("size %d: %q has the id %d, want %d", size, name, got, id)
			}
		}
		if got := report.Specials + report.Alphabet + report.Merges; got != size {
			t.Errorf("size %d: the report adds up to %d: %+v", size, got, report)
		}
		for i := range tok.VocabSize() {
			p := tok.Piece(int32(i))
			if tok.Type(int32(i)) == Normal && len([]rune(p)) > 1 && strings.ContainsAny(p, "0123456789０１２３４５６７８９\n") {
				t.Errorf("size %d: piece %q holds a digit or a line end", size, p)
			}
		}
		text := corpus[:20000] + "\x00 \r\n\U0001F9FF ▁"
		text = strings.ToValidUTF8(text, "")
		if got, want := tok.Decode(tok.Encode(text)), strings.ReplaceAll(text, "▁", " "); got != want {
			t.Errorf("size %d: a text does not come back", size)
		}
	}
}

// TestBaichuanSymbols compares the list with the released model.
func TestBaichuanSymbols(t *testing.T) {
	tok := baichuan2(t)
	for _, size := range []int{2048, 125696} {
		symbols := BaichuanSymbols(size)
		for i, s := range symbols {
			if got := tok.Piece(int32(3 + i)); got != s {
				t.Errorf("vocabulary %d: symbol %d is %q, Baichuan 2 has %q", size, 3+i, s, got)
			}
		}
	}
	if n := len(BaichuanSymbols(125696)); n != 1086 {
		t.Errorf("%d symbols, want 1086", n)
	}
}

// TestTrainPruning: the rarest go, whatever the order in which they came.
func TestTrainPruning(t *testing.T) {
	var kept []map[string]bool
	for _, stride := range []int{1, 3} {
		total := newTally()
		for i := range 5000 {
			n := i * stride % 5000
			total.add(fmt.Sprintf("word%d", n), int64(n%7+1))
		}
		total.prune(1600)
		words := make(map[string]bool)
		for i, w := range total.words {
			words[w.text] = true
			if w.count < 6 || int(total.index[w.text]) != i {
				t.Fatalf("%+v survived, or is indexed wrongly", w)
			}
		}
		kept = append(kept, words)
	}
	if len(kept[0]) != 1200 || !maps.Equal(kept[0], kept[1]) {
		t.Errorf("%d and %d words are left, want the same 1200", len(kept[0]), len(kept[1]))
	}
}

func TestTrainErrors(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		edit func(*TrainConfig)
		docs []string
		want string
	}{
		{"no text", t.Context(), func(*TrainConfig) {}, nil, "no text"},
		{"too little text", t.Context(), func(*TrainConfig) {}, []string{"abc abc"}, "lower vocab_size to"},
		{"coverage without fallback", t.Context(), func(c *TrainConfig) {
			c.ByteFallback, c.BaichuanSymbols, c.VocabSize = false, false, 10
		}, []string{"abcdefghijklmnopq"}, "turn byte_fallback on"},
		{"vocabulary too small", t.Context(), func(c *TrainConfig) { c.VocabSize = 100 }, nil, "special pieces alone are 263"},
		{"same ids", t.Context(), func(c *TrainConfig) { c.BosID = 0 }, nil, "bos_id is 0"},
		{"defined twice", t.Context(), func(c *TrainConfig) { c.ControlSymbols = []string{"<x>", "<x>"} }, nil, "defined twice"},
		{"unk defined", t.Context(), func(c *TrainConfig) { c.UserDefinedSymbols = []string{"<unk>"} }, nil, "<unk> cannot"},
		{"empty symbol", t.Context(), func(c *TrainConfig) { c.UserDefinedSymbols = []string{""} }, nil, "is not a piece"},
		{"cancelled", cancelled, func(*TrainConfig) {}, []string{"abc"}, context.Canceled.Error()},
	} {
		cfg := smallConfig()
		c.edit(&cfg)
		_, err := Train(c.ctx, cfg, slices.Values(c.docs))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	if _, err := Train(cancelled, smallConfig(), slices.Values([]string{"x"})); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled training returns %v", err)
	}
}

// TestTrainConfigValidate wants every fault named in one error.
func TestTrainConfigValidate(t *testing.T) {
	if err := DefaultTrainConfig().Validate(); err != nil {
		t.Errorf("the defaults are refused: %v", err)
	}
	err := TrainConfig{NumThreads: -1, RequiredChars: "\xff"}.Validate()
	for _, key := range []string{"vocab_size", "character_coverage", "max_alphabet_share", "max_sentencepiece_length", "max_distinct_words", "num_threads", "required_chars"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("the error does not name %s: %v", key, err)
		}
	}
}

// TestTrainRunsOfOneCharacter: overlapping pairs and long words.
func TestTrainRunsOfOneCharacter(t *testing.T) {
	cfg := DefaultTrainConfig()
	cfg.VocabSize, cfg.HardVocabLimit = 400, false
	tok, err := Train(t.Context(), cfg, slices.Values([]string{strings.Repeat("a", 100001) + strings.Repeat(" ", 50000)}))
	if err != nil {
		t.Fatal(err)
	}
	for _, piece := range []string{"aa", strings.Repeat("a", 16), strings.Repeat("▁", 32)} {
		if _, ok := tok.ID(piece); !ok {
			t.Errorf("no piece %q was learnt", piece)
		}
	}
	if _, ok := tok.ID(strings.Repeat("a", 64)); ok {
		t.Error("a piece is longer than max_sentencepiece_length")
	}
}

// TestTrainTabs: program text is indented with runs of tabs, and a run is one piece.
func TestTrainTabs(t *testing.T) {
	code := strings.Repeat("func f() {\n\tif a {\n\t\tfor b {\n\t\t\tg()\n\t\t}\n\t}\n}\n", 50)
	for _, size := range []int{400, 2300} { // with the symbols of Baichuan 2 in both lengths
		cfg := DefaultTrainConfig()
		cfg.VocabSize, cfg.HardVocabLimit = size, false
		tok, err := Train(t.Context(), cfg, slices.Values([]string{code}))
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"\t\t", "\t\t\t", "\t"} {
			if ids := tok.Encode(text); len(ids) != 1 || tok.Decode(ids) != text {
				t.Errorf("size %d: %q is %v", size, text, ids)
			}
		}
	}
	cfg := DefaultTrainConfig()
	cfg.VocabSize, cfg.HardVocabLimit, cfg.UserDefinedSymbols = 400, false, []string{"\t"}
	tok, err := Train(t.Context(), cfg, slices.Values([]string{code}))
	if err != nil {
		t.Fatal(err)
	}
	if ids := tok.Encode("\t\t"); len(ids) != 2 || !tok.IsUserDefined(ids[0]) {
		t.Errorf("with a tab as a user-defined symbol two are %v", ids)
	}
}

// TestTrainShortage: a vocabulary without room for the characters asked for is named.
func TestTrainShortage(t *testing.T) {
	corpus := trainCorpus(t)
	cfg := DefaultTrainConfig()
	cfg.VocabSize, cfg.CharacterCoverage = 1000, 1
	_, report, err := TrainWithReport(t.Context(), cfg, slices.Values([]string{corpus}))
	if err != nil {
		t.Fatal(err)
	}
	message := report.Shortage(cfg)
	for _, want := range []string{"vocab_size 1000", "character_coverage 1 ", fmt.Sprint(report.Alphabet), fmt.Sprint(report.RequiredAlphabet)} {
		if !strings.Contains(message, want) {
			t.Errorf("%q is missing in %q", want, message)
		}
	}
	if report.RequiredAlphabet <= report.Alphabet || report.Coverage >= 1 {
		t.Errorf("%+v", report)
	}
	cfg.MaxAlphabetShare = 1
	if _, err := Train(t.Context(), cfg, slices.Values([]string{corpus})); err == nil || !strings.Contains(err.Error(), fmt.Sprint("requires ", report.RequiredAlphabet)) || !strings.Contains(err.Error(), "vocab_size 1000") {
		t.Errorf("without a bound: %v", err)
	}
	cfg = DefaultTrainConfig()
	cfg.VocabSize, cfg.CharacterCoverage = 4000, 0.98
	if _, report, err = TrainWithReport(t.Context(), cfg, slices.Values([]string{corpus})); err != nil || report.Shortage(cfg) != "" || report.Alphabet != report.RequiredAlphabet {
		t.Errorf("a vocabulary with room: %q, %+v, %v", report.Shortage(cfg), report, err)
	}
}
