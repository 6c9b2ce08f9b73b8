package tokenizer

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// unigramReference cuts text by the plain form of the search: for every end it
// looks back at every start, over strings and a map.
type unigramReference struct {
	m        *modelProto
	chars    []string
	user     bool
	byText   map[string]int32
	unk      int32
	unkScore float32
	highest  float32
}

func newUnigramReference(m *modelProto, text string, user bool) *unigramReference {
	e := &unigramReference{m: m, user: user, byText: map[string]int32{}}
	e.chars = strings.Split(referenceText(m, text), "")
	lowest := float32(math.MaxFloat32)
	for i, p := range m.pieces {
		switch p.typ {
		case Normal:
			lowest, e.highest = min(lowest, p.score), max(e.highest, p.score)
		case Unknown:
			e.unk = int32(i)
		case Control:
			continue
		}
		e.byText[p.text] = int32(i)
	}
	e.unkScore = lowest - 10
	return e
}

// piece returns the piece that the characters from i to j make and its score;
// known is false for a single character that is none.
func (e *unigramReference) piece(i, j int) (id int32, score float64, known, ok bool) {
	text := strings.Join(e.chars[i:j], "")
	if id, found := e.byText[text]; found {
		switch p := e.m.pieces[id]; {
		case p.typ == Normal:
			return id, float64(p.score), true, true
		case p.typ == UserDefined && !(e.user && isReservedMark(text)):
			return id, float64(float32(len(text))*e.highest) - 0.1, true, true
		}
	}
	return e.unk, float64(e.unkScore), false, j == i+1
}

// search returns the borders of the best path.
func (e *unigramReference) search() []int {
	best, from := make([]float32, len(e.chars)+1), make([]int, len(e.chars)+1)
	for end := 1; end <= len(e.chars); end++ {
		found := false
		for start := range end {
			_, score, known, ok := e.piece(start, end)
			if !ok {
				continue
			}
			candidate := score + float64(best[start])
			if !known {
				candidate = float64(e.unkScore + best[start])
			}
			if !found || candidate > float64(best[end]) {
				best[end], from[end], found = float32(candidate), start, true
			}
		}
	}
	borders := []int{len(e.chars)}
	for borders[0] > 0 {
		borders = slices.Insert(borders, 0, from[borders[0]])
	}
	return borders
}

func referenceUnigram(m *modelProto, text string, user bool) []int32 {
	e := newUnigramReference(m, text, user)
	borders := e.search()
	var ids []int32
	unknown := false
	for i, end := range borders[1:] {
		id, _, known, _ := e.piece(borders[i], end)
		switch {
		case known:
			ids = append(ids, id)
		case m.trainer.byteFallback:
			for _, b := range []byte(e.chars[borders[i]]) {
				ids = append(ids, e.byText[bytePiece(b)])
			}
		case !unknown:
			ids = append(ids, e.unk)
		}
		unknown = !known
	}
	return ids
}

func TestUnigramAgainstReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t, modelUnigram, rapid.Bool().Draw(t, "unused"))
		checkAgainstReference(t, m, referenceUnigram)
	})
}

// TestReferenceIsBest holds the reference itself to all ways to cut a short
// text.
func TestReferenceIsBest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t, modelUnigram, false)
		m.pieces = append(m.pieces, pieceProto{"zz", -3, Normal}) // without any, unknown characters score 3e38
		e := newUnigramReference(m, rapid.StringOfN(rapid.RuneFrom([]rune("aaab 你")), 0, 11, -1).Draw(t, "text"), false)
		var most func(start int) float64
		most = func(start int) float64 {
			if start == len(e.chars) {
				return 0
			}
			sum := math.Inf(-1)
			for end := start + 1; end <= len(e.chars); end++ {
				if _, score, _, ok := e.piece(start, end); ok {
					sum = max(sum, score+most(end))
				}
			}
			return sum
		}
		sum := 0.0
		borders := e.search()
		for i, end := range borders[1:] {
			_, score, _, _ := e.piece(borders[i], end)
			sum += score
		}
		if best := most(0); math.Abs(sum-best) > 1e-4 {
			t.Fatalf("the path %v scores %g, the best %g", borders, sum, best)
		}
	})
}

// TestUnigramDecidesEarly: cutting the search where no piece crosses changes
// nothing and keeps its memory small.
func TestUnigramDecidesEarly(t *testing.T) {
	tok := testModel(t, "uni_keep.model")
	s := &scratch{out: emitter{vocab: tok.vocab, byteFallback: true}}
	s.norm = bytes.Repeat([]byte("a\n"), 1<<18) // no piece holds a line feed
	tok.segmenter.segment(s, tok.matchAll)
	if got := len(s.best.ends); got > 100 {
		t.Errorf("%d positions are held, want a few", got)
	}
	if got := tok.Decode(s.out.ids); got != string(s.norm) {
		t.Error("the text does not come back")
	}
}

func TestUnigramWithoutPieces(t *testing.T) {
	m := newModelProto()
	m.pieces = []pieceProto{{"<unk>", 0, Unknown}, {"<s>", 0, Control}}
	if _, err := Parse(marshalProto(m)); err == nil || !strings.Contains(err.Error(), "no pieces but") {
		t.Errorf("error %v", err)
	}
	m.pieces = append(m.pieces, pieceProto{"a", -1, Unused}) // SentencePiece reads such a model
	tok, err := Parse(marshalProto(m))
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.Encode("aa"); !slices.Equal(got, []int32{0}) {
		t.Errorf("Encode = %v, want one unknown id", got)
	}
}

func TestUnigramInfo(t *testing.T) {
	info := testModel(t, "uni_rules.model").Info(1)
	if info.ModelType != "unigram" || info.Pieces["user_defined"] != 6 || info.Reserved != 1 || len(info.Longest) != 1 {
		t.Errorf("%+v", info)
	}
}

// TestTrie holds the trie to a map, on texts rich in shared prefixes.
func TestTrie(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.SampledFrom([]string{"ab", "abc你好𠮷", "\x00\xff\x7f\x80", "0123456789abcdefghijklmnopqrstuvwxyz"}).Draw(t, "letters")
		word := rapid.Custom(func(t *rapid.T) string {
			return string(rapid.SliceOfN(rapid.SampledFrom([]byte(letters)), 1, 6).Draw(t, "word"))
		})
		texts := rapid.SliceOfNDistinct(word, 0, 300, rapid.ID).Draw(t, "texts")
		ids, entries := map[string]int32{}, []trieEntry(nil)
		for i, text := range texts {
			ids[text] = int32(i)
			entries = append(entries, trieEntry{text, int32(i), kindSymbol, int32(i)})
		}
		trie := newPieceTrie(entries)
		for _, text := range append(texts, rapid.SliceOfN(word, 20, 20).Draw(t, "others")...) {
			node := int32(0)
			for i := 1; i <= len(text); i++ {
				if node = trie.child(node, text[i-1]); node < 0 {
					break
				}
				want, ok := ids[text[:i]]
				if !ok {
					want = -1
				}
				if got := trie.values[node]; got != want || trie.kind(node) == kindNone != (want < 0) {
					t.Fatalf("%q ends at %d, want %d", text[:i], got, want)
				}
			}
			if _, ok := ids[text]; ok && node < 0 {
				t.Fatalf("%q is not found", text)
			}
		}
	})
}

// TestTrieIsDense: the double array of a real vocabulary wastes little.
func TestTrieIsDense(t *testing.T) {
	pieces := baichuan2(t).vocab.pieces
	var entries []trieEntry
	prefixes := map[string]bool{"": true}
	for i, p := range pieces {
		if p.typ == Normal && utf8.ValidString(p.text) {
			entries = append(entries, trieEntry{p.text, int32(i), kindSymbol, int32(i)})
			for n := range len(p.text) {
				prefixes[p.text[:n+1]] = true
			}
		}
	}
	if got, nodes := len(newPieceTrie(entries).units), len(prefixes); got > 2*nodes+2*trieBlock {
		t.Errorf("%d units for about %d nodes", got, nodes)
	}
}
