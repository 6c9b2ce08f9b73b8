// Package source reads documents from files and folders: plain text and source
// code, JSON Lines, JSON, Parquet, each optionally compressed with gzip or
// Zstandard (Parquet has its own compression).
//
// Two kinds of trouble are told apart. A bad record (broken JSON, a missing text
// field, invalid UTF-8, too long) is counted with a stable reason, offered to a
// reject callback, and skipped. A bad file (truncated, binary, unreadable,
// without the asked-for column) is named with its reason; what was read before
// the damage stays. Neither stops a run. A path that does not exist does: it is
// a mistake in the command, not in the data.
//
// The order of documents is the order of logical paths and does not depend on
// the order of the inputs or on the file system. Reading is streaming: memory is
// bounded by one record.
//
// The package knows nothing of cleaning or scoring.
package source
