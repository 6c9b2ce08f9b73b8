package autograd

import (
	"slices"

	"huihai/kernels"
)

// bringProductsTogether moves what is computed again between two products in
// front of the first, where that allows: the two then follow each other and the
// device can overlap them. The gradients of a linear layer are such a pair.
func (r *ir) bringProductsTogether() {
	for i := 0; i < len(r.instrs); i++ {
		first := r.instrs[i]
		if first.op.product == nil {
			continue
		}
		j := i + 1
		for j < len(r.instrs) && r.instrs[j].again && !r.instrs[j].needs(first) {
			j++
		}
		if j == i+1 || j == len(r.instrs) || r.instrs[j].op.product == nil || r.instrs[j].needs(first) {
			continue
		}
		copy(r.instrs[i:j-1], r.instrs[i+1:j])
		r.instrs[j-1] = first
		i = j - 1
	}
}

// needs tells whether in reads or continues a result of other.
func (in *instr) needs(other *instr) bool {
	for _, v := range slices.Concat(in.in, in.extends) {
		if v.producer == other {
			return true
		}
	}
	return false
}

// launch is what one phase starts at a time: an op, or several products that do
// not touch each other's results.
type launch struct {
	in       *instr
	products []kernels.MatMul
}

// launches groups the bound instructions of a phase. Products join those before
// them as long as the memory of their results and operands allows.
func (p *Program) launches(ph phase) []launch {
	var all []launch
	for _, in := range p.instrs {
		if in.phase != ph {
			continue
		}
		if in.op.product == nil {
			all = append(all, launch{in: in})
			continue
		}
		m := in.op.product(&in.call)
		if last := len(all) - 1; last >= 0 && all[last].products != nil && independent(m, all[last].products) {
			all[last].products = append(all[last].products, m)
			continue
		}
		all = append(all, launch{products: []kernels.MatMul{m}})
	}
	return all
}

// independent tells whether m and each of others can run at the same time.
func independent(m kernels.MatMul, others []kernels.MatMul) bool {
	return !slices.ContainsFunc(others, func(o kernels.MatMul) bool {
		return overlap(m.C, o.C) || overlap(m.C, o.A) || overlap(m.C, o.B) || overlap(o.C, m.A) || overlap(o.C, m.B)
	})
}

// overlap tells whether two matrices may share memory.
func overlap(a, b kernels.Mat) bool {
	return a.Mem == b.Mem && a.Off < b.Off+b.Bytes() && b.Off < a.Off+a.Bytes()
}

func (l *launch) run(dev kernels.Device) {
	if l.products != nil {
		dev.MatMuls(l.products)
		return
	}
	l.in.op.launch(dev, &l.in.call)
}

// runAlone runs one instruction; its bits are those it has among others.
func (p *Program) runAlone(in *instr) {
	l := launch{in: in}
	if in.op.product != nil {
		l.products = []kernels.MatMul{in.op.product(&in.call)}
	}
	l.run(p.dev)
}
