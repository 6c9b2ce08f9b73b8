package tokenizer

import "google.golang.org/protobuf/encoding/protowire"

// CountPieces returns the number of pieces in a SentencePiece model file, without
// building a [Tokenizer] of it: for comparing a file with what is said of it.
func CountPieces(data []byte) (int, error) {
	n := 0
	err := eachField(data, func(num protowire.Number, typ protowire.Type, _ uint64, _ []byte) error {
		if num == 1 && typ == protowire.BytesType {
			n++
		}
		return nil
	})
	if err != nil {
		return 0, parseError{err}
	}
	return n, nil
}
