package autograd

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"

	"huihai/kernels"
)

// HeadLossOutputs are the values HeadLoss leaves in the graph.
type HeadLossOutputs struct {
	Loss     *Node // scalar: invCount·Σ(NLL + zWeight·MaxLogit²)
	NLL      *Node // [T], 0 at ignored positions
	MaxLogit *Node // [T], 0 at ignored positions
}

// HeadLoss computes logits = h·Wᵀ (h [T, C], w [V, C], already normalised for
// NormHead) and from them the cross-entropy and the max-z loss of the
// Baichuan 2 report (equation 1) over the positions whose label is not -100.
// invCount is one over the number of supervised positions of the whole
// optimizer step, so that the losses and gradients of its micro-batches add up.
// The logits of all tokens never exist at once.
func (g *Graph) HeadLoss(h, w, labels, invCount *Node, zWeight float64) HeadLossOutputs {
	t, c := matDims("HeadLoss", h)
	v, _ := matDims("HeadLoss", w)
	in := []port{f32(t, c), f32(v, c), i32(t), f32(1)}
	packed := g.apply(newOp(fused{
		name: headLossName, attrs: fmt.Sprint(zWeight), attr: zWeight,
		results: []string{"the loss", "the token losses", "the largest logits"}, summed: []int{0},
		in: in, out: []port{f32(1), f32(t), f32(t)},
		reference: func(in []host, out [][]float32) {
			sum := 0.0
			eachLogits(in, t, c, v, func(i int, z []float64, top int, lse float64) {
				nll := lse - z[in[2].i[i]]
				out[1][i], out[2][i] = float32(nll), float32(z[top])
				sum += nll + zWeight*z[top]*z[top]
			})
			out[0][0] = float32(sum * float64(in[3].f[0]))
		},
		diff: []bool{true, true, false, false},
		derive: func(g *Graph, in []*Node, _, grad *Node) []*Node {
			if !isConstantOne(grad) {
				failf("HeadLoss: its loss must be the value that is differentiated")
			}
			d := g.headLossGrad(in, t, c, v, zWeight)
			return []*Node{g.pick(d, 0), g.pick(d, 1), nil, nil}
		},
		optional: []int{0},
		scratch:  func(dev kernels.Device) int64 { return dev.HeadLossScratch(t, c, v, false) },
		launch:   func(dev kernels.Device, k *call) { launchHeadLoss(dev, k, t, c, v, headScalars{z: zWeight}) },
	}), h, w, labels, invCount)
	return HeadLossOutputs{
		Loss: g.applyPart(packed, 0, true), NLL: g.pick(packed, 1), MaxLogit: g.pick(packed, 2),
	}
}

// headLossGrad returns (dh, dW). The compiler merges it with the HeadLoss it
// belongs to, so that one pass over the logits serves both.
func (g *Graph) headLossGrad(in []*Node, t, c, v int, zWeight float64) *Node {
	return g.apply(newOp(fused{
		name: headLossGradName, attrs: fmt.Sprint(zWeight),
		results: []string{"the gradient of its input", "the gradient of its weight"}, summed: []int{1},
		in:  []port{f32(t, c), f32(v, c), i32(t), f32(1)},
		out: []port{f32(t, c), f32(v, c)},
		reference: func(in []host, out [][]float32) {
			inv := float64(in[3].f[0])
			dh, dw := make([]float64, t*c), make([]float64, v*c)
			eachLogits(in, t, c, v, func(i int, z []float64, top int, lse float64) {
				for j := range v {
					d := math.Exp(z[j] - lse)
					if int32(j) == in[2].i[i] {
						d--
					}
					if j == top {
						d += 2 * zWeight * z[top]
					}
					for l := range c {
						dh[i*c+l] += inv * d * float64(in[1].f[j*c+l])
						dw[j*c+l] += inv * d * float64(in[0].f[i*c+l])
					}
				}
			})
			narrow(out[0], dh)
			narrow(out[1], dw)
		},
		optional: []int{1}, accumulates: []int{1},
		scratch: func(dev kernels.Device) int64 { return dev.HeadLossScratch(t, c, v, true) },
	}), in...)
}

const (
	headLossName         = "head_loss"
	headLossGradName     = "head_loss_grad"
	headLossWithGradName = "head_loss_with_grad"
)

// headLossOverNorms is a HeadLoss, with or without its gradient, whose W was made
// by norm, a RowNormalize: it reads the rows before normalisation and, as a last
// operand, their norms.
func headLossOverNorms(loss, norm *fused) *fused {
	over := *loss
	over.in = append(append([]port{}, loss.in...), norm.out[1])
	t, c, v := loss.in[0].shape[0], loss.in[0].shape[1], loss.in[1].shape[0]
	s := headScalars{loss.attr, norm.attr}
	over.launch = func(dev kernels.Device, k *call) { launchHeadLoss(dev, k, t, c, v, s) }
	return &over
}

// headScalars are the numbers of a HeadLoss: the weight of max-z, and the floor
// of NormHead's norms.
type headScalars struct{ z, eps float64 }

// headLossWithGrad is HeadLoss and headLossGrad as one op: the results of the
// first, then those of the second.
func headLossWithGrad(loss, grad *fused) *fused {
	merged := *loss
	merged.name = headLossWithGradName
	merged.out = append(append([]port{}, loss.out...), grad.out...)
	merged.scratch = grad.scratch
	n := len(loss.out)
	merged.results = append(append([]string{}, loss.results...), grad.results...)
	merged.summed = append([]int{}, loss.summed...)
	for _, i := range grad.summed {
		merged.summed = append(merged.summed, n+i)
	}
	merged.optional = append([]int{}, loss.optional...)
	for _, i := range grad.optional {
		merged.optional = append(merged.optional, n+i)
	}
	for _, i := range grad.accumulates {
		merged.accumulates = append(merged.accumulates, n+i)
	}
	return &merged
}

func launchHeadLoss(dev kernels.Device, k *call, t, c, v int, s headScalars) {
	a := kernels.HeadLossArgs{
		H: k.in[0].Mat(t, c), W: k.in[1].Mat(v, c), Labels: k.in[2],
		NLL: k.out[1], MaxLogit: k.out[2],
		InvCount: *k.scalars[3], ZWeight: float32(s.z), Scratch: k.scratch,
	}
	if len(k.in) > 4 {
		a.Norms, a.Eps = k.in[4], float32(s.eps)
	}
	if len(k.out) > 3 {
		a.DH = k.out[3].Mat(t, c)
		if !k.out[4].IsZero() {
			k.clearUnlessAdding(dev, 4)
			a.DW = k.out[4].Mat(v, c)
		}
	}
	dev.HeadLoss(a)
}

// eachLogits calls f with the logits of every supervised token, the index of
// the largest and their logsumexp.
func eachLogits(in []host, t, c, v int, f func(i int, z []float64, top int, lse float64)) {
	z := make([]float64, v)
	for i := range t {
		if in[2].i[i] == kernels.IgnoreLabel {
			continue
		}
		top := 0
		for j := range v {
			z[j] = dot(in[0].f[i*c:(i+1)*c], in[1].f[j*c:(j+1)*c])
			if z[j] > z[top] {
				top = j
			}
		}
		sum := 0.0
		for _, x := range z {
			sum += math.Exp(x - z[top])
		}
		f(i, z, top, z[top]+math.Log(sum))
	}
}

func isConstantOne(n *Node) bool {
	c, ok := n.Op().(interface{ Value() gorgonia.Value })
	if !ok || c.Value() == nil {
		return false
	}
	switch d := c.Value().Data().(type) {
	case float32:
		return d == 1
	case []float32:
		return len(d) == 1 && d[0] == 1
	}
	return false
}
