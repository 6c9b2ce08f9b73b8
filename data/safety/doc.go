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
// anywhere. A line of a lexicon may have brackets: [傻煞]逼 stands for both.
//
// With obfuscated set (the default), up to two blanks, dots, stars, hyphens or the like
// between Han characters are passed over, and words of letters are read through digits
// and marks (b1tch, a$$hole), stars (f*ck), single letters with equal marks between
// them (f u c k) and letters that go on (fuuuck), if what is read is a word of a term
// and was written with two letters at least (or the first of four).
//
// Terms of category allow are no hits; being longer, they shield the words inside
// them ("sex ratio", 反诈骗). Terms of category context are none either: they are the
// words of those who write about a thing (民警, 判处, patients, historians) rather than
// sell it or insult.
//
// # Score
//
// Units are words and Han or Kana characters. With n_t matches of term t, its
// weight w_t and the weight of its category c_t, let A be the sum of
// c_t w_t log2(1 + n_t) over terms whose w_t is 1 or more (offers, insults, threats),
// B the same over those of less, which name a subject (赌博, murder), and k the sum of
// the weights of the different terms of context, at most 6. The density per thousand
// units is
//
//	d = 1000 (A / (1 + k/2) + B / (1 + k)) / max(units, min_units)
//
// and safety = half / (half + d), in (0,1], 1 where nothing was found. The logarithm
// is there because an article names its subject often, while advertisements use
// many terms. Paragraphs (parted by blank lines; each line in a text without any)
// are scored likewise, and the lowest is kept beside the document's.
//
// # Limits
//
// A lexicon sees words, not what is meant: it finds advertising, abuse and obscenity
// well and prejudice without bad words hardly better than chance; a text about crime
// that has no word of police, law or report looks worse than it is, and an insult in a
// police report better. By default nothing is dropped for it.
package safety
