// Package shard is the Parquet form of documents and of token rows: the schemas,
// writers that cut row groups by bytes, and readers. Column names follow FineWeb
// and FineWeb-2 where those have one, so that tools and queries made for them
// work unchanged.
//
// documents/ holds one row per document, kept or dropped; status tells which and
// why. tokens/ and validation/ hold rows of equal length. A row's doc_starts are
// the offsets at which a document (or the rest of one) begins and doc_nos says
// which; a last doc_no of -1 marks padding.
//
// The package knows nothing of how documents were judged or packed.
package shard
