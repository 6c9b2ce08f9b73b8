package trainer

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func rowsGen(t *rapid.T) Rows {
	c := Config{BatchRamp: []BatchStep{{0, rapid.IntRange(1, 9).Draw(t, "rows")}}}
	for range rapid.IntRange(0, 3).Draw(t, "more") {
		last := c.BatchRamp[len(c.BatchRamp)-1]
		c.BatchRamp = append(c.BatchRamp, BatchStep{last.FromStep + rapid.IntRange(1, 6).Draw(t, "gap"), rapid.IntRange(1, 9).Draw(t, "rows")})
	}
	return NewRows(c)
}

// Before is the sum of At, and Steps its inverse.
func TestRowsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rowsGen(t)
		var sum int64
		for step := 1; step <= 30; step++ {
			sum += int64(r.At(step))
			if got := r.Before(step); got != sum {
				t.Fatalf("%v: %d rows in %d steps, want %d", r, got, step, sum)
			}
		}
		done := rapid.IntRange(0, 12).Draw(t, "done")
		rows := rapid.Int64Range(0, 60).Draw(t, "rows")
		total, left := done, rows
		for int64(r.At(total+1)) <= left {
			left -= int64(r.At(total + 1))
			total++
		}
		if gotTotal, gotLeft := r.Steps(done, rows); gotTotal != total || gotLeft != left {
			t.Fatalf("%v after %d steps, %d rows: %d steps and %d left, want %d and %d", r, done, rows, gotTotal, gotLeft, total, left)
		}
	})
}

// A run that goes on under the same configuration has the rows of one that never
// stopped; under another, the old ones up to there and the new ones after.
func TestRowsAfter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, next := rowsGen(t), rowsGen(t)
		done := rapid.IntRange(0, 15).Draw(t, "done")
		if got := before.After(done, before); !slices.Equal(got, before) {
			t.Fatalf("%v after %d is %v", before, done, got)
		}
		got := before.After(done, next)
		for step := 1; step <= 40; step++ {
			want := next.At(step)
			if step <= done {
				want = before.At(step)
			}
			if got.At(step) != want {
				t.Fatalf("%v, from step %d on %v: %v has %d rows in step %d, want %d", before, done, next, got, got.At(step), step, want)
			}
		}
	})
}
