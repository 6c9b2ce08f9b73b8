//go:build !linux

package cpu

// hostMemory returns zeros: the memory of this system is not asked for.
func hostMemory() (total, free int64) { return 0, 0 }
