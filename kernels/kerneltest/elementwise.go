package kerneltest

import (
	"fmt"
	"math"
	"testing"

	"huihai/kernels"
)

// lengths covers empty, ragged and many-block vectors.
var lengths = []int{0, 1, 7, 16, 33, 100, 4096, 70001}

func testVectors(t *testing.T, dev kernels.Device) {
	for _, n := range lengths {
		b, src := newBench(t, dev), newSource(uint64(n))
		x, y := src.normal(n), src.normal(n)
		bx, by, bz := b.vec("x", x), b.vec("y", y), b.vec("z", make([]float32, n))
		sum, fma, half := make([]float32, n), make([]float32, n), make([]float32, n)
		for i := range x {
			sum[i] = x[i] + y[i]
			fma[i] = kernels.FMA32(0.3, x[i], y[i])
			half[i] = 0.3 * x[i]
		}
		dev.Add(bz, bx, by)
		same(t, fmt.Sprintf("Add %d", n), b.get(bz), sum)
		dev.Scale(bz, 0.3, bx)
		same(t, fmt.Sprintf("Scale %d", n), b.get(bz), half)
		dev.Copy(bz, by)
		same(t, fmt.Sprintf("Copy %d", n), b.get(bz), y)
		dev.Axpy(bz, 0.3, bx)
		same(t, fmt.Sprintf("Axpy %d", n), b.get(bz), fma)
		dev.Add(by, bx, by)
		same(t, fmt.Sprintf("Add in place %d", n), b.get(by), sum)
		dev.Scale(bx, 0.3, bx)
		same(t, fmt.Sprintf("Scale in place %d", n), b.get(bx), half)
		dev.Zero(bx)
		same(t, fmt.Sprintf("Zero %d", n), b.get(bx), make([]float32, n))
		b.done()
	}
}

func testBF16Copy(t *testing.T, dev kernels.Device) {
	b, src := newBench(t, dev), newSource(1)
	x := src.normal(1037)
	copy(x, []float32{float32(math.Inf(1)), math.Float32frombits(0x3f808000), math.Float32frombits(0x3f818000), math.MaxFloat32, 1e-42, float32(math.Copysign(0, -1)),
		float32(math.NaN()), math.Float32frombits(0xff800001), math.Float32frombits(0xffffffff), float32(math.Inf(-1)), math.Float32frombits(0x7f7fffff)})
	m, _ := b.storedMat("half", 1, len(x), 0, make([]float32, len(x)), kernels.BF16)
	dev.Copy(m.Buf, b.vec("x", x))
	half := make([]uint16, len(x))
	if err := kernels.Read(dev, half, m.Buf); err != nil {
		t.Fatal(err)
	}
	want := make([]float32, len(x))
	for i, v := range x {
		if half[i] != kernels.BF16FromF32(v) {
			t.Fatalf("narrow %g: %04x, want %04x", v, half[i], kernels.BF16FromF32(v))
		}
		want[i] = kernels.F32FromBF16(half[i])
	}
	back := b.vec("back", make([]float32, len(x)))
	dev.Copy(back, m.Buf)
	same(t, "widen", b.get(back), want)
	b.done()
}

func testSumSquares(t *testing.T, dev kernels.Device) {
	for _, n := range append(lengths, 5*1024*4096/4+17) {
		b := newBench(t, dev)
		x := newSource(uint64(n)).normal(n)
		got, err := dev.SumSquares(b.vec("x", x))
		if err != nil {
			t.Fatal(err)
		}
		want := 0.0
		for from := 0; from < n; from += 4096 {
			var lanes [16]float64
			for i, v := range x[from:min(n, from+4096)] {
				lanes[i%16] += float64(v) * float64(v)
			}
			want += kernels.Tree16F64(&lanes)
		}
		if got != want {
			t.Errorf("SumSquares of %d: %v, want %v", n, got, want)
		}
		b.done()
	}
}

func testSwiGLU(t *testing.T, dev kernels.Device) {
	for _, s := range [][3]int{{1, 1, 0}, {3, 37, 5}, {5, 64, 0}, {33, 130, 7}} {
		rows, cols, gap := s[0], s[1], s[2]
		name := fmt.Sprintf("%v", s)
		b, src := newBench(t, dev), newSource(3)
		gate, up, dh := src.normal(rows*cols), src.normal(rows*cols), src.normal(rows*cols)
		for i := range gate {
			gate[i] *= 4
		}
		g, u := b.mat("gate", rows, cols, gap, gate), b.mat("up", rows, cols, gap, up)
		h := b.mat("h", rows, cols, gap, dh)
		dev.SwiGLU(h, g, u)
		gw, uw := wide(gate), wide(up)
		near(t, "h "+name, b.getMat(h), refSwiGLU(gw, uw), 1e-6)
		exact := make([]float32, len(gate))
		for i, g := range gate {
			exact[i] = float32(g*kernels.Sigmoid32(g)) * up[i]
		}
		same(t, "h "+name, b.getMat(h), exact)
		wantGate, wantUp := gluSlope(gw, uw, wide(dh))
		d := b.mat("dh", rows, cols, gap, dh)
		dg, du := b.mat("dGate", rows, cols, 1, dh), b.mat("dUp", rows, cols, 2, dh)
		dev.SwiGLUGrad(dg, du, d, g, u)
		near(t, "dGate "+name, b.getMat(dg), wantGate, 1e-6)
		near(t, "dUp "+name, b.getMat(du), wantUp, 1e-6)
		outGate, outUp := b.getMat(dg), b.getMat(du)
		dev.SwiGLUGrad(g, u, d, g, u)
		same(t, "dGate in place "+name, b.getMat(g), outGate)
		same(t, "dUp in place "+name, b.getMat(u), outUp)
		b.done()
	}
	testSwiGLUExtremes(t, dev)
}

// gluSlope differentiates sum(dh*SwiGLU) element by element.
func gluSlope(gate, up, dh []float64) (dGate, dUp []float64) {
	for i := range dh {
		g, u, d := gate[i:i+1], up[i:i+1], dh[i]
		f := func() float64 { return d * refSwiGLU(g, u)[0] }
		dGate, dUp = append(dGate, slope(g, f)...), append(dUp, slope(u, f)...)
	}
	return dGate, dUp
}

// testSwiGLUExtremes: far from zero the gate is closed or open, never NaN.
func testSwiGLUExtremes(t *testing.T, dev kernels.Device) {
	b := newBench(t, dev)
	gate := []float32{-1e4, -200, -100, -90, -88, 88, 90, 100, 1e4, 3e38}
	want := make([]float64, len(gate))
	for i, g := range gate {
		if g > 0 {
			want[i] = float64(g)
		}
	}
	ones := make([]float32, len(gate))
	for i := range ones {
		ones[i] = 1
	}
	h := b.mat("h", 1, len(gate), 0, ones)
	dev.SwiGLU(h, b.mat("gate", 1, len(gate), 0, gate), b.mat("up", 1, len(gate), 0, ones))
	for i, v := range b.getMat(h) {
		if math.Abs(float64(v)-want[i]) > 1e-30+1e-6*want[i] {
			t.Errorf("silu(%g) = %g, want %g", gate[i], v, want[i])
		}
	}
	b.done()
}

func testAdamW(t *testing.T, dev kernels.Device) {
	for _, n := range lengths {
		b, src := newBench(t, dev), newSource(uint64(n))
		p, g, m, v := src.normal(n), src.normal(n), src.normal(n), src.normal(n)
		for i := range v {
			v[i] *= v[i]
		}
		a := kernels.AdamWArgs{LR: 0.01, Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1, Corr1: 0.3, Corr2: 0.2, GradScale: 0.7}
		bp, bm, bv := b.vec("p", p), b.vec("m", m), b.vec("v", v)
		dev.AdamW(bp, b.vec("g", g), bm, bv, a)
		wp, wm, wv := wide(p), wide(m), wide(v)
		for i := range p {
			grad := float64(a.GradScale) * float64(g[i])
			wm[i] = float64(a.Beta1)*wm[i] + (1-float64(a.Beta1))*grad
			wv[i] = float64(a.Beta2)*wv[i] + (1-float64(a.Beta2))*grad*grad
			step := wm[i] / float64(a.Corr1) / (math.Sqrt(wv[i]/float64(a.Corr2)) + float64(a.Eps))
			wp[i] -= float64(a.LR)*float64(a.WeightDecay)*wp[i] + float64(a.LR)*step
		}
		near(t, "p", b.get(bp), wp, 3e-7)
		near(t, "m", b.get(bm), wm, 3e-7)
		near(t, "v", b.get(bv), wv, 3e-7)
		b.done()
	}
}
