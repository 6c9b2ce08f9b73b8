package configs

import (
	"math"
	"reflect"
	"regexp"
	"strconv"
)

// How numbers are written. A leading zero means nothing: in YAML 1.1 it made a
// number octal and in 1.2 it does not, so 0100 would be 64 here and 100 there.
var (
	decimalNumber = regexp.MustCompile(`^[-+]?[0-9]+$`)
	basedNumber   = regexp.MustCompile(`^[-+]?0([xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)$`)
	floatNumber   = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)
)

// setNumber stores the number that text writes in a numeric dst if it fits exactly
// (floats: if it is finite).
func setNumber(text string, dst reflect.Value) bool {
	switch dst.Kind() {
	case reflect.Float32, reflect.Float64:
		f, ok := floatOf(text)
		if !ok || dst.OverflowFloat(f) {
			return false
		}
		dst.SetFloat(f)
		return true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		i, err := strconv.ParseInt(text, baseOf(text), 64)
		if f, ok := wholeOf(text); ok {
			i, err = int64(f), nil
		}
		if err != nil || dst.OverflowInt(i) {
			return false
		}
		dst.SetInt(i)
		return true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		u, err := strconv.ParseUint(unsigned(text), baseOf(text), 64)
		if f, ok := wholeOf(text); ok && f >= 0 {
			u, err = uint64(f), nil
		}
		if err != nil || dst.OverflowUint(u) {
			return false
		}
		dst.SetUint(u)
		return true
	}
	return false
}

// baseOf returns the base to read whole numbers in: 0 for that of the prefix.
func baseOf(text string) int {
	if basedNumber.MatchString(text) {
		return 0
	}
	return 10
}

// unsigned takes the sign off a number that has none to lose.
func unsigned(text string) string {
	if text != "" && (text[0] == '+' || text == "-0") {
		return text[1:]
	}
	return text
}

// floatOf reads a number in any of its forms, if it is finite.
func floatOf(text string) (float64, bool) {
	switch {
	case basedNumber.MatchString(text):
		i, err := strconv.ParseInt(text, 0, 64)
		return float64(i), err == nil
	case floatNumber.MatchString(text):
		f, err := strconv.ParseFloat(text, 64)
		return f, err == nil
	}
	return 0, false
}

// wholeOf reads a whole number that is written with a point or an exponent, as long
// as all below it are exact too.
func wholeOf(text string) (float64, bool) {
	if decimalNumber.MatchString(text) {
		return 0, false
	}
	f, ok := floatOf(text)
	return f, ok && f == math.Trunc(f) && math.Abs(f) < 1<<53
}
