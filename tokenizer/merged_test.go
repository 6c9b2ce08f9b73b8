package tokenizer

import (
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// merged encodes by doing every merge over the whole text, with the tables and
// the loop of models with unused pieces. It shares the parsed pieces with the
// encoder, and nothing of how it finds the result.
type merged struct {
	tok        *Tokenizer
	normalizer normalizer
	segmenter  *unusedBPE
}

func newMerged(tok *Tokenizer) *merged {
	m := &merged{tok, tok.normalizer, newUnusedBPE(tok.vocab)}
	if m.normalizer.unmark {
		m.normalizer.space, m.normalizer.unmark = spaceMark, false
	}
	return m
}

func (m *merged) encode(text string, user bool) []int32 {
	match := m.tok.matchAll
	if user {
		match = m.tok.matchUser
	}
	s := &scratch{out: emitter{vocab: m.tok.vocab, byteFallback: m.tok.HasByteFallback()}}
	s.norm = m.normalizer.append(nil, text, match)
	m.segmenter.segment(s, match)
	return s.out.ids
}

// check compares both ways to encode a text.
func (m *merged) check(tb interface {
	Helper()
	Fatalf(string, ...any)
}, text string) {
	tb.Helper()
	if got, want := m.tok.Encode(text), m.encode(text, false); !slices.Equal(got, want) {
		tb.Fatalf("Encode(%q)\n got %v\nwant %v", text, got, want)
	}
	if got, want := m.tok.EncodeUser(text), m.encode(text, true); !slices.Equal(got, want) {
		tb.Fatalf("EncodeUser(%q)\n got %v\nwant %v", text, got, want)
	}
}

// bpeModels returns the BPE models at hand: those of testdata, with character
// maps, equal scores and spaces in odd places, and the shared ones.
func bpeModels(tb testing.TB) map[string]*Tokenizer {
	tb.Helper()
	models := map[string]*Tokenizer{}
	files, err := filepath.Glob("testdata/*.model.gz")
	if err != nil {
		tb.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".gz")
		models[name] = testModel(tb, name)
	}
	if _, ok := findShared(); ok {
		models["stories260K"] = sharedModel(tb, "models/stories260K/tok512.model")
		for _, name := range []string{"baichuan2", "chatglm3", "internlm2", "llama", "minicpm3", "mistral", "yi"} {
			models[name] = sharedModel(tb, "tokenizers/"+name+"/tokenizer.model")
		}
	}
	maps.DeleteFunc(models, func(_ string, tok *Tokenizer) bool {
		_, ok := tok.segmenter.(*bpe)
		return !ok
	})
	return models
}

// TestEncodeIsMerging compares the encoder with the merges it does without: on
// real text, on runs, and on text put together at random from pieces and scraps.
func TestEncodeIsMerging(t *testing.T) {
	var docs []string
	if _, ok := findShared(); ok {
		for _, file := range []string{"web_c4_en", "docs_en", "docs_zh", "zh_law_raw", "zh_tang_poems"} {
			docs = append(docs, documents(t, "pretrain/"+file+".jsonl.gz", 30000)...)
		}
	}
	for _, unit := range []string{"a", " ", "ab", "aab", "中国", "哈", "0", "12", "=", "-+", "\n", "\t \n", spaceMark, "é", "😀", "<h", "\xff", "th e "} {
		docs = append(docs, strings.Repeat(unit, 700/len(unit)), strings.Repeat(unit, 33)+"x")
	}
	for name, tok := range bpeModels(t) {
		t.Run(name, func(t *testing.T) {
			m := newMerged(tok)
			for _, doc := range docs {
				m.check(t, doc)
			}
			draw := rand.New(rand.NewPCG(1, 2))
			for range 100 {
				m.check(t, scramble(draw, tok, 60))
			}
		})
	}
}

// FuzzEncodeIsMerging does the same with texts made to break it.
func FuzzEncodeIsMerging(f *testing.F) {
	for _, s := range []string{"", " ", "  a  b ", "你好\n\t<reserved_106></s>", "e\u0301\xff\xfe\U0001F600", "=-+=---...。。。。", "\u2581x", "aaaaaaaaaaaaaaa"} {
		f.Add(s)
	}
	var all []*merged
	for _, tok := range bpeModels(f) {
		all = append(all, newMerged(tok))
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, m := range all {
			m.check(t, text)
		}
	})
}

// scramble joins pieces, halves of pieces and odd characters.
func scramble(draw *rand.Rand, tok *Tokenizer, n int) string {
	odd := []string{" ", "  ", spaceMark, "\n", "a", "e", "1", "的", "<", "`", "。", "...", "\xe4", "\xff", "𠮷", "</s>", "<0x41>", "<reserved_106>", "\u00a0"}
	var b strings.Builder
	for range n {
		piece := strings.ReplaceAll(tok.Piece(int32(draw.IntN(tok.VocabSize()))), spaceMark, " ")
		switch draw.IntN(4) {
		case 0:
			b.WriteString(odd[draw.IntN(len(odd))])
		case 1:
			b.WriteString(piece[draw.IntN(len(piece)+1):]) // may cut a character
		default:
			b.WriteString(piece)
		}
	}
	return b.String()
}

// TestEncodeIsMergingInAnyModel draws models in which scores are equal or lower
// than those of what is made of them, and pieces that merging never reaches.
func TestEncodeIsMergingInAnyModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tok, err := Parse(marshalProto(drawModel(t, modelBPE, false)))
		if err != nil {
			t.Fatal(err)
		}
		m := newMerged(tok)
		for range 8 {
			m.check(t, rapid.StringOfN(rapid.RuneFrom([]rune("aaaabbb 你𠮷x<▁")), 0, 40, -1).Draw(t, "text"))
		}
	})
}

// TestCompatible: two symbols are compatible exactly if merging leaves their
// text as these two. Encoding alone seldom asks about pairs that are not.
func TestCompatible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tok, err := Parse(marshalProto(drawModel(t, modelBPE, false)))
		if err != nil {
			t.Fatal(err)
		}
		b, m := tok.segmenter.(*bpe), &merger{table: newSymbolTable(tok.vocab)}
		var learnt []int32
		for id, p := range tok.vocab.pieces {
			if text, _ := b.surface(p.text); p.typ == Normal && b.symbolOf(text) == int32(id) {
				learnt = append(learnt, int32(id))
			}
		}
		for _, x := range learnt {
			for _, y := range learnt {
				m.reset()
				for i, r := range tok.Piece(x) + tok.Piece(y) {
					m.push(m.table.char(r), int32(i+utf8.RuneLen(r)))
				}
				m.merge()
				if got, want := b.compatible(x, y), slices.Equal(m.syms, []int32{x, y}); got != want {
					t.Fatalf("compatible(%q, %q) = %v; merging gives %v", tok.Piece(x), tok.Piece(y), got, m.syms)
				}
			}
		}
	})
}

// TestCompatibleWithEqualRanks: of "xabab" the first "ab" is made first; then
// "xab" comes before the second "ab", which has the same rank and lies further
// right; "abab", of a better rank, comes too late.
func TestCompatibleWithEqualRanks(t *testing.T) {
	m := newModelProto()
	m.trainer.modelType, m.normalizer.addDummyPrefix = modelBPE, false
	m.pieces = []pieceProto{
		{"<unk>", 0, Unknown}, {"a", -9, Normal}, {"b", -9, Normal}, {"x", -9, Normal},
		{"ab", -2, Normal}, {"xab", -2, Normal}, {"abab", -1, Normal},
	}
	tok, err := Parse(marshalProto(m))
	if err != nil {
		t.Fatal(err)
	}
	b := tok.segmenter.(*bpe)
	const x, ab, xab, abab = 3, 4, 5, 6
	if b.compatible(x, abab) || !b.compatible(xab, ab) || !b.compatible(abab, ab) {
		t.Error("x and abab must not be compatible, xab and ab, abab and ab must")
	}
	if got := tok.Encode("xabab"); !slices.Equal(got, []int32{xab, ab}) {
		t.Errorf("Encode = %v", got)
	}
}

// TestSymbolsAreWhatMergingMakes: a learnt piece is a symbol exactly if merging
// makes it of its own text, and is noted with the merge that came last.
func TestSymbolsAreWhatMergingMakes(t *testing.T) {
	tok := baichuan2(t)
	b, m := tok.segmenter.(*bpe), &merger{table: newSymbolTable(tok.vocab)}
	frozen := map[rune]bool{}
	for _, p := range tok.vocab.pieces {
		if r, size := utf8.DecodeRuneInString(p.text); p.typ == UserDefined && size == len(p.text) {
			frozen[r] = true
		}
	}
	reached := 0
	for i, p := range tok.vocab.pieces {
		if p.typ != Normal {
			continue
		}
		m.reset()
		possible := true // no character that never merges
		for at, r := range p.text {
			m.push(m.table.char(r), int32(at+utf8.RuneLen(r)))
			possible = possible && !frozen[r]
		}
		m.merge()
		text, _ := b.surface(p.text)
		id := int32(i)
		want := possible && slices.Equal(m.syms, []int32{id})
		if got := b.symbolOf(text) == id; got != want {
			t.Fatalf("%q: is a symbol: %v; made by merging: %v", p.text, got, want)
		}
		if s := b.symbols[id]; want && s.left != noSymbol && m.table.pairs.get(s.left, s.right) != id {
			t.Errorf("%q is not what its halves %d and %d make", p.text, s.left, s.right)
		}
		if want {
			reached++
		}
	}
	if reached < 124000 {
		t.Errorf("%d pieces are symbols", reached)
	}
}
