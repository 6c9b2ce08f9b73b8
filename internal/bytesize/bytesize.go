// Package bytesize reads sizes as people write them in configurations.
package bytesize

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Parse returns a size in bytes: a number with an optional unit, decimal (kB,
// MB, GB, TB) or binary (KiB, MiB, GiB, TiB), whatever their case. The error
// quotes s and shows how a size is written.
func Parse(s string) (int64, error) {
	text := strings.ToLower(strings.TrimSpace(s))
	digits := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyz ")
	unit, ok := units[strings.TrimSpace(text[len(digits):])]
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || !ok || !(n*unit >= 1 && n*unit < math.MaxInt64) {
		return 0, fmt.Errorf("%q is not a size; write one such as \"5GB\", \"500MiB\" or a number of bytes", s)
	}
	return int64(n * unit), nil
}

var units = map[string]float64{
	"": 1, "b": 1,
	"kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
	"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
}
