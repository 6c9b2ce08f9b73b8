package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// hfKeys reads the values of a JSON object and collects what is wrong with
// them. A key that is null counts as absent, except where null has a meaning.
type hfKeys struct {
	raw   map[string]json.RawMessage
	errs  []error
	notes []string
}

func (k *hfKeys) bad(key, format string, a ...any) {
	k.errs = append(k.errs, fmt.Errorf(key+" "+format, a...))
}

func (k *hfKeys) note(format string, a ...any) { k.notes = append(k.notes, fmt.Sprintf(format, a...)) }

func (k *hfKeys) err() error { return errors.Join(k.errs...) }

// given reports whether the key has a value.
func (k *hfKeys) given(key string) bool {
	raw, ok := k.raw[key]
	return ok && strings.TrimSpace(string(raw)) != "null"
}

// keys returns all keys, sorted.
func (k *hfKeys) keys() []string {
	var out []string
	for key := range k.raw {
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}

// decode reads a value of the kind that what names.
func (k *hfKeys) decode(key string, into any, what string) bool {
	if err := json.Unmarshal(k.raw[key], into); err != nil {
		k.bad(key, "is %s; it must be %s", show(k.raw[key]), what)
		return false
	}
	return true
}

func (k *hfKeys) integer(key string, absent int) int {
	if !k.given(key) {
		return absent
	}
	n, ok := wholeNumber(k.raw[key])
	if !ok {
		k.bad(key, "is %s; it must be a whole number", show(k.raw[key]))
		return absent
	}
	return n
}

// id reads a token id; null and -1 mean none.
func (k *hfKeys) id(key string, absent int) int {
	if _, ok := k.raw[key]; ok && !k.given(key) {
		return -1
	}
	return k.integer(key, absent)
}

func (k *hfKeys) number(key string, absent float64) float64 {
	v := absent
	if k.given(key) && !k.decode(key, &v, "a number") {
		return absent
	}
	return v
}

func (k *hfKeys) text(key string) string {
	var s string
	if k.given(key) {
		k.decode(key, &s, "a text")
	}
	return s
}

// wholeNumber reads an integer, also one written as 4096.0.
func wholeNumber(raw json.RawMessage) (int, bool) {
	s := strings.TrimSpace(string(raw))
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return int(n), int64(int(n)) == n
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || v != math.Trunc(v) || math.Abs(v) > 1<<53 {
		return 0, false
	}
	return int(v), true
}

// show writes a JSON value into a message, cut where it is long.
func show(raw json.RawMessage) string {
	s := strings.Join(strings.Fields(string(raw)), " ")
	if r := []rune(s); len(r) > 60 {
		s = string(r[:60]) + "..."
	}
	return s
}

// quoted writes a text of the file into a message, cut where it is long.
func quoted(s string) string {
	if r := []rune(s); len(r) > 60 {
		s = string(r[:60]) + "..."
	}
	return strconv.Quote(s)
}
