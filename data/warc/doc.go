// Package warc reads web archives: WARC 1.0 and 1.1 files and the WET files of
// Common Crawl, plain, compressed with gzip or Zstandard, each record a member of
// its own (the standard) or the file as a whole.
//
// Reading is streaming and bounded: a record is held in memory up to MaxRecord
// bytes, a longer one is passed over and named. Every record has a running number
// and the offset in the file of the member it begins in, so that it can be found
// again.
//
// A damaged record is an error of its own ([RecordError]) and not the end:
// reading goes on at the next member that holds a record, or, in text without
// members, at the next line that begins a record. A member whose checksum fails
// yields none of its last record. A file that is cut off ends with such an error.
//
// [ParseHTTP] takes the body of a response record apart: status, header, chunks,
// content encoding.
//
// Format: ISO 28500, as published at iipc.github.io/warc-specifications,
// including its Zstandard extension (a dictionary in a skippable frame).
//
// The package knows nothing of HTML or of the encoding of texts.
package warc
