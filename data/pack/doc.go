// Package pack lays the tokens of documents into rows of equal length.
//
// A row has sequence_length+1 tokens and so gives sequence_length inputs and as
// many labels. Every token given to a [Packer] ends up in a row or in the
// ledger's dropped tail, and the ledger says how many can never be a label: the
// first of each row, and the first of each document inside one, which nothing
// before it predicts.
//
// Method "concat" lays documents end to end and cuts every sequence_length+1
// tokens; only the last row can be short. Method "best_fit" cuts only documents
// that are longer than a row and packs the pieces, longest first, each into the
// fullest row that still has room (Ding et al. 2024, arXiv 2404.10830): documents
// stay whole at the price of some padding.
package pack
