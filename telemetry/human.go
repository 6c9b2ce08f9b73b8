package telemetry

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Count writes a number of things in at most five characters: 999, 12.3k,
// 1.50M, 2.60T.
func Count(n float64) string {
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return strconv.FormatFloat(n, 'g', -1, 64)
	}
	if n < 0 {
		return "-" + Count(-n)
	}
	if n < 999.5 {
		if n == math.Trunc(n) {
			return strconv.FormatFloat(n, 'f', 0, 64)
		}
		return threeDigits(n)
	}
	return scale(n, 1000, []string{"k", "M", "B", "T", "P", "E"})
}

// Bytes writes a size in binary units: 512 B, 1.50 KiB, 74.2 GiB.
func Bytes(n int64) string {
	if n < 0 {
		return "-" + Bytes(-max(n, math.MinInt64+1))
	}
	if n < 1024 {
		return strconv.FormatInt(n, 10) + " B"
	}
	return scale(float64(n), 1024, []string{" KiB", " MiB", " GiB", " TiB", " PiB", " EiB"})
}

// scale divides by the unit until three digits are left before the point. A
// value that rounding would carry to the next unit is moved there.
func scale(n, unit float64, names []string) string {
	i := -1
	for i < 0 || n >= unit-0.5 && i < len(names)-1 {
		n /= unit
		i++
	}
	return threeDigits(n) + names[i]
}

func threeDigits(n float64) string {
	switch {
	case n < 9.995:
		return strconv.FormatFloat(n, 'f', 2, 64)
	case n < 99.95:
		return strconv.FormatFloat(n, 'f', 1, 64)
	}
	return strconv.FormatFloat(n, 'f', 0, 64)
}

// Grouped writes a whole number with commas: 7,505,973,248.
func Grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	var b strings.Builder
	for i, r := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(r)
	}
	return sign + b.String()
}

// Duration writes a time to two units: 850ms, 12.3s, 4m05s, 3h07m, 2d04h.
func Duration(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + Duration(-max(d, math.MinInt64+1))
	case d.Round(time.Millisecond) < time.Second:
		return strconv.FormatInt(d.Round(time.Millisecond).Milliseconds(), 10) + "ms"
	case d < 59950*time.Millisecond:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + "s"
	case d.Round(time.Second) < time.Hour:
		s := int(d.Round(time.Second).Seconds())
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	case d.Round(time.Minute) < 24*time.Hour:
		m := int(d.Round(time.Minute).Minutes())
		return fmt.Sprintf("%dh%02dm", m/60, m%60)
	}
	h := int(d.Round(time.Hour).Hours())
	return fmt.Sprintf("%dd%02dh", h/24, h%24)
}
