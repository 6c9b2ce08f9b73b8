// Package golden helps tests compare with reference values: it finds the
// reference data that lives beside the repository, and measures how far two
// lists of floats are apart.
//
// It is for tests only. It reads no file format: the formats' own packages do.
package golden

import (
	"bytes"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const moduleLine = "module huihai\n"

// Root returns the folder of this module's go.mod, found by walking up from
// the working directory, which go test sets to the package's folder.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatalf("golden: %v", err)
	}
	root, ok := findRoot(dir)
	if !ok {
		t.Fatalf("golden: no go.mod of module huihai in %s or above", dir)
	}
	return root
}

func findRoot(dir string) (string, bool) {
	for {
		// Nested modules have a go.mod too, but another name in it.
		if b, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && bytes.HasPrefix(b, []byte(moduleLine)) {
			return dir, true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}

// Shared returns the path of a file or folder of the shared reference data,
// which developers and CI keep in the folder "shared" beside the repository:
// Shared(t, "golden", "tiny_rope"). Without it the test is skipped.
func Shared(t testing.TB, elem ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{filepath.Dir(Root(t)), "shared"}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("needs the shared reference data, which only a developer's checkout has beside it: %v", err)
	}
	return path
}

// GoRoot returns the folder of the Go installation that runs the test: text that
// every developer has. Without its sources the test is skipped.
func GoRoot(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skipf("needs the go command, to find the sources of the Go installation: %v", err)
	}
	root := strings.TrimSpace(string(out))
	if _, err := os.Stat(filepath.Join(root, "src", "strconv")); err != nil {
		t.Skipf("needs the sources of the Go installation: %v", err)
	}
	return root
}

// Float is a floating-point element type.
type Float interface{ ~float32 | ~float64 }

// RelErr returns |got-want| / |want| in the L2 norm, computed in float64. It is
// |got| when want is all zero, +Inf when the lengths differ, and NaN when
// either holds a NaN, so test it as !(RelErr(got, want) <= bound).
func RelErr[G, W Float](got []G, want []W) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	var diff, norm float64
	for i, w := range want {
		d := float64(got[i]) - float64(w)
		diff += d * d
		norm += float64(w) * float64(w)
	}
	if norm == 0 {
		return math.Sqrt(diff)
	}
	return math.Sqrt(diff / norm)
}

// MaxULP returns the largest distance between corresponding elements, counted
// in representable float32 values, and the index where it is. Zeros of either
// sign are the same. It returns MaxInt64 and the first bad index when a NaN
// meets anything but a NaN, and MaxInt64 and -1 when the lengths differ.
func MaxULP(got, want []float32) (ulp int64, at int) {
	if len(got) != len(want) {
		return math.MaxInt64, -1
	}
	for i, w := range want {
		gNaN, wNaN := got[i] != got[i], w != w
		if gNaN != wNaN {
			return math.MaxInt64, i
		}
		if gNaN {
			continue
		}
		if d := ordinal(got[i]) - ordinal(w); max(d, -d) > ulp {
			ulp, at = max(d, -d), i
		}
	}
	return ulp, at
}

// ordinal numbers the float32 values in increasing order, both zeros as 0.
func ordinal(x float32) int64 {
	b := int64(math.Float32bits(x))
	if b&(1<<31) != 0 {
		return -(b &^ (1 << 31))
	}
	return b
}
