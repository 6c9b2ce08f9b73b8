package tokenizer

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// reference encodes as the description of the algorithm says, on strings,
// looking at the whole text at every step. It shares nothing with the encoder
// but the parsed pieces.
func reference(m *modelProto, text string, user bool) []int32 {
	matchable, byText := map[string]pieceProto{}, map[string]int32{}
	unk := int32(-1)
	for i, p := range m.pieces {
		switch p.typ {
		case Normal, UserDefined, Unused:
			matchable[p.text], byText[p.text] = p, int32(i)
		case Unknown:
			unk = int32(i)
		case Byte:
			byText[p.text] = int32(i)
		}
	}
	type symbol struct {
		text   string
		frozen bool
	}
	text = strings.ReplaceAll(text, " ", "▁")
	if m.normalizer.addDummyPrefix && text != "" {
		text = "▁" + text
	}
	var symbols []symbol
	for text != "" {
		_, n := utf8.DecodeRuneInString(text)
		frozen := false
		for s, p := range matchable {
			if p.typ == UserDefined && strings.HasPrefix(text, s) && !(user && isReservedMark(s)) && (!frozen || len(s) > n) {
				n, frozen = len(s), true
			}
		}
		symbols = append(symbols, symbol{text[:n], frozen})
		text = text[n:]
	}
	halves := map[string][2]string{}
	consider := func(i int) {
		if i < 0 || i+1 >= len(symbols) || symbols[i].frozen || symbols[i+1].frozen {
			return
		}
		if s := symbols[i].text + symbols[i+1].text; matchable[s].typ == Unused {
			halves[s] = [2]string{symbols[i].text, symbols[i+1].text}
		}
	}
	for i := range symbols {
		consider(i)
	}
	for {
		best, score := -1, float32(0)
		for i := 0; i+1 < len(symbols); i++ {
			p, ok := matchable[symbols[i].text+symbols[i+1].text]
			if ok && !symbols[i].frozen && !symbols[i+1].frozen && (best < 0 || p.score > score) {
				best, score = i, p.score
			}
		}
		if best < 0 {
			break
		}
		symbols[best].text += symbols[best+1].text
		symbols = slices.Delete(symbols, best+1, best+2)
		consider(best - 1)
		consider(best)
	}
	var ids []int32
	prevUnk := false
	var emit func(s string)
	emit = func(s string) {
		p, ok := matchable[s]
		if h, split := halves[s]; ok && p.typ == Unused && split {
			emit(h[0])
			emit(h[1])
			return
		}
		switch {
		case ok:
			ids = append(ids, byText[s])
		case m.trainer.byteFallback:
			for _, b := range []byte(s) {
				ids = append(ids, byText[bytePiece(b)])
			}
		case !prevUnk:
			ids = append(ids, unk)
		}
		prevUnk = !ok
	}
	for _, s := range symbols {
		emit(s.text)
	}
	return ids
}

// drawModel makes a small vocabulary with many ties and overlaps.
func drawModel(t *rapid.T, unused bool) *modelProto {
	m := newModelProto()
	m.trainer.modelType = modelBPE
	m.trainer.byteFallback = rapid.Bool().Draw(t, "byte_fallback")
	m.normalizer.addDummyPrefix = rapid.Bool().Draw(t, "dummy_prefix")
	m.normalizer.removeExtraWhitespaces = false
	m.pieces = append(m.pieces, pieceProto{text: "<unk>", typ: Unknown}, pieceProto{text: "<s>", typ: Control})
	if m.trainer.byteFallback {
		for b := range 256 {
			m.pieces = append(m.pieces, pieceProto{text: bytePiece(byte(b)), typ: Byte})
		}
	}
	texts := rapid.SliceOfNDistinct(rapid.StringOfN(rapid.RuneFrom([]rune("aab▁你𠮷")), 1, 5, -1), 1, 40, rapid.ID).Draw(t, "pieces")
	for _, text := range texts {
		p := pieceProto{text: text, typ: Normal, score: float32(rapid.IntRange(-4, 0).Draw(t, "score"))}
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

func checkAgainstReference(t *rapid.T, unused bool) {
	m := drawModel(t, unused)
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
	// Without a piece for U+2581 a space becomes the three bytes of that mark.
	if _, ok := tok.ID(spaceMark); ok && tok.HasByteFallback() {
		if got := tok.Decode(tok.Encode(text)); got != text {
			t.Fatalf("%q comes back as %q", text, got)
		}
	}
}

// marshalProto writes the fields that drawModel sets.
func marshalProto(m *modelProto) []byte {
	return encodeModel(TrainConfig{
		ByteFallback: m.trainer.byteFallback, AddDummyPrefix: m.normalizer.addDummyPrefix,
	}, m.pieces)
}

func TestEncodeAgainstReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkAgainstReference(t, false) })
}

func TestUnusedPiecesAgainstReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkAgainstReference(t, true) })
}

// TestShortAndLongMerges: both forms of the merge loop agree on real text, cut
// nowhere.
func TestShortAndLongMerges(t *testing.T) {
	tok := baichuan2(t)
	for _, doc := range documents(t, "pretrain/docs_en.jsonl.gz", 300000) {
		runes := []rune(strings.ReplaceAll(doc, " ", spaceMark))
		for len(runes) > 0 {
			n := min(37, len(runes))
			a, b := &merger{table: tok.symbols}, &merger{table: tok.symbols}
			end := 0
			for _, r := range runes[:n] {
				end += utf8.RuneLen(r)
				a.push(tok.symbols.char(r), int32(end))
				b.push(tok.symbols.char(r), int32(end))
			}
			a.mergeShort()
			b.mergeLong()
			if !slices.Equal(a.syms, b.syms) || !slices.Equal(a.ends, b.ends) {
				t.Fatalf("%q merges to %v and to %v", string(runes[:n]), a.syms, b.syms)
			}
			runes = runes[n:]
		}
	}
}

// TestCuttingIsExact: a text encoded whole equals the same text merged without
// any cut.
func TestCuttingIsExact(t *testing.T) {
	tok := baichuan2(t)
	docs := append(documents(t, "pretrain/zh_law_raw.jsonl.gz", 200000), documents(t, "pretrain/web_c4_en.jsonl.gz", 200000)...)
	for _, doc := range docs {
		for line := range strings.SplitSeq(doc, "\n") {
			s := newScratch(tok.symbols)
			s.norm = tok.normalizer.append(nil, line, tok.matchAll)
			s.out = emitter{t: tok}
			tok.encodeUnused(s, tok.matchAll) // the path without cuts
			if got := tok.Encode(line); !slices.Equal(got, s.out.ids) {
				t.Fatalf("Encode(%q)\n got %v\nwant %v", line, got, s.out.ids)
			}
		}
	}
}
