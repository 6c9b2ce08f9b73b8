package data

import (
	"context"
	"fmt"
	"iter"

	"huihai/tokenizer"
)

// Encoder is what the pipeline needs of a tokenizer. It must be safe for use by
// several goroutines.
type Encoder interface {
	// AppendEncode appends the ids of text to dst.
	AppendEncode(dst []int32, text string) []int32
	// VocabSize is one more than the largest id.
	VocabSize() int
	// EOS is the id that closes a document, or -1 if there is none.
	EOS() int32
	// Fingerprint is the hex SHA-256 of the model file.
	Fingerprint() string
}

// TrainTokenizer trains a tokenizer of the given vocabulary size and returns its
// model file.
type TrainTokenizer func(ctx context.Context, vocabSize int, docs iter.Seq[string]) ([]byte, error)

// loadEncoder reads a SentencePiece model file.
func loadEncoder(path string) (Encoder, error) {
	t, err := tokenizer.Load(path)
	if err != nil {
		return nil, err
	}
	if t.EOS() < 0 {
		return nil, fmt.Errorf("tokenizer %s has no end-of-sequence piece; documents cannot be told apart without one", path)
	}
	return t, nil
}
