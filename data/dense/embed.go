package dense

import (
	"math"
	"math/bits"

	"huihai/data/dedup"
)

// Embedder makes vectors of texts; it is for one goroutine.
type Embedder struct {
	cfg   Config
	split dedup.Splitter
	table []slot
	used  []uint32 // slots of the table, in the order of their n-grams in the text
	sum   []int32
	out   []float32
}

// slot counts one n-gram.
type slot struct {
	gram  uint64
	count uint32
}

// NewEmbedder returns an embedder for a valid configuration.
func NewEmbedder(cfg Config) *Embedder {
	return &Embedder{cfg: cfg, sum: make([]int32, cfg.Dim), out: make([]float32, cfg.Dim)}
}

// Embed returns a text's vector: Dim components of length one, or nothing when
// the text has fewer than MinUnits units. It is valid until the next call.
func (e *Embedder) Embed(text string) []float32 {
	units, han := e.split.Split(text)
	if len(units) < e.cfg.MinUnits {
		return nil
	}
	n := e.cfg.WordNGram
	if han*2 > len(units) {
		n = e.cfg.CharNGram
	}
	e.count(units, n)
	clear(e.sum)
	e.project()
	return e.normalise()
}

// count counts the 1- to n-grams of units in the table.
func (e *Embedder) count(units []uint64, n int) {
	size := 1 << bits.Len(uint(2*n*len(units))) // at most half full
	if len(e.table) < size {
		e.table = make([]slot, size)
	} else {
		for _, i := range e.used { // of the text before, all of whose slots are named
			e.table[i] = slot{}
		}
	}
	e.used = e.used[:0]
	mask := uint64(len(e.table) - 1)
	for i := range units {
		h := uint64(0)
		for _, u := range units[i:min(i+n, len(units))] {
			h = mix(h ^ u)
			at := h & mask
			for e.table[at].count > 0 && e.table[at].gram != h {
				at = (at + 1) & mask
			}
			if s := &e.table[at]; s.count == 0 {
				*s = slot{h, 1}
				e.used = append(e.used, uint32(at))
			} else {
				s.count++
			}
		}
	}
}

// mix scrambles 64 bits: the middle of a product with an odd constant, folded.
func mix(h uint64) uint64 {
	hi, lo := bits.Mul64(h^0x9e37_79b9_7f4a_7c15, 0xd6e8_feb8_6659_fd93)
	return hi ^ lo
}

// project adds every n-gram, weighted by 1 + log of its count, to four of the
// components with a sign of its own. Integers, so that order does not matter.
func (e *Embedder) project() {
	dim := uint64(e.cfg.Dim)
	for _, i := range e.used {
		s := e.table[i]
		w := weights[min(s.count, uint32(len(weights)-1))]
		h := mix(s.gram)
		for range 4 {
			at := h & 0x7fff * dim >> 15
			sign := int32(h>>15&1)<<1 - 1
			e.sum[at] += sign * w
			h >>= 16
		}
	}
}

// weights are 1 + ln(count) in units of 1/64.
var weights = func() (w [256]int32) {
	for i := range w {
		w[i] = int32(64*(1+math.Log(float64(max(i, 1)))) + 0.5)
	}
	return w
}()

// normalise returns the sums divided by their length; all zeros, which four
// signs each may cancel to, count as no vector.
func (e *Embedder) normalise() []float32 {
	square := uint64(0)
	for _, s := range e.sum {
		square += uint64(int64(s) * int64(s))
	}
	if square == 0 {
		return nil
	}
	length := math.Sqrt(float64(square))
	for i, s := range e.sum {
		e.out[i] = float32(float64(s) / length)
	}
	return e.out
}
