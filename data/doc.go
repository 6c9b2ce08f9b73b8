// Package data reads the data sets that package data/build makes: a [Loader] serves
// the rows of a split as a [Batch] at a time, in an order that is evaluated on the fly
// from a seed, so that its state is a few numbers and resuming costs nothing; a
// [Ledger] accounts for every token; a mixture draws sources by weight. The [Manifest]
// names every file with its checksum.
//
// The package knows the layout of a data set and its rows (package shard), and nothing
// of how they were made, of models or devices. Parquet stays below this folder.
package data
