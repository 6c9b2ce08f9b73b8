package optim

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// problems collects what is wrong with a configuration.
type problems []error

// check adds a problem unless ok; conditions are written so that NaN fails them.
func (p *problems) check(ok bool, key string, value any, want string) {
	if !ok {
		p.add("%s is %v; it must be %s", key, value, want)
	}
}

func (p *problems) add(format string, a ...any) { *p = append(*p, fmt.Errorf(format, a...)) }

// Validate reports every impossible value at once, each naming its key.
func (c Config) Validate() error {
	var p problems
	oneOf(&p, "optimizer", c.Optimizer, otherOptimizers, AdamW, AdamW8bit, Adafactor, Lion, Muon)
	p.check(c.LearningRate > 0 && c.LearningRate <= math.MaxFloat32, "learning_rate", c.LearningRate, "positive and finite")
	// Devices compute in float32, where 1-1e-9 is 1 and nothing would be learnt.
	p.check(c.Beta1 >= 0 && float32(c.Beta1) < 1, "beta1", c.Beta1, "in [0, 1)")
	p.check(c.Beta2 >= 0 && float32(c.Beta2) < 1, "beta2", c.Beta2, "in [0, 1)")
	// Below the smallest normal float32 it would be flushed to nothing, and a
	// weight whose gradient is zero would become NaN.
	p.check(c.Epsilon >= 0x1p-126 && c.Epsilon < 1, "epsilon", c.Epsilon, "in [1.2e-38, 1)")
	p.check(isDecay(c.WeightDecay), "weight_decay", c.WeightDecay, "0 or more, and finite")
	oneOf(&p, "decay_on", c.DecayOn, nil, DecayMatrices, DecayAll, DecayNone)
	p.check(c.MaxGradNorm >= 0 && c.MaxGradNorm <= math.MaxFloat32, "max_grad_norm", c.MaxGradNorm, "positive and finite, or 0 for no clipping")
	c.checkGroups(&p)
	c.checkSchedule(&p)
	c.checkMuon(&p)
	c.checkAdafactor(&p)
	return errors.Join(p...)
}

func isDecay(x float64) bool { return x >= 0 && x <= math.MaxFloat32 }

// isRatio reports whether x can be a share of a run.
func isRatio(x float64) bool { return x >= 0 && x < 1 }

func (c Config) checkSchedule(p *problems) {
	knownScheduler := oneOf(p, "lr_scheduler_type", c.SchedulerType, otherSchedulers, Cosine, Linear, Polynomial, Constant, ConstantWithWarmup, WarmupStableDecay)
	p.check(c.WarmupSteps >= 0, "warmup_steps", c.WarmupSteps, "0 or more")
	p.check(isRatio(c.WarmupRatio), "warmup_ratio", c.WarmupRatio, "in [0, 1)")
	if c.WarmupRatio > 0 && c.WarmupSteps > 0 {
		p.add("warmup_ratio is %v, but warmup_steps is %d, and one of them says how long the warm-up is; set warmup_steps to 0 for the ratio to count", c.WarmupRatio, c.WarmupSteps)
	}
	p.check(c.MinLRRatio >= 0 && c.MinLRRatio <= 1, "min_lr_ratio", c.MinLRRatio, "in [0, 1]")
	p.check(c.LRPower > 0 && c.LRPower <= 100, "lr_power", c.LRPower, "in (0, 100]")
	p.check(c.LRDecaySteps >= 0, "lr_decay_steps", c.LRDecaySteps, "0 or more")
	p.check(isRatio(c.LRDecayRatio), "lr_decay_ratio", c.LRDecayRatio, "in [0, 1)")
	knownDecay := oneOf(p, "lr_decay_type", c.LRDecayType, map[string]string{"sqrt": "1-sqrt"}, CosineDecay, LinearDecay, OneMinusSqrtDecay)
	if !knownScheduler {
		return
	}
	steps, ratio, wsd := c.LRDecaySteps > 0, c.LRDecayRatio > 0, c.SchedulerType == WarmupStableDecay
	switch {
	case wsd && !steps && !ratio:
		p.add("lr_scheduler_type is %s, but neither lr_decay_steps nor lr_decay_ratio says how long the decay is; a lr_decay_ratio of 0.1 to 0.2 is usual", WarmupStableDecay)
	case steps && ratio:
		p.add("lr_decay_steps is %d and lr_decay_ratio is %v, and one of them says how long the decay is; set the other to 0", c.LRDecaySteps, c.LRDecayRatio)
	case !wsd && steps:
		p.add("lr_decay_steps is %d, but only lr_scheduler_type %s has such a part, not %s", c.LRDecaySteps, WarmupStableDecay, c.SchedulerType)
	case !wsd && ratio:
		p.add("lr_decay_ratio is %v, but only lr_scheduler_type %s has such a part, not %s", c.LRDecayRatio, WarmupStableDecay, c.SchedulerType)
	}
	if c.LRPower != 1 && c.SchedulerType != Polynomial {
		p.add("lr_power is %v, but only lr_scheduler_type polynomial has a power, not %s", c.LRPower, c.SchedulerType)
	}
	if c.LRDecayType != CosineDecay && !wsd && knownDecay {
		p.add("lr_decay_type is %q, but only lr_scheduler_type %s has such a part, not %s", c.LRDecayType, WarmupStableDecay, c.SchedulerType)
	}
}

func (c Config) checkMuon(p *problems) {
	p.check(c.MuonMomentum >= 0 && float32(c.MuonMomentum) < 1, "muon_momentum", c.MuonMomentum, "in [0, 1)")
	p.check(c.MuonNSSteps >= 1 && c.MuonNSSteps <= 100, "muon_ns_steps", c.MuonNSSteps, "in 1 to 100")
	oneOf(p, "muon_lr_scale", c.MuonLRScale, nil, OriginalScale, MatchRMSAdamW)
	for i, pattern := range c.MuonExclude {
		if err := checkPattern(pattern); err != nil {
			p.add("muon_exclude[%d] %w", i, err)
		}
	}
}

func (c Config) checkAdafactor(p *problems) {
	p.check(c.AdafactorBeta2Decay >= -10 && c.AdafactorBeta2Decay < 0, "adafactor_beta2_decay", c.AdafactorBeta2Decay, "in [-10, 0)")
	p.check(c.AdafactorClip > 0 && c.AdafactorClip <= math.MaxFloat32, "adafactor_clip", c.AdafactorClip, "positive and finite")
	p.check(c.AdafactorEps1 > 0 && c.AdafactorEps1 < 1, "adafactor_eps1", c.AdafactorEps1, "in (0, 1)")
	p.check(c.AdafactorEps2 > 0 && c.AdafactorEps2 < 1, "adafactor_eps2", c.AdafactorEps2, "in (0, 1)")
}

// otherOptimizers and otherSchedulers lead from names that are in use elsewhere
// to ours. They are only suggested: a file means one thing.
var (
	otherOptimizers = map[string]string{
		"adam": "adamw", "adamw_torch": "adamw", "adamw_torch_fused": "adamw", "adamw_hf": "adamw",
		"adamw8bit": "adamw_8bit", "adamw_bnb_8bit": "adamw_8bit", "adam8bit": "adamw_8bit",
		"paged_adamw_8bit": "adamw_8bit", "lion_32bit": "lion",
	}
	otherSchedulers = map[string]string{
		"wsd": "warmup_stable_decay", "cosine_with_min_lr": "cosine, which ends at min_lr_ratio",
		"cosine_with_warmup": "cosine", "linear_with_warmup": "linear", "linear_decay": "linear", "poly": "polynomial",
	}
)

// oneOf checks that a value is one of the choices, says which was perhaps meant,
// and reports whether it is.
func oneOf[T ~string](p *problems, key string, value T, others map[string]string, choices ...T) bool {
	if slices.Contains(choices, value) {
		return true
	}
	var names []string
	for _, c := range choices {
		names = append(names, fmt.Sprintf("%q", string(c)))
	}
	last := len(names) - 1
	hint := ""
	if meant := others[strings.ToLower(string(value))]; meant != "" {
		hint = "; here it is called " + meant
	}
	p.add("%s is %q; it must be %s or %s%s", key, string(value), strings.Join(names[:last], ", "), names[last], hint)
	return false
}
