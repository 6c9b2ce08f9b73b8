package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/mmcloughlin/avo/build"
)

func main() {
	set := flag.String("set", "avx2", "which routines to write")
	flag.Parse()
	build.ConstraintExpr("!noasm")
	switch *set {
	case "avx2":
		avx2()
	case "avx512":
		avx512()
	default:
		fmt.Fprintf(os.Stderr, "gen: -set is %q; it must be avx2 or avx512\n", *set)
		os.Exit(2)
	}
	build.Generate()
}

// avx512 writes what the AVX-512 path does differently from AVX2: tiles, the
// products of few rows, and loops whose arithmetic bounds them.
func avx512() {
	microAVX512()
	dotsAVX512()
	tiles("AVX512", []int{12, 4, 1}, build.ZMM, 64, true)
	softmax512()
	swiglu512()
	peakAVX512()
}

func avx2() {
	microAVX2()
	packCols8()
	packRows()
	dotsAVX2()
	widenings()
	axpyRows64()
	tiles("AVX2", []int{6, 1}, build.YMM, 32, false)
	prefetchRows()
	streams()
	elementwise()
	norms()
	reductions()
	softmax()
	swiglu()
	adamw()
	peak()
}
