package tokenizer

import (
	"fmt"
	"io"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"huihai/internal/atomicfile"
	"huihai/internal/vfs"
)

// encodeModel writes a model file that SentencePiece loads. Fields are in the
// order of their numbers and depend on nothing but the arguments.
func encodeModel(cfg TrainConfig, pieces []pieceProto) []byte {
	var out []byte
	for _, p := range pieces {
		var b message
		b.text(1, p.text)
		b = protowire.AppendTag(b, 2, protowire.Fixed32Type)
		b = protowire.AppendFixed32(b, math.Float32bits(p.score))
		if p.typ != Normal {
			b.number(3, int64(p.typ))
		}
		out = appendMessage(out, 1, b)
	}
	out = appendMessage(out, 2, encodeTrainerSpec(cfg, len(pieces)))
	var norm message
	norm.text(1, "identity")
	norm.text(2, "")
	norm.flag(3, cfg.AddDummyPrefix)
	norm.flag(4, cfg.RemoveExtraWhitespaces)
	norm.flag(5, true)
	return appendMessage(out, 3, norm)
}

func encodeTrainerSpec(cfg TrainConfig, vocabSize int) message {
	var b message
	b.number(3, int64(modelBPE))
	b.number(4, int64(vocabSize))
	b = protowire.AppendTag(b, 10, protowire.Fixed32Type)
	b = protowire.AppendFixed32(b, math.Float32bits(float32(cfg.CharacterCoverage)))
	b.number(20, int64(cfg.MaxSentencepieceLength))
	b.flag(21, cfg.SplitByUnicodeScript)
	b.flag(22, cfg.SplitByWhitespace)
	b.flag(23, cfg.SplitByNumber)
	b.flag(24, cfg.TreatWhitespaceAsSuffix)
	b.flag(25, cfg.SplitDigits)
	b.flag(26, cfg.AllowWhitespaceOnlyPieces)
	for _, s := range cfg.ControlSymbols {
		b.text(30, s)
	}
	for _, s := range cfg.allUserDefined() {
		b.text(31, s)
	}
	b.flag(33, cfg.HardVocabLimit)
	b.flag(35, cfg.ByteFallback)
	if cfg.RequiredChars != "" {
		b.text(36, cfg.RequiredChars)
	}
	for i, id := range []int{cfg.UnkID, cfg.BosID, cfg.EosID, cfg.PadID} {
		b.number(protowire.Number(40+i), int64(id))
	}
	return b
}

// message is a protocol buffer message under construction.
type message []byte

func (m *message) text(num protowire.Number, s string) {
	*m = protowire.AppendString(protowire.AppendTag(*m, num, protowire.BytesType), s)
}

func (m *message) number(num protowire.Number, v int64) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, num, protowire.VarintType), uint64(v))
}

func (m *message) flag(num protowire.Number, v bool) { m.number(num, int64(boolInt(v))) }

func appendMessage(out []byte, num protowire.Number, content message) []byte {
	return protowire.AppendBytes(protowire.AppendTag(out, num, protowire.BytesType), content)
}

// Save writes the model file. It appears at once and whole, or not at all.
func (t *Tokenizer) Save(path string) error {
	_, err := atomicfile.WriteFile(vfs.OS{}, path, func(w io.Writer) error {
		_, err := w.Write(t.raw)
		return err
	})
	if err != nil {
		return fmt.Errorf("tokenizer: save the model: %w", err)
	}
	return nil
}
