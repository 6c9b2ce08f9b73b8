package autograd

import "slices"

// mergeHeadLoss joins each headLossGrad with the HeadLoss over the same
// operands: one pass over the logits then gives the loss and its gradients.
func (r *ir) mergeHeadLoss() {
	for _, grad := range r.instrs {
		if grad.op.name != headLossGradName {
			continue
		}
		for _, loss := range r.instrs {
			if loss.op.name == headLossName && loss.op.attrs == grad.op.attrs && slices.Equal(loss.in, grad.in) {
				r.joinInto(loss, grad)
			}
		}
	}
	r.link()
}

func (r *ir) joinInto(loss, grad *instr) {
	n := len(loss.op.out)
	loss.op = headLossWithGrad(loss.op, grad.op)
	for i, v := range grad.out {
		if v != nil {
			v.producer, v.outIndex = loss, n+i
		}
		loss.out = append(loss.out, v)
	}
	loss.acc = make([]bool, len(loss.op.out))
	grad.out = nil
}

// normaliseInHeadLoss makes every HeadLoss normalise the rows of its weight as it
// reads them, so that no normalised copy exists.
func (r *ir) normaliseInHeadLoss() {
	for _, in := range r.instrs {
		if in.op.name != headLossName && in.op.name != headLossWithGradName {
			continue
		}
		norm := in.in[1].producer
		if norm == nil || norm.op.name != rowNormalizeName {
			continue
		}
		in.op = headLossOverNorms(in.op, norm.op)
		in.in = append(slices.Clone(in.in), norm.out[1])
		in.in[1] = norm.in[0]
	}
	r.link()
}

// splitPhases hoists what depends on parameters alone into the prologue, and
// the backward of that into the epilogue, where it runs on sums over the
// micro-batches. Otherwise a step cut in eight would normalise every row of the
// head eight times and round differently.
func (r *ir) splitPhases() {
	for _, in := range r.instrs {
		in.phase = prologue
		if slices.ContainsFunc(in.in, func(v *value) bool { return !v.parametric() }) {
			in.phase = micro
		}
	}
	names := make([]string, 0, len(r.grads))
	for name := range r.grads {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		r.sumOverMicroBatches(r.grads[name])
	}
}

// parametric tells whether v is the same for every micro-batch of a step.
func (v *value) parametric() bool {
	if v.leaf != nil {
		return v.leaf.kind == paramInput || v.leaf.kind == constInput
	}
	return v.producer.phase == prologue
}

// sumOverMicroBatches makes v, a gradient, the sum over the micro-batches of a
// step: by moving its producer into the epilogue where that is linear, by
// letting the producer add into v's buffer where it can, or by a sum of its own.
func (r *ir) sumOverMicroBatches(v *value) {
	in := v.producer
	if v.accumulator || in == nil || in.phase != micro {
		return
	}
	v.gradient = true
	if r.linearInGradients(in) && len(v.uses) == 0 {
		in.phase = epilogue
		for _, i := range in.op.linear {
			if !in.in[i].parametric() {
				r.sumOverMicroBatches(in.in[i])
			}
		}
		return
	}
	usedElsewhere := slices.ContainsFunc(v.uses, func(u *instr) bool { return u.phase == micro })
	if slices.Contains(in.op.accumulates, v.outIndex) && !usedElsewhere {
		// A single micro-batch overwrites: the sum of one is itself.
		v.accumulator = r.opts.MicroBatches != 1
		in.acc[v.outIndex] = v.accumulator
		return
	}
	r.addInto(v)
}

// linearInGradients tells whether in may run once on sums: every operand that
// changes between micro-batches enters linearly and is used by nothing else.
func (r *ir) linearInGradients(in *instr) bool {
	if len(in.op.linear) == 0 {
		return false
	}
	for i, v := range in.in {
		if v.parametric() {
			continue
		}
		if !slices.Contains(in.op.linear, i) || len(v.uses) != 1 || v.leaf != nil {
			return false
		}
	}
	return true
}

// addInto gives v a separate accumulator and moves v's later users and its name
// to it.
func (r *ir) addInto(v *value) {
	many := r.opts.MicroBatches != 1
	sum := &instr{op: sumOp(v.len), in: []*value{v}, phase: micro, block: noBlock, layer: noBlock, backward: true, acc: []bool{many}}
	total := &value{name: v.name + " sum", len: v.len, dtype: v.dtype, producer: sum, accumulator: many, gradient: true, kept: v.kept}
	sum.out = []*value{total}
	for _, u := range v.uses {
		if u.phase == epilogue {
			replace(u.in, v, total)
		}
	}
	for name, g := range r.grads {
		if g == v {
			r.grads[name] = total
		}
	}
	v.kept, v.gradient = false, false
	r.instrs = slices.Insert(r.instrs, slices.Index(r.instrs, v.producer)+1, sum)
	r.link()
}

func replace(vs []*value, old, with *value) {
	for i, v := range vs {
		if v == old {
			vs[i] = with
		}
	}
}

// fuseGradientSums turns a + kernel(...) in the backward pass into a kernel
// that adds into a's buffer, where a has no other use after that. Forward sums
// are left alone: whether their operands live on depends on recomputation, and
// recomputation must not change a bit.
func (r *ir) fuseGradientSums() {
	at := map[*instr]int{}
	for i, in := range r.instrs {
		at[in] = i
	}
	for _, add := range r.instrs {
		if add.op.name != "add" || !add.backward || add.phase != micro {
			continue
		}
		a, b := add.in[0], add.in[1]
		if a.producer == nil || b.producer == nil || a == b {
			continue
		}
		if at[a.producer] > at[b.producer] {
			a, b = b, a
		}
		if r.canAddInto(a, b, add, at) {
			b.producer.acc[b.outIndex] = true
			b.share = a
			b.producer.extends = append(b.producer.extends, a)
			for _, u := range add.out[0].uses {
				replace(u.in, add.out[0], b)
			}
			b.kept = b.kept || add.out[0].kept
			for name, g := range r.grads {
				if g == add.out[0] {
					r.grads[name] = b
				}
			}
			b.uses = add.out[0].uses
			add.out[0].uses, add.out[0].kept = nil, false
		}
	}
	r.link()
}

func (r *ir) canAddInto(a, b *value, add *instr, at map[*instr]int) bool {
	p := b.producer
	if !slices.Contains(p.op.accumulates, b.outIndex) || p.acc[b.outIndex] || p.phase != micro ||
		len(b.uses) != 1 || a.accumulator || a.kept || b.kept || !a.producer.backward || a.producer.phase != micro ||
		a.producer == p {
		return false
	}
	for _, u := range a.uses {
		if u != add && at[u] >= at[p] {
			return false
		}
	}
	return true
}
