package bench

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// hostFloats returns n zeroed floats outside the Go heap, on huge pages where the
// system grants them, as the memory of a device is: a peer gets the same chances.
func hostFloats(n int) (_ []float32, free func(), err error) {
	data, err := unix.Mmap(-1, 0, 4*n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, nil, fmt.Errorf("bench: allocate %d MiB: %w", 4*n>>20, err)
	}
	_ = unix.Madvise(data, unix.MADV_HUGEPAGE) // a wish
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(data))), n), func() { _ = unix.Munmap(data) }, nil
}
