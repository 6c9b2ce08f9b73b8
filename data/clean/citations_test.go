package clean

import (
	"strings"
	"testing"
)

// A text of brackets costs a bounded search behind each, and loses nothing.
func TestCitationsSearchABoundedWay(t *testing.T) {
	for _, unit := range []string{"[", "[[1", "[edit", "[1,", "[ "} {
		s := strings.Repeat(unit, 800_000/len(unit))
		looked := 0
		for i := range len(s) {
			if s[i] == '[' {
				looked += len(searched(s[i:]))
			}
		}
		if looked > (longestCitation+1)*len(s) {
			t.Errorf("%q: %d bytes are searched in a text of %d", unit, looked, len(s))
		}
		if got := New(cited).Clean(s); got != strings.TrimRight(s, " ") {
			t.Errorf("%q became %.40q", unit, got)
		}
	}
	for _, w := range citationWords {
		if got := New(cited).Clean("a[" + w + "]b"); got != "ab" {
			t.Errorf("%q stays", w)
		}
	}
	if s := "a[1" + strings.Repeat(", 2", longestCitation) + "]"; New(cited).Clean(s) != s {
		t.Errorf("a bracket of %d bytes is taken for a citation", len(s))
	}
}
