package build

import (
	"fmt"

	"huihai/tokenizer"
)

// encoder turns documents into tokens, for several goroutines at a time.
type encoder struct {
	*tokenizer.Tokenizer
	path string
}

// loadEncoder reads a SentencePiece model file.
func loadEncoder(path string) (*encoder, error) {
	t, err := tokenizer.Load(path)
	if err != nil {
		return nil, err
	}
	if t.EOS() < 0 {
		return nil, fmt.Errorf("tokenizer %s has no end-of-sequence piece; documents cannot be told apart without one", path)
	}
	return &encoder{t, path}, nil
}
