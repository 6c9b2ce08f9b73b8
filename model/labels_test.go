package model

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A row is refused if and only if some number stands on both sides of another.
func TestCheckSegments(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		segments := rapid.SliceOfN(rapid.Int32Range(-1, 3), 0, 8).Draw(rt, "segments")
		bad := false
		for i, s := range segments {
			for j := i + 1; j < len(segments); j++ {
				for k := j + 1; k < len(segments); k++ {
					bad = bad || segments[j] != s && segments[k] == s
				}
			}
		}
		if err := CheckSegments(segments); (err != nil) != bad {
			rt.Fatalf("%v gave %v", segments, err)
		}
	})
	err := CheckSegments([]int32{0, 0, 1, 1, 0, 0})
	if err == nil || !strings.Contains(err.Error(), "segment 0 returns at token 4 after another document; number each document once") {
		t.Errorf("%v", err)
	}
}
