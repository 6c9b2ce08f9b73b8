package model

import (
	"math"
	"slices"
	"testing"

	"huihai/kernels"
)

// The losses of the rows are those of the step, however it is cut, and are read without
// allocating.
func TestRowNLL(t *testing.T) {
	c := small()
	dev := openCPU(t)
	w := fresh(t, dev, c, 4)
	bs := someBatches(c, 4, 9, 1)
	for i := 9; i < 18; i++ { // a row without labels
		bs[0].Labels[i] = kernels.IgnoreLabel
	}
	type row struct {
		sum   float64
		count int
	}
	var want []row
	for _, rows := range []int{4, 2, 1} {
		s := stepOf(t, dev, c, w, StepOptions{Batch: rows, SeqLen: 9})
		if err := s.Begin(supervisedIn(bs)); err != nil {
			t.Fatal(err)
		}
		var got []row
		total, n := 0.0, rows*9
		for i := 0; i < 4*9; i += n {
			b := Batch{InputIDs: bs[0].InputIDs[i : i+n], Labels: bs[0].Labels[i : i+n], Segments: bs[0].Segments[i : i+n]}
			if err := s.Micro(b); err != nil {
				t.Fatal(err)
			}
			for r := range rows {
				sum, count := s.RowNLL(r)
				if count != Supervised(b.Labels[r*9:(r+1)*9]) {
					t.Errorf("row %d has %d labels", r, count)
				}
				got, total = append(got, row{sum, count}), total+sum
			}
		}
		stats, err := s.End()
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		}
		if !slices.Equal(got, want) || got[1] != (row{}) || math.Abs(total-stats.SumNLL) > 1e-9*total {
			t.Errorf("micro-batches of %d rows: %v, want %v, in all %v", rows, got, want, stats.SumNLL)
		}
		if n := testing.AllocsPerRun(10, func() { s.RowNLL(rows - 1) }); n > 0 {
			t.Errorf("%v allocations", n)
		}
	}
}
