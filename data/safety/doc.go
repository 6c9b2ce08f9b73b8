// Package safety judges texts by a lexicon of Chinese and English terms: sexual
// content, violence, hate, insults, gambling, drugs, fraud and spam, self-harm,
// weapons.
//
// # Matching
//
// An Aho-Corasick automaton over characters finds the terms in one pass; of
// matches that overlap, the one that begins first counts, and of those the
// longest. Case, full-width forms and traditional characters (those whose
// simplified form the lexicon of this package uses) make no difference. Terms in
// letters match whole words only, with any blanks and punctuation between their
// words; a trailing * lets the last word go on. Terms in Han characters match
// anywhere. With obfuscated set, up to two blanks, dots, stars, hyphens or the like
// between Han characters are passed over.
//
// Terms of category allow are no hits; being longer, they shield the words inside
// them ("sex ratio", 反诈骗).
//
// # Score
//
// Units are words and Han or Kana characters. With n_t matches of term t, its
// weight w_t and the weight of its category c_t, the density per thousand units is
//
//	d = 1000 sum_t c_t w_t log2(1 + n_t) / max(units, min_units)
//
// and safety = half / (half + d), in (0,1], 1 where nothing was found. The logarithm
// is there because an article names its subject often, while advertisements use
// many terms. Paragraphs (parted by blank lines; each line in a text without any)
// are scored likewise, and the lowest is kept beside the document's.
//
// # Limits
//
// A lexicon sees words, not what is meant: it finds advertising and obscenity well,
// prejudice without bad words hardly better than chance, and texts about crime
// or medicine look worse than they are. By default nothing is dropped for it.
package safety
