package build

import (
	"fmt"

	"huihai/tokenizer"
)

// tokenizerFacts are what the driver of a build knows of the tokenizer. The model
// itself, some tens of megabytes, is loaded by the stages that encode.
type tokenizerFacts struct {
	VocabSize   int
	EOS         int32
	Fingerprint string // hex SHA-256 of the model file
}

// loadEncoder reads a SentencePiece model file.
func loadEncoder(path string) (*tokenizer.Tokenizer, error) {
	t, err := tokenizer.Load(path)
	if err != nil {
		return nil, err
	}
	if t.EOS() < 0 {
		return nil, fmt.Errorf("tokenizer %s has no end-of-sequence piece; documents cannot be told apart without one", path)
	}
	return t, nil
}

// readTokenizer loads a model file to see that it can be, and what it is.
func readTokenizer(path string) (tokenizerFacts, error) {
	t, err := loadEncoder(path)
	if err != nil {
		return tokenizerFacts{}, err
	}
	return tokenizerFacts{t.VocabSize(), t.EOS(), t.Fingerprint()}, nil
}
