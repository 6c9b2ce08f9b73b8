package cpu

import (
	"runtime"
	"unsafe"
)

// pastBytes is from how large on a result is written past the caches: far more
// than they hold, so that whoever reads it next would not find it there.
const pastBytes = 64 << 20

// isPast tells whether a result of so many bytes is to be written past the
// caches. What is computed in place has just been read and is not.
func isPast(bytes int, dst []float32, from ...[]float32) bool {
	if bytes < pastBytes {
		return false
	}
	for _, src := range from {
		if len(src) > 0 && len(dst) > 0 && &src[0] == &dst[0] {
			return false
		}
	}
	return true
}

// aligned tells whether x starts at a whole cache line.
func aligned[T any](x []T) bool { return uintptr(unsafe.Pointer(unsafe.SliceData(x)))&63 == 0 }

// readGo reads eight bytes at a time into four chains.
func readGo(x []float32) {
	words := unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(x))), len(x)/2)
	var s0, s1, s2, s3 uint64
	for ; len(words) >= 4; words = words[4:] {
		s0, s1, s2, s3 = s0^words[0], s1^words[1], s2^words[2], s3^words[3]
	}
	runtime.KeepAlive(s0 ^ s1 ^ s2 ^ s3)
}

func (p isa) widen(dst []float32, src []uint16) { p.widenTo(dst, src, false) }

func (p isa) scale(dst []float32, alpha float32, src []float32) { p.scaleTo(dst, alpha, src, false) }
