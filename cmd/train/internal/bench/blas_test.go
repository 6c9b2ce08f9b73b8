package bench

import (
	"encoding/json"
	"errors"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"
	"unsafe"

	"huihai/internal/dl"
)

// slowBlas is a plain cblas_sgemm for row-major matrices without a beta.
func slowBlas(mistake float32) *blasLibrary {
	threads := int32(1)
	return &blasLibrary{
		name: "slow", setThreads: func(n int32) { threads = n }, threads: func() int32 { return threads },
		sgemm: func(_, transA, transB, m, n, k int32, alpha float32, a *float32, lda int32, b *float32, ldb int32, _ float32, c *float32, ldc int32) {
			at := func(p *float32, row, col, ld int32, trans int32) float32 {
				if trans == cblasTrans {
					row, col = col, row
				}
				return unsafe.Slice(p, (row+1)*ld)[row*ld+col]
			}
			for i := range m {
				for j := range n {
					var sum float64
					for x := range k {
						sum += float64(at(a, i, x, lda, transA)) * float64(at(b, x, j, ldb, transB))
					}
					unsafe.Slice(c, m*ldc)[i*ldc+j] = alpha * (float32(sum) + mistake)
				}
			}
		},
	}
}

func newDuel(lib *blasLibrary) (*duel, *int) {
	pauses := 0
	return &duel{lib: lib, clock: tickClock(time.Millisecond), pause: func(time.Duration) { pauses++ }}, &pauses
}

// TestDuel checks the layouts of the three kinds of product, by the agreement.
func TestDuel(t *testing.T) {
	products := []productShape{{"NT", 17, 5, 33}, {"NN", 17, 5, 33}, {"TN", 17, 5, 33}}
	for _, threads := range []int{1, 2} {
		d, pauses := newDuel(slowBlas(0))
		if err := d.run(t.Context(), BlasConfig{Path: "portable"}, threads, products); err != nil {
			t.Fatal(err)
		}
		if d.path != "portable" || len(d.results) != 3 {
			t.Fatalf("%+v", d)
		}
		for i, r := range d.results {
			// The clock makes each call of both take the same time.
			if r.Product != products[i].kind || r.Shape != "17x5x33" || r.Threads != threads || r.Pairs != leastPairs ||
				!(r.OursGFLOPS > 0) || !(r.TheirsGFLOPS > 0) || !(r.Ratio > 0) || !(r.MaxDifference > 0) {
				t.Errorf("%+v", r)
			}
		}
		if (*pauses > 0) != (threads > 1) {
			t.Errorf("%d pauses on %d threads", *pauses, threads)
		}
	}
}

func TestDuelFindsDisagreement(t *testing.T) {
	d, _ := newDuel(slowBlas(0.01))
	err := d.run(t.Context(), BlasConfig{}, 1, []productShape{{"NT", 9, 9, 9}})
	if err == nil || !strings.Contains(err.Error(), "NT 9x9x9") || !strings.Contains(err.Error(), "differ") {
		t.Errorf("%v", err)
	}
}

func TestDuelFindsMissingThreads(t *testing.T) {
	lib := slowBlas(0)
	lib.setThreads = func(int32) {}
	d, _ := newDuel(lib)
	if err := d.run(t.Context(), BlasConfig{}, 2, nil); err == nil || !strings.Contains(err.Error(), "asked for 2") {
		t.Errorf("%v", err)
	}
}

// TestRace has ours take one millisecond and theirs three.
func TestRace(t *testing.T) {
	var now time.Duration
	d := &duel{threads: 1, clock: func() time.Duration { return now }, budget: time.Second}
	ours, theirs, ratio := d.race(func() { now += time.Millisecond }, func() { now += 3 * time.Millisecond })
	if math.Abs(ours-1e-3) > 1e-12 || math.Abs(theirs-3e-3) > 1e-12 || math.Abs(ratio-3) > 1e-9 {
		t.Errorf("%v, %v, %v", ours, theirs, ratio)
	}
	// Samples of 20 and 18 ms fill a second in 27 pairs.
	if len(d.pairs) != 27 {
		t.Errorf("%d pairs", len(d.pairs))
	}
}

func TestBlasWithoutLibrary(t *testing.T) {
	_, err := Blas(t.Context(), BlasConfig{Library: "/huihai/no/such/libopenblas.so", Seconds: 1})
	if err == nil {
		t.Fatal("loaded what is not there")
	}
	if errors.Is(err, dl.ErrUnsupported) {
		t.Skip(err)
	}
	for _, want := range []string{"/huihai/no/such/libopenblas.so", "libopenblas0-pthread", "--library"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not tell %s", err, want)
		}
	}
}

func TestBlasWithAnotherLibrary(t *testing.T) {
	_, err := Blas(t.Context(), BlasConfig{Library: "libm.so.6", Seconds: 1})
	if err == nil {
		t.Fatal("took libm for a BLAS")
	}
	if strings.Contains(err.Error(), "cannot be loaded") {
		t.Skipf("no libm.so.6 here: %v", err)
	}
	if !strings.Contains(err.Error(), "libm.so.6 is not an OpenBLAS") {
		t.Error(err)
	}
}

func TestBlasRefuses(t *testing.T) {
	_, err := Blas(t.Context(), BlasConfig{Only: regexp.MustCompile("convolution")})
	if !errors.Is(err, ErrNothingChosen) || !strings.Contains(err.Error(), "NT 256x256x256") {
		t.Errorf("%v", err)
	}
}

// TestOpenBLAS holds the signatures against the real library.
func TestOpenBLAS(t *testing.T) {
	r, err := Blas(t.Context(), BlasConfig{Only: regexp.MustCompile(`512x512x2048|2048x512x512$`), Seconds: 1e-6})
	if err != nil && strings.Contains(err.Error(), "cannot be loaded") {
		t.Skip("no OpenBLAS on this machine")
	}
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{`"library":`, `"path":`, `"product":"NT"`, `"product":"NN"`, `"product":"TN"`, `"ratio":`, `"max_difference":`} {
		if !strings.Contains(string(data), key) {
			t.Errorf("no %s in %s", key, data)
		}
	}
}

func TestBlasTable(t *testing.T) {
	r := BlasReport{Library: "lib", Path: "avx2", Products: []BlasResult{{Product: "NT", Shape: "1x2x3", Threads: 2, Ratio: 1.5}}}
	table := r.Table()
	if len(table.Rows) != 1 || len(table.Rows[0]) != len(table.Header) || table.Rows[0][0] != "NT 1x2x3" || table.Rows[0][4] != "1.50" {
		t.Errorf("%+v", table)
	}
}
