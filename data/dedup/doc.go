// Package dedup finds texts that say the same: exact copies, near copies by
// MinHash, repeated paragraphs and sentences.
//
// # Shingles
//
// A text becomes a set of shingles: five words in a row of the simplified text
// (lower case, punctuation to blanks, digits to 0 where asked), or five characters,
// traditional ones made simplified, where most units are Han or Kana. A text shorter than that is one shingle, and one
// without any unit is a shingle of its raw bytes, so every text has a signature.
//
// Each unit is hashed once. A shingle is the polynomial of its units' hashes
// modulo 2^61-1 (Karp and Rabin, 1987), multiplied out in 128 bits, so that each
// shingle follows from the one before in two multiplications whatever its
// length; two shingles share a value with probability n/2^61, and 32 well-mixed
// bits of it are the element of the set.
//
// # Signatures
//
// A signature has Rows sketches of Bands values each; band i holds value i of
// every sketch. A sketch is Fast Similarity Sketching (Dahlgaard, Knudsen and
// Thorup, FOCS 2017): one hash function throws every element into one of the
// bins, where the least hash wins; while a bin is empty another round follows,
// whose hashes count behind those of the rounds before. The winner of a bin is a
// fair draw from the set, so two sets agree there with probability equal to
// their Jaccard similarity, without bias, sets of one element included.
//
// That is Rows hashes per shingle (5) where independent hash functions need
// Bands*Rows (90). The rows of a band come from different sketches and are
// independent, so that a band of r rows agrees with probability s^r exactly. The
// bands of a signature are not quite independent: bins of one sketch draw
// without replacement, which makes the estimate from all values vary less than
// with independent hashes (to half of it for sets of a few shingles, equal for
// sets of hundreds) and leaves the curve 1-(1-s^r)^b of candidates as it is
// within the errors of thousands of trials. One-permutation hashing with all 112
// bins in one sketch would need one hash per shingle, but draws the rows of a
// band without replacement: of 50 shingles, 40 of them shared, eight different
// ones are all shared with probability 0.143, not 0.8^8 = 0.168.
//
// Hash functions are x -> the high 32 bits of a*x + b mod 2^64, with x of 32
// bits and random 64-bit a and b: the multiply-add-shift scheme, which is
// strongly universal (Dietzfelbinger 1996). Taking products mod 2^64 and then
// mod 2^61-1, as some pipelines do, is not.
//
// Texts that agree in all rows of a band are candidates; with 18 bands of 5 rows the
// chance is 96% at Jaccard 0.7 (with FineWeb's 14 bands of 8 it is a half at 0.72).
// [AtLeast] and [Contained] compare candidates by their shingle sets, [SameNumbers] by
// their numbers.
//
// # Clusters
//
// Candidate pairs and exact copies join clusters by union-find. Of each cluster
// the text with the highest quality stays, the lowest number among equals. Near
// copies chain: a like b and b like c puts c into the cluster of a.
// [Clustering.Leaders] keeps clusters to texts that are like the one that stays.
// The result is a function of the texts, their numbers and the set of pairs.
//
// # Spans
//
// [SpanPolicy] counts paragraphs or sentences, or windows of several in a row,
// that the corpus repeats, and removes all copies but one. What a copy that
// stays consists of is never removed, whatever other windows say, so nothing
// that was repeated vanishes from the corpus. This holds if the documents that
// are compared are those that are written: compare spans after whole documents
// were dropped.
package dedup
