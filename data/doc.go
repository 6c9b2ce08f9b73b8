// Package data makes data sets for training and reads them.
//
// [Build] turns files of text into a folder:
//
//	documents/*.parquet   every document with its scores, clusters and decision
//	tokens/*.parquet      rows of sequence_length+1 tokens for training
//	validation/*.parquet  rows of the held-out documents
//	tokenizer.model       the tokenizer that made them
//	report.json           what was read, kept, dropped and why
//	report.html           the same for people, with charts
//	build.yaml            the configuration that made it
//	rejects.jsonl         samples of the records that could not be read
//	_manifest.json        written last: every file with its checksum
//
// Columns are described in package shard. A [Loader] serves the rows of a split
// as batches, in an order that is evaluated on the fly from a seed, so that its
// state is a few numbers and resuming costs nothing.
//
// The steps are packages below this one (source, clean, score, dedup, pack,
// shard), each a pure function of its input; package flow runs them as stages.
// The package must not know models or devices; it reads tokenizers only through
// [Encoder]. Parquet stays below this folder.
package data
