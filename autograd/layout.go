package autograd

import (
	"cmp"
	"slices"
)

// alignment of every tensor in the arena, in bytes.
const alignment = 64

// block is a piece of the arena, held from instruction from to instruction to,
// both included. Values that share memory share a block.
type block struct {
	name     string
	kind     Kind
	bytes    int64
	from, to int
	offset   int64
}

func (b *block) overlaps(o *block) bool { return b.from <= o.to && o.from <= b.to }

// span is the range of instruction indexes of each phase.
type span struct{ microFrom, microTo, end int }

func (r *ir) span() span {
	s := span{microFrom: len(r.instrs), microTo: len(r.instrs) - 1, end: len(r.instrs)}
	for i, in := range r.instrs {
		if in.phase != prologue {
			s.microFrom = min(s.microFrom, i)
		}
		if in.phase == epilogue {
			s.microTo = min(s.microTo, i-1)
		}
	}
	return s
}

// layout gives every value a block: first the lifetimes, then the sharing that
// ops allow, then the offsets.
func layout(r *ir) []*block {
	s := r.span()
	var blocks []*block
	add := func(b *block) *block {
		blocks = append(blocks, b)
		return b
	}
	for _, v := range r.leaves {
		switch v.leaf.kind {
		case batchInput:
			v.mem = add(&block{name: v.name, kind: Inputs, bytes: v.bytes(), from: 0, to: s.microTo})
		case constInput:
			v.mem = add(&block{name: v.name, kind: Constants, bytes: v.bytes(), from: 0, to: s.end})
		}
	}
	for _, in := range r.instrs {
		for _, v := range in.out {
			if v == nil {
				continue
			}
			from, to := v.lifetime(s)
			if v.share != nil {
				v.mem = v.share.mem
				v.mem.to = max(v.mem.to, to)
				continue
			}
			v.mem = add(&block{name: v.name, kind: v.kind(s), bytes: v.bytes(), from: from, to: to})
		}
	}
	blocks = shareInPlace(r, blocks)
	for _, in := range r.instrs {
		if in.op.scratch == nil {
			continue
		}
		if n := in.op.scratch(r.dev); n > 0 {
			in.scratch = add(&block{name: in.op.name + " workspace", kind: Workspace, bytes: n, from: in.index, to: in.index})
		}
	}
	place(blocks)
	return blocks
}

func (v *value) bytes() int64 { return v.dtype.Bytes(v.len) }

// lifetime is the range of instructions during which v must keep its memory.
func (v *value) lifetime(s span) (from, to int) {
	from, to = v.producer.index, v.producer.index
	for _, u := range v.uses {
		to = max(to, u.index)
	}
	if v.accumulator {
		from, to = min(from, s.microFrom), max(to, s.microTo)
	}
	if v.producer.phase == prologue && to >= s.microFrom {
		to = max(to, s.microTo) // the next micro-batch reads it again
	}
	if v.kept {
		to = s.end
	}
	return from, to
}

func (v *value) kind(s span) Kind {
	switch {
	case v.gradient || v.producer.phase == epilogue:
		return Gradients
	case v.producer.phase == prologue:
		return Derived
	default:
		return Activations
	}
}

// shareInPlace lets a result take over the memory of an operand that dies with
// the instruction, where the op allows it.
func shareInPlace(r *ir, blocks []*block) []*block {
	gone := map[*block]bool{}
	settled := map[*value]bool{}
	for _, in := range r.instrs {
		for _, pair := range in.op.inPlace {
			out, from := in.out[pair[0]], in.in[pair[1]]
			if out == nil || out.share != nil || out.accumulator || settled[out] || in.acc[pair[0]] {
				continue
			}
			if from.leaf != nil || from.mem.to != in.index || from.mem.bytes != out.mem.bytes || in.reads(from.mem) != 1 {
				continue
			}
			old, kept := out.mem, from.mem
			gone[old], settled[out] = true, true
			kept.to = max(kept.to, old.to)
			if old.kind == Gradients {
				kept.kind, kept.name = Gradients, old.name
			}
			r.moveTo(old, kept)
		}
	}
	return slices.DeleteFunc(blocks, func(b *block) bool { return gone[b] })
}

// reads counts the operands of in that live in b.
func (in *instr) reads(b *block) int {
	n := 0
	for _, v := range in.in {
		if v.mem == b {
			n++
		}
	}
	return n
}

// moveTo makes every value on old live on kept.
func (r *ir) moveTo(old, kept *block) {
	for _, in := range r.instrs {
		for _, v := range in.out {
			if v != nil && v.mem == old {
				v.mem = kept
			}
		}
	}
}

// place assigns offsets: largest block first, each into the smallest gap that
// the blocks alive at the same time leave. (Pisarchyk and Lee 2020, greedy by
// size.)
func place(blocks []*block) {
	order := slices.Clone(blocks)
	slices.SortStableFunc(order, func(a, b *block) int {
		return cmp.Or(cmp.Compare(b.bytes, a.bytes), cmp.Compare(a.from, b.from))
	})
	var placed []*block // by offset
	for _, b := range order {
		b.offset = bestGap(placed, b)
		at, _ := slices.BinarySearchFunc(placed, b.offset, func(p *block, off int64) int {
			return cmp.Compare(p.offset, off)
		})
		placed = slices.Insert(placed, at, b)
	}
}

func bestGap(placed []*block, b *block) int64 {
	size := aligned(b.bytes)
	best, bestSize := int64(-1), int64(0)
	end := int64(0) // end of the alive blocks seen so far
	for _, p := range placed {
		if !p.overlaps(b) {
			continue
		}
		if gap := p.offset - end; gap >= size && (best < 0 || gap < bestSize) {
			best, bestSize = end, gap
		}
		end = max(end, p.offset+aligned(p.bytes))
	}
	if best >= 0 {
		return best
	}
	return end
}

func aligned(n int64) int64 { return (n + alignment - 1) / alignment * alignment }

// arenaBytes is the size of an arena that holds the blocks.
func arenaBytes(blocks []*block) int64 {
	n := int64(0)
	for _, b := range blocks {
		n = max(n, b.offset+aligned(b.bytes))
	}
	return n
}
