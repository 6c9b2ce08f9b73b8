//go:build unix

package mmap

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

func mapFile(f *os.File, size int) ([]byte, error) {
	return unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
}

func unmapFile(data []byte) error { return unix.Munmap(data) }

// within reports whether addr is inside the mapping of data.
func within(data []byte, addr uintptr) bool {
	start := uintptr(unsafe.Pointer(unsafe.SliceData(data)))
	return len(data) > 0 && addr >= start && addr-start < uintptr(len(data))
}

// Anonymous returns n zeroed bytes that the garbage collector neither moves nor
// counts, so that they need no room beside them; release gives them back.
func Anonymous(n int) (b []byte, release func() error, err error) {
	if b, err = unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE); err != nil {
		return nil, nil, fmt.Errorf("mmap: %d bytes of memory: %w", n, err)
	}
	return b, func() error { return unix.Munmap(b) }, nil
}
