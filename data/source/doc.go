// Package source reads documents from files, folders and standard input: plain
// text and source code, HTML pages, JSON Lines, JSON, Parquet and web archives
// (WARC, WET), each optionally compressed with gzip or Zstandard (Parquet has its
// own compression). Texts of other encodings than UTF-8 are decoded (data/charset),
// pages give the text they are about (data/html).
//
// Two kinds of trouble are told apart. A bad record (broken JSON, a missing text
// field, invalid UTF-8, too long, a page without text, a damaged record of an
// archive) is counted with a stable reason, offered to a reject callback, and
// skipped. A bad file (truncated, binary, unreadable, of an unknown encoding,
// without the asked-for column) is named with its reason; what was read before
// the damage stays. Neither stops a run, unless there are more of them than
// [Config.CheckLimits] allows. A path that does not exist does: it is a mistake
// in the command, not in the data.
//
// Records of an archive that are no documents (requests, errors, pictures) are
// neither: they are counted as passed over. So for every archive, documents,
// rejects and records passed over add up to its records.
//
// The order of documents is the order of logical paths and does not depend on
// the order of the inputs or on the file system. Reading is streaming: memory is
// bounded by one record. [Cut] divides large files into parts that can be read
// side by side and hold the same documents.
//
// The package knows nothing of cleaning or scoring.
package source
