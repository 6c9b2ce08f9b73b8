package tokenizer

import "strings"

// TokenBytes returns the bytes of text that each id stands for, by id: 1 for a byte
// piece, the UTF-8 length of any other, with one byte where it holds U+2581 for a space.
// Control, unknown and unused pieces and marks for programs ([Tokenizer.IsReserved])
// stand for none.
//
// The sum over the ids of a text is the bytes of the text as the model normalises it,
// which is the text itself where the model maps no characters and adds no dummy prefix
// (Baichuan 2). Characters outside the vocabulary of a model without byte fallback are
// not in it.
func (t *Tokenizer) TokenBytes() []int {
	n := make([]int, len(t.vocab.pieces))
	for i, p := range t.vocab.pieces {
		switch {
		case p.typ == Byte:
			n[i] = 1
		case (p.typ == Normal || p.typ == UserDefined) && !t.reserved[int32(i)]:
			n[i] = len(p.text) - strings.Count(p.text, spaceMark)*(len(spaceMark)-len(" "))
		}
	}
	return n
}
