// Package objstore is what the data pipeline needs of an object store, and a
// folder that behaves like one. internal/objstore/s3 speaks to real ones.
//
// It knows keys and bytes. It must not know what is in the objects.
package objstore

import (
	"context"
	"errors"
	"io"
)

// ErrTruncated is an answer that ended before the bytes asked for, though the object
// has them. It is a failure of the line, not of the object.
var ErrTruncated = errors.New("the answer was cut off")

// Store holds objects by key. A key is a slash-separated path of letters, digits,
// dots and dashes. An object appears whole or not at all, and a reader that comes
// after Put has returned finds it. Methods may be called from many goroutines.
type Store interface {
	// Get writes n bytes of an object from offset on to w; with n < 0 all from
	// offset on. A missing object is [fs.ErrNotExist]. Fewer bytes than asked for
	// are an error. What reached w before an error is not to be used.
	Get(ctx context.Context, key string, offset, n int64, w io.Writer) error
	// Put stores size bytes of r, whose hex SHA-256 is sum, under key, in place of
	// what was there. Other bytes than those are an error.
	Put(ctx context.Context, key string, r io.ReaderAt, size int64, sum string) error
	// List returns the keys that begin with prefix, sorted.
	List(ctx context.Context, prefix string) ([]string, error)
	// Delete removes an object; a missing one is no error.
	Delete(ctx context.Context, key string) error
	// URL names an object, for messages.
	URL(key string) string
}
