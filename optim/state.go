package optim

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"huihai/kernels"
)

// slot is one piece of the state of a tensor.
type slot struct {
	prefix string // of the name in a checkpoint, before that of the tensor
	shape  []int
	typ    kernels.DType
	kind   slotKind
}

// slotKind says which values a run can lead to.
type slotKind uint8

const (
	finite     slotKind = iota // a mean of gradients
	magnitudes                 // finite and not negative
	squares                    // a mean of squares: not negative, infinite when they overflow
	codes                      // eight bits, all of which mean something
)

func (s slot) len() int { return elements(s.shape) }

// bytes returns what the slot takes within an allocation.
func (s slot) bytes() int64 { return aligned(s.typ.Bytes(s.len())) }

// stateAlign is the alignment of every slot within its allocation, in bytes.
const stateAlign = 64

func aligned(bytes int64) int64 { return (bytes + stateAlign - 1) / stateAlign * stateAlign }

// StateBytes returns the device memory that [New] will allocate for params with
// cfg, scratch included. Only names and shapes are read, so the buffers may be
// absent.
func StateBytes(cfg Config, params []Param) int64 {
	rules := newRules(cfg)
	total := int64(0)
	for _, p := range params {
		for _, s := range rules.of(p.Name, p.Shape).slots(p.Shape) {
			total += s.bytes()
		}
		rules.reserve(p.Name, p.Shape)
	}
	return total + rules.scratchBytes()
}

// place says where a tensor of the state belongs.
type place struct{ tensor, slot, state int }

func (o *optimizer) allocate(rules *rules) error {
	var whole []int
	for i := range o.tensors {
		t := &o.tensors[i]
		rules.reserve(t.Name, t.Shape)
		if t.Rows == nil {
			whole = append(whole, i)
			continue
		}
		t.seen = make([]bool, t.Shape[0])
		if _, err := o.layOut(o.dev.AllocOnDemand, 0, i); err != nil {
			return err
		}
	}
	scratch, err := o.layOut(o.dev.Alloc, rules.scratchBytes(), whole...)
	if err != nil {
		return err
	}
	rules.place(scratch)
	for i := range o.tensors {
		t := &o.tensors[i]
		for j, s := range t.rule.slots(t.Shape) {
			name := s.prefix + t.Name
			o.places[name] = place{tensor: i, slot: j, state: len(o.state)}
			o.state = append(o.state, StateTensor{Name: name, Shape: s.shape, Buf: t.state[j]})
		}
	}
	return nil
}

// layOut puts the state of the tensors into one allocation with room for extra
// bytes behind it, which it returns.
func (o *optimizer) layOut(alloc func(int64) (kernels.Mem, error), extra int64, tensors ...int) (kernels.Buf, error) {
	total := extra
	for _, i := range tensors {
		for _, s := range o.tensors[i].rule.slots(o.tensors[i].Shape) {
			total += s.bytes()
		}
	}
	if total == 0 {
		return kernels.Buf{}, nil
	}
	mem, err := alloc(total)
	if err != nil {
		return kernels.Buf{}, err
	}
	o.mem = append(o.mem, mem)
	off := int64(0)
	for _, i := range tensors {
		t := &o.tensors[i]
		for _, s := range t.rule.slots(t.Shape) {
			t.state = append(t.state, kernels.Buf{Mem: mem, Off: off, Len: s.len(), Type: s.typ})
			off += s.bytes()
		}
	}
	return kernels.Buf{Mem: mem, Off: off, Len: int(extra), Type: kernels.U8}, nil
}

// State implements [Optimizer].
func (o *optimizer) State() []StateTensor { return o.state }

// SetState implements [Optimizer].
func (o *optimizer) SetState(name string, from int, raw []byte) error {
	at, ok := o.places[name]
	if !ok {
		return fmt.Errorf("optim: optimizer %q keeps no state called %s", o.cfg.Optimizer, name)
	}
	t, dst := &o.tensors[at.tensor], o.state[at.state]
	size := int(dst.Buf.Type.Bytes(1))
	if len(raw)%size != 0 {
		return fmt.Errorf("optim: state %s: %d bytes are not whole elements of %v", name, len(raw), dst.Buf.Type)
	}
	n := len(raw) / size
	if from < 0 || n > dst.Buf.Len-from {
		return fmt.Errorf("optim: state %s: got %d values from element %d on; the tensor has %d", name, n, from, dst.Buf.Len)
	}
	if s := dst.Shape; len(s) == 2 && (from%s[1] != 0 || n%s[1] != 0) {
		return fmt.Errorf("optim: state %s: elements %d to %d are not whole rows of %d", name, from, from+n, s[1])
	}
	if err := checkValues(t.rule.slots(t.Shape)[at.slot].kind, from, raw); err != nil {
		return fmt.Errorf("optim: state %s: %w", name, err)
	}
	buf := dst.Buf.Slice(from, from+n)
	var err error
	if t.seen != nil {
		cols := dst.Shape[1]
		err = o.setRows(t.seen[from/cols:(from+n)/cols], buf, raw)
	} else {
		err = o.dev.Write(buf, raw)
	}
	if err != nil {
		return fmt.Errorf("optim: state %s: %w", name, err)
	}
	return nil
}

// setRows writes the rows of a tensor with gradients by row that are not zero, or
// perhaps were not so before, and leaves the memory of the others untouched.
func (o *optimizer) setRows(seen []bool, dst kernels.Buf, raw []byte) error {
	if len(seen) == 0 {
		return nil
	}
	cols, width := dst.Len/len(seen), len(raw)/len(seen)
	for r := range seen {
		row := raw[r*width : (r+1)*width]
		if slices.ContainsFunc(row, func(b byte) bool { return b != 0 }) {
			seen[r] = true
		}
		if !seen[r] {
			continue
		}
		if err := o.dev.Write(dst.Slice(r*cols, (r+1)*cols), row); err != nil {
			return err
		}
	}
	return nil
}

// checkValues refuses what no run can have led to.
func checkValues(kind slotKind, from int, raw []byte) error {
	if kind == codes {
		return nil
	}
	for i := 0; i < len(raw); i += 4 {
		x := math.Float32frombits(binary.LittleEndian.Uint32(raw[i:]))
		if kind != finite && !(x >= 0) {
			return fmt.Errorf("element %d is %v; it cannot be negative or NaN (the file is damaged, or of another optimizer)", from+i/4, x)
		}
		if wide := float64(x); kind != squares && (math.IsNaN(wide) || math.IsInf(wide, 0)) {
			return fmt.Errorf("element %d is %v; it must be finite (the file is damaged, or of another optimizer)", from+i/4, x)
		}
	}
	return nil
}
