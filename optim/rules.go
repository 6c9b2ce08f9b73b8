package optim

import "huihai/kernels"

// rules are the rules of a run.
type rules struct {
	adamw adamw
}

func newRules(c Config) *rules {
	return &rules{adamw: adamw{c.Beta1, c.Beta2, c.Epsilon}}
}

// of returns the rule of a tensor.
func (r *rules) of(name string, shape []int) rule { return r.adamw }

// reserve makes room in the scratch for a tensor.
func (r *rules) reserve(name string, shape []int) {}

// scratchBytes returns the scratch that the tensors seen so far share.
func (r *rules) scratchBytes() int64 { return 0 }

// place gives the rules their scratch.
func (r *rules) place(scratch kernels.Buf) {}
