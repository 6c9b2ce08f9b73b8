package trainer

import (
	"fmt"

	"huihai/autograd"
	"huihai/kernels"
	"huihai/model"
	"huihai/optim"
)

// Plan is the memory and the work of a run, known before it starts.
type Plan struct {
	Parameters      int64   `json:"parameters"`
	TokensPerStep   int64   `json:"tokens_per_step"`
	FLOPsPerToken   float64 `json:"flops_per_token"`
	FLOPsPerStep    float64 `json:"flops_per_step"`
	RecomputeBlocks int     `json:"recompute_blocks"`
	// Bytes on the device by kind: weights, optimizer_state, device, and the
	// kinds of autograd.Plan at its fullest moment.
	Bytes map[string]int64 `json:"bytes"`
	// PeakBytes is what the run allocates on the device.
	PeakBytes int64         `json:"peak_bytes"`
	Arena     autograd.Plan `json:"arena"`
}

// PlanRun plans a run without allocating anything on the device.
func PlanRun(dev kernels.Device, mc model.Config, c Config) (Plan, error) {
	step, err := compile(dev, mc, c)
	if err != nil {
		return Plan{}, err
	}
	return newPlan(dev, mc, c, step), nil
}

func compile(dev kernels.Device, mc model.Config, c Config) (*model.Step, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("trainer: %w", err)
	}
	if c.SequenceLength > mc.ModelMaxLength {
		return nil, fmt.Errorf("trainer: train.sequence_length is %d but model.model_max_length is %d; shorten the first or raise the second", c.SequenceLength, mc.ModelMaxLength)
	}
	return model.CompileStep(mc, dev, model.StepOptions{
		Batch: c.PerDeviceTrainBatchSize, SeqLen: c.SequenceLength,
		ZLossWeight: c.ZLossWeight, RecomputeBlocks: recomputeBlocks(mc, c),
	})
}

func recomputeBlocks(mc model.Config, c Config) int {
	if c.Recompute {
		return mc.NumHiddenLayers
	}
	return 0
}

func newPlan(dev kernels.Device, mc model.Config, c Config, step *model.Step) Plan {
	tokens := int64(c.PerDeviceTrainBatchSize) * int64(c.GradientAccumulationSteps) * int64(c.SequenceLength)
	flops := mc.FLOPsPerToken(c.SequenceLength)
	p := Plan{
		Parameters: mc.Parameters(), TokensPerStep: tokens,
		FLOPsPerToken: flops, FLOPsPerStep: flops * float64(tokens),
		RecomputeBlocks: recomputeBlocks(mc, c),
		Bytes:           map[string]int64{}, Arena: step.Plan(),
	}
	for kind, n := range p.Arena.ByKind {
		p.Bytes[kind] = n
	}
	p.Bytes["weights"] = model.WeightBytes(mc.Tensors(), model.Float32)
	p.Bytes["optimizer_state"] = optim.StateBytes(optimParams(mc.Tensors(), nil, nil))
	p.Bytes["device"] = dev.Capabilities().FixedBytes
	p.PeakBytes = p.Arena.ArenaBytes + p.Bytes["weights"] + p.Bytes["optimizer_state"] + p.Bytes["device"]
	return p
}

// optimParams lists the trainable tensors for the optimizer. Without weights
// only shapes are filled in, which is enough to plan.
func optimParams(ts []model.Tensor, w *model.Weights, step *model.Step) []optim.Param {
	var ps []optim.Param
	for _, t := range ts {
		if !t.Trainable {
			continue
		}
		p := optim.Param{Name: t.Name, Shape: t.Shape}
		if w != nil {
			p.Value = w.Bufs()[t.Name]
			p.Grad, _ = step.Grad(t.Name)
		}
		ps = append(ps, p)
	}
	return ps
}
