package cut

import (
	"testing"

	"pgregory.net/rapid"
)

// A text cut by a union is what is left when bytes are struck out one by one, and
// places move with it.
func TestCutsStrikeOutBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("abcdefgh")), 0, 40, -1).Draw(t, "text")
		var ranges []Range
		struck := make([]bool, len(text))
		for range rapid.IntRange(0, 6).Draw(t, "ranges") {
			a := rapid.IntRange(0, len(text)).Draw(t, "start")
			b := rapid.IntRange(a, len(text)).Draw(t, "end")
			ranges = append(ranges, Range{int32(a), int32(b)})
			for i := a; i < b; i++ {
				struck[i] = true
			}
		}
		want := ""
		places := make([]int32, len(text)+1)
		for i := range text {
			places[i] = int32(len(want))
			if !struck[i] {
				want += text[i : i+1]
			}
		}
		places[len(text)] = int32(len(want))
		u := Union(ranges)
		if got := Apply(text, u); got != want || int(Total(u)) != len(text)-len(want) {
			t.Fatalf("%q without %v is %q, want %q", text, u, got, want)
		}
		whole := Range{0, int32(len(text))}
		if left := Minus(whole, u); int(Total(left)) != len(want) || Apply(text, left) != struckOut(text, struck) {
			t.Fatalf("what is left of %v is %v", u, left)
		}
		for at, want := range places {
			if got := Place(u, int32(at)); got != want {
				t.Fatalf("place %d is %d, want %d (%v)", at, got, want, u)
			}
		}
	})
}

func struckOut(text string, struck []bool) (out string) {
	for i := range text {
		if struck[i] {
			out += text[i : i+1]
		}
	}
	return out
}
