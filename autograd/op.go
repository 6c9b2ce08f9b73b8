package autograd

import (
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"slices"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"huihai/kernels"
)

// port is the static type of one operand or result.
type port struct {
	shape []int
	dtype kernels.DType
}

func f32(shape ...int) port { return port{shape, kernels.F32} }
func i32(shape ...int) port { return port{shape, kernels.I32} }

func (p port) len() int { return elements(p.shape) }

func (p port) hmType() hm.Type {
	return gorgonia.TensorType{Dims: len(p.shape), Of: hostType(p.dtype)}
}

// host is an operand in host memory, as the reference implementations see it.
type host struct {
	f []float32
	i []int32
}

// fused is one operation of the graph. Every op of this package is a value of
// this type, made by a constructor that closes over the op's attributes; the
// constructor's doc comment is the op's specification.
//
// An op with several results returns one packed node (a flat vector in
// Gorgonia's eyes, one buffer per result in ours) from which part nodes pick.
// Only the first result of a packed forward op is differentiable; the others
// are saved for the backward pass. So the gradient of a packed node is, by
// convention, the gradient of its first part.
type fused struct {
	name  string
	attrs string  // everything the op depends on besides its operands
	attr  float64 // the number in attrs, for a pass that joins ops
	in    []port
	out   []port

	// reference computes the op in the plainest way, sums in float64.
	reference func(in []host, out [][]float32)

	// diff tells the differentiable operands; nil means none.
	diff []bool
	// derive returns the gradient of each operand (nil where diff is false),
	// given the operands, the output node and the gradient of its first part.
	derive func(g *Graph, in []*Node, out, grad *Node) []*Node

	// cheap marks an op that costs a pass over memory and no product, and whose
	// operands the backward pass needs anyway: its first result is computed again
	// rather than kept for it.
	cheap bool

	// optional lists the results whose buffer may be absent when nobody reads
	// them.
	optional []int
	// inPlace lists pairs {out, in} that may share memory.
	inPlace [][2]int
	// accumulates lists the results that the kernel can add to their buffer.
	accumulates []int
	// linear lists the operands in which the op is linear, the others being
	// parameters: if those depend on parameters alone, the op may run once on
	// sums over micro-batches.
	linear []int
	// scratch returns bytes of workspace; nil means none.
	scratch func(dev kernels.Device) int64
	// results names the results for a person, "" the one that the op is named after.
	results []string
	// summed lists the results that are sums over tokens, though operands hold a
	// row for each token.
	summed []int
	// locate gives the token and the column of an element of a result that is per
	// token but not stored as a row for each; nil for others.
	locate func(result, element int) (token, column int, ok bool)
	// lost finds an element of the first result, y, that is finite only because an
	// overflow was divided away; x is the first operand. It is -1 where there is
	// none. lostBy says how.
	lost   func(x, y []float32) int
	lostBy string

	// launch makes the kernel calls.
	launch func(dev kernels.Device, c *call)
	// product is what an op that is one matrix product has instead of launch;
	// products that do not depend on each other run together.
	product func(c *call) kernels.MatMul

	// part is the index picked from a packed operand, -1 for other ops.
	part int
	// scalar marks a part that Gorgonia must see as a scalar.
	scalar bool
	graph  *Graph
}

// call is an op bound to buffers.
type call struct {
	in, out []kernels.Buf
	acc     []bool // for each result: add to the buffer
	scratch kernels.Buf
	scalars []*float32 // host value of each scalar operand
}

func (op *fused) packed() bool { return len(op.out) > 1 }

// outPort is the type of the node.
func (op *fused) outPort() port {
	if !op.packed() {
		return op.out[0]
	}
	n := 0
	for _, p := range op.out {
		n += p.len()
	}
	return f32(n)
}

// Arity implements gorgonia.Op.
func (op *fused) Arity() int { return len(op.in) }

// Type implements gorgonia.Op.
func (op *fused) Type() hm.Type {
	types := make([]hm.Type, 0, len(op.in)+1)
	for _, p := range op.in {
		types = append(types, p.hmType())
	}
	if op.scalar {
		return hm.NewFnType(append(types, tensor.Float32)...)
	}
	return hm.NewFnType(append(types, op.outPort().hmType())...)
}

// InferShape implements gorgonia.Op.
func (op *fused) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	if op.scalar {
		return tensor.ScalarShape(), nil
	}
	return slices.Clone(op.outPort().shape), nil
}

// Do implements gorgonia.Op with the reference implementation.
func (op *fused) Do(vals ...gorgonia.Value) (gorgonia.Value, error) {
	in := make([]host, len(vals))
	for i, v := range vals {
		switch d := v.Data().(type) {
		case []float32:
			in[i].f = d
		case []int32:
			in[i].i = d
		case float32:
			in[i].f = []float32{d}
		default:
			return nil, fmt.Errorf("autograd: %s: operand %d holds %T", op.name, i, d)
		}
	}
	flat := make([]float32, op.outPort().len())
	out := make([][]float32, len(op.out))
	rest := flat
	for i, p := range op.out {
		out[i], rest = rest[:p.len()], rest[p.len():]
	}
	op.reference(in, out)
	if op.scalar {
		v := gorgonia.F32(flat[0])
		return &v, nil
	}
	return tensor.New(tensor.WithShape(op.outPort().shape...), tensor.WithBacking(flat)), nil
}

// ReturnsPtr implements gorgonia.Op.
func (op *fused) ReturnsPtr() bool { return false }

// CallsExtern implements gorgonia.Op.
func (op *fused) CallsExtern() bool { return false }

// OverwritesInput implements gorgonia.Op.
func (op *fused) OverwritesInput() int { return -1 }

// WriteHash implements gorgonia.Op; equal hashes merge nodes, so every
// attribute is in it.
func (op *fused) WriteHash(h hash.Hash) { fmt.Fprint(h, op.String(), op.in, op.out) }

// Hashcode implements gorgonia.Op.
func (op *fused) Hashcode() uint32 {
	h := fnv.New32a()
	op.WriteHash(h)
	return h.Sum32()
}

// String implements gorgonia.Op.
func (op *fused) String() string { return op.name + "{" + op.attrs + "}" }

// DiffWRT implements gorgonia.SDOp.
func (op *fused) DiffWRT(inputs int) []bool {
	if op.diff == nil {
		return make([]bool, inputs)
	}
	return op.diff
}

// SymDiff implements gorgonia.SDOp.
func (op *fused) SymDiff(in gorgonia.Nodes, out, grad *Node) (nodes gorgonia.Nodes, err error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(graphError)
			if !ok {
				panic(r)
			}
			nodes, err = nil, e
		}
	}()
	if op.derive == nil {
		return nil, errors.New("autograd: " + op.name + " has no derivative")
	}
	return op.derive(op.graph, in, out, grad), nil
}

// apply adds op to the graph.
func (g *Graph) apply(op *fused, in ...*Node) *Node {
	op.graph = g
	if len(in) != len(op.in) {
		failf("%s takes %d operands, got %d", op.name, len(op.in), len(in))
	}
	for i, n := range in {
		if want, have := op.in[i].shape, n.Shape(); !n.IsScalar() && !slices.Equal([]int(have), want) {
			failf("%s: operand %d (%s) has shape %v, want %v", op.name, i, n.Name(), have, want)
		}
	}
	n, err := gorgonia.ApplyOp(op, in...)
	if err != nil {
		failf("%s: %w", op.name, err)
	}
	if _, seen := g.blockOf[n.ID()]; !seen {
		g.blockOf[n.ID()] = g.block
	}
	return n
}

// newOp fills in what most ops share.
func newOp(op fused) *fused {
	op.part = -1
	return &op
}

// pick returns part i of a packed node.
func (g *Graph) pick(packed *Node, i int) *Node {
	return g.applyPart(packed, i, false)
}

func (g *Graph) applyPart(packed *Node, i int, scalar bool) *Node {
	from, ok := packed.Op().(*fused)
	if !ok || !from.packed() {
		failf("pick: the node is not packed")
	}
	start := 0
	for _, p := range from.out[:i] {
		start += p.len()
	}
	op := &fused{
		name: "part", attrs: fmt.Sprintf("%d of %s scalar=%v", i, from, scalar),
		in: []port{from.outPort()}, out: []port{from.out[i]},
		reference: func(in []host, out [][]float32) {
			copy(out[0], in[0].f[start:start+len(out[0])])
		},
		part: i, scalar: scalar,
	}
	if i == 0 {
		op.diff = []bool{true}
		op.derive = func(_ *Graph, _ []*Node, _, grad *Node) []*Node { return []*Node{grad} }
	}
	return g.apply(op, packed)
}
