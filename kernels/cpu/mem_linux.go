package cpu

import "golang.org/x/sys/unix"

// hugePage is the size from which an allocation asks for huge pages: a product
// walks columns, and small pages would miss the translation cache at every step.
const hugePage = 2 << 20

func mapMemory(bytes int64) ([]byte, error) {
	if int64(int(bytes)) != bytes {
		return nil, unix.ENOMEM
	}
	data, err := unix.Mmap(-1, 0, int(bytes), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err == nil && bytes >= hugePage {
		_ = unix.Madvise(data, unix.MADV_HUGEPAGE) // a wish: without it the memory is as good, only slower
	}
	return data, err
}

func unmapMemory(data []byte) error { return unix.Munmap(data) }
