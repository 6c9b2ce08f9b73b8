package optim

import (
	"errors"
	"fmt"
	"math"
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

// The choices of lr_scheduler_type; both begin with a linear warm-up.
const (
	Cosine   SchedulerType = "cosine"
	Constant SchedulerType = "constant"
)

// Config is the recipe of an optimizer and its learning rate.
type Config struct {
	// LearningRate is the highest learning rate, reached after the warm-up.
	LearningRate float64 `yaml:"learning_rate" mapstructure:"learning_rate"`
	// Beta1 and Beta2 are the decay rates of the moments, in [0, 1).
	Beta1 float64 `yaml:"beta1" mapstructure:"beta1"`
	Beta2 float64 `yaml:"beta2" mapstructure:"beta2"`
	// Epsilon is added to the root of the second moment.
	Epsilon float64 `yaml:"epsilon" mapstructure:"epsilon"`
	// WeightDecay is decoupled: a step takes lr*weight_decay of a weight away.
	WeightDecay float64 `yaml:"weight_decay" mapstructure:"weight_decay"`
	// DecayOn says which tensors decay.
	DecayOn DecayOn `yaml:"decay_on" mapstructure:"decay_on"`
	// MaxGradNorm is the global gradient norm above which gradients are scaled
	// down; 0 turns clipping off.
	MaxGradNorm float64 `yaml:"max_grad_norm" mapstructure:"max_grad_norm"`
	// SchedulerType is the shape of the learning rate after the warm-up.
	SchedulerType SchedulerType `yaml:"lr_scheduler_type" mapstructure:"lr_scheduler_type"`
	// WarmupSteps is the length of the linear warm-up; 0 means none.
	WarmupSteps int `yaml:"warmup_steps" mapstructure:"warmup_steps"`
	// MinLRRatio is where the cosine ends, as a share of LearningRate.
	MinLRRatio float64 `yaml:"min_lr_ratio" mapstructure:"min_lr_ratio"`
}

// Default returns the pretraining recipe of the Baichuan 2 report, section 2
// (7B). The report does not state epsilon, which tensors decay or the lowest
// learning rate; 1e-8, matrices and a tenth are the customary choices.
func Default() Config {
	return Config{
		LearningRate: 2e-4, Beta1: 0.9, Beta2: 0.95, Epsilon: 1e-8,
		WeightDecay: 0.1, DecayOn: DecayMatrices, MaxGradNorm: 0.5,
		SchedulerType: Cosine, WarmupSteps: 2000, MinLRRatio: 0.1,
	}
}

// Validate reports every impossible value at once, each naming its key.
func (c Config) Validate() error {
	var errs []error
	check := func(ok bool, key string, value any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s is %v; it must be %s", key, value, want))
		}
	}
	// Conditions are written so that NaN fails them.
	check(c.LearningRate > 0 && c.LearningRate <= math.MaxFloat32, "learning_rate", c.LearningRate, "positive and finite")
	// Devices compute in float32, where 1-1e-9 is 1 and nothing would be learnt.
	check(c.Beta1 >= 0 && float32(c.Beta1) < 1, "beta1", c.Beta1, "in [0, 1)")
	check(c.Beta2 >= 0 && float32(c.Beta2) < 1, "beta2", c.Beta2, "in [0, 1)")
	// Below the smallest normal float32 it would be flushed to nothing, and a
	// weight whose gradient is zero would become NaN.
	check(c.Epsilon >= 0x1p-126 && c.Epsilon < 1, "epsilon", c.Epsilon, "in [1.2e-38, 1)")
	check(c.WeightDecay >= 0 && c.WeightDecay <= math.MaxFloat32, "weight_decay", c.WeightDecay, "0 or more, and finite")
	check(c.DecayOn == DecayMatrices || c.DecayOn == DecayAll || c.DecayOn == DecayNone,
		"decay_on", quote(c.DecayOn), `"matrices", "all" or "none"`)
	check(c.MaxGradNorm >= 0 && c.MaxGradNorm <= math.MaxFloat32, "max_grad_norm", c.MaxGradNorm, "positive and finite, or 0 for no clipping")
	check(c.SchedulerType == Cosine || c.SchedulerType == Constant,
		"lr_scheduler_type", quote(c.SchedulerType), `"cosine" or "constant"`)
	check(c.WarmupSteps >= 0, "warmup_steps", c.WarmupSteps, "0 or more")
	check(c.MinLRRatio >= 0 && c.MinLRRatio <= 1, "min_lr_ratio", c.MinLRRatio, "in [0, 1]")
	return errors.Join(errs...)
}

func quote[T ~string](v T) string { return fmt.Sprintf("%q", string(v)) }

// Decay returns the weight decay of a tensor of the given shape.
func (c Config) Decay(shape []int) float64 {
	if c.DecayOn == DecayAll || c.DecayOn == DecayMatrices && len(shape) >= 2 {
		return c.WeightDecay
	}
	return 0
}
