package tokenizer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// FileName is the name of the model file inside a model folder.
const FileName = "tokenizer.model"

// Tokenizer is a SentencePiece model, BPE or unigram. It never changes after [Load] and is
// safe for concurrent use.
type Tokenizer struct {
	raw         []byte
	fingerprint string
	proto       *modelProto
	vocab       *vocab
	segmenter   segmenter
	normalizer  normalizer
	matchAll    *prefixMatcher // every user-defined piece
	matchUser   *prefixMatcher // those a person may write
	reserved    map[int32]bool
	scratch     sync.Pool
}

// Load reads a model file, or the tokenizer.model of a model folder.
func Load(path string) (*Tokenizer, error) {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		path = filepath.Join(path, FileName)
		info, err = os.Stat(path)
	}
	if err == nil && info.Mode()&fs.ModeType != 0 {
		err = fmt.Errorf("not a regular file")
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("tokenizer: read %s: %w", path, err)
	}
	t, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: read %s: %w", path, trimPrefix(err))
	}
	return t, nil
}

// LoadVerified is [Load] of a file whose SHA-256, in hexadecimal, was written
// down elsewhere, such as in the manifest of a data set made with it. Another
// one is an error: the file was damaged or replaced since.
func LoadVerified(path, sha256 string) (*Tokenizer, error) {
	t, err := Load(path)
	if err != nil {
		return nil, err
	}
	if t.fingerprint != sha256 {
		return nil, fmt.Errorf("tokenizer: %s was damaged or replaced: its SHA-256 is %s, but that of the tokenizer used was %s; copy the right file there", path, t.fingerprint, sha256)
	}
	return t, nil
}

// Parse builds a Tokenizer from the content of a model file. The content is
// copied. Models of words or of characters are refused by name.
func Parse(data []byte) (*Tokenizer, error) {
	t, err := parse(append([]byte(nil), data...))
	if err != nil {
		return nil, parseError{err}
	}
	return t, nil
}

// parseError adds the package name once.
type parseError struct{ err error }

func (e parseError) Error() string { return "tokenizer: " + e.err.Error() }
func (e parseError) Unwrap() error { return e.err }

func trimPrefix(err error) error {
	if p, ok := err.(parseError); ok {
		return p.err
	}
	return err
}

func parse(data []byte) (*Tokenizer, error) {
	m, err := parseModelProto(data)
	if err != nil {
		return nil, err
	}
	v, err := newVocab(m)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	t := &Tokenizer{
		raw: data, fingerprint: hex.EncodeToString(sum[:]), proto: m, vocab: v,
		reserved: make(map[int32]bool),
	}
	if t.normalizer, err = newNormalizer(m); err != nil {
		return nil, err
	}
	var all, user []matchEntry
	for i, p := range m.pieces {
		if p.typ != UserDefined {
			continue
		}
		e := matchEntry{p.text, int32(i)}
		all = append(all, e)
		if isReservedMark(p.text) {
			t.reserved[e.id] = true
		} else {
			user = append(user, e)
		}
	}
	t.matchAll, t.matchUser = newPrefixMatcher(all), newPrefixMatcher(user)
	t.matchAll.reserved = true
	if err := t.setSegmenter(); err != nil {
		return nil, err
	}
	t.scratch.New = func() any { return new(scratch) }
	return t, nil
}

// setSegmenter chooses how text is cut, and with it how spaces are written.
func (t *Tokenizer) setSegmenter() (err error) {
	switch typ := t.proto.trainer.modelType; {
	case typ == modelUnigram:
		t.segmenter, err = newUnigram(t.vocab)
	case typ != modelBPE:
		err = fmt.Errorf("the model type is %s; only bpe and unigram models are supported", typ)
	case t.vocab.hasUnused():
		t.segmenter = newUnusedBPE(t.vocab)
	default:
		n := &t.normalizer
		if n.space == spaceMark {
			n.space, n.unmark = " ", true
		}
		t.segmenter, err = newBPE(t.vocab, n.unmark)
	}
	return err
}

func newNormalizer(m *modelProto) (normalizer, error) {
	n := normalizer{
		dummyPrefix: m.normalizer.addDummyPrefix,
		removeExtra: m.normalizer.removeExtraWhitespaces,
		space:       " ",
		suffix:      m.trainer.treatWhitespaceAsSuffix,
	}
	if m.normalizer.escapeWhitespaces {
		n.space = spaceMark
	}
	if len(m.normalizer.charsmap) == 0 {
		return n, nil
	}
	var err error
	if n.chars, err = parseCharsmap(m.normalizer.charsmap); err != nil {
		return n, fmt.Errorf("normalizer_spec: %w", err)
	}
	return n, nil
}

// VocabSize returns the number of pieces; ids run from 0 to VocabSize()-1. It
// is the length of the piece list, not the vocab_size a trainer was asked for
// (Baichuan 2: 125696 and 99968).
func (t *Tokenizer) VocabSize() int { return len(t.vocab.pieces) }

// Piece returns the surface of an id as the file holds it (U+2581 for a space),
// or "" for an id outside the vocabulary.
func (t *Tokenizer) Piece(id int32) string { return t.piece(id).text }

// Score returns the score of an id: in a BPE model pieces merge from the highest
// score down, in a unigram model it is a log probability.
func (t *Tokenizer) Score(id int32) float32 { return t.piece(id).score }

// Type returns the type of an id, or 0 for an id outside the vocabulary.
func (t *Tokenizer) Type(id int32) PieceType { return t.piece(id).typ }

func (t *Tokenizer) piece(id int32) pieceProto {
	if id < 0 || int(id) >= len(t.vocab.pieces) {
		return pieceProto{}
	}
	return t.vocab.pieces[id]
}

// ID returns the id of a piece by its exact surface. ok is false where
// SentencePiece would answer with the unknown id.
func (t *Tokenizer) ID(piece string) (id int32, ok bool) {
	if id, ok = t.vocab.reserved[piece]; ok {
		return id, true
	}
	id, ok = t.vocab.matchable[piece]
	return id, ok
}

// IsControl reports whether id is a control piece such as <s>.
func (t *Tokenizer) IsControl(id int32) bool { return t.Type(id) == Control }

// IsByte reports whether id is a byte piece such as <0x0A>.
func (t *Tokenizer) IsByte(id int32) bool { return t.Type(id) == Byte }

// IsUserDefined reports whether id is a user-defined piece.
func (t *Tokenizer) IsUserDefined(id int32) bool { return t.Type(id) == UserDefined }

// IsReserved reports whether id is a user-defined piece that only programs may
// write (<reserved_106> and its kin): [Tokenizer.EncodeUser] never yields it.
func (t *Tokenizer) IsReserved(id int32) bool { return t.reserved[id] }

// UnknownID returns the id of the unknown piece.
func (t *Tokenizer) UnknownID() int32 { return t.vocab.unk }

// BOS returns the id of the begin-of-sequence piece, or -1.
func (t *Tokenizer) BOS() int32 { return t.vocab.control(t.proto.trainer.bosPiece) }

// EOS returns the id of the end-of-sequence piece, or -1.
func (t *Tokenizer) EOS() int32 { return t.vocab.control(t.proto.trainer.eosPiece) }

// PAD returns the id of the padding piece, or -1. Baichuan 2 has none in its
// file; the model configuration pads with the unknown id.
func (t *Tokenizer) PAD() int32 { return t.vocab.control(t.proto.trainer.padPiece) }

// HasByteFallback reports whether characters outside the vocabulary become byte
// pieces, so that nothing is lost.
func (t *Tokenizer) HasByteFallback() bool { return t.proto.trainer.byteFallback }

// Fingerprint returns the SHA-256 of the model file in hexadecimal. Token files
// are only comparable when it is equal.
func (t *Tokenizer) Fingerprint() string { return t.fingerprint }

// Marshal returns the model file, byte for byte as it was read or trained.
func (t *Tokenizer) Marshal() []byte { return append([]byte(nil), t.raw...) }
