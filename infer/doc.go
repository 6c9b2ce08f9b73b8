// Package infer runs a model forward, one token after another: a key/value
// cache, prefill in chunks, greedy and sampled decoding.
//
// It computes with the same kernels as training, called directly rather than
// through a graph, as the shapes change with every token. It must not know how
// weights came about: it is given them. Evaluation never changes a stored
// weight: NormHead's normalised rows live in a buffer of their own.
package infer
