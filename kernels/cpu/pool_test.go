package cpu

import (
	"sync/atomic"
	"testing"
	"time"
)

// countTask counts how often each unit is done.
type countTask struct{ done [97]atomic.Int32 }

func (c *countTask) unit(_, i int) { c.done[i].Add(1) }

// TestPoolDoesEachUnitOnce runs tasks of all sizes back to back, with workers that
// sleep at once and with workers that hardly ever do, with fewer and with more workers
// than processors.
func TestPoolDoesEachUnitOnce(t *testing.T) {
	for _, workers := range []int{1, 2, 3, 9} {
		for _, spin := range []time.Duration{0, spinTime, 10 * time.Millisecond} {
			if spin > spinTime && workers > 2 {
				continue // more spinning workers than processors only delay each other
			}
			p := makePool(workers, spin)
			for round := range 2000 {
				var c countTask
				units := round % (len(c.done) + 1)
				p.run(&c, units)
				for i := range c.done {
					if got := c.done[i].Load(); i < units && got != 1 || i >= units && got != 0 {
						t.Fatalf("%d workers, spin %v, run %d of %d units: unit %d done %d times", workers, spin, round, units, i, got)
					}
				}
			}
			p.close()
		}
	}
}
