package cpu

import "golang.org/x/sys/unix"

// hugePage is the size from which an allocation asks for huge pages: a product
// walks columns, and small pages would miss the translation cache at every step.
const hugePage = 2 << 20

func mapMemory(bytes int64) ([]byte, error) { return mapWith(bytes, unix.MADV_HUGEPAGE) }

// mapOnDemand maps memory of which a page of 4 KiB is taken when it is written.
func mapOnDemand(bytes int64) ([]byte, error) { return mapWith(bytes, unix.MADV_NOHUGEPAGE) }

func mapWith(bytes int64, pages int) ([]byte, error) {
	if int64(int(bytes)) != bytes {
		return nil, unix.ENOMEM
	}
	data, err := unix.Mmap(-1, 0, int(bytes), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err == nil && bytes >= hugePage {
		_ = unix.Madvise(data, pages) // a wish: without it the memory is as good, only slower or larger
	}
	return data, err
}

func unmapMemory(data []byte) error { return unix.Munmap(data) }
