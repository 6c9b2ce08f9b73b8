package optim

import "huihai/kernels"

// rules are the rules of a run: one for each tensor, by its name and shape.
type rules struct {
	kind      OptimizerType
	adamw     adamw
	adamw8    adamw8
	adafactor adafactor
	lion      lion
	muon      *muon
	exclude   []string // what muon leaves to adamw
}

func newRules(c Config) *rules {
	a := adamw{c.Beta1, c.Beta2, c.Epsilon}
	return &rules{
		kind: c.Optimizer, adamw: a, adamw8: adamw8{a}, lion: lion{c.Beta1, c.Beta2},
		adafactor: adafactor{beta2Decay: c.AdafactorBeta2Decay, clip: c.AdafactorClip, eps1: c.AdafactorEps1, eps2: c.AdafactorEps2},
		muon:      &muon{momentum: c.MuonMomentum, steps: c.MuonNSSteps, scale: c.MuonLRScale},
		exclude:   c.MuonExclude,
	}
}

// of returns the rule of a tensor.
func (r *rules) of(name string, shape []int) rule {
	switch r.kind {
	case AdamW8bit:
		if elements(shape) >= leastAdamW8 {
			return r.adamw8
		}
	case Adafactor:
		return r.adafactor
	case Lion:
		return r.lion
	case Muon:
		if len(shape) == 2 && !matchesAny(r.exclude, name) {
			return r.muon
		}
	}
	return r.adamw
}

// reserve makes room in the scratch for a tensor.
func (r *rules) reserve(name string, shape []int) {
	if m, ok := r.of(name, shape).(*muon); ok {
		m.reserve(shape[0], shape[1])
	}
}

// scratchBytes returns the scratch that the tensors reserved for share.
func (r *rules) scratchBytes() int64 { return r.muon.scratchBytes() }

// place gives the rules their scratch.
func (r *rules) place(scratch kernels.Buf) { r.muon.place(scratch) }
