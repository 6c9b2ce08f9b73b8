// Package decontam finds items of evaluation sets in training texts, so that what
// a model is tested with is not what it was trained on.
//
// # Units
//
// Texts and items are cut into units: words (runs of letters and digits, in lower
// case) and single Han and Kana characters. Punctuation, case, accents in
// decomposed form and full-width forms make no difference. An item most of whose
// units are characters has n-grams of characters, any other of words; a text is
// looked at in both ways. N-grams are 64-bit polynomial hashes.
//
// # Method decon
//
// The scheme of AI2's decon (allenai/decon, 2025), with our units in the place of
// its tokens. Every few n-grams of a text are looked up among those of all questions.
// From a hit, a cluster grows to both sides for each item that has the n-gram, until
// more than max_misses n-grams in a row are not the item's: edits, insertions and
// deletions are bridged. N-grams of more than hot_items items start no cluster. With
// weights idf(g) = ln(1 + items/items with g), the overlap O is the weight of the
// different n-grams found over the weight of all of the question's. The score is
//
//	S = (1-w) O + w A,  w = 0.25 (1-x(q)),  x(n) = (n - short_units) / (long_units - short_units) in [0,1]
//
// with q units in the question, and the item is found where
//
//	S >= 1 - (1-threshold) x(q + a)
//
// with a units of answer or choices found: short items must be there whole, with
// the answer; long ones may be edited and need none. A is the best of: the
// answer, whole if it has up to 8 units, else its share of 3-grams, half of it if it
// is one unit of one or two bytes; the share of choices that follow in order, where
// it is three quarters or more. It is looked for from the beginning of the question to
// answer_window units behind it (long_answer_window or twice the answer for long
// ones). Items without answer and choices have w = 0. A question of exact_words or
// exact_chars units or more that is there whole needs no answer, nor does one of
// whole_chars characters that is there in one piece.
//
// # Method ngram13
//
// The classic: an item is found if one n-gram of 13 words (20 characters) of it is in
// the text, other than those of more than hot_items items. The item is the question,
// or the question with its choices or answer where it is shorter than that. The
// score is the overlap O. It finds what shares a sentence with an item, such as
// statutes that an examination quotes, and no item with an edit in every n-gram.
//
// # Method both
//
// What one of the two finds, with the better score. Examinations in Chinese quote
// statutes and verse, so of an item in characters 13-grams alone must find two thirds.
//
// # Limits
//
// Paraphrases and translations are not found, nor traditional characters where
// the item has simplified ones. Passages that come with a question are not looked
// at. Items shorter than min_units or an n-gram are counted and left out.
package decontam
