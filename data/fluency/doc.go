// Package fluency tells texts that make sense from texts that only look like it:
// words in disorder, translation word by word, texts made of templates, lists of
// keywords, menus, and the advertisements of casinos, novel sites and the like. It
// has a small model for Chinese and one for English, and no opinion of other
// languages or of program code.
//
// # Score
//
// The models are classifiers of package linear over words, Han characters and runs
// of two and three of them, a byte each. Each feature says something for or against
// good text, in nats; the package adds this up over a text. With the sum s over n
// tokens,
//
//	v = (s + 8 m) / (n + 8),   x = k (v - m) / (g - m),   score = (1 + x/sqrt(1+x*x)) / 2
//
// where g is what held-out good texts have in the median, and m lies halfway between
// it and what the same texts have with their words in disorder. With k = 4/3 in Chinese
// a good text in the middle of its kind thus has 0.9; with 8/3 in English, where web
// pages of all kinds lie closer together, 0.97. A text of which nothing can be said has
// 0.5, and the eight tokens keep short sentences near that. Sums of parts add up, so one pass over
// the sentences of a text scores these, its paragraphs and the whole.
//
// # What it cannot see
//
// Neighbours of a word are all it looks at. Sentences without connection, false
// statements and dull ones are fluent. Names, dialects, and subjects that the training
// texts lack score lower than they should: use it to order and to weigh texts of one
// kind, and look at what a threshold drops.
//
// # Training
//
// The program gen in this folder makes the models; see there. The texts it
// learns from, their licences and how good the models are stand in docs/data-models.md.
package fluency

//go:generate go run ./gen --data ../../../shared/data --output model
