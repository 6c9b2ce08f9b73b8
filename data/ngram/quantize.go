package ngram

import (
	"encoding/binary"
	"math"
	"slices"
)

// codes are the values that the 8-bit codes of one order stand for:
// probabilities, then backoffs, each rising.
type codes [2][256]float32

func codesBytes(order int) int64 { return int64(order-1) * 2 * 256 * 4 }

// code returns the code of the nearest value.
func (c *codes) code(which int, v float32) byte {
	list := c[which][:]
	i, _ := slices.BinarySearch(list, v)
	if i == len(list) || i > 0 && v-list[i-1] <= list[i]-v {
		i--
	}
	return byte(i)
}

func (c *codes) append(dst []byte) []byte {
	for _, list := range c {
		for _, v := range list {
			dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
		}
	}
	return dst
}

func readCodes(b []byte, order int) []codes {
	out := make([]codes, order-1)
	for i := range out {
		for j := range out[i] {
			for k := range out[i][j] {
				out[i][j][k] = math.Float32frombits(binary.LittleEndian.Uint32(b))
				b = b[4:]
			}
		}
	}
	return out
}

// binsPerUnit is how fine values are told apart before they are put into 256
// classes of equal size.
const binsPerUnit = 4096

// histogram gathers the values of an order, in bins of logarithms.
type histogram map[int32]*bin

type bin struct {
	n   int64
	sum float64
}

func (h histogram) add(v float32) {
	k := int32(math.Round(float64(v) * binsPerUnit))
	b := h[k]
	if b == nil {
		b = &bin{}
		h[k] = b
	}
	b.n++
	b.sum += float64(v)
}

// centers returns the means of 256 classes of nearly equal size (as KenLM and
// Federico and Bertoldi 2006). Bins are never parted.
func (h histogram) centers() (out [256]float32) {
	keys := make([]int32, 0, len(h))
	var left int64
	for k, b := range h {
		keys = append(keys, k)
		left += b.n
	}
	slices.Sort(keys)
	var value float32
	for i := range out {
		want := (left + int64(len(out)-i) - 1) / int64(len(out)-i)
		var n int64
		var sum float64
		for len(keys) > 0 && n < want {
			b := h[keys[0]]
			n, sum, keys = n+b.n, sum+b.sum, keys[1:]
		}
		if left -= n; n > 0 {
			value = float32(sum / float64(n))
		}
		out[i] = value // repeats the last one when there are fewer values than codes
	}
	return out
}

// quantizer makes the codes of an order from its n-grams.
func quantizer(grams *spool) (*codes, error) {
	src, err := grams.stream()
	if err != nil {
		return nil, err
	}
	h := [2]histogram{{}, {}}
	err = each(src, func(r *record) error {
		e := entry(r.a)
		h[0].add(e.prob())
		if e.extendsRight() {
			h[1].add(e.backoff())
		}
		return nil
	})
	return &codes{h[0].centers(), h[1].centers()}, err
}
