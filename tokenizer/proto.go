package tokenizer

import (
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// modelType is TrainerSpec.ModelType of the file format.
type modelType int32

const (
	modelUnigram modelType = 1
	modelBPE     modelType = 2
	modelWord    modelType = 3
	modelChar    modelType = 4
)

func (m modelType) String() string {
	switch m {
	case modelUnigram:
		return "unigram"
	case modelBPE:
		return "bpe"
	case modelWord:
		return "word"
	case modelChar:
		return "char"
	}
	return fmt.Sprintf("type %d", int32(m))
}

// pieceProto is one ModelProto.SentencePiece.
type pieceProto struct {
	text  string
	score float32
	typ   PieceType
}

// trainerSpec holds the fields of TrainerSpec that change how a model encodes
// or decodes, or that a person wants to see.
type trainerSpec struct {
	modelType               modelType
	vocabSize               int32
	characterCoverage       float32
	maxPieceLength          int32
	splitDigits             bool
	allowWhitespaceOnly     bool
	treatWhitespaceAsSuffix bool
	byteFallback            bool
	unkSurface              string
	unkPiece, bosPiece      string
	eosPiece, padPiece      string
}

// normalizerSpec is NormalizerSpec without the rules only a trainer reads.
type normalizerSpec struct {
	name                   string
	charsmap               []byte
	addDummyPrefix         bool
	removeExtraWhitespaces bool
	escapeWhitespaces      bool
}

// modelProto is the part of ModelProto this package acts on.
type modelProto struct {
	pieces     []pieceProto
	trainer    trainerSpec
	normalizer normalizerSpec
}

const defaultUnkSurface = " \u2047 "

// newModelProto returns the defaults that sentencepiece_model.proto declares.
func newModelProto() *modelProto {
	return &modelProto{
		trainer: trainerSpec{
			modelType: modelUnigram, vocabSize: 8000, characterCoverage: 0.9995, maxPieceLength: 16,
			unkSurface: defaultUnkSurface,
			unkPiece:   "<unk>", bosPiece: "<s>", eosPiece: "</s>", padPiece: "<pad>",
		},
		normalizer: normalizerSpec{addDummyPrefix: true, removeExtraWhitespaces: true, escapeWhitespaces: true},
	}
}

var errTruncated = errors.New("the data ends in the middle of a field: the file is cut short or is not a SentencePiece model")

// eachField calls f with every field of a message. f gets the raw value: the
// content of a length-delimited field, or the number of the others.
func eachField(data []byte, f func(num protowire.Number, typ protowire.Type, num64 uint64, content []byte) error) error {
	for len(data) > 0 {
		num, typ, n := protowire.ConsumeTag(data)
		if n < 0 {
			return errTruncated
		}
		data = data[n:]
		var v uint64
		var content []byte
		switch typ {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(data)
		case protowire.Fixed32Type:
			var v32 uint32
			v32, n = protowire.ConsumeFixed32(data)
			v = uint64(v32)
		case protowire.Fixed64Type:
			v, n = protowire.ConsumeFixed64(data)
		case protowire.BytesType:
			content, n = protowire.ConsumeBytes(data)
		default:
			n = protowire.ConsumeFieldValue(num, typ, data)
		}
		if n < 0 {
			return errTruncated
		}
		data = data[n:]
		if err := f(num, typ, v, content); err != nil {
			return err
		}
	}
	return nil
}

// parseModelProto decodes a model file. Nothing is allocated beyond what the
// data itself holds. As in every proto2 reader, fields with an unexpected wire
// type and unknown enum values are ignored.
func parseModelProto(data []byte) (*modelProto, error) {
	m := newModelProto()
	err := eachField(data, func(num protowire.Number, typ protowire.Type, _ uint64, content []byte) error {
		if typ != protowire.BytesType {
			return nil
		}
		switch num {
		case 1:
			p, err := parsePiece(content)
			if err != nil {
				return fmt.Errorf("piece %d: %w", len(m.pieces), err)
			}
			m.pieces = append(m.pieces, p)
		case 2:
			if err := parseTrainerSpec(content, &m.trainer); err != nil {
				return fmt.Errorf("trainer_spec: %w", err)
			}
		case 3:
			if err := parseNormalizerSpec(content, &m.normalizer); err != nil {
				return fmt.Errorf("normalizer_spec: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

func parsePiece(data []byte) (pieceProto, error) {
	p := pieceProto{typ: Normal}
	err := eachField(data, func(num protowire.Number, typ protowire.Type, v uint64, content []byte) error {
		switch {
		case num == 1 && typ == protowire.BytesType:
			p.text = string(content)
		case num == 2 && typ == protowire.Fixed32Type:
			p.score = math.Float32frombits(uint32(v))
		case num == 3 && typ == protowire.VarintType:
			if t := PieceType(int32(v)); t >= Normal && t <= Byte {
				p.typ = t
			}
		}
		return nil
	})
	return p, err
}

func parseTrainerSpec(data []byte, s *trainerSpec) error {
	return eachField(data, func(num protowire.Number, typ protowire.Type, v uint64, content []byte) error {
		switch typ {
		case protowire.VarintType:
			s.setNumber(num, v)
		case protowire.BytesType:
			s.setString(num, string(content))
		case protowire.Fixed32Type:
			if num == 10 {
				s.characterCoverage = math.Float32frombits(uint32(v))
			}
		}
		return nil
	})
}

func (s *trainerSpec) setNumber(num protowire.Number, v uint64) {
	switch num {
	case 3:
		if t := modelType(int32(v)); t >= modelUnigram && t <= modelChar {
			s.modelType = t
		}
	case 4:
		s.vocabSize = int32(v)
	case 20:
		s.maxPieceLength = int32(v)
	case 24:
		s.treatWhitespaceAsSuffix = v != 0
	case 25:
		s.splitDigits = v != 0
	case 26:
		s.allowWhitespaceOnly = v != 0
	case 35:
		s.byteFallback = v != 0
	}
}

func (s *trainerSpec) setString(num protowire.Number, v string) {
	or := func(v, def string) string {
		if v == "" {
			return def
		}
		return v
	}
	switch num {
	case 44:
		s.unkSurface = v
	case 45:
		s.unkPiece = or(v, "<unk>")
	case 46:
		s.bosPiece = or(v, "<s>")
	case 47:
		s.eosPiece = or(v, "</s>")
	case 48:
		s.padPiece = or(v, "<pad>")
	}
}

func parseNormalizerSpec(data []byte, s *normalizerSpec) error {
	return eachField(data, func(num protowire.Number, typ protowire.Type, v uint64, content []byte) error {
		switch {
		case num == 1 && typ == protowire.BytesType:
			s.name = string(content)
		case num == 2 && typ == protowire.BytesType:
			s.charsmap = content
		case num == 3 && typ == protowire.VarintType:
			s.addDummyPrefix = v != 0
		case num == 4 && typ == protowire.VarintType:
			s.removeExtraWhitespaces = v != 0
		case num == 5 && typ == protowire.VarintType:
			s.escapeWhitespaces = v != 0
		}
		return nil
	})
}
