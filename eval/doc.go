// Package eval measures models: log-likelihoods of token sequences and the
// perplexity of held-out text, by source and in bits per byte.
//
// It runs the forward part of the training graph, so that a number measured
// here is the number training would see, and it never changes a weight. It must
// not know how text became tokens or where weights came from.
package eval
