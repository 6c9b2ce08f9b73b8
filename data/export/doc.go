// Package export writes a data set in the formats of other programs.
//
// Format "megatron" is the pair PREFIX.bin and PREFIX.idx of Megatron-LM. With unit
// "documents" each document is one sequence: its text encoded by the data set's
// tokenizer and closed with EOS, as often as it stands in the data set's rows (0
// times for what sampling left out). Encoding again gives the tokens of the rows,
// since both come from the same text and model file; the number of tokens is
// compared with the one that the build noted. With unit "rows" each row, of
// sequence_length+1 tokens with its padding, is one sequence and one document.
//
// Format "jsonl" is the kept documents as JSON Lines, each once, with where it came
// from, its scores and how often it stands in the rows.
//
// The package reads published data sets only and verifies each file before use.
package export
