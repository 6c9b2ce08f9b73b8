package optim

import "slices"

// OptimizerType names how gradients become steps.
type OptimizerType string

// The choices of optimizer.
const (
	AdamW     OptimizerType = "adamw"
	AdamW8bit OptimizerType = "adamw_8bit"
	Adafactor OptimizerType = "adafactor"
	Lion      OptimizerType = "lion"
	Muon      OptimizerType = "muon"
)

// DecayOn names the tensors that weight decay applies to.
type DecayOn string

// The choices of decay_on.
const (
	DecayMatrices DecayOn = "matrices" // tensors of two or more dimensions
	DecayAll      DecayOn = "all"
	DecayNone     DecayOn = "none"
)

// SchedulerType names the shape of the learning rate over the steps.
type SchedulerType string

// The choices of lr_scheduler_type, as Hugging Face calls them; all begin with
// the warm-up. Constant and ConstantWithWarmup are one.
const (
	Cosine             SchedulerType = "cosine"
	Linear             SchedulerType = "linear"
	Polynomial         SchedulerType = "polynomial"
	Constant           SchedulerType = "constant"
	ConstantWithWarmup SchedulerType = "constant_with_warmup"
	WarmupStableDecay  SchedulerType = "warmup_stable_decay"
)

// DecayType names the shape of the last part of WarmupStableDecay.
type DecayType string

// The choices of lr_decay_type, as Hugging Face calls them.
const (
	CosineDecay       DecayType = "cosine"
	LinearDecay       DecayType = "linear"
	OneMinusSqrtDecay DecayType = "1-sqrt"
)

// LRScale names how Muon fits its learning rate to the shape of a matrix.
type LRScale string

// The choices of muon_lr_scale, those of adjust_lr_fn of torch.optim.Muon.
const (
	OriginalScale LRScale = "original"        // sqrt(max(1, rows/columns))
	MatchRMSAdamW LRScale = "match_rms_adamw" // 0.2*sqrt(max(rows, columns))
)

// Config is the recipe of an optimizer and its learning rate.
type Config struct {
	// Optimizer is adamw, adamw_8bit (moments in eight bits), adafactor (a second
	// moment by row and column), lion (one moment) or muon (orthogonal steps for
	// the matrices of the blocks, adamw for the rest).
	Optimizer OptimizerType `yaml:"optimizer" mapstructure:"optimizer"`
	// LearningRate is the highest learning rate, reached after the warm-up.
	LearningRate float64 `yaml:"learning_rate" mapstructure:"learning_rate"`
	// Beta1 and Beta2 are the decay rates of the moments, in [0, 1). For lion,
	// whose second rate has another meaning, 0.9 and 0.99 are usual.
	Beta1 float64 `yaml:"beta1" mapstructure:"beta1"`
	Beta2 float64 `yaml:"beta2" mapstructure:"beta2"`
	// Epsilon is added to the root of the second moment (adamw, adamw_8bit).
	Epsilon float64 `yaml:"epsilon" mapstructure:"epsilon"`
	// WeightDecay is decoupled: a step takes lr*weight_decay of a weight away.
	WeightDecay float64 `yaml:"weight_decay" mapstructure:"weight_decay"`
	// DecayOn says which tensors decay.
	DecayOn DecayOn `yaml:"decay_on" mapstructure:"decay_on"`
	// MaxGradNorm is the global gradient norm above which gradients are scaled
	// down; 0 turns clipping off.
	MaxGradNorm float64 `yaml:"max_grad_norm" mapstructure:"max_grad_norm"`

	// Groups give tensors settings of their own: pattern, lr_scale and
	// weight_decay. The last group whose pattern matches a tensor's name counts.
	Groups []Group `yaml:"groups" mapstructure:"groups"`
	// Freeze lists patterns of tensors that are not trained.
	Freeze []string `yaml:"freeze" mapstructure:"freeze"`

	// SchedulerType is the shape of the learning rate after the warm-up: cosine,
	// linear, polynomial, constant (constant_with_warmup is the same) or
	// warmup_stable_decay.
	SchedulerType SchedulerType `yaml:"lr_scheduler_type" mapstructure:"lr_scheduler_type"`
	// WarmupSteps is the length of the linear warm-up; 0 means none, or
	// warmup_ratio.
	WarmupSteps int `yaml:"warmup_steps" mapstructure:"warmup_steps"`
	// WarmupRatio is the length of the warm-up as a share of the run, rounded up
	// to steps; it goes with warmup_steps 0 only.
	WarmupRatio float64 `yaml:"warmup_ratio" mapstructure:"warmup_ratio"`
	// MinLRRatio is where the decay ends, as a share of LearningRate.
	MinLRRatio float64 `yaml:"min_lr_ratio" mapstructure:"min_lr_ratio"`
	// LRPower is the exponent of polynomial.
	LRPower float64 `yaml:"lr_power" mapstructure:"lr_power"`
	// LRDecaySteps is the length of the last part of warmup_stable_decay.
	LRDecaySteps int `yaml:"lr_decay_steps" mapstructure:"lr_decay_steps"`
	// LRDecayRatio is that length as a share of the run, rounded up to steps;
	// give one of the two.
	LRDecayRatio float64 `yaml:"lr_decay_ratio" mapstructure:"lr_decay_ratio"`
	// LRDecayType is the shape of that part: cosine, linear or 1-sqrt.
	LRDecayType DecayType `yaml:"lr_decay_type" mapstructure:"lr_decay_type"`

	// MuonMomentum is the decay rate of muon's mean of gradients, in [0, 1).
	MuonMomentum float64 `yaml:"muon_momentum" mapstructure:"muon_momentum"`
	// MuonNSSteps is the number of Newton-Schulz steps of muon.
	MuonNSSteps int `yaml:"muon_ns_steps" mapstructure:"muon_ns_steps"`
	// MuonLRScale fits muon's learning rate to the shape of a matrix:
	// match_rms_adamw gives steps as long as those of adamw, so that one
	// learning_rate serves both; original is that of its authors.
	MuonLRScale LRScale `yaml:"muon_lr_scale" mapstructure:"muon_lr_scale"`
	// MuonExclude lists patterns of matrices that muon leaves to adamw.
	MuonExclude []string `yaml:"muon_exclude" mapstructure:"muon_exclude"`

	// AdafactorBeta2Decay is the exponent d of adafactor's rate of change t^d at
	// step t, negative.
	AdafactorBeta2Decay float64 `yaml:"adafactor_beta2_decay" mapstructure:"adafactor_beta2_decay"`
	// AdafactorClip is the root mean square above which adafactor's update of a
	// tensor is scaled down (d in PyTorch).
	AdafactorClip float64 `yaml:"adafactor_clip" mapstructure:"adafactor_clip"`
	// AdafactorEps1 keeps adafactor's divisors from zero; the least second moment
	// is its square.
	AdafactorEps1 float64 `yaml:"adafactor_eps1" mapstructure:"adafactor_eps1"`
	// AdafactorEps2 is the least root mean square of a tensor that adafactor
	// scales its step with.
	AdafactorEps2 float64 `yaml:"adafactor_eps2" mapstructure:"adafactor_eps2"`
}

// Default returns the pretraining recipe of the Baichuan 2 report, section 2
// (7B). The report does not state epsilon, which tensors decay or the lowest
// learning rate; 1e-8, matrices and a tenth are the customary choices. What
// concerns muon and adafactor is as in PyTorch in float32, but for muon_lr_scale.
func Default() Config {
	return Config{
		Optimizer:    AdamW,
		LearningRate: 2e-4, Beta1: 0.9, Beta2: 0.95, Epsilon: 1e-8,
		WeightDecay: 0.1, DecayOn: DecayMatrices, MaxGradNorm: 0.5,
		SchedulerType: Cosine, WarmupSteps: 2000, MinLRRatio: 0.1, LRPower: 1, LRDecayType: CosineDecay,
		MuonMomentum: 0.95, MuonNSSteps: 5, MuonLRScale: MatchRMSAdamW,
		MuonExclude:         []string{"*embed_tokens*", "lm_head*"},
		AdafactorBeta2Decay: -0.8, AdafactorClip: 1, AdafactorEps1: 0x1p-23, AdafactorEps2: 1e-3,
	}
}

// NeedsDenseGradients reports whether the optimizer takes no gradients by row
// ([Param] Rows): every tensor then needs a whole gradient. Muon takes them for what
// it leaves to adamw; with another muon_exclude than the default it may not.
func (c Config) NeedsDenseGradients() bool {
	return c.Optimizer != AdamW && !(c.Optimizer == Muon && slices.Equal(c.MuonExclude, Default().MuonExclude))
}
