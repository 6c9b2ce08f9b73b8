package build

import (
	"context"
	"errors"
	"math"

	"huihai/data"
	"huihai/data/build/record"
)

// UnigramReport is what a model that knows only how frequent each token is would
// reach: the loss to be beaten. Probabilities are those of the training split
// with one added to every count, so that a token it lacks is not impossible.
type UnigramReport struct {
	TrainNats      float64 `json:"train_nats_per_token"`
	ValidationNats float64 `json:"validation_nats_per_token"`
	// Bits per byte count the EOS tokens' bits too, over the text's bytes.
	TrainBitsPerByte      float64 `json:"train_bits_per_byte"`
	ValidationBitsPerByte float64 `json:"validation_bits_per_byte"`
	// DistinctTokens is how many ids occur in the training split.
	DistinctTokens int64 `json:"distinct_tokens"`
}

// unigram sums the counts of the documents stage into cross-entropies.
func (b *builder) unigram(ctx context.Context, splits map[string]*SplitReport) (UnigramReport, error) {
	vocab := b.vocab.VocabSize
	var counts [2][]int64
	counts[0], counts[1] = make([]int64, vocab), make([]int64, vocab)
	for _, r := range b.written {
		err := record.Each(ctx, r.Path(fileUnigram), func(rec []byte) (bool, error) {
			var n record.Unigram
			if err := n.Decode(rec); err != nil || n.ID >= uint64(vocab) {
				return false, errors.Join(record.ErrDamaged, err)
			}
			counts[0][n.ID] += n.Train
			counts[1][n.ID] += n.Validation
			return true, nil
		})
		if err != nil {
			return UnigramReport{}, err
		}
	}
	var u UnigramReport
	for _, n := range counts[0] {
		if n > 0 {
			u.DistinctTokens++
		}
	}
	u.TrainNats, u.TrainBitsPerByte = crossEntropy(counts[0], counts[0], splits[data.Train].Bytes)
	u.ValidationNats, u.ValidationBitsPerByte = crossEntropy(counts[1], counts[0], splits[data.Validation].Bytes)
	return u, nil
}

// crossEntropy of the tokens counted in of under the distribution of model plus
// one, in nats per token and in bits per byte; 0 when there are none.
func crossEntropy(of, model []int64, bytes int64) (nats, bitsPerByte float64) {
	var n, total int64
	for id := range model {
		n += of[id]
		total += model[id] + 1
	}
	if n == 0 {
		return 0, 0
	}
	sum := 0.0
	for id, c := range of {
		if c > 0 {
			sum -= float64(c) * math.Log(float64(model[id]+1)/float64(total))
		}
	}
	if bytes > 0 {
		bitsPerByte = sum / math.Ln2 / float64(bytes)
	}
	return sum / float64(n), bitsPerByte
}
