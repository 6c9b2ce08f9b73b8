// Package atomicfile makes files and whole folders appear at once: they are
// written under a temporary name beside their place, flushed to disk, renamed,
// and the rename is flushed too. A crash or a full disk at any moment leaves
// either the old or the new, never a mixture under the final name.
//
// It owns the temporary names and their removal. It must not know what is in
// the files.
//
// # Names
//
// NAME.tmp-XXXXXXXXXXXXXXXX is work in progress, or what a killed process left
// of it. NAME.old-XXXXXXXXXXXXXXXX is a folder while it is being replaced; when
// NAME itself is absent, the process died between two renames and this is
// the last whole version. [Clean] removes the former and restores the latter.
// Work in progress is held by a file lock, which the system drops when its
// process ends, so Clean never takes the work of a living process.
//
// # Tests
//
// All changes go through the interface [vfs.FS]; package vfs/vfstest fails any
// chosen operation.
package atomicfile
