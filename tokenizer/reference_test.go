package tokenizer

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// referenceEncoder encodes as the description of the algorithm says, on
// strings, looking at the whole text at every step. It shares nothing with the
// encoder but the parsed pieces.
type referenceEncoder struct {
	m         *modelProto
	user      bool
	matchable map[string]pieceProto
	byText    map[string]int32
	unk       int32

	symbols []referenceSymbol
	halves  map[string][2]string // how each unused piece was last made
	ids     []int32
	prevUnk bool
}

type referenceSymbol struct {
	text   string
	frozen bool
}

func reference(m *modelProto, text string, user bool) []int32 {
	e := &referenceEncoder{
		m: m, user: user, matchable: map[string]pieceProto{}, byText: map[string]int32{}, halves: map[string][2]string{},
	}
	for i, p := range m.pieces {
		switch p.typ {
		case Normal, UserDefined, Unused:
			e.matchable[p.text], e.byText[p.text] = p, int32(i)
		case Unknown:
			e.unk = int32(i)
		case Byte:
			e.byText[p.text] = int32(i)
		}
	}
	e.split(referenceText(m, text))
	e.merge()
	for _, s := range e.symbols {
		e.emit(s.text)
	}
	return e.ids
}

// referenceText normalises as the models of drawModel ask.
func referenceText(m *modelProto, text string) string {
	text = strings.ReplaceAll(text, " ", "▁")
	if m.normalizer.addDummyPrefix && text != "" {
		text = "▁" + text
	}
	return text
}

// split takes the longest user-defined piece, or one character.
func (e *referenceEncoder) split(text string) {
	for text != "" {
		_, n := utf8.DecodeRuneInString(text)
		frozen := false
		for s, p := range e.matchable {
			if p.typ == UserDefined && strings.HasPrefix(text, s) && !(e.user && isReservedMark(s)) && (!frozen || len(s) > n) {
				n, frozen = len(s), true
			}
		}
		e.symbols = append(e.symbols, referenceSymbol{text[:n], frozen})
		text = text[n:]
	}
}

// pair returns the piece that symbols i and i+1 would make.
func (e *referenceEncoder) pair(i int) (pieceProto, bool) {
	if i < 0 || i+1 >= len(e.symbols) || e.symbols[i].frozen || e.symbols[i+1].frozen {
		return pieceProto{}, false
	}
	p, ok := e.matchable[e.symbols[i].text+e.symbols[i+1].text]
	return p, ok && p.typ != UserDefined
}

// consider remembers the halves of an unused piece.
func (e *referenceEncoder) consider(i int) {
	if p, ok := e.pair(i); ok && p.typ == Unused {
		e.halves[p.text] = [2]string{e.symbols[i].text, e.symbols[i+1].text}
	}
}

func (e *referenceEncoder) merge() {
	for i := range e.symbols {
		e.consider(i)
	}
	for {
		best, score := -1, float32(0)
		for i := range e.symbols {
			if p, ok := e.pair(i); ok && (best < 0 || p.score > score) {
				best, score = i, p.score
			}
		}
		if best < 0 {
			return
		}
		e.symbols[best].text += e.symbols[best+1].text
		e.symbols = slices.Delete(e.symbols, best+1, best+2)
		e.consider(best - 1)
		e.consider(best)
	}
}

func (e *referenceEncoder) emit(s string) {
	p, ok := e.matchable[s]
	if h, split := e.halves[s]; ok && p.typ == Unused && split {
		e.emit(h[0])
		e.emit(h[1])
		return
	}
	switch {
	case ok:
		e.ids = append(e.ids, e.byText[s])
	case e.m.trainer.byteFallback:
		for _, b := range []byte(s) {
			e.ids = append(e.ids, e.byText[bytePiece(b)])
		}
	case !e.prevUnk:
		e.ids = append(e.ids, e.unk)
	}
	e.prevUnk = !ok
}

// drawModel makes a small vocabulary with many ties and overlaps.
func drawModel(t *rapid.T, typ modelType, unused bool) *modelProto {
	m := newModelProto()
	m.trainer.modelType = typ
	m.trainer.byteFallback = rapid.Bool().Draw(t, "byte_fallback")
	m.normalizer.addDummyPrefix = rapid.Bool().Draw(t, "dummy_prefix")
	m.normalizer.removeExtraWhitespaces = false
	m.pieces = append(m.pieces, pieceProto{text: "<unk>", typ: Unknown}, pieceProto{text: "<s>", typ: Control})
	if m.trainer.byteFallback {
		for b := range 256 {
			m.pieces = append(m.pieces, pieceProto{text: bytePiece(byte(b)), typ: Byte})
		}
	}
	scores := []float32{-4, -2, -1, -1, -2.0 / 3, -1.0 / 3, 0, 0.7} // many sums are equal up to rounding
	texts := rapid.SliceOfNDistinct(rapid.StringOfN(rapid.RuneFrom([]rune("aaabb▁你𠮷")), 1, 4, -1), 1, 60, rapid.ID).Draw(t, "pieces")
	for _, text := range texts {
		p := pieceProto{text: text, typ: Normal, score: rapid.SampledFrom(scores).Draw(t, "score")}
		switch kind := rapid.IntRange(0, 19).Draw(t, "type"); {
		case kind == 0:
			p.typ = UserDefined
		case unused && kind < 8:
			p.typ = Unused
		}
		m.pieces = append(m.pieces, p)
	}
	m.pieces = append(m.pieces, pieceProto{text: "<reserved_1>", typ: UserDefined})
	return m
}

func checkAgainstReference(t *rapid.T, m *modelProto, reference func(*modelProto, string, bool) []int32) {
	data := marshalProto(m)
	tok, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	text := rapid.StringOfN(rapid.RuneFrom([]rune("aaab 你𠮷x<")), 0, 90, -1).Draw(t, "text")
	if rapid.Bool().Draw(t, "marked") {
		text += "<reserved_1>" + text
	}
	for range 2 { // the second time, what was learnt about pieces is used
		if got, want := tok.Encode(text), reference(m, text, false); !slices.Equal(got, want) {
			t.Fatalf("Encode(%q) = %v, want %v", text, got, want)
		}
		if got, want := tok.EncodeUser(text), reference(m, text, true); !slices.Equal(got, want) {
			t.Fatalf("EncodeUser(%q) = %v, want %v", text, got, want)
		}
	}
	// Without a usable piece for U+2581 a space becomes the three bytes of that mark.
	if id, ok := tok.ID(spaceMark); ok && tok.Type(id) != Unused && tok.HasByteFallback() {
		if got := tok.Decode(tok.Encode(text)); got != text {
			t.Fatalf("%q comes back as %q", text, got)
		}
	}
}

// marshalProto writes the fields that drawModel sets.
func marshalProto(m *modelProto) []byte {
	data := encodeModel(TrainConfig{
		ByteFallback: m.trainer.byteFallback, AddDummyPrefix: m.normalizer.addDummyPrefix,
	}, m.pieces)
	var spec message
	spec.number(3, int64(m.trainer.modelType))
	return appendMessage(data, 2, spec) // a second trainer_spec overrides the first
}

func TestEncodeAgainstReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkAgainstReference(t, drawModel(t, modelBPE, false), reference) })
}

// TestReservedMarksAreNotMerged: all proper prefixes of a mark are pieces;
// merging must stop short of the mark.
func TestReservedMarksAreNotMerged(t *testing.T) {
	m := newModelProto()
	m.trainer.modelType, m.normalizer.addDummyPrefix = modelBPE, false
	const mark = "<reserved_1>"
	m.pieces = []pieceProto{{"<unk>", 0, Unknown}, {mark, 0, UserDefined}}
	for n := 2; n < len(mark); n++ {
		m.pieces = append(m.pieces, pieceProto{mark[:n], -float32(n), Normal})
	}
	for _, c := range mark {
		if !slices.ContainsFunc(m.pieces, func(p pieceProto) bool { return p.text == string(c) }) {
			m.pieces = append(m.pieces, pieceProto{string(c), -99, Normal})
		}
	}
	tok, err := Parse(marshalProto(m))
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.Encode(mark); !slices.Equal(got, []int32{1}) {
		t.Errorf("Encode = %v", got)
	}
	if got := tok.EncodeUser(mark); len(got) != 2 || slices.Contains(got, 1) || tok.Decode(got) != mark {
		t.Errorf("EncodeUser = %v", got)
	}
}

func TestUnusedPiecesAgainstReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkAgainstReference(t, drawModel(t, modelBPE, true), reference) })
}
