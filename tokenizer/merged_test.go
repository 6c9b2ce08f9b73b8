package tokenizer

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

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

// bpeModels are the shared BPE models; all but torchtune_test and chinese_sp,
// which are unigram models.
var bpeModels = []string{"baichuan2", "chatglm3", "internlm2", "llama", "minicpm3", "mistral", "yi"}

// TestEncodeIsMerging compares the encoder with the merges it does without: on
// real text, on runs, and on text put together at random from pieces and scraps.
func TestEncodeIsMerging(t *testing.T) {
	docs := documents(t, "pretrain/zh_law_raw.jsonl.gz", 60000)
	for _, file := range []string{"pretrain/web_c4_en.jsonl.gz", "pretrain/docs_en.jsonl.gz", "pretrain/docs_zh.jsonl.gz", "pretrain/zh_tang_poems.jsonl.gz"} {
		docs = append(docs, documents(t, file, 60000)...)
	}
	for _, unit := range []string{"a", " ", "ab", "aab", "中国", "哈", "0", "12", "=", "-+", "\n", "\t \n", spaceMark, "é", "😀", "<h", "\xff", "th e "} {
		docs = append(docs, strings.Repeat(unit, 700/len(unit)), strings.Repeat(unit, 33)+"x")
	}
	for _, name := range bpeModels {
		t.Run(name, func(t *testing.T) {
			m := newMerged(sharedModel(t, "tokenizers/"+name+"/tokenizer.model"))
			for _, doc := range docs {
				m.check(t, doc)
			}
			draw := rand.New(rand.NewPCG(1, 2))
			for range 300 {
				m.check(t, scramble(draw, m.tok, 60))
			}
		})
	}
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

// TestSymbolsAreWhatMergingMakes: a learnt piece is a symbol exactly if merging
// makes it of its own text, from the two symbols noted.
func TestSymbolsAreWhatMergingMakes(t *testing.T) {
	tok := baichuan2(t)
	b, m := tok.segmenter.(*bpe), &merger{table: newSymbolTable(tok.vocab)}
	missing := 0
	for id, p := range tok.vocab.pieces {
		if p.typ != Normal || strings.Contains(p.text, " ") {
			continue
		}
		m.reset()
		for i, r := range p.text {
			m.push(m.table.char(r), int32(i))
		}
		m.merge()
		text, _ := b.surface(p.text)
		made := slices.Equal(m.syms, []int32{int32(id)})
		if got := b.symbolOf(text) == int32(id); got != made && !strings.ContainsAny(text, "+-=.!?，。！？、：￥；．＝＜＞－＋％‼㊣／｜０１２３４５６７８９《》【】『』\n\t") {
			t.Fatalf("%q: symbol %v, made by merging %v", p.text, got, made)
		}
		if b.symbolOf(text) < 0 || b.symbolOf(text) == noSymbol {
			missing++
		}
	}
	t.Logf("%d pieces are out of reach", missing)
}
