package autograd

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"gorgonia.org/gorgonia"

	"huihai/kernels"
)

// Program is a compiled graph. After [Program.Bind] an optimizer step is
//
//	Begin; then for each micro-batch: SetInts..., Micro; then End
//
// and the gradients lie in [Program.Grad] until the next Begin. A program is
// used by one goroutine at a time. In steady state nothing is allocated. When a step
// gave a value that is not finite, [Program.Trace] finds where that came from.
type Program struct {
	dev    kernels.Device
	instrs []*instr
	leaves map[string]*value
	inputs []*value // leaves in the order of their declaration
	// declared are all leaves of the graph, those that nothing reads included.
	declared map[string]*leaf
	grads    map[string]*value
	outputs  map[string]*value
	sums     []*value // accumulators, cleared at Begin
	sparse   []*sparseGrad
	plan     Plan
	span     span
	// micros is the most micro-batches of a step (0: any number), ran those
	// since Begin.
	micros, ran int

	room    *arena // nil before Bind
	reserve int64  // least bytes of the arena
	scalars map[string]*float32
	bufs    map[*value]kernels.Buf
	phases  [epilogue + 1][]launch
}

var _ gorgonia.VM = (*Program)(nil)

func newProgram(r *ir, blocks []*block) *Program {
	p := &Program{
		dev: r.dev, instrs: r.instrs, grads: r.grads, outputs: r.output, sparse: r.sparse,
		leaves: map[string]*value{}, declared: r.graph.byName, scalars: map[string]*float32{},
		inputs: r.leaves, plan: newPlan(r.instrs, blocks), span: r.span(), micros: r.opts.MicroBatches,
	}
	for _, v := range r.leaves {
		p.leaves[v.name] = v
		if v.leaf.kind == scalarInput {
			p.scalars[v.name] = new(float32)
		}
	}
	for _, in := range p.instrs {
		for _, v := range in.out {
			if v != nil && v.accumulator {
				p.sums = append(p.sums, v)
			}
		}
	}
	return p
}

// Plan returns the memory plan. It may be called before Bind.
func (p *Program) Plan() Plan { return p.plan }

// Bind allocates the arena and ties the program to the parameters' storage. A
// parameter missing from params, or of the wrong size, is an error that names
// it. Binding again only re-ties the parameters.
func (p *Program) Bind(params map[string]kernels.Buf) error {
	if err := p.checkParams(params); err != nil {
		return err
	}
	if !p.room.bound() {
		mem, err := p.dev.Alloc(max(p.plan.ArenaBytes, p.reserve, alignment))
		if err != nil {
			return fmt.Errorf("autograd: bind: arena: %w", err)
		}
		p.room = &arena{mem: mem, owner: p}
	}
	p.tie(params)
	if p.room.tenant == nil {
		return p.enter()
	}
	return nil
}

func (p *Program) checkParams(params map[string]kernels.Buf) error {
	for _, name := range slices.Sorted(maps.Keys(p.leaves)) {
		v := p.leaves[name]
		if v.leaf.kind != paramInput {
			continue
		}
		if b, ok := params[name]; !ok || b.Len != v.len {
			return fmt.Errorf("autograd: bind: parameter %s: the graph wants %d elements, the storage has %d", name, v.len, b.Len)
		}
	}
	return nil
}

// tie gives every value its buffer: a parameter's storage or a place in the arena.
func (p *Program) tie(params map[string]kernels.Buf) {
	p.bufs = map[*value]kernels.Buf{}
	for _, v := range p.leaves {
		switch v.leaf.kind {
		case paramInput:
			p.bufs[v] = params[v.name]
		case batchInput, constInput:
			p.bufs[v] = p.at(v)
		}
	}
	for _, in := range p.instrs {
		p.bindInstr(in)
	}
	for ph := range p.phases {
		p.phases[ph] = p.launches(phase(ph))
	}
}

func (p *Program) at(v *value) kernels.Buf {
	return kernels.Buf{Mem: p.room.mem, Off: v.mem.offset, Len: v.len, Type: v.dtype}
}

func (p *Program) bindInstr(in *instr) {
	c := call{acc: in.acc, scalars: make([]*float32, len(in.in))}
	for i, v := range in.in {
		c.in = append(c.in, p.bufs[v])
		if v.leaf != nil && v.leaf.kind == scalarInput {
			c.scalars[i] = p.scalars[v.name]
		}
	}
	for _, v := range in.out {
		var b kernels.Buf
		if v != nil {
			b = p.at(v)
			p.bufs[v] = b
		}
		c.out = append(c.out, b)
	}
	if s := in.scratch; s != nil {
		c.scratch = kernels.Buf{Mem: p.room.mem, Off: s.offset, Len: int(s.bytes), Type: kernels.U8}
	}
	in.call = c
}

// SetInts writes an int32 input for the next micro-batch. A name that the graph
// does not declare is an error; one that the compiled part of it does not read is
// passed over.
func (p *Program) SetInts(name string, v []int32) error {
	l := p.leaves[name]
	if l == nil {
		if p.declared[name] == nil {
			return fmt.Errorf("autograd: the graph has no input %s", name)
		}
		return nil
	}
	if l.len != len(v) || l.dtype != kernels.I32 {
		return fmt.Errorf("autograd: input %s holds %d int32 values, got %d", name, l.len, len(v))
	}
	if err := p.inside(); err != nil {
		return err
	}
	for _, s := range p.sparse {
		if s.ids == l {
			copy(s.host, v)
		}
	}
	return kernels.Write(p.dev, p.bufs[l], v)
}

// SetScalar sets a host scalar for the calls that follow.
func (p *Program) SetScalar(name string, v float32) {
	if s := p.scalars[name]; s != nil {
		*s = v
	}
}

// Begin starts an optimizer step: it runs the prologue and clears the
// gradients.
func (p *Program) Begin() error {
	if err := p.start(); err != nil {
		return err
	}
	p.run(prologue)
	p.clearSums()
	return nil
}

// start takes the arena and forgets the last step.
func (p *Program) start() error {
	if err := p.enter(); err != nil {
		return err
	}
	p.ran = 0
	for _, s := range p.sparse {
		s.begin()
	}
	return nil
}

func (p *Program) clearSums() {
	for _, v := range p.sums {
		p.dev.Zero(p.bufs[v])
	}
}

// Micro runs forward and backward for the micro-batch in the inputs. More of
// them in a step than Options.MicroBatches is an error.
func (p *Program) Micro() error {
	if err := p.nextMicro(); err != nil {
		return err
	}
	p.run(micro)
	return nil
}

// nextMicro counts a micro-batch and gives its rows their places.
func (p *Program) nextMicro() error {
	if err := p.inside(); err != nil {
		return err
	}
	if p.micros > 0 && p.ran == p.micros {
		return fmt.Errorf("autograd: micro-batch %d of a step; the program was compiled for steps of %d (Options.MicroBatches)", p.ran+1, p.micros)
	}
	p.ran++
	for _, s := range p.sparse {
		if err := s.assign(p); err != nil {
			return fmt.Errorf("autograd: rows of the gradient of %s: %w", s.param, err)
		}
	}
	return nil
}

// End finishes a step: the backward of the prologue, on the summed gradients.
func (p *Program) End() error {
	if err := p.inside(); err != nil {
		return err
	}
	if p.micros == 1 && p.ran == 0 && len(p.grads) > 0 {
		return errors.New("autograd: end of a step without a micro-batch: there are no gradients")
	}
	p.run(epilogue)
	return p.dev.Sync()
}

func (p *Program) run(ph phase) {
	for i := range p.phases[ph] {
		p.phases[ph][i].run(p.dev)
	}
}

// Grad returns the gradient of a trainable parameter, valid from End to the
// next Begin, of this program or of one that shares its arena. A gradient kept by
// row has no such buffer: see [Program.GradRows].
func (p *Program) Grad(param string) (kernels.Buf, bool) {
	v := p.grads[param]
	if v == nil || p.SparseGrad(param) {
		return kernels.Buf{}, false
	}
	return p.bufs[v], true
}

// Output returns a named output, valid from Micro to the next Micro.
func (p *Program) Output(name string) (kernels.Buf, bool) {
	v := p.outputs[name]
	if v == nil {
		return kernels.Buf{}, false
	}
	return p.bufs[v], true
}

// RunAll implements gorgonia.VM: a step of one micro-batch.
func (p *Program) RunAll() error {
	return errors.Join(p.Begin(), p.Micro(), p.End())
}

// Reset implements gorgonia.VM. A program keeps no state between steps.
func (p *Program) Reset() {}
