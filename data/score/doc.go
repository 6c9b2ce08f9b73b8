// Package score measures a text, guesses its language, decides with named rules
// whether to keep it, and gives it, its paragraphs and its sentences a quality.
//
// # Measures
//
// One look at the text fills [Features]; [Measures] names what rules can bound
// and [Features.Signals] gives all values. The package's own definitions:
//
//   - A word is what spaCy's English tokenizer takes for one that is more than
//     punctuation, as far as that needs no lists: a run of letters and digits,
//     where "it's" is two and "3.14" is one, but e.g. is two and 10km is one.
//     A token is what blanks separate.
//   - A unit is a word without regard to ASCII case, or one Han or Kana
//     character. The package's repetition is counted in units, so that no word
//     segmenter is needed for Chinese; thresholds that were set with one (mean
//     word length) have no counterpart here.
//   - Duplicate lines, paragraphs, sentences and n-grams count the second and
//     later copies only. After a duplicated n-gram the scan goes on behind it.
//     Shares of n-grams are in characters of units, lines in characters of lines.
//   - Lines are trimmed and empty ones do not count. Paragraphs are separated by
//     blank lines; a text without any has one paragraph per line.
//   - Sentences end at 。！？；.!?…, with the closing quotes and brackets behind,
//     and at line ends but those of wrapped prose. Abbreviations, initials,
//     numbers and links do not end them. The spans of a paragraph's sentences
//     cover it but for blanks.
//
// # Peers
//
// Gopher's rules are measured otherwise by each published pipeline, so they come
// in variants (gopher_quality_X, gopher_repetition_X) whose measures begin with X:
//
//   - datatrove: n-grams of words and punctuation in their own case, over all
//     characters; second and later copies; mean word length; different stop words.
//     FineWeb was made with it. In texts in Han it takes the package's units.
//   - dolma: n-grams of tokens, all copies over all n-grams; all copies of lines;
//     median word length (up to 255); stop words by occurrence.
//   - rpv2 (RedPajama-Data-v2): n-grams of tokens in lower case without ASCII
//     punctuation; characters in any repeated n-gram, counted once.
//
// dolma's numbers are reproduced. datatrove's differ where spaCy knows an
// abbreviation, a link or a unit, rpv2's where it decomposes accents. NeMo
// Curator bounds the share of unique lines, which is 1 - dup_lines. These measures
// cost time, so an [Extractor] takes them only for rules that ask ([Need]).
//
// # Rules
//
// A [Rule] bounds one measure and has a name that is the reason for dropping.
// Rules come in published sets ([RuleSets]); a profile says which sets apply to
// which language. Profile "general" is for texts someone chose (books, verse,
// documentation, program code): it removes only what is broken. Profile "web"
// uses the published thresholds for crawled pages. [Scorer.Explain] tells what
// every rule of every set says of a text.
//
// # Quality
//
// Quality is in [0,1] on three levels. A document's is the weighted geometric mean
// of components, each in [0,1], from measures and, if the caller has models, from
// what those say ([Weights], [Extra]). A sentence's is the product of a factor for
// each of its flags; a paragraph's is the lower of that product and of the mean of
// its sentences. Quality orders duplicates and steers sampling; by default nothing
// is dropped for it.
//
// # Language
//
// Package lang is asked, unless the caller has done so and says what it found
// with [Known]; languages without rules of their own take those of "other".
package score
