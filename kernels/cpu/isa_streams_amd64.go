//go:build !noasm

package cpu

// Stores past the caches: what lies far beyond them should not be read before it
// is overwritten. A unit of work that wrote so ends with a fence.

// fence lets other workers see what this one wrote past the caches.
func (p isa) fence(past bool) {
	if past && p != portable {
		fenceAVX2()
	}
}

// streamStep is how many floats a loop of the streams takes.
const streamStep = 64

// streamed returns how many floats of dst assembly takes.
func (p isa) streamed(dst []float32, past bool) int {
	if p == portable || !past || !aligned(dst) {
		return 0
	}
	return len(dst) &^ (streamStep - 1)
}

func (p isa) copyTo(dst, src []float32, past bool) {
	src = src[:len(dst)]
	n := p.streamed(dst, past)
	if n > 0 {
		copyPastAVX2(&dst[0], &src[0], n)
	}
	copy(dst[n:], src[n:])
}

func (p isa) zeroTo(dst []float32, past bool) {
	n := p.streamed(dst, past)
	if n > 0 {
		zeroPastAVX2(&dst[0], n)
	}
	clear(dst[n:])
}

// read reads x and throws it away.
func (p isa) read(x []float32) {
	n := len(x) &^ (streamStep - 1)
	if p == portable || n == 0 {
		readGo(x)
		return
	}
	readAVX2(&x[0], n)
}
