package tokenizer

import (
	"cmp"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Info describes a model for a person or a program that inspects it.
type Info struct {
	ModelType     string         `json:"model_type"`
	Fingerprint   string         `json:"fingerprint"` // SHA-256 of the file
	FileBytes     int            `json:"file_bytes"`
	VocabSize     int            `json:"vocab_size"`
	TrainedSize   int            `json:"trained_vocab_size"` // vocab_size of the trainer_spec
	Pieces        map[string]int `json:"pieces"`             // by type
	Reserved      int            `json:"reserved"`           // user-defined pieces that EncodeUser ignores
	ByteFallback  bool           `json:"byte_fallback"`
	SplitDigits   bool           `json:"split_digits"`
	Coverage      float64        `json:"character_coverage"`
	Normalizer    NormalizerInfo `json:"normalizer"`
	UnknownID     int32          `json:"unk_id"`
	BOS           int32          `json:"bos_id"`
	EOS           int32          `json:"eos_id"`
	PAD           int32          `json:"pad_id"`
	MaxCharacters int            `json:"max_piece_characters"`
	Longest       []PieceInfo    `json:"longest"`
}

// NormalizerInfo describes what happens to text before it is cut.
type NormalizerInfo struct {
	Name                   string `json:"name"`
	CharsmapBytes          int    `json:"charsmap_bytes"`
	AddDummyPrefix         bool   `json:"add_dummy_prefix"`
	RemoveExtraWhitespaces bool   `json:"remove_extra_whitespaces"`
	EscapeWhitespaces      bool   `json:"escape_whitespaces"`
}

// PieceInfo is one piece with its length in characters.
type PieceInfo struct {
	ID         int32   `json:"id"`
	Piece      string  `json:"piece"`
	Type       string  `json:"type"`
	Score      float32 `json:"score"`
	Characters int     `json:"characters"`
}

// Info describes the model and lists its top longest learnt pieces, longest
// first, equal ones by id.
func (t *Tokenizer) Info(top int) Info {
	n, tr := t.proto.normalizer, t.proto.trainer
	info := Info{
		ModelType: tr.modelType.String(), Fingerprint: t.fingerprint, FileBytes: len(t.raw),
		VocabSize: t.VocabSize(), TrainedSize: int(tr.vocabSize), Pieces: make(map[string]int),
		Reserved: len(t.reserved), ByteFallback: tr.byteFallback, SplitDigits: tr.splitDigits,
		Coverage: decimal(tr.characterCoverage),
		Normalizer: NormalizerInfo{
			Name: n.name, CharsmapBytes: len(n.charsmap), AddDummyPrefix: n.addDummyPrefix,
			RemoveExtraWhitespaces: n.removeExtraWhitespaces, EscapeWhitespaces: n.escapeWhitespaces,
		},
		UnknownID: t.UnknownID(), BOS: t.BOS(), EOS: t.EOS(), PAD: t.PAD(),
		Longest: []PieceInfo{},
	}
	var learnt []PieceInfo
	for i, p := range t.vocab.pieces {
		info.Pieces[p.typ.String()]++
		if mergeable(p.typ) {
			learnt = append(learnt, PieceInfo{int32(i), p.text, p.typ.String(), p.score, utf8.RuneCountInString(p.text)})
		}
	}
	slices.SortStableFunc(learnt, func(a, b PieceInfo) int { return cmp.Compare(b.Characters, a.Characters) })
	if len(learnt) > 0 {
		info.MaxCharacters = learnt[0].Characters
	}
	info.Longest = append(info.Longest, learnt[:min(max(top, 0), len(learnt))]...)
	return info
}

// decimal widens a float32 to the float64 a person would have written.
func decimal(f float32) float64 {
	v, err := strconv.ParseFloat(strconv.FormatFloat(float64(f), 'g', -1, 32), 64)
	if err != nil { // NaN or an infinity from a strange file: JSON has neither
		return 0
	}
	return v
}
