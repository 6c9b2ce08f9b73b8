package golden

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"
)

func TestFindRootPassesNestedModules(t *testing.T) {
	top := t.TempDir()
	nested := filepath.Join(top, "tools", "deep")
	if err := os.MkdirAll(nested, 0o777); err != nil {
		t.Fatal(err)
	}
	if root, ok := findRoot(nested); ok {
		t.Fatalf("found a root at %s before there was one", root)
	}
	for dir, text := range map[string]string{top: "module huihai\n\ngo 1.26.0\n", filepath.Dir(nested): "module huihai/tools\n"} {
		if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if root, ok := findRoot(nested); !ok || root != top {
		t.Errorf("findRoot = %q, %v; want %q", root, ok, top)
	}
}

func TestSharedSkipsWhatIsAbsent(t *testing.T) {
	skipped := false
	t.Run("absent", func(t *testing.T) {
		defer func() { skipped = t.Skipped() }()
		Shared(t, "no such folder")
	})
	if !skipped {
		t.Error("Shared did not skip the test")
	}
	if _, err := os.Stat(filepath.Join(Root(t), "go.mod")); err != nil {
		t.Error(err)
	}
}

func TestRelErr(t *testing.T) {
	if got := RelErr([]float32{3, 4.5}, []float64{3, 4}); got != 0.1 {
		t.Errorf("RelErr = %v, want 0.1", got)
	}
	if got := RelErr([]float32{3, 4}, []float32{0, 0}); got != 5 {
		t.Errorf("RelErr against zeros = %v, want 5", got)
	}
	if got := RelErr([]float32{1}, []float32{1, 2}); !math.IsInf(got, 1) {
		t.Errorf("RelErr of different lengths = %v, want +Inf", got)
	}
	if got := RelErr([]float64{math.NaN()}, []float32{1}); got <= math.Inf(1) {
		t.Errorf("RelErr of a NaN = %v, want NaN", got)
	}
}

func TestMaxULP(t *testing.T) {
	nan, negZero := float32(math.NaN()), float32(math.Copysign(0, -1))
	tiny := float32(math.SmallestNonzeroFloat32)
	for _, c := range []struct {
		got, want []float32
		ulp       int64
		at        int
	}{
		{nil, nil, 0, 0},
		{[]float32{1, nan, 0}, []float32{1, nan, negZero}, 0, 0},
		{[]float32{-tiny}, []float32{tiny}, 2, 0},
		{[]float32{1, 2, 3}, []float32{1, math.Nextafter32(math.Nextafter32(2, 3), 3), math.Nextafter32(3, 4)}, 2, 1},
		{[]float32{1, nan}, []float32{1, 1}, math.MaxInt64, 1},
		{[]float32{1}, nil, math.MaxInt64, -1},
	} {
		if ulp, at := MaxULP(c.got, c.want); ulp != c.ulp || at != c.at {
			t.Errorf("MaxULP(%v, %v) = %d at %d, want %d at %d", c.got, c.want, ulp, at, c.ulp, c.at)
		}
	}
}

func TestMaxULPCountsSteps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float32().Draw(t, "x")
		steps := rapid.IntRange(0, 40).Draw(t, "steps")
		y := x
		for range steps {
			y = math.Nextafter32(y, float32(math.Inf(1)))
		}
		// Near the top of the range the walk stops at infinity.
		if ulp, _ := MaxULP([]float32{x}, []float32{y}); ulp != int64(steps) && !math.IsInf(float64(y), 1) {
			t.Fatalf("%v to %v: %d, want %d", x, y, ulp, steps)
		}
	})
}
