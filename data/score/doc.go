// Package score measures a text, guesses its language and decides with named
// rules whether to keep it.
//
// # Measures
//
// One pass over the text fills [Features]. Definitions differ between published
// pipelines, so ours are these:
//
//   - A word is a run of letters and digits (of any script but Han and Kana),
//     with apostrophes, hyphens and underscores inside it. Punctuation is no
//     word. A token is what blanks separate.
//   - A unit is a word, or one Han or Kana character. All repetition is counted
//     in units, so that no word segmenter is needed for Chinese; thresholds that
//     were set with one (mean word length) have no counterpart here.
//   - Duplicate lines, paragraphs and n-grams count the second and later copies
//     only. After a duplicated n-gram the scan goes on behind it. Shares of
//     n-grams are in characters of units, lines in characters of all lines.
//   - Lines are trimmed and empty ones do not count. Paragraphs are separated by
//     blank lines; a text without any has one paragraph per line.
//
// # Rules
//
// A [Rule] bounds one measure and has a name that is the reason for dropping.
// Rules come in published sets ([RuleSets]); a profile says which sets apply to
// which language. Profile "general" is for texts someone chose (books, verse,
// documentation, program code): it removes only what is broken. Profile "web"
// uses the published thresholds for crawled pages.
//
// # Quality
//
// Quality is in [0,1]: the weighted geometric mean of length, repetition, line
// shape, alphabet, language and diversity components, each in [0,1] (see
// [Weights]). It orders duplicates and steers sampling; by default nothing is
// dropped for it.
package score
