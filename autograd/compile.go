package autograd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"huihai/kernels"
)

// Options are the choices of the executor; none of them changes a result.
type Options struct {
	// RecomputeBlocks is the number of blocks, counted from the first, whose
	// inner activations are dropped after the forward pass and computed again
	// for the backward pass.
	RecomputeBlocks int
	// KeepCheap keeps the results of norms, SwiGLU and the embedding for the
	// backward pass instead of computing them again just before their use.
	KeepCheap bool
	// MicroBatches is the largest number of micro-batches in an optimizer step,
	// 0 when it is not known. With one, a gradient takes memory only from the
	// moment it is computed, where activations have gone by then. When they hold
	// fewer tokens than an embedding has rows, its gradient is kept by row.
	MicroBatches int
	// DenseEmbeddings keeps those gradients whole in every case.
	DenseEmbeddings bool
}

// phase orders the parts of a program.
type phase uint8

const (
	prologue phase = iota // once per optimizer step, before the micro-batches
	micro                 // once per micro-batch
	epilogue              // once per optimizer step, after them
)

// value is one tensor of a program.
type value struct {
	name  string
	len   int
	dtype kernels.DType
	leaf  *leaf // set for leaves

	producer *instr
	outIndex int
	uses     []*instr

	accumulator bool // a sum over micro-batches
	gradient    bool // a gradient of a parameter, or what one is made of after the micro-batches
	kept        bool // an output or a gradient, readable after the step

	// share is the value whose memory this one takes over, if any.
	share *value
	mem   *block
}

// instr is one op of a program.
type instr struct {
	op       *fused
	in       []*value
	out      []*value // nil where nobody wants an optional result
	extends  []*value // values whose buffers results are added into
	acc      []bool
	phase    phase
	block    int
	layer    int // block, kept by recomputations; backward ops have none
	backward bool
	again    bool // a recomputation
	index    int
	scratch  *block
	call     call
}

// ir is the program while the passes work on it.
type ir struct {
	dev    kernels.Device
	opts   Options
	graph  *Graph
	leaves []*value
	instrs []*instr
	grads  map[string]*value
	output map[string]*value
	sparse []*sparseGrad
}

// Compile turns a graph into a program for dev. Only shapes are looked at:
// nothing is allocated before [Program.Bind].
func Compile(g *Graph, dev kernels.Device, opts Options) (p *Program, err error) {
	if len(g.outputs)+len(g.grads) == 0 {
		return nil, errors.New("autograd: compile: the graph has neither outputs nor gradients")
	}
	r, err := lower(g, dev)
	if err != nil {
		return nil, fmt.Errorf("autograd: compile: %w", err)
	}
	r.opts = opts
	r.optimize()
	for _, in := range r.instrs {
		if in.op.launch == nil && in.op.product == nil {
			return nil, fmt.Errorf("autograd: compile: %s cannot run alone; make HeadLoss's NLL and MaxLogit outputs", in.op)
		}
	}
	return newProgram(r, layout(r)), nil
}

// optimize runs the passes over the lowered program.
func (r *ir) optimize() {
	r.mergeHeadLoss()
	r.normaliseInHeadLoss()
	r.splitPhases()
	r.sparsifyEmbeddings()
	r.fuseGradientSums()
	r.recompute(r.opts.RecomputeBlocks)
	if !r.opts.KeepCheap {
		r.recomputeCheap()
	}
	r.bringProductsTogether()
	r.number()
}

// lower collects the nodes that outputs and gradients need, in the order in
// which the graph was built, and turns them into instructions.
func lower(g *Graph, dev kernels.Device) (*ir, error) {
	r := &ir{dev: dev, graph: g, grads: map[string]*value{}, output: map[string]*value{}}
	results := map[int64][]*value{} // values of a node, one per result
	for _, n := range reachable(g) {
		if l := g.leaves[n.ID()]; l != nil {
			v := &value{name: l.name, len: elements(l.shape), dtype: l.dtype, leaf: l}
			r.leaves = append(r.leaves, v)
			results[n.ID()] = []*value{v}
			continue
		}
		children := operands(g, n)
		if op, ok := n.Op().(*fused); ok && op.part >= 0 {
			results[n.ID()] = results[children[0].ID()][op.part : op.part+1]
			continue
		}
		op, err := asFused(n)
		if err != nil {
			return nil, err
		}
		in := &instr{op: op, block: noBlock, layer: noBlock, backward: n.ID() >= g.backwardFrom, acc: make([]bool, len(op.out))}
		if b, ok := g.blockOf[n.ID()]; ok && !in.backward {
			in.block, in.layer = b, b
		}
		for _, c := range children {
			in.in = append(in.in, results[c.ID()][0])
		}
		r.addResults(in)
		r.instrs = append(r.instrs, in)
		results[n.ID()] = in.out
	}
	for _, o := range g.outputs {
		r.output[o.name] = results[o.node.ID()][0]
		r.output[o.name].kept = true
	}
	for _, o := range g.grads {
		r.grads[o.name] = results[o.node.ID()][0]
		r.grads[o.name].kept = true
	}
	r.link()
	return r, nil
}

func (r *ir) addResults(in *instr) {
	for i, p := range in.op.out {
		name := in.op.name
		if in.block != noBlock {
			name = fmt.Sprintf("block %d %s", in.block, name)
		}
		if len(in.op.out) > 1 {
			name = fmt.Sprintf("%s[%d]", name, i)
		}
		in.out = append(in.out, &value{name: name, len: p.len(), dtype: p.dtype, producer: in, outIndex: i})
	}
}

// reachable returns the nodes that the results need, by id: Gorgonia numbers
// nodes as they are made, so operands come first.
func reachable(g *Graph) []*Node {
	seen := map[int64]*Node{}
	var visit func(n *Node)
	visit = func(n *Node) {
		if seen[n.ID()] != nil {
			return
		}
		seen[n.ID()] = n
		for _, c := range operands(g, n) {
			visit(c)
		}
	}
	for _, o := range slices.Concat(g.outputs, g.grads) {
		visit(o.node)
	}
	nodes := make([]*Node, 0, len(seen))
	for _, n := range seen {
		nodes = append(nodes, n)
	}
	slices.SortFunc(nodes, func(a, b *Node) int { return int(a.ID() - b.ID()) })
	return nodes
}

// operands returns the children of n in order.
func operands(g *Graph, n *Node) []*Node {
	var nodes []*Node
	for it := g.expr.From(n.ID()); it.Next(); {
		nodes = append(nodes, it.Node().(*Node))
	}
	return nodes
}

// asFused returns the op of n. The sums that Gorgonia's differentiation puts in
// where a value is used twice become ours; any other foreign op is refused.
func asFused(n *Node) (*fused, error) {
	op := n.Op()
	if f, ok := op.(*fused); ok {
		return f, nil
	}
	if op != nil && strings.HasPrefix(op.String(), "+ ") {
		return addOp(n.Shape()), nil
	}
	return nil, fmt.Errorf("node %d (%v): the executor has no kernel for this op", n.ID(), op)
}

// link recomputes who uses what, and drops results and instructions that
// nobody needs.
func (r *ir) link() {
	for _, v := range r.leaves {
		v.uses = nil
	}
	for _, in := range r.instrs {
		for _, v := range in.out {
			if v != nil {
				v.uses = nil
			}
		}
	}
	live := r.instrs[:0:0]
	for _, in := range slices.Backward(r.instrs) {
		if !in.wanted() {
			continue
		}
		live = append(live, in)
		for _, v := range slices.Concat(in.in, in.extends) {
			v.uses = append(v.uses, in)
		}
	}
	slices.Reverse(live)
	r.instrs = live
	for _, in := range live {
		for i, v := range in.out {
			if v != nil && len(v.uses) == 0 && !v.kept && slices.Contains(in.op.optional, i) {
				in.out[i] = nil
			}
			if v != nil {
				slices.Reverse(v.uses)
			}
		}
	}
}

func (in *instr) wanted() bool {
	for _, v := range in.out {
		if v != nil && (v.kept || v.accumulator || len(v.uses) > 0) {
			return true
		}
	}
	return false
}

// number fixes the order: prologue, micro-batch, epilogue.
func (r *ir) number() {
	r.link()
	slices.SortStableFunc(r.instrs, func(a, b *instr) int { return int(a.phase) - int(b.phase) })
	for i, in := range r.instrs {
		in.index = i
	}
}
