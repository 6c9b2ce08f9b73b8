package kerneltest

import (
	"fmt"
	"math"
	"testing"

	"huihai/kernels"
)

// moment8 is a vector in eight bits on the device, with what it stands for.
type moment8 struct {
	kernels.Moment8
	code *[256]float32
}

// newMoment8 stores v in eight bits.
func newMoment8(b *bench, name string, v []float32, code *[256]float32) moment8 {
	raw, tops := plainStore8(v, code)
	return moment8{kernels.Moment8{Codes: b.bytes(name, raw), AbsMax: b.vec(name+" absmax", tops)}, code}
}

// plainStore8 is how a vector is stored, by trying all entries of the map.
func plainStore8(v []float32, code *[256]float32) (raw []byte, tops []float32) {
	for from := 0; from < len(v); from += kernels.Moment8Block {
		block := v[from:min(len(v), from+kernels.Moment8Block)]
		top := float32(0)
		for _, x := range block {
			if x = float32(math.Abs(float64(x))); x > top {
				top = x
			}
		}
		tops = append(tops, top)
		for _, x := range block {
			share := float32(0)
			if top > 0 {
				share = x / top
			}
			best := 0
			// An entry is left for the next one up only beyond the middle of both.
			for best < 255 && share > (code[best]+code[best+1])/2 {
				best++
			}
			raw = append(raw, byte(best))
		}
	}
	return raw, tops
}

// read returns what the vector stands for, its codes and its scales.
func (m moment8) read(b *bench) (values []float32, raw []byte, tops []float32) {
	b.t.Helper()
	raw = make([]byte, m.Codes.Len)
	if err := b.dev.Read(raw, m.Codes); err != nil {
		b.t.Fatal(err)
	}
	tops = b.get(m.AbsMax)
	values = make([]float32, len(raw))
	for i, c := range raw {
		values[i] = m.code[c] * tops[i/kernels.Moment8Block]
	}
	return values, raw, tops
}

// testAdamW8: a step is that of AdamW on the widened moments, which are then
// stored.
func testAdamW8(t *testing.T, dev kernels.Device) {
	a := kernels.AdamWArgs{LR: 0.01, Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1, Corr1: 0.3, Corr2: 0.2, GradScale: 0.7}
	for _, n := range append(lengths, 256, 511, 513) {
		b, src := newBench(t, dev), newSource(uint64(n))
		p, g, m, v := src.normal(n), src.normal(n), src.normal(n), src.normal(n)
		for i := range v {
			v[i] *= v[i]
			if i/256 == 1 { // a block that stays zero
				g[i], m[i], v[i] = 0, 0, 0
			}
		}
		bp, wp, bg := b.vec("p", p), b.vec("plain p", p), b.vec("g", g)
		m8, v8 := newMoment8(b, "m", m, &kernels.DynamicMap), newMoment8(b, "v", v, &kernels.DynamicMapUnsigned)
		for step := range 3 {
			wm, _, _ := m8.read(b)
			wv, _, _ := v8.read(b)
			pm, pv := b.vec("plain m", wm), b.vec("plain v", wv)
			dev.AdamW(wp, bg, pm, pv, a)
			dev.AdamW8(bp, bg, m8.Moment8, v8.Moment8, a)
			name := fmt.Sprintf(" of %d, step %d", n, step)
			same(t, "p"+name, b.get(bp), b.get(wp))
			checkStored(b, "m"+name, m8, b.get(pm))
			checkStored(b, "v"+name, v8, b.get(pv))
		}
		b.done()
	}
}

func checkStored(b *bench, name string, m moment8, want []float32) {
	b.t.Helper()
	_, raw, tops := m.read(b)
	wantRaw, wantTops := plainStore8(want, m.code)
	same(b.t, name+", absmax", tops, wantTops)
	for i, c := range wantRaw {
		if raw[i] != c {
			b.t.Errorf("%s: element %d has code %d, want %d", name, i, raw[i], c)
			return
		}
	}
}

func testLion(t *testing.T, dev kernels.Device) {
	a := kernels.LionArgs{LR: 0.01, Beta1: 0.9, Beta2: 0.99, WeightDecay: 0.1, GradScale: 0.7}
	for _, n := range lengths {
		b, src := newBench(t, dev), newSource(uint64(n))
		p, g, m := src.normal(n), src.normal(n), src.normal(n)
		for i := range g {
			if i%5 == 0 {
				g[i], m[i] = 0, 0
			}
		}
		if n > 1 {
			g[1], m[1] = 0, 0x1p-126 // becomes subnormal
		}
		bp, bm := b.vec("p", p), b.vec("m", m)
		dev.Lion(bp, b.vec("g", g), bm, a)
		for i := range p {
			grad := a.GradScale * g[i]
			way := kernels.FMA32(a.Beta1, m[i], float32((1-a.Beta1)*grad))
			m[i] = kernels.FMA32(a.Beta2, m[i], float32((1-a.Beta2)*grad))
			if math.Abs(float64(m[i])) < 0x1p-126 {
				m[i] = 0
			}
			sign := float32(0)
			if way > 0 {
				sign = 1
			} else if way < 0 {
				sign = -1
			}
			p[i] = kernels.FMA32(-float32(a.LR*a.WeightDecay), p[i], p[i]) - float32(a.LR*sign)
		}
		same(t, fmt.Sprintf("p of %d", n), b.get(bp), p)
		same(t, fmt.Sprintf("m of %d", n), b.get(bm), m)
		b.done()
	}
}

// factorRun is the state of an Adafactor test, on the host as on the device.
type factorRun struct {
	rows, cols     int
	p, g, row, col []float32
	v              []float32 // instead of row and col
	args           kernels.AdafactorArgs
}

func newFactorRun(b *bench, rows, cols, gap int, factored bool) *factorRun {
	src, n := newSource(uint64(rows*cols)), rows*cols
	f := &factorRun{rows: rows, cols: cols, p: src.normal(n), g: src.normal(n)}
	for i := range f.g {
		if i/cols%4 == 3 {
			f.g[i] = 0 // rows without gradient
		}
		if rows > 1 && i%cols == 0 {
			f.g[i] *= 1e-12 // below eps
		}
	}
	f.args = kernels.AdafactorArgs{P: b.mat("p", rows, cols, gap, f.p), G: b.mat("g", rows, cols, gap+1, f.g),
		Rate: 0.3, LR: 0.01, WeightDecay: 0.1, Rho: 0.02, Eps1: 1e-7, Eps2: 1e-3, Clip: 0.9, GradScale: 0.7}
	if factored {
		f.row, f.col = make([]float32, rows), make([]float32, cols)
		f.args.Row, f.args.Col = b.vec("row", f.row), b.vec("col", f.col)
	} else {
		f.v = make([]float32, n)
		f.args.Var = b.mat("var", rows, cols, gap+2, f.v)
	}
	return f
}

// lanes16 is the sum of the squares of a row.
func lanes16(n int, x func(i int) float64) float64 {
	var lanes [kernels.Lanes]float64
	for i := range n {
		v := x(i)
		lanes[i%kernels.Lanes] += float64(v * v)
	}
	return kernels.Tree16F64(&lanes)
}

// plain does one step on the host.
func (f *factorRun) plain() {
	a, rows, cols := f.args, f.rows, f.cols
	g := func(r, c int) float64 { return float64(a.GradScale * f.g[r*cols+c]) }
	toward := func(x *float32, to float64) { *x = float32(float64(*x) + float64(a.Rate*(to-float64(*x)))) }
	second := func(r, c int) float64 { return float64(f.v[r*cols+c]) }
	if f.v != nil {
		for i := range f.v {
			toward(&f.v[i], float64(g(i/cols, i%cols)*g(i/cols, i%cols)))
		}
	} else {
		mean := 0.0
		for r := range f.row {
			toward(&f.row[r], lanes16(cols, func(c int) float64 { return g(r, c) })/float64(cols))
			mean += float64(f.row[r])
		}
		mean = max(mean/float64(rows), a.Eps1)
		for c := range f.col {
			sum := 0.0
			for r := range rows {
				sum += float64(g(r, c) * g(r, c))
			}
			toward(&f.col[c], sum/float64(rows))
		}
		second = func(r, c int) float64 { return float64(f.row[r]) / mean * float64(f.col[c]) }
	}
	u := func(r, c int) float64 { return g(r, c) / math.Sqrt(max(second(r, c), float64(a.Eps1*a.Eps1))) }
	weights, updates, n := 0.0, 0.0, float64(rows)*float64(cols)
	for r := range rows {
		weights += lanes16(cols, func(c int) float64 { return float64(f.p[r*cols+c]) })
		updates += lanes16(cols, func(c int) float64 { return u(r, c) })
	}
	alpha := a.Rho * max(a.Eps2, math.Sqrt(weights/n)) / max(1, math.Sqrt(updates/n)/a.Clip)
	for i := range f.p {
		f.p[i] = float32(float64(float64(f.p[i])*(1-float64(a.LR*a.WeightDecay))) - float64(alpha*u(i/cols, i%cols)))
	}
}

// state reads what a step writes.
func (f *factorRun) state(b *bench) [][]float32 {
	if f.v != nil {
		return [][]float32{b.getMat(f.args.P), b.getMat(f.args.Var)}
	}
	return [][]float32{b.getMat(f.args.P), b.get(f.args.Row), b.get(f.args.Col)}
}

func testAdafactor(t *testing.T, dev kernels.Device) {
	for _, c := range [][3]int{{0, 3, 0}, {1, 1, 0}, {1, 5000, 0}, {6, 10, 3}, {300, 20, 0}, {33, 700, 1}, {2100, 3, 2}} {
		for _, factored := range []bool{true, false} {
			b := newBench(t, dev)
			f := newFactorRun(b, c[0], c[1], c[2], factored)
			for step := range 3 {
				dev.Adafactor(f.args)
				f.plain()
				for i, want := range [][]float32{f.p, append(f.row, f.v...), f.col} {
					if got := f.state(b); i < len(got) && c[0] > 0 {
						same(t, fmt.Sprintf("%v, factored %v, step %d, output %d", c, factored, step, i), got[i], want)
					}
				}
			}
			b.done()
		}
	}
}

func optimizerProbes() []probe {
	const n = 100003
	return []probe{
		{"AdamW8", func(b *bench) [][]float32 {
			src := newSource(3)
			p, g := b.vec("p", src.normal(n)), b.vec("g", src.normal(n))
			m, v := newMoment8(b, "m", make([]float32, n), &kernels.DynamicMap), newMoment8(b, "v", make([]float32, n), &kernels.DynamicMapUnsigned)
			a := kernels.AdamWArgs{LR: 3e-4, Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1, Corr1: 0.1, Corr2: 0.05, GradScale: 0.5}
			for range 3 {
				b.dev.AdamW8(p, g, m.Moment8, v.Moment8, a)
			}
			mw, _, _ := m.read(b)
			vw, _, _ := v.read(b)
			return [][]float32{b.get(p), mw, vw}
		}},
		{"Lion", func(b *bench) [][]float32 {
			src := newSource(3)
			p, g, m := b.vec("p", src.normal(n)), b.vec("g", src.normal(n)), b.vec("m", src.normal(n))
			b.dev.Lion(p, g, m, kernels.LionArgs{LR: 3e-4, Beta1: 0.9, Beta2: 0.99, WeightDecay: 0.1, GradScale: 0.5})
			return [][]float32{b.get(p), b.get(m)}
		}},
		{"Adafactor", func(b *bench) [][]float32 {
			matrix, tall, vector := newFactorRun(b, 90, 1100, 3, true), newFactorRun(b, 3000, 33, 0, true), newFactorRun(b, 1, n, 0, false)
			var out [][]float32
			for _, f := range []*factorRun{matrix, tall, vector} {
				b.dev.Adafactor(f.args)
				b.dev.Adafactor(f.args)
				out = append(out, f.state(b)...)
			}
			return out
		}},
	}
}
