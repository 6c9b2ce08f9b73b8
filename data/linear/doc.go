// Package linear is a linear text classifier over words and n-grams, the one of
// fastText (Joulin, Grave, Bojanowski and Mikolov, "Bag of tricks for efficient
// text classification", 2016): it reads fastText's supervised models (.bin and
// .ftz), gives the numbers that fastText gives, and trains models of its own
// that fastText reads.
//
// It owns the file format, the features, the training and the measures of how
// good a classifier is. It must not know where texts come from or what a score
// is used for.
//
// # Tokens
//
// A text becomes tokens in one of two ways. Spaces is fastText's: what stands
// between ASCII white space, as it is. Units is for text of any language: each
// Han or Kana character is a token, so is each sign; other letters, marks and
// digits make words, in lower case. Every text ends in the token </s>, as every
// line does in fastText; line breaks inside a text are blanks. A model file of
// this package says how its tokens are made; one of fastText means Spaces.
//
// # Features
//
// A token that the dictionary holds is a row of the input matrix. Runs of
// characters of <token>, minn to maxn long, and runs of up to word_ngrams tokens
// are hashed into bucket further rows: FNV-1a over sign-extended bytes for
// tokens and characters, h*116049371 + next for runs of tokens. A pruned model
// maps hashes to the rows that it kept and ignores the others.
//
// # Probabilities
//
// The hidden vector is the mean of the rows. Softmax, one-vs-all and negative
// sampling put the output matrix on it; hierarchical softmax walks a Huffman
// tree of the labels. As in fastText, 1e-5 is added to every probability (at
// every node of the tree), the values of the sigmoid come from a table of 512
// steps over [-8, 8], and a label's probability can therefore be up to 1.00001.
// Rows are added in fastText's order, in float32.
//
// # Training
//
// Stochastic gradient descent, one document at a time, in an order drawn anew
// for each epoch from (seed, epoch); the learning rate falls in a straight line
// to 0 over the tokens of all epochs. It runs on one thread (fastText's threads
// overwrite each other's updates), so the same documents in the same order give
// the same bits on any machine. With several labels to a document, softmax aims
// at all of them equally.
//
// # File
//
// All numbers are little-endian. int32 793712314, int32 12 (11 is read as a
// model without character n-grams); int32 dim, ws, epoch, minCount, neg,
// wordNgrams, loss (1 hierarchical, 2 negative sampling, 3 softmax, 4
// one-vs-all), model (3 supervised), bucket, minn, maxn, lrUpdateRate; float64
// t. The dictionary: int32 entries, words, labels; int64 tokens; int64 pruned
// (-1: not pruned); for each entry its text, a zero byte, int64 count, int8 type
// (0 word, 1 label; words come first); for each pruned hash int32 hash, row. Two
// matrices, each after a byte that says whether it is quantised. Dense: int64
// rows, columns; float32 values. Quantised (Jégou, Douze and Schmid, "Product
// quantization for nearest neighbor search", 2011): byte norms; int64 rows,
// columns; int32 code bytes; codes; a quantiser; with norms one code a row and
// a quantiser of dimension 1. A quantiser: int32 dim, parts, part size, last
// part size; float32 256 centroids a part.
//
// A model of this package has a trailer behind that, which fastText does not
// read: "HHLINEAR", uint32 length, JSON {"tokens": ...}, and the CRC-32C of all
// bytes before it.
package linear
