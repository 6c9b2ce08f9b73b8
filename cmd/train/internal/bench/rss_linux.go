package bench

import "golang.org/x/sys/unix"

// peakRSS is the largest resident memory of this process so far, in bytes.
func peakRSS() int64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return u.Maxrss * 1024
}
