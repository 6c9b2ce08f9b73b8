package ngram

import (
	"math"
	"slices"
	"sort"
)

// quantilePoints is how many quantiles a model stores: those of 0, 1/256, ... 1.
const quantilePoints = 257

// Shares of the held-out text that CCNet calls head and middle.
const (
	headShare   = 0.3
	middleShare = 0.6
)

// quantiles returns the natural logarithms of the quantiles of perplexities,
// between neighbouring ones by linear interpolation, or nil of none.
func quantiles(perplexities []float64) []float64 {
	if len(perplexities) == 0 {
		return nil
	}
	sorted := slices.Clone(perplexities)
	slices.Sort(sorted)
	out := make([]float64, quantilePoints)
	for i := range out {
		at := float64(i) / (quantilePoints - 1) * float64(len(sorted)-1)
		k := min(int(at), len(sorted)-1)
		lo, hi := math.Log(sorted[k]), math.Log(sorted[min(k+1, len(sorted)-1)])
		out[i] = lo + (hi-lo)*(at-float64(k))
	}
	return out
}

// rank returns the share of the held-out documents whose perplexity is lower.
func rank(quantiles []float64, perplexity float64) float64 {
	x, last := math.Log(perplexity), len(quantiles)-1
	i := sort.SearchFloat64s(quantiles, x)
	switch {
	case i == 0:
		return 0
	case i > last || math.IsNaN(x):
		return 1
	}
	share := (x - quantiles[i-1]) / (quantiles[i] - quantiles[i-1])
	return (float64(i-1) + share) / float64(last)
}

// Bucket names the part of the held-out text's range that a score lies in, with
// the bounds of CCNet: "head" for perplexities below the 30th percentile,
// "middle" below the 60th, "tail" for the rest, and "" where the model has no
// quantiles and the score is negative.
func Bucket(score float64) string {
	switch rank := 1 - score; {
	case score < 0:
		return ""
	case rank < headShare:
		return "head"
	case rank < middleShare:
		return "middle"
	}
	return "tail"
}
