// Package lang tells the language and the scripts of a text.
//
// # What is looked at
//
// A text of up to three windows (Config.WindowBytes) is read whole, a longer one at
// its beginning, middle and end. The answer depends on the text and the
// configuration alone.
//
// # How it is decided
//
// Letters and marks are counted by script. A Han or Kana character weighs as much as
// a word of another script. Kana makes Japanese, Han without it Chinese, and most
// other scripts have but one language here. Characters that only one writing of
// Chinese has tell simplified from traditional (Result.Variant).
//
// In Latin, Cyrillic, Arabic and Devanagari, every letter costs the negative
// logarithm of its probability after up to three letters of its word, per language
// (the model, see model/README.md). Costs of a text are sums. They become
// probabilities with a prior for the languages of most web pages and a temperature,
// fitted on messages and manuals in 70 languages, that makes the score about the
// share of right answers. A part of the text is left when no doubt can remain. The
// score also falls with the share of other scripts and when even the best language
// fits badly: the text is then in none of the known ones, and below
// Config.MinScore it is "und".
//
// Languages that differ from another in words, or in a few letters, more than in
// sequences are told by those (rival.go): Indonesian and Malay, Galician, Nepali,
// Pashto, Uyghur, Central Kurdish, Assamese, Yiddish.
//
// # Program text
//
// A text is "code" if its file is named like program code, or if the shape of its
// lines says so (code.go). Top then still has its letters' languages.
//
// # Limits
//
// Serbian and Bosnian in Latin letters are reported as "hr". Languages that are not
// known but resemble one that is (Occitan and Catalan, Asturian and Spanish, Scottish
// Gaelic and Irish, Low German and German) are taken for it, with a high score.
// Below about ten words, see Top.
package lang
