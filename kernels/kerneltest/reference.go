package kerneltest

import (
	"math"

	"huihai/kernels"
)

// The references are plain loops in float64, written from the contract alone.

func refRMSNorm(x, gain []float64, rows, cols int, eps float64) (y, rstd []float64) {
	y, rstd = make([]float64, rows*cols), make([]float64, rows)
	for r := range rows {
		s := 0.0
		for c := range cols {
			s += x[r*cols+c] * x[r*cols+c]
		}
		rstd[r] = 1 / math.Sqrt(s/float64(cols)+eps)
		for c := range cols {
			y[r*cols+c] = x[r*cols+c] * rstd[r] * gain[c]
		}
	}
	return y, rstd
}

func refRowNormalize(x []float64, rows, cols int, eps float64) (y, norms []float64) {
	y, norms = make([]float64, rows*cols), make([]float64, rows)
	for r := range rows {
		s := 0.0
		for c := range cols {
			s += x[r*cols+c] * x[r*cols+c]
		}
		norms[r] = math.Sqrt(s)
		for c := range cols {
			y[r*cols+c] = x[r*cols+c] / max(norms[r], eps)
		}
	}
	return y, norms
}

func refSwiGLU(gate, up []float64) []float64 {
	h := make([]float64, len(gate))
	for i, g := range gate {
		h[i] = g / (1 + math.Exp(-g)) * up[i]
	}
	return h
}

func refRotary(x []float64, positions []int32, rows, cols, dim int, base float64, inverse bool) []float64 {
	y := make([]float64, len(x))
	for r := range rows {
		for h := 0; h < cols; h += dim {
			for i := range dim / 2 {
				angle := float64(positions[r]) * math.Pow(base, -2*float64(i)/float64(dim))
				if inverse {
					angle = -angle
				}
				sin, cos := math.Sincos(angle)
				a, b := x[r*cols+h+i], x[r*cols+h+i+dim/2]
				y[r*cols+h+i], y[r*cols+h+i+dim/2] = a*cos-b*sin, b*cos+a*sin
			}
		}
	}
	return y
}

// refAttention returns out and lse for dense q, k, v.
func refAttention(q, k, v []float64, p kernels.AttentionParams, slopes []float64, segments []int32) (out, lse []float64) {
	dim, shift := p.HeadDim, p.Tk-p.Tq
	out, lse = make([]float64, len(q)), make([]float64, p.Batch*p.Heads*p.Tq)
	for b := range p.Batch {
		for h := range p.Heads {
			kv := h / (p.Heads / p.KVHeads)
			for i := range p.Tq {
				qi := ((b*p.Tq+i)*p.Heads + h) * dim
				scores := make([]float64, i+shift+1)
				top := math.Inf(-1)
				for j := range scores {
					scores[j] = math.Inf(-1)
					if segments != nil && segments[b*p.Tk+j] != segments[b*p.Tk+i+shift] {
						continue
					}
					kj := ((b*p.Tk+j)*p.KVHeads + kv) * dim
					dot := 0.0
					for d := range dim {
						dot += q[qi+d] * k[kj+d]
					}
					scores[j] = float64(p.Scale) * dot
					if slopes != nil {
						scores[j] += slopes[h] * float64(j-i-shift)
					}
					top = max(top, scores[j])
				}
				sum := 0.0
				for _, s := range scores {
					sum += math.Exp(s - top)
				}
				lse[(b*p.Heads+h)*p.Tq+i] = top + math.Log(sum)
				for j, s := range scores {
					w := math.Exp(s-top) / sum
					vj := ((b*p.Tk+j)*p.KVHeads + kv) * dim
					for d := range dim {
						out[qi+d] += w * v[vj+d]
					}
				}
			}
		}
	}
	return out, lse
}

// refHeadLoss returns the loss terms and the weighted loss of all tokens:
// inv * sum(nll + zWeight*max²).
func refHeadLoss(h, w []float64, labels []int32, hidden, vocab int, inv, zWeight float64) (nll, top []float64, loss float64) {
	nll, top = make([]float64, len(labels)), make([]float64, len(labels))
	z := make([]float64, vocab)
	for t, label := range labels {
		if label == kernels.IgnoreLabel {
			continue
		}
		top[t] = math.Inf(-1)
		for v := range vocab {
			z[v] = 0
			for c := range hidden {
				z[v] += h[t*hidden+c] * w[v*hidden+c]
			}
			top[t] = max(top[t], z[v])
		}
		sum := 0.0
		for _, s := range z {
			sum += math.Exp(s - top[t])
		}
		nll[t] = top[t] + math.Log(sum) - z[label]
		loss += inv * (nll[t] + zWeight*top[t]*top[t])
	}
	return nll, top, loss
}

// slope returns the derivative of f with respect to each element of x by central
// differences.
func slope(x []float64, f func() float64) []float64 {
	const h = 1e-5
	g := make([]float64, len(x))
	for i, v := range x {
		x[i] = v + h
		up := f()
		x[i] = v - h
		g[i] = (up - f()) / (2 * h)
		x[i] = v
	}
	return g
}

func dot(a, b []float64) float64 {
	s := 0.0
	for i, v := range a {
		s += v * b[i]
	}
	return s
}
