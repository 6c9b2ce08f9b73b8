package cpu

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// hostMemory returns the memory of the machine and what is free of it, the
// limit of the process's control group taken into account; zeros when unknown.
func hostMemory() (total, free int64) {
	var s unix.Sysinfo_t
	if unix.Sysinfo(&s) != nil {
		return 0, 0
	}
	unit := int64(s.Unit)
	total = int64(s.Totalram) * unit
	free = int64(s.Freeram+s.Bufferram) * unit
	if text, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err == nil && limit < total {
			total, free = limit, min(free, limit)
		}
	}
	return total, free
}
