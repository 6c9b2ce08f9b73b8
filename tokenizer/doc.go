// Package tokenizer reads and runs SentencePiece models, BPE (such as the
// tokenizer.model of Baichuan 2) and unigram; it trains and writes BPE models.
//
// It owns the file format (a protocol buffer), the normaliser, the two ways to
// cut text and the byte fallback. It must not know about prompts, chat roles or
// models: ids go in and out as int32. Models of words or characters are refused.
//
// # Encoding
//
// Encoding begins with the normaliser: the precompiled character map of the file
// (if any), removal of extra spaces, the dummy prefix, and U+0020 to U+2581.
// Invalid UTF-8 becomes U+FFFD, one for every bad byte. What is no piece in the
// end becomes byte pieces, or the unknown id (one for a run) when the model has
// no byte fallback. Between the two, a BPE model does what SentencePiece 0.1.97
// and later do:
//
//  1. Walk left to right. Where user-defined pieces match, the longest one is
//     taken whole and never merges; otherwise one character is taken.
//  2. Merge the adjacent pair whose concatenation is a piece of the highest
//     score, the leftmost among equals, until none is left. The order of ids
//     means nothing: Baichuan 2 holds pieces of two trainings whose scores
//     interleave. Unused pieces merge too, and what is left of them is split
//     again.
//
// A unigram model takes the path of pieces with the greatest sum of scores:
//
//  1. A learnt piece has its own score, a user-defined one its length in bytes
//     times the greatest learnt score (0 if all are negative) less 0.1, and a
//     character that is no piece the least learnt score less 10. Unused pieces
//     are as if they were not there.
//  2. Sums are rounded to float32 after every piece. Among equal paths to a
//     position, the one whose last piece is longest stays.
//
// The second rule is that of SentencePiece 0.1.97 to 0.2.1. Since 0.2.2 it rounds
// otherwise, and in some texts picks another of the paths whose sums differ by
// rounding alone.
//
// # How a BPE model does without merging
//
// Merging has two properties, which need nothing but that the next merge is the
// best in a fixed order of ranks, then places. In its result, any run of
// neighbours is what merging makes of their text alone: restricted to that text,
// the same merges come in the same order. And a row of symbols is the result if
// merging leaves every two neighbours as they are: the first merge across one of
// the borders would have been the best for these two alone as well. So one row
// of symbols, and only one, covers a text with all neighbours compatible, and the
// encoder looks for it from the left: the longest symbol that is compatible with
// the last, a shorter one where that leads nowhere, remembering the dead ends. Its
// time is proportional to the text. (GitHub's crate bpe uses this for orders in
// which a piece ranks below its parts; scores need not be so.)
//
// Symbols are the characters and the pieces that merging makes of their own
// text. Two of them are tested by undoing their merges, the last one first, and
// asking each time whether the symbols at the border would have merged before;
// see bpe.meet.
//
// A merge crosses the border between the characters a and b only if some symbol
// holds "ab". Where the text has a pair that none holds, nothing needs to be
// remembered. The set of pairs may answer yes wrongly (it is a hashed bit set),
// which costs time only.
//
// Models with unused pieces are merged step by step over the whole text, because
// their resegmentation looks at all of it; the tests use the same code as the
// plain version that the other is held to. Unigram sums run on from the start of
// the text, but a path is settled and its memory given back where no piece
// crosses a position.
//
// # Control pieces
//
// Text never becomes a control piece ("</s>" in a text is five ordinary
// characters). User-defined pieces do match in [Tokenizer.Encode]; text that
// comes from a person goes through [Tokenizer.EncodeUser], in which the reserved
// ones (chat role marks) do not.
package tokenizer
