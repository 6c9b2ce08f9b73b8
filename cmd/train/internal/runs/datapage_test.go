package runs

import (
	"testing"
	"time"

	"huihai/data/build"
)

func TestRate(t *testing.T) {
	for _, tc := range []struct {
		done int64
		in   time.Duration
		unit string
		want string
	}{
		{0, time.Second, build.UnitBytes, ""}, {5, 0, build.UnitBytes, ""},
		{21_000_000, 2 * time.Second, build.UnitBytes, "10.5 MB/s"}, {30, 20 * time.Second, build.UnitPartitions, "1.5 partitions/s"},
	} {
		if got := rate(tc.done, tc.in, tc.unit); got != tc.want {
			t.Errorf("%d %s in %v: %q, want %q", tc.done, tc.unit, tc.in, got, tc.want)
		}
	}
}
