package cpu

import "huihai/internal/memlimit"

// hostMemory returns the memory that this process may use, limits of its control
// groups taken into account; zeros on systems where it cannot be told.
func hostMemory() memlimit.Info {
	info, err := memlimit.Limit()
	if err != nil {
		return memlimit.Info{}
	}
	return info
}
