package cpu

import (
	"fmt"
	"testing"

	"huihai/kernels"
)

// The sizes of a training step: tokens, hidden, feed-forward, vocabulary, head.
const (
	benchT, benchC, benchF, benchV, benchD = 2048, 512, 1376, 8192, 64
)

// benchThreads runs a benchmark on one and on two workers of each path.
func benchThreads(b *testing.B, run func(b *testing.B, f fixture)) {
	for _, path := range Paths()[1:] {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/threads=%d", path, threads), func(b *testing.B) {
				run(b, fixture{b, open(b, Options{Threads: threads, Path: path})})
			})
		}
	}
}

// gflops reports operations per call as a rate.
func gflops(b *testing.B, flop float64) {
	b.ReportMetric(flop*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

// gbytes reports bytes per call as a rate.
func gbytes(b *testing.B, bytes float64) {
	b.ReportMetric(bytes*float64(b.N)/b.Elapsed().Seconds()/1e9, "GB/s")
}

func BenchmarkMatMul(b *testing.B) {
	for _, s := range []struct {
		kind    string
		m, n, k int
	}{
		{"NT", 256, 256, 256}, {"NT", 512, 512, 512}, {"NT", 1024, 1024, 1024}, {"NT", 2048, 2048, 2048},
		{"NN", 1024, 1024, 1024}, {"TN", 1024, 1024, 1024},
		{"NT", benchT, 3 * benchC, benchC}, {"NT", benchT, benchF, benchC}, {"NT", benchT, benchC, benchF},
		{"NN", benchT, benchC, benchF}, {"TN", benchF, benchC, benchT}, {"NT", 128, benchV, benchC},
	} {
		b.Run(fmt.Sprintf("%s_%dx%dx%d", s.kind, s.m, s.n, s.k), func(b *testing.B) {
			benchThreads(b, func(b *testing.B, f fixture) {
				c := f.mat(s.m, s.n)
				var call func()
				switch s.kind {
				case "NT":
					x, w := f.mat(s.m, s.k), f.mat(s.n, s.k)
					call = func() { f.d.MatMulNT(c, x, w, false) }
				case "NN":
					x, w := f.mat(s.m, s.k), f.mat(s.k, s.n)
					call = func() { f.d.MatMulNN(c, x, w, false) }
				default:
					x, w := f.mat(s.k, s.m), f.mat(s.k, s.n)
					call = func() { f.d.MatMulTN(c, x, w, true) }
				}
				for b.Loop() {
					call()
				}
				gflops(b, 2*float64(s.m)*float64(s.n)*float64(s.k))
			})
		})
	}
}

func BenchmarkMatVec(b *testing.B) {
	for _, typ := range []kernels.DType{kernels.F32, kernels.BF16, kernels.I8, kernels.NF4} {
		for _, m := range []int{1, 2, 3, 4} {
			b.Run(fmt.Sprintf("%v/rows=%d", typ, m), func(b *testing.B) {
				benchThreads(b, func(b *testing.B, f fixture) {
					const k = 4096
					n := int(256 << 20 / typ.Bytes(k)) // 256 MiB: more than any cache
					c, x, w := f.mat(m, n), f.mat(m, k), f.stored(n, k, typ)
					for b.Loop() {
						f.d.MatMulNT(c, x, w, false)
					}
					gbytes(b, float64(typ.Bytes(n*k)))
				})
			})
		}
	}
}

// BenchmarkRead is the bandwidth that matrix-vector products are held against: a
// walk through 256 MiB of written memory on each number of threads.
func BenchmarkRead(b *testing.B) {
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprintf("threads=%d", threads), func(b *testing.B) {
			f := fixture{b, open(b, Options{Threads: threads})}
			const n = 64 << 20
			t := &readTask{d: f.d, x: f32(f.mat(1, n).Buf)}
			for b.Loop() {
				f.d.pool.run(t, 64)
			}
			gbytes(b, 4*n)
		})
	}
}

type readTask struct {
	d *Device
	x []float32
}

func (t *readTask) unit(_, u int) { t.d.isa.rowMax(t.x[u<<20 : (u+1)<<20]) }

func BenchmarkAttention(b *testing.B) {
	for _, grad := range []bool{false, true} {
		for _, s := range []struct{ batch, t, heads, dim int }{{8, 256, 8, 64}, {1, 2048, 8, 64}, {1, 2048, 8, 80}, {1, 2048, 4, 96}, {1, 2048, 4, 128}, {1, 2048, 1, 128}} {
			b.Run(fmt.Sprintf("grad=%v/b=%d_t=%d_h=%d_d=%d", grad, s.batch, s.t, s.heads, s.dim), func(b *testing.B) {
				benchThreads(b, func(b *testing.B, f fixture) {
					rows, cols := s.batch*s.t, s.heads*s.dim
					var m [8]kernels.Mat
					for i := range m {
						m[i] = f.mat(rows, cols)
					}
					lse := f.mat(1, rows*s.heads).Buf
					p := kernels.AttentionParams{Batch: s.batch, Tq: s.t, Tk: s.t, Heads: s.heads, KVHeads: s.heads, HeadDim: s.dim, Scale: 0.1}
					p.Scratch = f.buf(int(max(f.d.AttentionScratch(p, false), f.d.AttentionScratch(p, true))), kernels.U8)
					f.d.Attention(m[3], lse, m[0], m[1], m[2], p)
					flop := 2 * float64(s.batch*s.heads*s.t*s.t*s.dim) // two products over half the square
					if !grad {
						for b.Loop() {
							f.d.Attention(m[3], lse, m[0], m[1], m[2], p)
						}
						gflops(b, flop)
						return
					}
					for b.Loop() {
						f.d.AttentionGrad(m[4], m[5], m[6], m[7], m[3], lse, m[0], m[1], m[2], p)
					}
					gflops(b, flop*2.5)
				})
			})
		}
	}
}

func BenchmarkAttentionDocuments(b *testing.B) {
	const t, heads, dim, length = 2048, 8, 64, 256
	benchThreads(b, func(b *testing.B, f fixture) {
		var m [8]kernels.Mat
		for i := range m {
			m[i] = f.mat(t, heads*dim)
		}
		segments := make([]int32, t)
		for i := range segments {
			segments[i] = int32(i / length)
		}
		p := kernels.AttentionParams{Batch: 1, Tq: t, Tk: t, Heads: heads, KVHeads: heads, HeadDim: dim, Scale: 0.1, Segments: f.buf(t, kernels.I32)}
		if err := kernels.Write(f.d, p.Segments, segments); err != nil {
			b.Fatal(err)
		}
		p.Scratch = f.buf(int(max(f.d.AttentionScratch(p, false), f.d.AttentionScratch(p, true))), kernels.U8)
		lse := f.mat(1, t*heads).Buf
		for b.Loop() {
			f.d.Attention(m[3], lse, m[0], m[1], m[2], p)
			f.d.AttentionGrad(m[4], m[5], m[6], m[7], m[3], lse, m[0], m[1], m[2], p)
		}
		gflops(b, 7*t*length*heads*dim) // seven products over half of each document's square
	})
}

func BenchmarkDecodeAttention(b *testing.B) {
	benchThreads(b, func(b *testing.B, f fixture) {
		const keys, heads, dim = 2048, 32, 128
		q, out := f.mat(1, heads*dim), f.mat(1, heads*dim)
		k, v := f.mat(keys, heads*dim), f.mat(keys, heads*dim)
		p := kernels.AttentionParams{Batch: 1, Tq: 1, Tk: keys, Heads: heads, KVHeads: heads, HeadDim: dim, Scale: 0.1}
		p.Scratch = f.buf(int(f.d.AttentionScratch(p, false)), kernels.U8)
		for b.Loop() {
			f.d.Attention(out, kernels.Buf{}, q, k, v, p)
		}
		gbytes(b, 2*4*keys*heads*dim)
	})
}

func BenchmarkHeadLoss(b *testing.B) {
	for _, c := range []struct {
		vocab int
		norms bool
	}{{benchV, false}, {benchV, true}, {125696, false}, {125696, true}} {
		vocab := c.vocab
		b.Run(fmt.Sprintf("v=%d,norms=%v", vocab, c.norms), func(b *testing.B) {
			benchThreads(b, func(b *testing.B, f fixture) {
				tokens := benchT
				if vocab > benchV {
					tokens = 256
				}
				a := kernels.HeadLossArgs{H: f.mat(tokens, benchC), W: f.mat(vocab, benchC), Labels: f.buf(tokens, kernels.I32),
					NLL: f.mat(1, tokens).Buf, MaxLogit: f.mat(1, tokens).Buf, DH: f.mat(tokens, benchC), DW: f.mat(vocab, benchC), InvCount: 1e-3,
					Scratch: f.buf(int(f.d.HeadLossScratch(tokens, benchC, vocab, true)), kernels.U8)}
				if c.norms {
					a.Norms = f.buf(vocab, kernels.F32)
					f.d.RowNormalize(kernels.Mat{}, a.Norms, a.W, 1e-12)
				}
				for b.Loop() {
					f.d.HeadLoss(a)
				}
				gflops(b, 6*float64(tokens)*float64(vocab)*benchC)
			})
		})
	}
}

func BenchmarkRows(b *testing.B) {
	const n = benchT * benchF
	const largeT, largeC = 8192, 4096 // beyond the caches
	for _, s := range []struct {
		name  string
		bytes float64
		call  func(f fixture) func()
	}{
		{"SwiGLU", 12 * n, func(f fixture) func() {
			h, g, u := f.mat(benchT, benchF), f.mat(benchT, benchF), f.mat(benchT, benchF)
			return func() { f.d.SwiGLU(h, g, u) }
		}},
		{"SwiGLUGrad", 20 * n, func(f fixture) func() {
			h, g, u, dg, du := f.mat(benchT, benchF), f.mat(benchT, benchF), f.mat(benchT, benchF), f.mat(benchT, benchF), f.mat(benchT, benchF)
			return func() { f.d.SwiGLUGrad(dg, du, h, g, u) }
		}},
		{"RMSNorm", 8 * benchT * benchC, func(f fixture) func() {
			y, x, g := f.mat(benchT, benchC), f.mat(benchT, benchC), f.mat(1, benchC)
			return func() { f.d.RMSNorm(y, kernels.Buf{}, x, g.Buf, 1e-6) }
		}},
		{"RMSNormGrad", 12 * benchT * benchC, func(f fixture) func() {
			dx, dy, x, g, dg, r := f.mat(benchT, benchC), f.mat(benchT, benchC), f.mat(benchT, benchC), f.mat(1, benchC), f.mat(1, benchC), f.mat(1, benchT)
			return func() { f.d.RMSNormGrad(dx, dg.Buf, dy, x, g.Buf, r.Buf) }
		}},
		{"RowNormalize", 8 * benchV * benchC, func(f fixture) func() {
			y, x, norms := f.mat(benchV, benchC), f.mat(benchV, benchC), f.mat(1, benchV)
			return func() { f.d.RowNormalize(y, norms.Buf, x, 1e-12) }
		}},
		{"Rotary", 8 * benchT * benchC, func(f fixture) func() {
			x, table, pos := f.mat(benchT, benchC), f.mat(16, benchD), f.buf(benchT, kernels.I32)
			return func() { f.d.Rotary(x, table.Buf, pos, benchD, false) }
		}},
		{"AdamW", 28 * n, func(f fixture) func() {
			p, g, m, v := f.mat(benchT, benchF), f.mat(benchT, benchF), f.mat(benchT, benchF), f.mat(benchT, benchF)
			f.d.Zero(v.Buf)
			a := kernels.AdamWArgs{LR: 1e-3, Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, Corr1: 1, Corr2: 1, GradScale: 1}
			return func() { f.d.AdamW(p.Buf, g.Buf, m.Buf, v.Buf, a) }
		}},
		{"SumSquares", 4 * n, func(f fixture) func() {
			x := f.mat(benchT, benchF)
			return func() {
				if _, err := f.d.SumSquares(x.Buf); err != nil {
					f.t.Error(err)
				}
			}
		}},
		{"Narrow", 6 * n, func(f fixture) func() {
			x, y := f.mat(benchT, benchF), f.buf(n, kernels.BF16)
			return func() { f.d.Copy(y, x.Buf) }
		}},
		{"EmbeddingGrad", 12 * benchT * benchC, func(f fixture) func() {
			table, dy, ids := f.mat(benchV, benchC), f.mat(benchT, benchC), f.buf(benchT, kernels.I32)
			v := make([]int32, benchT)
			for i := range v {
				v[i] = int32((i*7919 + 5) % benchV)
			}
			if err := kernels.Write(f.d, ids, v); err != nil {
				f.t.Fatal(err)
			}
			return func() { f.d.EmbeddingGrad(table, dy, ids, -1) }
		}},
		{"LargeCopy", 8 * largeT * largeC, func(f fixture) func() {
			x, y := f.mat(largeT, largeC), f.mat(largeT, largeC)
			return func() { f.d.Copy(y.Buf, x.Buf) }
		}},
		{"LargeRMSNorm", 8 * largeT * largeC, func(f fixture) func() {
			y, x, g := f.mat(largeT, largeC), f.mat(largeT, largeC), f.mat(1, largeC)
			return func() { f.d.RMSNorm(y, kernels.Buf{}, x, g.Buf, 1e-6) }
		}},
		{"LargeRMSNormGrad", 12 * largeT * largeC, func(f fixture) func() {
			dx, dy, x, g, dg, r := f.mat(largeT, largeC), f.mat(largeT, largeC), f.mat(largeT, largeC), f.mat(1, largeC), f.mat(1, largeC), f.mat(1, largeT)
			return func() { f.d.RMSNormGrad(dx, dg.Buf, dy, x, g.Buf, r.Buf) }
		}},
		{"LargeSwiGLU", 12 * largeT * largeC, func(f fixture) func() {
			h, g, u := f.mat(largeT, largeC), f.mat(largeT, largeC), f.mat(largeT, largeC)
			return func() { f.d.SwiGLU(h, g, u) }
		}},
		{"Add", 12 * n, func(f fixture) func() {
			x, y, z := f.mat(benchT, benchF), f.mat(benchT, benchF), f.mat(benchT, benchF)
			return func() { f.d.Add(z.Buf, x.Buf, y.Buf) }
		}},
	} {
		b.Run(s.name, func(b *testing.B) {
			benchThreads(b, func(b *testing.B, f fixture) {
				call := s.call(f)
				for b.Loop() {
					call()
				}
				gbytes(b, s.bytes)
			})
		})
	}
}
