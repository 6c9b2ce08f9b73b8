package autograd

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"huihai/kernels"
)

// Trace runs a step of the given number of micro-batches, of rows of seqLen tokens,
// one op at a time, and reads every result back. It returns the first value that is
// not finite, or nil: first the parameters and inputs are looked at, then the results
// in the order of the program. load sets the inputs of a micro-batch, as before
// [Program.Micro]; an error of it ends the trace.
//
// A finite value counts as a fault where an overflow hides behind it: the squares of
// a row that RMSNorm reads have no finite sum, so that 1/sqrt(mean square) is 0 and
// with it all that follows. Then the loss is the logarithm of the vocabulary and
// every gradient 0, without any infinity outside the kernel.
//
// Every op has the bits of a step, so a step that went wrong goes wrong again. Trace is
// slow and allocates. It overwrites the gradients and outputs of the last step; the
// next Begin starts as ever.
func (p *Program) Trace(micros, seqLen int, load func(micro int) error) (*Fault, error) {
	if err := p.start(); err != nil {
		return nil, err
	}
	t := newTracer(p, seqLen)
	if f, err := t.leaves(); f != nil || err != nil {
		return f, err
	}
	if f, err := t.run(prologue); f != nil || err != nil {
		return f, err
	}
	p.clearSums()
	for i := range micros {
		if err := load(i); err != nil {
			return nil, err
		}
		if err := p.nextMicro(); err != nil {
			return nil, err
		}
		t.micro = i
		if f, err := t.run(micro); f != nil || err != nil {
			return f, err
		}
	}
	t.micro = -1
	return t.run(epilogue)
}

// tracer is the state of one Trace.
type tracer struct {
	p        *Program
	seqLen   int
	micro    int // -1 outside the micro-batches
	largest  map[*value]float32
	perToken map[*value]bool
	gradOf   map[*value]string // parameter whose gradient a value is
	layers   map[*instr]int
	floats   []float32 // a piece of what is read
	halves   []uint16
}

// tracePiece is the number of elements read at a time.
const tracePiece = 1 << 18

func newTracer(p *Program, seqLen int) *tracer {
	t := &tracer{
		p: p, seqLen: seqLen, micro: -1,
		largest: map[*value]float32{}, perToken: map[*value]bool{}, gradOf: map[*value]string{}, layers: map[*instr]int{},
		floats: make([]float32, tracePiece), halves: make([]uint16, tracePiece),
	}
	for name, v := range p.grads {
		t.gradOf[v] = name
	}
	ofParam := map[string]int{}
	for _, in := range p.instrs {
		if name := t.tensor(in); name != "" && !in.backward {
			ofParam[name] = in.layer
		}
	}
	for _, in := range p.instrs {
		t.layers[in] = t.layer(in, ofParam)
		for i, v := range in.out {
			if v != nil {
				t.perToken[v] = !slices.Contains(in.op.summed, i) && slices.ContainsFunc(in.in, t.isPerToken)
			}
		}
	}
	return t
}

// isPerToken reports whether a value has a row for each token of the micro-batch.
func (t *tracer) isPerToken(v *value) bool {
	if v.leaf != nil {
		return v.leaf.kind == batchInput
	}
	return t.perToken[v]
}

// tensor returns the parameter whose gradient in computes, or else one that it reads.
func (t *tracer) tensor(in *instr) string {
	for _, v := range in.out {
		if name := t.gradOf[v]; v != nil && name != "" {
			return name
		}
	}
	for _, v := range in.in {
		if v.leaf != nil && v.leaf.kind == paramInput {
			return v.name
		}
	}
	return ""
}

// layer returns the block of an op. The backward pass has no blocks; there it is that
// of the op's parameter, or of the latest forward value that it reads. What reads
// gradients alone, such as a sum, belongs to the earliest of them.
func (t *tracer) layer(in *instr, ofParam map[string]int) int {
	if !in.backward || in.again {
		return in.layer
	}
	if layer, ok := ofParam[t.tensor(in)]; ok {
		return layer
	}
	forward, backward := noBlock, noBlock
	for _, v := range in.in {
		if v.producer == nil {
			continue
		}
		layer := t.layers[v.producer]
		switch {
		case !v.producer.backward || v.producer.again:
			forward = max(forward, layer)
		case backward == noBlock || layer != noBlock && layer < backward:
			backward = layer
		}
	}
	if forward != noBlock {
		return forward
	}
	return backward
}

// leaves looks at what is there before anything runs.
func (t *tracer) leaves() (*Fault, error) {
	for _, v := range t.p.inputs {
		f := &Fault{Tensor: v.name, Block: noBlock, MicroBatch: -1, Row: -1, Token: -1}
		switch v.leaf.kind {
		case paramInput:
			f.Phase = PhaseParameters
		case constInput:
			f.Phase = PhaseInputs
		case scalarInput:
			if x := *t.p.scalars[v.name]; !finite(x) {
				f.Phase, f.Value, f.At = PhaseInputs, x, []int{0}
				return f, nil
			}
			continue
		default:
			continue
		}
		at, x, err := t.scan(v)
		if err != nil {
			return nil, err
		}
		if at >= 0 {
			f.Value = x
			f.at(at, v.leaf.shape)
			return f, nil
		}
	}
	return nil, nil
}

// at sets the place of an element of a tensor.
func (f *Fault) at(element int, shape []int) {
	f.At = make([]int, len(shape))
	for i, n := range slices.Backward(shape) {
		f.At[i] = element % n
		element /= n
	}
	f.Column = f.At[len(f.At)-1]
}

// run runs the instructions of a phase up to the first fault.
func (t *tracer) run(ph phase) (*Fault, error) {
	for _, in := range t.p.instrs {
		if in.phase != ph {
			continue
		}
		inputs := t.operands(in)
		t.p.runAlone(in)
		for i, v := range in.out {
			if v == nil {
				continue
			}
			at, x, err := t.scan(v)
			if err != nil {
				return nil, fmt.Errorf("autograd: trace: %s: %w", in.op.name, err)
			}
			if at >= 0 {
				return t.fault(in, i, at, x, inputs), nil
			}
		}
		if f, err := t.overflowed(in, inputs); f != nil || err != nil {
			return f, err
		}
	}
	return nil, t.p.dev.Sync()
}

// operands tells the largest magnitude among what in reads, sums that it adds to
// included. All of it was scanned before.
func (t *tracer) operands(in *instr) string {
	top, where := float32(-1), ""
	look := func(v *value) {
		if x, ok := t.largest[v]; ok && x > top {
			top, where = x, v.name
		}
	}
	for _, v := range slices.Concat(in.in, in.extends) {
		look(v)
	}
	for i, v := range in.out {
		if v != nil && in.acc[i] && v.accumulator {
			look(v)
		}
	}
	if where == "" {
		return ""
	}
	return fmt.Sprintf("finite, the largest %.2g in %s", top, where)
}

// scan reads v, remembers its largest magnitude and returns the first element that is
// not finite, or -1.
func (t *tracer) scan(v *value) (at int, x float32, err error) {
	top := float32(0)
	buf := t.p.bufs[v]
	for from := 0; from < buf.Len; from += tracePiece {
		piece, err := t.read(buf.Slice(from, min(from+tracePiece, buf.Len)), t.floats)
		if err != nil {
			return -1, 0, err
		}
		for i, x := range piece {
			if !finite(x) {
				return from + i, x, nil
			}
			top = max(top, float32(math.Abs(float64(x))))
		}
	}
	t.largest[v] = top
	return -1, 0, nil
}

// read widens buf into dst. Weights stored as integers are finite and come out empty.
func (t *tracer) read(buf kernels.Buf, dst []float32) ([]float32, error) {
	switch buf.Type {
	case kernels.F32:
		return dst[:buf.Len], kernels.Read(t.p.dev, dst[:buf.Len], buf)
	case kernels.BF16:
		if err := kernels.Read(t.p.dev, t.halves[:buf.Len], buf); err != nil {
			return nil, err
		}
		for i, h := range t.halves[:buf.Len] {
			dst[i] = math.Float32frombits(uint32(h) << 16)
		}
		return dst[:buf.Len], nil
	}
	return nil, nil
}

// overflowed looks for an overflow that left only finite results.
func (t *tracer) overflowed(in *instr, inputs string) (*Fault, error) {
	if in.op.lost == nil || in.out[0] == nil || t.p.bufs[in.in[0]].Type != kernels.F32 {
		return nil, nil
	}
	x, y := make([]float32, in.in[0].len), make([]float32, in.out[0].len)
	_, errX := t.read(t.p.bufs[in.in[0]], x)
	_, errY := t.read(t.p.bufs[in.out[0]], y)
	if err := errors.Join(errX, errY); err != nil {
		return nil, fmt.Errorf("autograd: trace: %s: %w", in.op.name, err)
	}
	at := in.op.lost(x, y)
	if at < 0 {
		return nil, nil
	}
	f := t.fault(in, 0, at, y[at], inputs)
	f.Cause = in.op.lostBy
	return f, nil
}

// fault describes element at of result i.
func (t *tracer) fault(in *instr, i, at int, x float32, inputs string) *Fault {
	f := &Fault{
		Op: in.op.name, Tensor: t.tensor(in), Block: t.layers[in], Phase: in.phaseName(),
		MicroBatch: t.micro, Row: -1, Token: -1, Value: x, Inputs: inputs,
	}
	if i < len(in.op.results) {
		f.Result = in.op.results[i]
	}
	f.at(at, in.op.out[i].shape)
	for _, s := range t.p.sparse {
		if slot := f.At[0]; s.grad == in.out[i] && slot < len(s.seen) {
			f.At[0] = int(s.seen[slot])
		}
	}
	if !t.perToken[in.out[i]] {
		return f
	}
	token := f.At[0]
	if in.op.locate != nil {
		if row, column, ok := in.op.locate(i, at); ok {
			token, f.Column = row, column
		}
	}
	f.Row, f.Token = token/t.seqLen, token%t.seqLen
	return f
}

func finite(x float32) bool { return x-x == 0 }
