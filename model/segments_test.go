package model

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCheckSegments(t *testing.T) {
	for want, bad := range map[string][]int32{
		"segment 0 returns at token 4": {0, 0, 1, 1, 0, 0},
		"segment 5 returns at token 2": {5, 0, 5},
		"segments[1] is -1":            {0, -1},
	} {
		if err := CheckSegments(bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want one with %q", bad, err, want)
		}
	}
	// Documents laid out one after the other pass, whatever their numbers; moving
	// one token of a document behind another document never does.
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.Int32Range(0, 1000), 0, 8, rapid.ID).Draw(t, "ids")
		var s []int32
		for _, id := range ids {
			s = append(s, slices.Repeat([]int32{id}, rapid.IntRange(1, 5).Draw(t, "n"))...)
		}
		if err := CheckSegments(s); err != nil {
			t.Fatal(err)
		}
		if len(ids) > 1 {
			if err := CheckSegments(append(s, ids[rapid.IntRange(0, len(ids)-2).Draw(t, "back")])); err == nil {
				t.Fatal("a segment that returns passed")
			}
		}
	})
}

// Every label is trained on, ignored or without context.
func TestLabelsWithoutContext(t *testing.T) {
	for _, c := range []struct {
		labels, segments []int32
		want             []int
	}{
		{[]int32{5, 6, 7}, nil, []int{0}},
		{[]int32{5, 6, 7}, []int32{0, 0, 1}, []int{0, 2}},
		{[]int32{-100, 6, -100}, []int32{0, 0, 1}, nil},
		{[]int32{-100, 6, 7, 8}, []int32{0, 1, 1, 2}, []int{1, 3}},
	} {
		got := LabelsWithoutContext(c.labels, c.segments)
		if !slices.Equal(got, c.want) {
			t.Errorf("%v %v: %v, want %v", c.labels, c.segments, got, c.want)
		}
		shifted := make([]int32, len(c.labels))
		ShiftLabels(shifted, c.labels, c.segments)
		if labels := Supervised(c.labels); Supervised(shifted)+len(got) != labels {
			t.Errorf("%v %v: %d labels, but %d trained and %d without context", c.labels, c.segments, labels, Supervised(shifted), len(got))
		}
	}
}
