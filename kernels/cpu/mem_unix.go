//go:build unix && !linux

package cpu

import "golang.org/x/sys/unix"

func mapMemory(bytes int64) ([]byte, error) {
	if int64(int(bytes)) != bytes {
		return nil, unix.ENOMEM
	}
	return unix.Mmap(-1, 0, int(bytes), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
}

func mapOnDemand(bytes int64) ([]byte, error) { return mapMemory(bytes) }

func unmapMemory(data []byte) error { return unix.Munmap(data) }
