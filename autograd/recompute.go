package autograd

import "slices"

// recompute drops the inner activations of the first n blocks (but never of the
// last one, whose backward follows at once) and computes them again right
// before the backward pass first needs them.
func (r *ir) recompute(n int) {
	last := noBlock
	for _, in := range r.instrs {
		last = max(last, in.block)
	}
	for b := range min(n, last) {
		r.recomputeBlock(b)
		r.link()
	}
}

func (r *ir) recomputeBlock(b int) {
	inside := func(v *value) bool {
		return v.producer != nil && v.producer.block == b && !v.producer.backward && v.producer.phase == micro &&
			!slices.ContainsFunc(v.uses, func(u *instr) bool { return !u.backward && u.block != b })
	}
	first := -1
	var needed []*instr
	var need func(v *value)
	need = func(v *value) {
		if !inside(v) || slices.Contains(needed, v.producer) {
			return
		}
		needed = append(needed, v.producer)
		for _, u := range v.producer.in {
			need(u)
		}
	}
	for i, in := range r.instrs {
		if !in.backward || in.phase != micro {
			continue
		}
		for _, v := range in.in {
			if inside(v) {
				need(v)
				if first < 0 {
					first = i
				}
			}
		}
	}
	if first < 0 {
		return
	}
	again := map[*value]*value{}
	var clones []*instr
	for _, in := range r.instrs[:first] {
		if slices.Contains(needed, in) {
			clones = append(clones, in.clone(again))
		}
	}
	for _, in := range r.instrs[first:] {
		if !in.backward {
			continue
		}
		for i, v := range in.in {
			if w := again[v]; w != nil {
				in.in[i] = w
			}
		}
	}
	r.instrs = slices.Insert(r.instrs, first, clones...)
}

// clone copies a forward instruction, reading values from again where they were
// cloned before and entering its results there.
func (in *instr) clone(again map[*value]*value) *instr {
	c := &instr{op: in.op, phase: in.phase, block: noBlock, layer: in.layer, backward: true, again: true, acc: slices.Clone(in.acc)}
	for _, v := range in.in {
		if w := again[v]; w != nil {
			v = w
		}
		c.in = append(c.in, v)
	}
	for i, v := range in.out {
		if v == nil {
			c.out = append(c.out, nil)
			continue
		}
		w := &value{name: v.name + " again", len: v.len, dtype: v.dtype, producer: c, outIndex: i}
		again[v] = w
		c.out = append(c.out, w)
	}
	return c
}

// recomputeCheap computes results of cheap ops again just before the backward
// pass reads them, so that they need not be kept from the forward pass until
// then. It runs after the recomputation of blocks and treats what that computes
// again like a forward pass.
func (r *ir) recomputeCheap() {
	late := map[*instr]bool{} // what this pass put in
	for _, in := range slices.Backward(slices.Clone(r.instrs)) {
		if !in.op.cheap || in.phase != micro || in.backward && !in.again {
			continue
		}
		v := in.out[0]
		readsLate := func(u *instr) bool {
			return u.phase == micro && u.backward && (!u.again || late[u]) && slices.Contains(u.in, v)
		}
		first := slices.IndexFunc(r.instrs, readsLate)
		if first < 0 || v.kept {
			continue
		}
		again := map[*value]*value{}
		c := in.clone(again)
		late[c] = true
		for _, u := range r.instrs[first:] {
			if readsLate(u) {
				replace(u.in, v, again[v])
			}
		}
		r.instrs = slices.Insert(r.instrs, first, c)
	}
	r.link()
}
