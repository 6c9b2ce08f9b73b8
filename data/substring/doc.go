// Package substring finds passages that occur more than once in a corpus, byte
// for byte, and takes the copies out without cutting sentences.
//
// # What counts
//
// A window is MinBytes bytes of a document in a row. Of all equal windows of the
// corpus one stands for the others: the one in the document of the highest
// quality, of the lowest number among equals, at the lowest place in it. Every
// repeated passage of MinBytes or more is a row of overlapping repeated windows,
// so nothing is said about passages apart from windows. A [Mark] is a range of a
// document covered by windows that occur elsewhere too; its Kept tells those that
// stand for others from those that are stood for.
//
// # What is removed
//
// With keep one, the bytes of windows that are stood for, but for bytes that also
// lie in a window that stands for others. What remains of each range is shrunk to
// the nearest sentences (or words, or characters) inside it, and left alone if
// then shorter than MinCutBytes. So:
//
//   - every window that occurred more than once still occurs, whole;
//   - no sentence, or word, or character is cut, and UTF-8 stays valid;
//   - with cut exact, each byte left between two cuts of a document was in no
//     window that is stood for, or also in one that stands for others.
//
// Repeated windows are thus left where a cut would break a sentence (uncut bytes),
// and where windows that stand for others cover one that does not (protected
// bytes; a passage known from a better document inside one known from a worse).
// The ends of what was left on both sides of a cut may form a new window that
// occurs twice. A second run looks at another corpus, in which protected windows
// may have lost the others they stood for; run once.
//
// Documents that something else drops must not take part: their windows would
// stand for others.
//
// # How
//
// Equal windows are neighbours in the suffix array (SA-IS) of the texts in a row.
// That array alone takes four bytes of memory per byte of the corpus and one cache
// miss after the other. So windows are first brought together by anchors (see
// [Segmenter]), which cost one pass, and suffixes are sorted only where an anchor
// occurs twice. [Find] does that in memory; in a pipeline it is
//
//	Map     Segmenter.Segments -> AppendAnchor to the partition of the hash;
//	        local spans are marks already (not kept)
//	Reduce  anchors of equal hash: where there are two or more, pass on (document,
//	        index), sorted
//	Map     Segments again, those passed on -> AppendSegment to the partition of
//	        the hash
//	Reduce  Matcher.Add -> marks, to their documents
//	Map     Decide, Apply, given the marks of a document
//
// whose tasks hold one document, or one batch of segments. Nothing is lost: equal
// windows have equal anchors, so they meet in one group of records, and within it
// the suffix array of the texts, not a hash, decides what is equal. The first two
// stages are a filter; without them every segment is matched, to the same result.
// A text of n bytes has about 3 n/MinBytes segments, which overlap: together they
// have 3.8 n bytes.
//
// The stages hold their memory however often a passage occurs: equal segments are
// compared once (see [Matcher]). Results depend on the texts, their numbers and
// qualities only.
package substring
