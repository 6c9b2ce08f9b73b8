package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// metaTable gives the pieces that are not learnt their ids: <unk>, <s>, </s>
// and <pad> where the configuration says, then the control symbols, the
// user-defined symbols and the byte pieces at the lowest free ids.
type metaTable struct {
	pieces  map[int]pieceProto
	ids     map[string]int // of the four
	defined map[string]bool
	next    int // no id below is free
}

// metaPieces returns the pieces that are not learnt, by id.
func (c TrainConfig) metaPieces() (map[int]pieceProto, error) {
	t := &metaTable{make(map[int]pieceProto), make(map[string]int), make(map[string]bool), 0}
	if err := t.fixed(c); err != nil {
		return nil, err
	}
	var bytes []string
	if c.ByteFallback {
		for b := range 256 {
			bytes = append(bytes, bytePiece(byte(b)))
		}
	}
	for _, g := range []struct {
		key   string
		texts []string
		typ   PieceType
	}{
		{"control_symbols", c.ControlSymbols, Control},
		{"user_defined_symbols", c.allUserDefined(), UserDefined},
		{"byte_fallback", bytes, Byte},
	} {
		for _, text := range g.texts {
			if err := t.insert(text, g.typ); err != nil {
				return nil, fmt.Errorf("%s: %w", g.key, err)
			}
		}
	}
	if id := t.tab(c); id >= 0 {
		t.pieces[id] = pieceProto{text: "\t", typ: Normal}
	}
	if len(t.pieces) > c.VocabSize {
		return nil, fmt.Errorf("vocab_size is %d, but the special pieces alone are %d; raise it or define fewer", c.VocabSize, len(t.pieces))
	}
	return t.pieces, nil
}

// tab returns the id of the tab among the symbols of Baichuan 2, or -1. It keeps the
// id, and the ids behind it theirs, but is an ordinary character: as a user-defined
// piece it could be in no other, and program text would spend a token on each level of
// its indentation. Who names it as a user-defined symbol gets one.
func (t *metaTable) tab(c TrainConfig) int {
	if !c.BaichuanSymbols || slices.Contains(c.UserDefinedSymbols, "\t") {
		return -1
	}
	for id, p := range t.pieces {
		if p.text == "\t" {
			return id
		}
	}
	return -1
}

// fixed places the four pieces whose ids are configured.
func (t *metaTable) fixed(c TrainConfig) error {
	for _, s := range []struct {
		key, text string
		id        int
		typ       PieceType
	}{
		{"unk_id", "<unk>", c.UnkID, Unknown}, {"bos_id", "<s>", c.BosID, Control},
		{"eos_id", "</s>", c.EosID, Control}, {"pad_id", "<pad>", c.PadID, Control},
	} {
		if s.id == -1 && s.typ != Unknown {
			continue
		}
		if s.id < 0 || s.id >= c.VocabSize {
			return fmt.Errorf("%s is %d; it must be in [0, vocab_size %d)", s.key, s.id, c.VocabSize)
		}
		if other, taken := t.pieces[s.id]; taken {
			return fmt.Errorf("%s is %d, which is the id of %s already", s.key, s.id, other.text)
		}
		t.pieces[s.id] = pieceProto{text: s.text, typ: s.typ}
		t.ids[s.text] = s.id
	}
	return nil
}

// insert places a piece at the next free id. One of the four keeps its id and
// changes its type.
func (t *metaTable) insert(text string, typ PieceType) error {
	switch {
	case text == "" || len(text) > maxLength || !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return fmt.Errorf("%q is not a piece: it must be UTF-8 text of 1 to %d bytes without a NUL", text, maxLength)
	case t.defined[text]:
		return fmt.Errorf("%q is defined twice", text)
	case text == "<unk>":
		return fmt.Errorf("<unk> cannot be defined here")
	}
	t.defined[text] = true
	id, fixed := t.ids[text]
	if !fixed {
		for t.taken(t.next) {
			t.next++
		}
		id = t.next
	}
	t.pieces[id] = pieceProto{text: text, typ: typ}
	return nil
}

func (t *metaTable) taken(id int) bool {
	_, ok := t.pieces[id]
	return ok
}
