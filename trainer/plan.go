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
	PeakBytes int64 `json:"peak_bytes"`
	// OnDemandBytes is the part of it that takes memory only as tokens are seen for
	// the first time: the moments of an embedding with gradients by row.
	OnDemandBytes int64         `json:"on_demand_bytes"`
	Arena         autograd.Plan `json:"arena"`
}

// PlanRun plans a run without allocating anything on the device.
func PlanRun(dev kernels.Device, mc model.Config, c Config) (Plan, error) {
	_, plan, err := compile(dev, mc, c)
	return plan, err
}

// compile compiles the step and plans the run, recomputing all blocks, none, or
// the fewest that fit the memory budget.
func compile(dev kernels.Device, mc model.Config, c Config) (*model.Step, Plan, error) {
	if err := c.Validate(); err != nil {
		return nil, Plan{}, fmt.Errorf("trainer: %w", err)
	}
	if c.SequenceLength > mc.ModelMaxLength {
		return nil, Plan{}, fmt.Errorf("trainer: train.sequence_length is %d but model.model_max_length is %d; shorten the first or raise the second", c.SequenceLength, mc.ModelMaxLength)
	}
	least := 0
	if c.Recompute {
		least = mc.NumHiddenLayers
	}
	step, plan, err := compileWith(dev, mc, c, least)
	budget, _ := c.budget()
	if err != nil || budget == 0 || plan.PeakBytes <= budget {
		return step, plan, err
	}
	return fit(dev, mc, c, least, budget)
}

// fit searches the fewest recomputed blocks above least that keep the plan
// within the budget, by halving: more blocks take less memory.
func fit(dev kernels.Device, mc model.Config, c Config, least int, budget int64) (*model.Step, Plan, error) {
	step, plan, err := compileWith(dev, mc, c, mc.NumHiddenLayers)
	if err != nil {
		return nil, Plan{}, err
	}
	if plan.PeakBytes > budget {
		return nil, Plan{}, fmt.Errorf("trainer: the run needs %d bytes with every block recomputed, but train.memory_budget is %q; lower train.per_device_train_batch_size or train.sequence_length, or raise the budget", plan.PeakBytes, c.MemoryBudget)
	}
	fits, tooMuch := mc.NumHiddenLayers, least
	for fits-tooMuch > 1 {
		middle := (fits + tooMuch) / 2
		s, p, err := compileWith(dev, mc, c, middle)
		if err != nil {
			return nil, Plan{}, err
		}
		if p.PeakBytes <= budget {
			fits, step, plan = middle, s, p
		} else {
			tooMuch = middle
		}
	}
	return step, plan, nil
}

func compileWith(dev kernels.Device, mc model.Config, c Config, blocks int) (*model.Step, Plan, error) {
	step, err := model.CompileStep(mc, dev, model.StepOptions{
		Batch: c.PerDeviceTrainBatchSize, SeqLen: c.SequenceLength,
		ZLossWeight: c.ZLossWeight, RecomputeBlocks: blocks, MicroBatches: c.GradientAccumulationSteps,
	})
	if err != nil {
		return nil, Plan{}, err
	}
	return step, newPlan(dev, mc, c, step, blocks), nil
}

func newPlan(dev kernels.Device, mc model.Config, c Config, step *model.Step, blocks int) Plan {
	tokens := int64(c.PerDeviceTrainBatchSize) * int64(c.GradientAccumulationSteps) * int64(c.SequenceLength)
	flops := mc.FLOPsPerToken(c.SequenceLength)
	p := Plan{
		Parameters: mc.Parameters(), TokensPerStep: tokens,
		FLOPsPerToken: flops, FLOPsPerStep: flops * float64(tokens),
		RecomputeBlocks: blocks,
		Bytes:           map[string]int64{}, Arena: step.Plan(),
	}
	for kind, n := range p.Arena.ByKind {
		p.Bytes[kind] = n
	}
	p.Bytes["weights"] = model.WeightBytes(mc.Tensors(), model.Float32)
	p.Bytes["optimizer_state"] = optim.StateBytes(optim.Default(), optimParams(mc.Tensors(), nil, nil))
	for _, t := range mc.Tensors() {
		if step.SparseGrad(t.Name) {
			p.OnDemandBytes += optim.StateBytes(optim.Default(), []optim.Param{{Name: t.Name, Shape: t.Shape}})
		}
	}
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
			if step.SparseGrad(t.Name) {
				p.Rows = func() kernels.SparseRows {
					g, _ := step.GradRows(t.Name)
					return g
				}
			}
		}
		ps = append(ps, p)
	}
	return ps
}
