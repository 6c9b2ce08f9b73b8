package cpu

import (
	"math"

	k "huihai/kernels"
)

// score returns the score of key j, -Inf when it is not visible.
func (r *scoreRow) score(s float32, j int) float32 {
	if j >= r.n || r.segments != nil && r.segments[j] != r.want {
		return float32(math.Inf(-1))
	}
	return k.FMA32(s, r.scale, float32(r.slope*float32(r.rel+j)))
}

// softmaxGo turns raw products into weights of score - top in place, zero where not
// visible, and returns the largest score and the lane sum. len(s) is a multiple
// of 16 and at least r.n.
func softmaxGo(s []float32, r *scoreRow) (top, sum float32) {
	for j, v := range s {
		s[j] = r.score(v, j)
	}
	top = rowMaxGo(s)
	var lanes [k.Lanes]float32
	for j, v := range s {
		e := k.Weight32(v - top)
		s[j] = e
		lanes[j%k.Lanes] += e
	}
	return top, k.Tree16(&lanes)
}

// softmaxGradGo turns raw products into p = weight(score - lse) and dp into
// scale*(p*(dp - delta)), both in place.
func softmaxGradGo(s, dp []float32, r *scoreRow, lse, delta float32) {
	dp = dp[:len(s)]
	for j, v := range s {
		p := k.Weight32(r.score(v, j) - lse)
		s[j] = p
		dp[j] = float32(p*(dp[j]-delta)) * r.scale
	}
}

// swigluGo: h = (gate*sigmoid(gate))*up.
func swigluGo(h, gate, up []float32) {
	gate, up = gate[:len(h)], up[:len(h)]
	for i, g := range gate {
		h[i] = float32(g*k.Sigmoid32(g)) * up[i]
	}
}

// swigluGradGo: with s = sigmoid(gate), dUp = dh*(gate*s) and
// dGate = (dh*up)*(s*fma(gate, 1-s, 1)).
func swigluGradGo(dGate, dUp, dh, gate, up []float32) {
	n := len(dGate)
	dUp, dh, gate, up = dUp[:n], dh[:n], gate[:n], up[:n]
	for i, d := range dh {
		g, u := gate[i], up[i]
		s := k.Sigmoid32(g)
		dUp[i] = d * float32(g*s)
		dGate[i] = float32(d*u) * float32(s*k.FMA32(g, 1-s, 1))
	}
}

// adamwGo is one step of AdamW, in the order that the contract gives.
func adamwGo(w, g, m, v []float32, s *adamStep) {
	n := len(w)
	g, m, v = g[:n], m[:n], v[:n]
	for i, grad := range g {
		grad = s.gradScale * grad
		mi := k.FMA32(s.beta1, m[i], float32(s.rest1*grad))
		vi := k.FMA32(s.beta2, v[i], float32(float32(s.rest2*grad)*grad))
		mi, vi = flush(mi), flush(vi)
		m[i], v[i] = mi, vi
		step := float32(mi/s.corr1) / (k.Sqrt32(vi/s.corr2) + s.eps)
		x := k.FMA32(s.negDecay, w[i], w[i])
		w[i] = k.FMA32(s.negLR, step, x)
	}
}

// flush replaces a subnormal number by zero.
func flush(x float32) float32 {
	if float32(math.Abs(float64(x))) < smallestNormal {
		return 0
	}
	return x
}

const smallestNormal float32 = 0x1p-126
