// Package clean brings text into one form and counts every change. Cleaning twice
// equals cleaning once.
//
// # Always
//
// Valid UTF-8 (what cannot be repaired becomes U+FFFD, once per run of bytes), LF
// line ends, no byte order mark, no control characters, no blanks at line ends, no
// long runs of blank lines, none at the edges.
//
// # By configuration
//
//   - nfc: Unicode form C.
//   - width, ideographic_space: full-width forms and U+3000. Half-width Katakana
//     becomes full-width whenever width is not "keep", with its voicing marks
//     joined.
//   - invisible: soft hyphen, zero-width characters and marks of direction go.
//     Joiners stay behind letters of Arabic, Syriac, N'Ko, Mongolian and the Indic
//     scripts and inside emoji, zero-width spaces between letters of Thai, Lao,
//     Tibetan, Burmese and Khmer.
//   - entities: &name; and &#number; with their semicolon, as often as they were
//     escaped. &nbsp; becomes a blank.
//   - mojibake: UTF-8 read as Windows-1252 or Latin-1, as often as it was. What
//     could be meant (é before a no-break space and a guillemet) is repaired in
//     runs only.
//   - simplify: traditional Chinese to simplified, from OpenCC's tables (t2s).
//     "phrases" takes the longest phrase from the left, else the character.
//   - citations: marks of encyclopedias, in prose.
//   - boilerplate: whole lines. "lines" removes those that match a named pattern
//     (patterns.go): short lines, compared in lower case and without decoration
//     around them, that are, begin with, end with or hold a phrase, or are a row of
//     navigation items. "c4" removes those that the line rules of C4 drop, with the
//     punctuation of other scripts allowed and Han and Kana characters as words.
//     Neither looks at the page as a whole.
//
// With none of entities, mojibake, simplify, citations and boilerplate, no word
// changes: what goes, a reader would not see.
//
// # Order
//
// A round repairs mojibake, decodes entities, goes through the characters,
// composes, simplifies, drops citations, drops lines. One change can uncover work
// for another, so rounds repeat, ten times at most, until none does.
package clean
