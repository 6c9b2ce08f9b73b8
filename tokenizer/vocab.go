package tokenizer

import (
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// vocab is the table of pieces with the look-ups that the format defines.
type vocab struct {
	pieces []pieceProto
	// matchable holds normal, user-defined and unused pieces: what merging may
	// produce. reserved holds the others. A text may be in both.
	matchable map[string]int32
	reserved  map[string]int32
	unk       int32
	bytes     [256]int32 // id of each byte piece; valid with byteFallback
	canonical []int32    // id -> id that its text looks up to
}

// newVocab checks the pieces as SentencePiece does and indexes them.
func newVocab(m *modelProto) (*vocab, error) {
	if len(m.pieces) == 0 {
		return nil, fmt.Errorf("the model holds no pieces: the file is empty or is not a SentencePiece model")
	}
	if len(m.pieces) > maxPieces {
		return nil, fmt.Errorf("the model holds %d pieces; at most %d are supported", len(m.pieces), maxPieces)
	}
	v := &vocab{
		pieces:    m.pieces,
		matchable: make(map[string]int32, len(m.pieces)),
		reserved:  make(map[string]int32),
		unk:       -1,
		canonical: make([]int32, len(m.pieces)),
	}
	byteSeen := 0
	for i, p := range m.pieces {
		id := int32(i)
		if err := v.add(id, p); err != nil {
			return nil, err
		}
		if p.typ != Byte {
			continue
		}
		if !m.trainer.byteFallback {
			return nil, fmt.Errorf("piece %d %q is a byte piece, but byte_fallback is off", i, p.text)
		}
		b, ok := parseBytePiece(p.text)
		if !ok {
			return nil, fmt.Errorf("piece %d %q has type byte but is not of the form <0xXX>", i, p.text)
		}
		v.bytes[b] = id
		byteSeen++
	}
	if v.unk < 0 {
		return nil, fmt.Errorf("the model has no unknown piece")
	}
	if m.trainer.byteFallback && byteSeen != 256 {
		return nil, fmt.Errorf("byte_fallback is on, but %d of the 256 byte pieces are there", byteSeen)
	}
	for i, p := range m.pieces {
		v.canonical[i] = v.lookup(p.text)
	}
	return v, nil
}

func (v *vocab) add(id int32, p pieceProto) error {
	switch {
	case p.text == "":
		return fmt.Errorf("piece %d is empty", id)
	case len(p.text) > maxLength:
		return fmt.Errorf("piece %d is %d bytes long; at most %d are supported", id, len(p.text), maxLength)
	case !utf8.ValidString(p.text):
		return fmt.Errorf("piece %d %q is not valid UTF-8", id, p.text)
	case math.IsNaN(float64(p.score)):
		return fmt.Errorf("piece %d %q has the score NaN", id, p.text)
	}
	target := v.reserved
	if p.typ == Normal || p.typ == UserDefined || p.typ == Unused {
		target = v.matchable
	}
	if other, dup := target[p.text]; dup {
		return fmt.Errorf("pieces %d and %d are both %q", other, id, p.text)
	}
	target[p.text] = id
	if p.typ == Unknown {
		if v.unk >= 0 {
			return fmt.Errorf("pieces %d and %d are both the unknown piece", v.unk, id)
		}
		v.unk = id
	}
	return nil
}

// lookup is the format's map from text to id: reserved pieces first, the
// unknown id for everything else.
func (v *vocab) lookup(text string) int32 {
	if id, ok := v.reserved[text]; ok {
		return id
	}
	if id, ok := v.matchable[text]; ok {
		return id
	}
	return v.unk
}

// control returns the id of a control piece, or -1.
func (v *vocab) control(text string) int32 {
	if id := v.lookup(text); v.pieces[id].typ == Control {
		return id
	}
	return -1
}

// output returns the id that is emitted for a matchable piece. ok is false where
// its bytes are, or the unknown id. SentencePiece fails on text whose piece shares
// its surface with a control piece; here the ordinary piece is emitted.
func (v *vocab) output(id int32) (out int32, ok bool) {
	if int(id) >= len(v.pieces) {
		return -1, false
	}
	switch shadow := v.canonical[id]; v.pieces[shadow].typ {
	case Unknown:
		return -1, false
	case Byte:
		return shadow, true
	}
	return id, true
}

// hasUnused reports whether some piece is unused.
func (v *vocab) hasUnused() bool {
	return slices.ContainsFunc(v.pieces, func(p pieceProto) bool { return p.typ == Unused })
}
