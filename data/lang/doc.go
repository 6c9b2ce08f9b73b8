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
// a word of another script. Kana makes Japanese, Han without it Chinese, unless there
// are characters that only Cantonese writes (嘅, 咗, 喺: at least 3% of the text's) or
// that of the two only Japanese does (気, 駅, 込: at least 2%, and four times as many as
// characters that only Chinese uses). Most other scripts have but one language here. Characters that only one writing of
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
// lines says so (code.go): in a text with a statement of SQL its clauses and columns
// count too, and in one with the tags of a template (Jinja, Handlebars, PHP, ERB, Vue,
// Go) its lines of markup. Top then still has its letters' languages.
//
// # Limits
//
// Serbian and Bosnian in Latin letters are reported as "hr". Languages that are not
// known but resemble one that is (Occitan and Catalan, Asturian and Spanish, Scottish
// Gaelic and Irish, Low German and German) are taken for it, with a high score.
// Below about ten words, see Top. Japanese without Kana or a character of its own (東京
// 大学) is Chinese.
package lang
