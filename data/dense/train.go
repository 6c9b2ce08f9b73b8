package dense

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"huihai/internal/rng"
)

// Fit says how training went.
type Fit struct {
	Vectors    int     `json:"vectors"`    // trained on
	Clusters   int     `json:"clusters"`   // found: fewer than asked for where the sample has fewer kinds
	Iterations int     `json:"iterations"` // until nothing moved, or the bound
	Cosine     float64 `json:"cosine"`     // mean of vectors with their centroids
}

// Train finds at most k clusters of n vectors, Dim components each, one after
// the other: spherical k-means with k-means++ seeding on the vectors less their
// mean. Workers bound the goroutines and change no bit. vectors are used up.
func Train(ctx context.Context, cfg Config, k int, vectors []float32, workers int) (*Model, Fit, error) {
	n := len(vectors) / cfg.Dim
	if n == 0 || n*cfg.Dim != len(vectors) || k < 1 || k > maxClusters {
		return nil, Fit{}, fmt.Errorf("dense: train %d clusters on %d numbers: there must be vectors of %d components, and from 1 to %d clusters; were all texts shorter than min_units?", k, len(vectors), cfg.Dim, maxClusters)
	}
	t := trainer{dim: cfg.Dim, workers: max(workers, 1)}
	mean := t.centre(vectors)
	if t.n() == 0 { // all vectors are equal: one cluster, whose direction does not matter
		t.points = append(make([]float32, 0, cfg.Dim), 1)[:cfg.Dim]
	}
	if err := t.seed(ctx, k, cfg.Seed); err != nil {
		return nil, Fit{}, err
	}
	fit := Fit{Vectors: n, Clusters: len(t.centroids) / cfg.Dim}
	for fit.Iterations < cfg.Iterations {
		if err := ctx.Err(); err != nil {
			return nil, Fit{}, err
		}
		fit.Iterations++
		t.move()
		if !t.assign() {
			break
		}
	}
	for _, s := range t.sim {
		fit.Cosine += float64(s) / float64(len(t.sim))
	}
	return &Model{Dim: cfg.Dim, Mean: mean, Centroids: t.centroids}, fit, nil
}

type trainer struct {
	dim, workers int
	points       []float32 // of length one
	centroids    []float32
	of           []int32 // which centroid each point is nearest to
	sim          []float32
}

func (t *trainer) n() int                     { return len(t.points) / t.dim }
func (t *trainer) point(i int) []float32      { return t.points[i*t.dim:][:t.dim] }
func (t *trainer) centroid(i int32) []float32 { return t.centroids[int(i)*t.dim:][:t.dim] }

// centre takes the mean off the vectors and makes those that are not the mean
// itself the points.
func (t *trainer) centre(vectors []float32) (mean []float32) {
	sum := make([]float64, t.dim)
	for i, x := range vectors {
		sum[i%t.dim] += float64(x)
	}
	mean = make([]float32, t.dim)
	for i, s := range sum {
		mean[i] = float32(s / float64(len(vectors)/t.dim))
	}
	kept := vectors[:0]
	for len(vectors) > 0 {
		v := vectors[:t.dim]
		for i := range v {
			v[i] -= mean[i]
		}
		if unitLength(v) {
			kept = append(kept, v...)
		}
		vectors = vectors[t.dim:]
	}
	t.points = kept
	return mean
}

// seed chooses the first centroids among the points, each with probability in
// proportion to the squared distance from those chosen before (Arthur and
// Vassilvitskii, 2007), which is twice 1 - cosine.
func (t *trainer) seed(ctx context.Context, k int, seed uint64) error {
	stream := rng.New(seed, "data/dense/seeding")
	n := t.n()
	t.of, t.sim = make([]int32, n), make([]float32, n)
	for i := range t.sim {
		t.sim[i] = -2
	}
	next := stream.IntN(n)
	for c := int32(0); ; c++ {
		t.centroids = append(t.centroids, t.point(next)...)
		new := t.centroid(c)
		t.each(n, func(i int) {
			if s := dot(t.point(i), new); s > t.sim[i] {
				t.of[i], t.sim[i] = c, s
			}
		})
		if int(c)+1 == k {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		total := 0.0
		for _, s := range t.sim {
			total += distance(s)
		}
		if total == 0 {
			return nil // every point is a centroid's double
		}
		rest := stream.Float64() * total
		for i, s := range t.sim {
			if d := distance(s); d > 0 {
				next = i
				if rest -= d; rest < 0 {
					break
				}
			}
		}
	}
}

// distance is half the squared distance of vectors with that cosine; what
// rounding leaves between equal ones is none.
func distance(cosine float32) float64 {
	d := 1 - float64(cosine)
	if d < 1e-6 {
		return 0
	}
	return d
}

// assign gives every point its nearest centroid, the first among equals, and
// says whether any has changed.
func (t *trainer) assign() bool {
	var changed atomic.Bool
	t.each(t.n(), func(i int) {
		c, s := nearest(t.centroids, t.dim, t.point(i))
		if c != t.of[i] {
			changed.Store(true)
		}
		t.of[i], t.sim[i] = c, s
	})
	return changed.Load()
}

// move makes every centroid the direction of its points' sum, taken in their
// order. A cluster without points, or whose points cancel, starts anew at the
// point that is worst off.
func (t *trainer) move() {
	k := len(t.centroids) / t.dim
	starts := make([]int32, k+1) // points by cluster, in order
	for _, c := range t.of {
		starts[c+1]++
	}
	for c := range k {
		starts[c+1] += starts[c]
	}
	order, at := make([]int32, len(t.of)), append([]int32(nil), starts...)
	for i, c := range t.of {
		order[at[c]] = int32(i)
		at[c]++
	}
	lost := make([]bool, k)
	t.each(k, func(c int) {
		sum := make([]float64, t.dim)
		for _, i := range order[starts[c]:starts[c+1]] {
			for d, x := range t.point(int(i)) {
				sum[d] += float64(x)
			}
		}
		centroid := t.centroid(int32(c))
		for d, s := range sum {
			centroid[d] = float32(s)
		}
		lost[c] = !unitLength(centroid)
	})
	for c := range lost {
		if lost[c] {
			worst := 0
			for i, s := range t.sim {
				if s < t.sim[worst] {
					worst = i
				}
			}
			copy(t.centroid(int32(c)), t.point(worst))
			t.sim[worst] = 2 // not again
		}
	}
}

// each calls f for 0..n-1 from all workers; f writes only what is i's own.
func (t *trainer) each(n int, f func(i int)) {
	const step = 256
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(t.workers, (n+step-1)/step) {
		wg.Go(func() {
			for {
				from := int(next.Add(step)) - step
				if from >= n {
					return
				}
				for i := from; i < min(from+step, n); i++ {
					f(i)
				}
			}
		})
	}
	wg.Wait()
}

// nearest returns the centroid with the largest cosine, the first among equals.
func nearest(centroids []float32, dim int, v []float32) (best int32, cosine float32) {
	cosine = -2
	for c := int32(0); len(centroids) > 0; c++ {
		if s := dot(centroids[:dim], v); s > cosine {
			best, cosine = c, s
		}
		centroids = centroids[dim:]
	}
	return best, cosine
}
