package autograd

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"huihai/kernels"
)

// Node is a value in the graph.
type Node = gorgonia.Node

// inputKind says where the value of a leaf comes from.
type inputKind uint8

const (
	paramInput  inputKind = iota // a model tensor, bound by name
	batchInput                   // written before every micro-batch
	constInput                   // a table fixed when the graph is built
	scalarInput                  // a host scalar, set before every step
)

// leaf is a node without children.
type leaf struct {
	node      *Node
	name      string
	shape     []int
	dtype     kernels.DType
	kind      inputKind
	trainable bool
	value     []float32 // constInput only
}

// Graph builds a gorgonia.ExprGraph of fused ops. Its methods panic with an
// error on a misuse (wrong shapes, a name used twice), so that the mathematics
// stays readable; [Build] turns that into an error.
type Graph struct {
	expr    *gorgonia.ExprGraph
	leaves  map[int64]*leaf
	byName  map[string]*leaf
	order   []*leaf
	block   int
	blockOf map[int64]int
	outputs []namedNode
	grads   []namedNode
	// backwardFrom is the id of the first node made by Backward.
	backwardFrom int64
}

type namedNode struct {
	name string
	node *Node
}

// NewGraph returns an empty graph.
func NewGraph() *Graph {
	return &Graph{
		expr:    gorgonia.NewGraph(),
		leaves:  map[int64]*leaf{},
		byName:  map[string]*leaf{},
		block:   noBlock,
		blockOf: map[int64]int{},

		backwardFrom: math.MaxInt64,
	}
}

// noBlock marks nodes outside every block.
const noBlock = -1

// Build runs f, which builds a graph, and turns a panic of the builder into an
// error.
func Build(f func(g *Graph)) (g *Graph, err error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(graphError)
			if !ok {
				panic(r)
			}
			g, err = nil, e
		}
	}()
	g = NewGraph()
	f(g)
	return g, nil
}

// graphError is what the builder panics with.
type graphError struct{ error }

func failf(format string, a ...any) {
	panic(graphError{fmt.Errorf("autograd: "+format, a...)})
}

// InBlock marks the nodes that f adds as the inside of block i, the unit of
// activation recomputation.
func (g *Graph) InBlock(i int, f func()) {
	outer := g.block
	g.block = i
	f()
	g.block = outer
}

// Param declares a float32 model tensor. Its storage may be of another type;
// the kernels widen it.
func (g *Graph) Param(name string, trainable bool, shape ...int) *Node {
	return g.leaf(&leaf{name: name, shape: shape, dtype: kernels.F32, kind: paramInput, trainable: trainable})
}

// Ints declares an int32 vector of n elements, written for each micro-batch.
func (g *Graph) Ints(name string, n int) *Node {
	return g.leaf(&leaf{name: name, shape: []int{n}, dtype: kernels.I32, kind: batchInput})
}

// Scalar declares a float32 host scalar, set before a step.
func (g *Graph) Scalar(name string) *Node {
	return g.leaf(&leaf{name: name, shape: []int{1}, dtype: kernels.F32, kind: scalarInput})
}

// Const declares a fixed float32 table.
func (g *Graph) Const(name string, value []float32, shape ...int) *Node {
	if elements(shape) != len(value) {
		failf("constant %s: shape %v does not hold %d values", name, shape, len(value))
	}
	return g.leaf(&leaf{name: name, shape: shape, dtype: kernels.F32, kind: constInput, value: value})
}

func (g *Graph) leaf(l *leaf) *Node {
	if g.byName[l.name] != nil {
		failf("the name %s is used twice", l.name)
	}
	if elements(l.shape) <= 0 {
		failf("%s: shape %v has no elements", l.name, l.shape)
	}
	l.node = gorgonia.NewTensor(g.expr, hostType(l.dtype), len(l.shape),
		gorgonia.WithName(l.name), gorgonia.WithShape(l.shape...))
	g.leaves[l.node.ID()] = l
	g.byName[l.name] = l
	g.order = append(g.order, l)
	return l.node
}

// Output names a value that must survive the micro-batch, to be read from the
// program.
func (g *Graph) Output(name string, n *Node) {
	g.outputs = append(g.outputs, namedNode{name, n})
}

// Backward differentiates loss with respect to every trainable parameter. The
// program then accumulates those gradients under the parameters' names.
func (g *Graph) Backward(loss *Node) {
	var wrt gorgonia.Nodes
	for _, l := range g.order {
		if l.kind == paramInput && l.trainable {
			wrt = append(wrt, l.node)
		}
	}
	if len(wrt) == 0 {
		failf("no parameter is trainable")
	}
	g.backwardFrom = int64(len(g.expr.AllNodes()))
	grads, err := gorgonia.Grad(loss, wrt...)
	if err != nil {
		failf("differentiate: %w", err)
	}
	for i, n := range grads {
		g.grads = append(g.grads, namedNode{wrt[i].Name(), n})
	}
}

// ExprGraph returns the graph as Gorgonia sees it, for its own machines and
// for drawing.
func (g *Graph) ExprGraph() *gorgonia.ExprGraph { return g.expr }

// Grads returns the gradient nodes by parameter name.
func (g *Graph) Grads() map[string]*Node {
	m := make(map[string]*Node, len(g.grads))
	for _, n := range g.grads {
		m[n.name] = n.node
	}
	return m
}

// Params returns the names of the parameters in the order of their declaration.
func (g *Graph) Params() []string {
	var names []string
	for _, l := range g.order {
		if l.kind == paramInput {
			names = append(names, l.name)
		}
	}
	return names
}

func hostType(t kernels.DType) tensor.Dtype {
	if t == kernels.I32 {
		return tensor.Int32
	}
	return tensor.Float32
}

func elements(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
