package autograd

import (
	"cmp"
	"fmt"
	"slices"
)

// Kind groups the tensors of a plan.
type Kind uint8

// The kinds of memory in an arena. Parameters and optimizer state are not in
// it; they belong to those who made them.
const (
	Activations Kind = iota // values of one micro-batch, forward and backward
	Gradients               // sums over the micro-batches of a step
	Derived                 // computed from parameters once per step
	Workspace               // scratch of a single kernel call
	Inputs                  // token ids, labels, segments, positions
	Constants               // tables fixed when the graph was built
)

// String names the kind as reports do.
func (k Kind) String() string {
	names := [...]string{"activations", "gradients", "derived_weights", "workspace", "inputs", "constants"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// TensorPlan is one tensor's place in the arena.
type TensorPlan struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Bytes    int64  `json:"bytes"`
	Offset   int64  `json:"offset"`
	From, To int    `json:"-"` // first and last instruction that needs it
}

// PhasePlan is the memory alive at the fullest moment of a phase.
type PhasePlan struct {
	Phase       string `json:"phase"`
	Bytes       int64  `json:"bytes"`
	At          string `json:"at"` // the op at that moment
	Operations  int    `json:"operations"`
	Recomputing int    `json:"recomputing,omitempty"` // operations run a second time
}

// Plan is the memory of a program, known before anything is allocated. A run
// allocates exactly ArenaBytes.
type Plan struct {
	ArenaBytes int64            `json:"arena_bytes"`
	ByKind     map[string]int64 `json:"by_kind"` // at the fullest moment
	Phases     []PhasePlan      `json:"phases"`
	Tensors    []TensorPlan     `json:"tensors,omitempty"` // largest first
}

func newPlan(instrs []*instr, blocks []*block) Plan {
	p := Plan{ArenaBytes: arenaBytes(blocks), ByKind: map[string]int64{}}
	fullest, most := -1, int64(-1)
	phases := map[string]*PhasePlan{}
	var order []string
	for i, in := range instrs {
		live := int64(0)
		for _, b := range blocks {
			if b.from <= i && i <= b.to {
				live += aligned(b.bytes)
			}
		}
		name := in.phaseName()
		ph := phases[name]
		if ph == nil {
			ph = &PhasePlan{Phase: name}
			phases[name] = ph
			order = append(order, name)
		}
		ph.Operations++
		if in.again {
			ph.Recomputing++
		}
		if live > ph.Bytes {
			ph.Bytes, ph.At = live, in.op.name
		}
		if live > most {
			fullest, most = i, live
		}
	}
	for _, name := range order {
		p.Phases = append(p.Phases, *phases[name])
	}
	for _, b := range blocks {
		if b.from <= fullest && fullest <= b.to {
			p.ByKind[b.kind.String()] += aligned(b.bytes)
		}
		p.Tensors = append(p.Tensors, TensorPlan{b.name, b.kind.String(), b.bytes, b.offset, b.from, b.to})
	}
	slices.SortStableFunc(p.Tensors, func(a, b TensorPlan) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return p
}

func (in *instr) phaseName() string {
	switch {
	case in.phase == prologue:
		return "prologue"
	case in.phase == epilogue:
		return "epilogue"
	case in.backward:
		return "backward"
	default:
		return "forward"
	}
}
