package bench

import (
	"fmt"
	"strconv"

	"huihai/telemetry"
)

// KernelTable lays the results out for people.
func KernelTable(device string, results []KernelResult) telemetry.Table {
	t := telemetry.Table{
		Title:  "kernels on " + device,
		Header: []string{"kernel", "shape", "time", "GFLOP/s", "GB/s", "share", "bound"},
	}
	for _, r := range results {
		share := ""
		if r.Share > 0 {
			share = fmt.Sprintf("%.0f%%", 100*r.Share)
		}
		t.Add(r.Kernel, r.Shape, shortTime(r.Seconds), rate(r.GFLOPS), rate(r.GBPerSecond), share, r.Bound)
	}
	return t
}

// rate writes a positive number with three digits, and nothing for 0.
func rate(v float64) string {
	switch {
	case v == 0:
		return ""
	case v < 10:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case v < 100:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

// shortTime writes seconds with three digits, in s, ms or µs.
func shortTime(seconds float64) string {
	switch {
	case seconds == 0:
		return ""
	case seconds < 1e-3:
		return rate(seconds*1e6) + " µs"
	case seconds < 1:
		return rate(seconds*1e3) + " ms"
	}
	return rate(seconds) + " s"
}
