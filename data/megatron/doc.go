// Package megatron writes and reads the token files of Megatron-LM: PREFIX.bin
// holds the tokens of all sequences one after the other, PREFIX.idx says where they
// are. Megatron takes a pair as --data-path PREFIX.
//
// PREFIX.idx, little-endian and without gaps:
//
//	9 bytes   "MMIDIDX", 0, 0
//	uint64    version, 1
//	uint8     type of a token: 4 is int32, 8 is uint16
//	uint64    sequences, s
//	uint64    document bounds, d+1 for d documents
//	int32     s lengths, in tokens
//	int64     s offsets in PREFIX.bin, in bytes
//	int64     d+1 document bounds: the first sequence of each, and s
//
// (megatron/core/datasets/indexed_dataset.py of Megatron-LM; its sequence modes,
// for images, are not written and not read.) As there, tokens of vocabularies below
// 65,500 are uint16 and those of larger ones int32.
//
// The package knows nothing of data sets and tokenizers.
package megatron

import "fmt"

// DType is the type of a token, by its code in the index.
type DType uint8

// The types of tokens.
const (
	Int32  DType = 4
	Uint16 DType = 8
)

// uint16Vocab is where Megatron's DType.optimal_dtype turns to int32.
const uint16Vocab = 65500

// DTypeFor returns the type that Megatron chooses for a vocabulary.
func DTypeFor(vocabSize int) DType {
	if vocabSize < uint16Vocab {
		return Uint16
	}
	return Int32
}

// Size is the bytes of a token, 0 for a type that is not known.
func (d DType) Size() int {
	switch d {
	case Int32:
		return 4
	case Uint16:
		return 2
	}
	return 0
}

// String is numpy's name of the type.
func (d DType) String() string {
	switch d {
	case Int32:
		return "int32"
	case Uint16:
		return "uint16"
	}
	return fmt.Sprintf("dtype %d", uint8(d))
}

const (
	magic   = "MMIDIDX\x00\x00"
	version = 1
	// headerSize is the bytes before the lengths.
	headerSize = len(magic) + 8 + 1 + 8 + 8
)
