// Package tokenizer reads, runs, trains and writes SentencePiece BPE models,
// such as the tokenizer.model of Baichuan 2.
//
// It owns the file format (a protocol buffer), the normaliser, the merge order
// and the byte fallback. It must not know about prompts, chat roles or models:
// ids go in and out as int32.
//
// # Encoding
//
// Encoding equals SentencePiece 0.1.97 and later:
//
//  1. Normalise: the precompiled character map of the file (if any), removal of
//     extra spaces, the dummy prefix, and U+0020 to U+2581. Invalid UTF-8 becomes
//     U+FFFD, one for every bad byte.
//  2. Walk left to right. Where user-defined pieces match, the longest one is
//     taken whole and never merges; otherwise one character is taken.
//  3. Merge the adjacent pair whose concatenation is a piece of the highest
//     score, the leftmost among equals, until none is left. The order of ids
//     means nothing: Baichuan 2 holds pieces of two trainings whose scores
//     interleave.
//  4. What is no piece becomes byte pieces, or the unknown id (one for a run)
//     when the model has no byte fallback.
//
// # Why cutting the text is exact
//
// A merge joins two neighbours into a piece, so it crosses the border between
// the characters a and b only if some piece holds "ab". [Tokenizer] collects
// every such pair at load. Where the text has a pair that no piece holds,
// nothing on the left can ever influence the right, and the parts are merged
// alone. The set of pairs may answer yes wrongly (it is a hashed bit set), which
// only makes a part longer. Models with unused pieces are not cut, because their
// resegmentation looks at the whole text.
//
// # Control pieces
//
// Text never becomes a control piece ("</s>" in a text is five ordinary
// characters). User-defined pieces do match in [Tokenizer.Encode]; text that
// comes from a person goes through [Tokenizer.EncodeUser], in which the reserved
// ones (chat role marks) do not.
package tokenizer
