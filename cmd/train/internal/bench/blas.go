package bench

import (
	"context"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"huihai/telemetry"
)

// BlasConfig chooses what [Blas] measures.
type BlasConfig struct {
	Library string // file of the library; "" looks in the usual places
	Path    string // code path of our kernels; "" is the default one
	// Only keeps the products whose "kind MxNxK" it matches; nil keeps all.
	Only *regexp.Regexp
	// Seconds is the time to repeat one comparison for, on each number of threads.
	Seconds  float64
	Progress func(done, total int, product string) // may be nil
}

// BlasResult compares one product: medians of runs in turns.
type BlasResult struct {
	Product      string  `json:"product"` // NT, NN or TN, as MatMulNT
	Shape        string  `json:"shape"`   // M x N x K
	Threads      int     `json:"threads"`
	OursGFLOPS   float64 `json:"ours_gflops"`
	TheirsGFLOPS float64 `json:"theirs_gflops"`
	// Ratio is the median over the pairs of their time by ours: above 1 ours is
	// the faster one.
	Ratio float64 `json:"ratio"`
	Pairs int     `json:"pairs"`
	// MaxDifference is the largest difference between the two results, for
	// operands uniform in [-1, 1).
	MaxDifference float64 `json:"max_difference"`
}

// BlasReport is everything that [Blas] measured.
type BlasReport struct {
	Library       string       `json:"library"`
	LibraryConfig string       `json:"library_config"`
	Path          string       `json:"path"`
	Products      []BlasResult `json:"products"`
}

const (
	leastPairs, mostPairs = 5, 64
	sampleSeconds         = 0.02
	// settle is the wait after a call of the library on several threads. Its
	// workers spin for up to 2^28 cycles before they sleep and would take the
	// processors from whoever runs next.
	settle = 250 * time.Millisecond
)

// Blas times matrix products by our kernels and by OpenBLAS in turns, on one
// thread and on all, and fails if the results do not agree.
func Blas(ctx context.Context, c BlasConfig) (BlasReport, error) {
	products, err := chooseProducts(c.Only)
	if err != nil {
		return BlasReport{}, err
	}
	lib, err := loadBlas(c.Library)
	if err != nil {
		return BlasReport{}, err
	}
	r := BlasReport{Library: lib.name, LibraryConfig: lib.config}
	counts := slices.Compact([]int{1, runtime.GOMAXPROCS(0)})
	for i, threads := range counts {
		d := &duel{lib: lib, clock: newSampler(0).now, budget: time.Duration(c.Seconds * float64(time.Second)), pause: time.Sleep}
		told := c
		if c.Progress != nil {
			told.Progress = func(done, _ int, what string) {
				c.Progress(i*len(products)+done, len(counts)*len(products), what)
			}
		}
		if err := d.run(ctx, told, threads, products); err != nil {
			return BlasReport{}, err
		}
		r.Path, r.Products = d.path, append(r.Products, d.results...)
	}
	return r, nil
}

// blasProducts are square products and those of a training step.
func blasProducts() []productShape {
	var out []productShape
	for _, n := range squares {
		out = append(out, productShape{"NT", n, n, n})
	}
	return append(out, stepProducts()...)
}

func chooseProducts(only *regexp.Regexp) ([]productShape, error) {
	all := blasProducts()
	if only == nil {
		return all, nil
	}
	var names []string
	for _, p := range all {
		names = append(names, p.kind+" "+p.size())
	}
	chosen := slices.DeleteFunc(all, func(p productShape) bool { return !only.MatchString(p.kind + " " + p.size()) })
	if len(chosen) == 0 {
		return nil, fmt.Errorf("bench: %q matches no product (%w); there are %s", only, ErrNothingChosen, strings.Join(names, ", "))
	}
	return chosen, nil
}

// Table lays the report out for people.
func (r BlasReport) Table() telemetry.Table {
	t := telemetry.Table{
		Title:  fmt.Sprintf("ours (%s) beside %s (%s)", r.Path, r.Library, r.LibraryConfig),
		Header: []string{"product", "threads", "ours GFLOP/s", "theirs GFLOP/s", "ours/theirs", "pairs", "difference"},
	}
	for _, p := range r.Products {
		t.Add(p.Product+" "+p.Shape, fmt.Sprint(p.Threads), rate(p.OursGFLOPS), rate(p.TheirsGFLOPS),
			fmt.Sprintf("%.2f", p.Ratio), fmt.Sprint(p.Pairs), fmt.Sprintf("%.1e", p.MaxDifference))
	}
	return t
}
