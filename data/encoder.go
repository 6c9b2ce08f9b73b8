package data

import (
	"fmt"

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
