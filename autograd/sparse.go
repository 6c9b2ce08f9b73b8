package autograd

import (
	"cmp"
	"fmt"
	"slices"

	"huihai/kernels"
)

// sparseGrad is the gradient of an embedding of which only the rows of tokens
// seen in the step are kept. Every micro-batch tells its tokens' places among
// them, which the host hands out in the order in which rows first appear. So the
// sums have the bits of dense ones, however the step is cut.
type sparseGrad struct {
	param      string
	ids, slots *value // I32 inputs: tokens; their places, -1 for padding
	rows, cols int    // of the embedding
	pad        int32

	grad   *value // [most rows of a step, cols]
	host   []int32
	places []int32 // of this micro-batch
	slotOf []int32 // by row, -1 where none
	seen   []int32 // row of each slot
	row    []int32 // ascending, and the slot of each: what GradRows returns
	slot   []int32
}

// sparsifyEmbeddings keeps the gradients of embeddings by row where a step has
// fewer tokens than the embedding has rows.
func (r *ir) sparsifyEmbeddings() {
	if r.opts.DenseEmbeddings {
		return
	}
	for _, in := range r.instrs {
		if in.op.name != embeddingGradName {
			continue
		}
		grad, ids := in.out[0], in.in[1]
		tokens, most, cols := ids.len, ids.len*r.opts.MicroBatches, in.op.out[0].shape[1]
		rows := in.op.out[0].shape[0]
		name := r.gradName(grad)
		if most == 0 || most >= rows || name == "" || len(grad.uses) > 0 || ids.leaf == nil {
			continue
		}
		slots := &value{name: name + " rows", len: tokens, dtype: kernels.I32,
			leaf: &leaf{name: name + " rows", shape: []int{tokens}, dtype: kernels.I32, kind: batchInput}}
		r.leaves = append(r.leaves, slots)
		pad := int32(in.op.attr)
		in.op = embeddingGradOp(tokens, most, cols, -1)
		in.in = []*value{in.in[0], slots}
		grad.len = most * cols
		s := &sparseGrad{param: name, ids: ids, slots: slots, rows: rows, cols: cols, pad: pad, grad: grad,
			host: make([]int32, tokens), places: make([]int32, tokens), slotOf: make([]int32, rows)}
		for i := range s.slotOf {
			s.slotOf[i] = -1
		}
		s.seen, s.row, s.slot = make([]int32, 0, most), make([]int32, most), make([]int32, most)
		r.sparse = append(r.sparse, s)
	}
	r.link()
}

// gradName returns the parameter whose gradient v is, "" if there is not exactly
// one.
func (r *ir) gradName(v *value) string {
	var names []string
	for name, g := range r.grads {
		if g == v {
			names = append(names, name)
		}
	}
	if len(names) != 1 {
		return ""
	}
	return names[0]
}

// begin forgets the rows of the last step.
func (s *sparseGrad) begin() {
	for _, row := range s.seen {
		s.slotOf[row] = -1
	}
	s.seen = s.seen[:0]
}

// assign gives the rows of the micro-batch in host their places and writes those
// to the device.
func (s *sparseGrad) assign(p *Program) error {
	for i, id := range s.host {
		if id < 0 || int(id) >= s.rows || id == s.pad {
			s.places[i] = -1
			continue
		}
		if s.slotOf[id] < 0 {
			s.slotOf[id] = int32(len(s.seen))
			s.seen = append(s.seen, id)
		}
		s.places[i] = s.slotOf[id]
	}
	return kernels.Write(p.dev, p.bufs[s.slots], s.places)
}

// sorted returns the step's rows in ascending order.
func (s *sparseGrad) sorted(values kernels.Buf) kernels.SparseRows {
	n := len(s.seen)
	row, slot := s.row[:n], s.slot[:n]
	copy(row, s.seen)
	slices.SortFunc(row, cmp.Compare[int32])
	for i, r := range row {
		slot[i] = s.slotOf[r]
	}
	return kernels.SparseRows{Values: values.Mat(values.Len/s.cols, s.cols), Row: row, Slot: slot}
}

// GradRows returns the gradient of an embedding that is kept by row (see
// [Program.SparseGrad]), valid like Grad from End to the next Begin.
func (p *Program) GradRows(param string) (kernels.SparseRows, bool) {
	for _, s := range p.sparse {
		if s.param == param {
			return s.sorted(p.bufs[s.grad]), true
		}
	}
	return kernels.SparseRows{}, false
}

// SparseGrad tells whether the gradient of param is kept by row: that of an
// embedding with more rows than a step has tokens, when Options.MicroBatches says
// how many those are. It may be called before Bind.
func (p *Program) SparseGrad(param string) bool {
	return slices.ContainsFunc(p.sparse, func(s *sparseGrad) bool { return s.param == param })
}

// ReadGrad copies the gradient of a parameter to dst, which has the parameter's
// length, whether it is kept whole or by row. It is valid when Grad is.
func (p *Program) ReadGrad(param string, dst []float32) error {
	v := p.grads[param]
	if v == nil {
		return fmt.Errorf("autograd: %s has no gradient", param)
	}
	if err := p.inside(); err != nil {
		return err
	}
	g, ok := p.GradRows(param)
	if !ok {
		return kernels.Read(p.dev, dst, p.bufs[v])
	}
	s := p.sparse[slices.IndexFunc(p.sparse, func(s *sparseGrad) bool { return s.param == param })]
	cols := s.cols
	if len(dst) != s.rows*cols {
		return fmt.Errorf("autograd: the gradient of %s has %d elements, the destination %d", param, s.rows*cols, len(dst))
	}
	clear(dst)
	for i, row := range g.Row {
		slot := int(g.Slot[i])
		to := dst[int(row)*cols : int(row+1)*cols]
		if err := kernels.Read(p.dev, to, g.Values.Slice(slot*cols, (slot+1)*cols)); err != nil {
			return err
		}
	}
	return nil
}
