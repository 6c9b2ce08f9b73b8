package kerneltest

import (
	"fmt"
	"testing"

	"huihai/kernels"
)

// product is one matrix product: c[m,n] from a and b of depth k.
type product struct {
	kind    string // "NT", "NN" or "TN"
	m, n, k int
	gap     int
	acc     bool
	typ     kernels.DType // of b
}

func (p product) String() string {
	return fmt.Sprintf("%s m=%d n=%d k=%d gap=%d acc=%v b=%v", p.kind, p.m, p.n, p.k, p.gap, p.acc, p.typ)
}

// products covers edges of tiles and blocks of any likely size.
func products() []product {
	var all []product
	shapes := [][3]int{
		{1, 1, 1}, {1, 17, 5}, {1, 64, 64}, {1, 200, 333}, {2, 33, 7}, {3, 70, 130}, {4, 16, 8}, {4, 45, 99}, {4, 100, 1034}, {2, 50, 66}, {1, 37, 1029}, {5, 31, 9},
		{6, 16, 4}, {7, 17, 3}, {12, 32, 64}, {13, 48, 257}, {31, 7, 300}, {64, 96, 100}, {65, 129, 513}, {97, 5, 40},
		{0, 4, 4}, {4, 0, 4}, {4, 4, 0},
	}
	for i, s := range shapes {
		for _, kind := range []string{"NT", "NN", "TN"} {
			for _, acc := range []bool{false, true} {
				p := product{kind: kind, m: s[0], n: s[1], k: s[2], gap: i % 3 * 5, acc: acc}
				all = append(all, p)
				if kind != "TN" {
					p.typ = kernels.BF16
					all = append(all, p)
				}
			}
		}
	}
	return append(all, product{kind: "NT", m: 1200, n: 40, k: 20}, product{kind: "TN", m: 40, n: 2100, k: 20, acc: true})
}

// testMatMuls: a group of products has the bits of its members alone, products
// without rows, columns or depth and products of several blocks among them.
func testMatMuls(t *testing.T, dev kernels.Device) {
	groups := [][]product{
		{{kind: "NN", m: 65, n: 129, k: 513}, {kind: "TN", m: 97, n: 70, k: 65, acc: true}},
		{{kind: "NT", m: 3, n: 40, k: 9}, {kind: "NT", m: 0, n: 4, k: 4}, {kind: "TN", m: 4, n: 0, k: 4}, {kind: "NN", m: 5, n: 6, k: 0}, {kind: "NT", m: 33, n: 7, k: 70, acc: true}},
		{{kind: "NT", m: 26, n: 2100, k: 600}, {kind: "TN", m: 130, n: 33, k: 7}, {kind: "NN", m: 13, n: 65, k: 1030, gap: 3}},
		{},
	}
	for i, group := range groups {
		t.Run(fmt.Sprintf("group %d", i), func(t *testing.T) {
			b, src := newBench(t, dev), newSource(uint64(i))
			var together []kernels.MatMul
			for _, p := range group {
				together = append(together, p.operands(b, src))
			}
			alone := make([]kernels.MatMul, len(together))
			for j, m := range together {
				alone[j] = m
				alone[j].C = b.mat("alone", m.C.Rows, m.C.Cols, 1, b.getMat(m.C))
				multiply(dev, alone[j])
			}
			dev.MatMuls(together)
			for j := range together {
				same(t, group[j].String(), b.getMat(together[j].C), b.getMat(alone[j].C))
			}
			b.done()
		})
	}
}

// multiply runs one product by the method of its kind.
func multiply(dev kernels.Device, m kernels.MatMul) {
	switch m.Kind {
	case kernels.NT:
		dev.MatMulNT(m.C, m.A, m.B, m.Acc)
	case kernels.NN:
		dev.MatMulNN(m.C, m.A, m.B, m.Acc)
	case kernels.TN:
		dev.MatMulTN(m.C, m.A, m.B, m.Acc)
	}
}

// operands makes random operands on the device.
func (p product) operands(b *bench, src source) kernels.MatMul {
	mm := kernels.MatMul{Kind: kernels.NT, Acc: p.acc}
	ar, ac, br, bc := p.m, p.k, p.n, p.k
	switch p.kind {
	case "NN":
		mm.Kind, br, bc = kernels.NN, p.k, p.n
	case "TN":
		mm.Kind, ar, ac, br, bc = kernels.TN, p.k, p.m, p.k, p.n
	}
	mm.A, mm.B = b.mat("a", ar, ac, p.gap, src.normal(ar*ac)), b.mat("b", br, bc, p.gap, src.normal(br*bc))
	mm.C = b.mat("c", p.m, p.n, p.gap, src.normal(p.m*p.n))
	return mm
}

// run computes p on a device and returns c; ref computes the float64 loop.
func (p product) run(t testing.TB, dev kernels.Device) (got []float32, ref func() []float64) {
	b, src := newBench(t, dev), newSource(uint64(p.m*7+p.n*3+p.k))
	ar, ac, br, bc := p.m, p.k, p.n, p.k
	if p.kind != "NT" {
		br, bc = p.k, p.n
	}
	if p.kind == "TN" {
		ar, ac = p.k, p.m
	}
	av, bv, cv := src.normal(ar*ac), src.normal(br*bc), src.normal(p.m*p.n)
	a := b.mat("a", ar, ac, p.gap, av)
	w, bv := b.storedMat("b", br, bc, p.gap, bv, p.typ)
	c := b.mat("c", p.m, p.n, p.gap, cv)
	kinds := map[string]kernels.MatMulKind{"NT": kernels.NT, "NN": kernels.NN, "TN": kernels.TN}
	multiply(dev, kernels.MatMul{Kind: kinds[p.kind], C: c, A: a, B: w, Acc: p.acc})
	got = b.getMat(c)
	b.done()
	return got, func() []float64 { return p.reference(av, bv, cv) }
}

// reference is the product in float64.
func (p product) reference(av, bv, cv []float32) []float64 {
	if p.kind == "TN" {
		av = transposed(av, p.k, p.m)
	}
	if p.kind != "NT" {
		bv = transposed(bv, p.k, p.n)
	}
	ref := make([]float64, p.m*p.n)
	for i := range p.m {
		for j := range p.n {
			s := 0.0
			if p.acc {
				s = float64(cv[i*p.n+j])
			}
			for k := range p.k {
				s += float64(av[i*p.k+k]) * float64(bv[j*p.k+k])
			}
			ref[i*p.n+j] = s
		}
	}
	return ref
}

// testMatMulRandom draws shapes.
func testMatMulRandom(t *testing.T, dev kernels.Device) {
	src := newSource(41)
	for range 80 {
		p := product{kind: []string{"NT", "NN", "TN"}[src.IntN(3)], m: 1 + src.IntN(60), n: 1 + src.IntN(80), k: 1 + src.IntN(90),
			gap: src.IntN(4), acc: src.IntN(2) == 0}
		if p.kind != "TN" {
			p.typ = []kernels.DType{kernels.F32, kernels.BF16, kernels.I8, kernels.NF4}[src.IntN(4)]
		}
		p = p.fit()
		got, ref := p.run(t, dev)
		near(t, p.String(), got, ref(), 4e-6)
	}
}

// chain is the product as the contract defines it, in float32.
func (p product) chain(av, bv func(i, k int) float32, c []float32) {
	for i := range p.m {
		for j := range p.n {
			s := c[i*p.n+j]
			for k := range p.k {
				s = kernels.FMA32(av(i, k), bv(j, k), s)
			}
			c[i*p.n+j] = s
		}
	}
}

func testMatMul(t *testing.T, dev kernels.Device) {
	for _, p := range products() {
		t.Run(p.String(), func(t *testing.T) {
			got, ref := p.run(t, dev)
			near(t, "c", got, ref(), 2e-6*float64(1+p.k/64))
		})
	}
}

// testMatMulChain holds products to the exact chain of fused multiply-adds.
func testMatMulChain(t *testing.T, dev kernels.Device) {
	for _, s := range [][3]int{{1, 40, 70}, {3, 33, 300}, {9, 35, 600}, {50, 18, 77}} {
		p := product{m: s[0], n: s[1], k: s[2]}
		b, src := newBench(t, dev), newSource(5)
		av, bv, cv := src.normal(p.m*p.k), src.normal(p.n*p.k), src.normal(p.m*p.n)
		want := append([]float32(nil), cv...)
		p.chain(func(i, k int) float32 { return av[i*p.k+k] }, func(j, k int) float32 { return bv[j*p.k+k] }, want)
		c := b.mat("c", p.m, p.n, 3, cv)
		dev.MatMulNT(c, b.mat("a", p.m, p.k, 1, av), b.mat("b", p.n, p.k, 2, bv), true)
		same(t, fmt.Sprintf("NT %v", s), b.getMat(c), want)
		c = b.mat("c", p.m, p.n, 3, cv)
		dev.MatMulNN(c, b.mat("a", p.m, p.k, 1, av), b.mat("b", p.k, p.n, 2, transposed(bv, p.n, p.k)), true)
		same(t, fmt.Sprintf("NN %v", s), b.getMat(c), want)
		c = b.mat("c", p.m, p.n, 3, cv)
		dev.MatMulTN(c, b.mat("a", p.k, p.m, 1, transposed(av, p.m, p.k)), b.mat("b", p.k, p.n, 2, transposed(bv, p.n, p.k)), true)
		same(t, fmt.Sprintf("TN %v", s), b.getMat(c), want)
		b.done()
	}
}

func transposed(v []float32, rows, cols int) []float32 {
	w := make([]float32, len(v))
	for r := range rows {
		for c := range cols {
			w[c*rows+r] = v[r*cols+c]
		}
	}
	return w
}
