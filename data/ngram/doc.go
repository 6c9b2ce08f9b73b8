// Package ngram estimates interpolated modified Kneser-Ney language models and
// scores texts with them, as KenLM does and CCNet uses it: low perplexity means
// a text that reads like the one the model was made of.
//
// It owns the estimation, the model file, ARPA files and the score. It must not
// know how documents are read or what is done with the scores.
//
// # Units
//
// [UnitsMixed] takes Han, Kana, punctuation and symbols one by one, and words
// of other letters, digits and marks whole, with the apostrophes inside them.
// With fold, letters are lower case and digits 0. [UnitsWhitespace] takes what
// stands between blanks; [UnitsPieces] the pieces of an [Encoder], line by line.
// Words end after 128 bytes, which matters for scripts without blanks: those
// want pieces. The lines of a document are its sentences; lines without a unit
// are none. The units <s>, </s> and <unk> of a text count as unknown words.
//
// # Estimation
//
// The definitions are those of Heafield et al. (2013), which are those of Chen
// and Goodman (1998) with unigrams interpolated with the uniform distribution;
// the n-grams and values are those of KenLM's lmplz to about 1e-6 in log10.
//
//   - n-grams of the highest order, and those that begin with <s>, count their
//     occurrences, others the different words before them.
//   - D1, D2 and D3+ of an order come from its counts of counts, those of pruned
//     n-grams included. Where they give none, discount_fallback stands in.
//   - An n-gram whose occurrences are at most its order's threshold is pruned:
//     its mass goes to the backoff of its context.
//   - Rare words (min_word_count, vocab_limit) are <unk> before counting, and
//     <unk> then is a word like others. lmplz prunes n-grams of such words
//     instead. Without rare words, <unk> has what interpolation gives it.
//
// Training is one pass over the texts. The words of each [Worker] are held in
// memory; the units go to a temporary file. All further steps sort and merge
// within memory_bytes and spill to temporary files, about 40 bytes per n-gram
// while it is sorted. The result depends on the texts alone: ids are given by
// frequency and then by bytes, and all sums are of integers or in a fixed order.
//
// # Scores
//
// With T units, S sentences and L the sum of log10 of the probabilities of all
// units and ends of sentences, the perplexity of a text is 10^(-L/(T+S)), that
// of KenLM and CCNet.
//
// The model stores 257 quantiles of the perplexity of documents that were held
// out of training (a share of them by a hash of the text, or others that
// the caller adds). The score of a text is 1 - rank, where rank is the share of
// these documents with lower perplexity, found by linear interpolation of ln
// perplexity between quantiles: 1 for texts more fluent to the model than all of
// them, 0 for texts less fluent than all. [Bucket] cuts it at ranks 0.3 and 0.6,
// the bounds of CCNet between head, middle and tail. CCNet takes the quantiles
// from the corpus to be cut, not from the model's own kind of text; so should
// who wants thirds of a corpus.
//
// The score is no quality by itself: repetition and boilerplate are fluent, verse
// and tables are not, and perplexities of one language's characters and of
// another's words cannot be compared. Models are per language and kind of text.
//
// # The file
//
// See format.go. Each order is a hash table in the order of the hashes, made to
// be mapped; 16 bytes per place, or 8 with quantize (8 bits per value, the means
// of classes of equal size). At most two thirds of the places are taken. N-grams
// are known by their 64-bit hash, quantised ones by 45 bits of it and their
// place, so a model cannot be turned back into an ARPA file; training and import
// write both. Opening checks the header and every length; Verify checks the body.
package ngram
