//go:build !unix

package cpu

import (
	"errors"
	"unsafe"
)

// heapLimit bounds one allocation where the Go heap has to serve it, since the
// run time ends the process when memory is short.
const heapLimit = 1 << 38

func mapMemory(bytes int64) ([]byte, error) {
	if bytes > heapLimit || int64(int(bytes)) != bytes {
		return nil, errors.New("larger than this system can give")
	}
	const align = 64
	data := make([]byte, bytes+align)
	skip := -int(uintptr(unsafe.Pointer(&data[0]))) & (align - 1)
	return data[skip : skip+int(bytes)], nil
}

func mapOnDemand(bytes int64) ([]byte, error) { return mapMemory(bytes) }

func unmapMemory([]byte) error { return nil }
