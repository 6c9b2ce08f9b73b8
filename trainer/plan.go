package trainer

import (
	"fmt"
	"strings"

	"huihai/autograd"
	"huihai/checkpoint"
	"huihai/kernels"
	"huihai/model"
	"huihai/optim"
	"huihai/telemetry"
)

// Plan is the memory and the work of a run, known before it starts.
type Plan struct {
	Parameters      int64   `json:"parameters"`
	Trainable       int64   `json:"trainable_parameters"`
	TokensPerStep   int64   `json:"tokens_per_step"`
	FLOPsPerToken   float64 `json:"flops_per_token"`
	FLOPsPerStep    float64 `json:"flops_per_step"`
	RecomputeBlocks int     `json:"recompute_blocks"`
	// Bytes by kind: weights, optimizer_state, device, save_copy, evaluation,
	// data_cache, and the kinds of autograd.Plan at its fullest moment.
	Bytes map[string]int64 `json:"bytes"`
	// PeakBytes is what the run allocates.
	PeakBytes int64 `json:"peak_bytes"`
	// OnDemandBytes is the part of it that takes memory only as tokens are seen for
	// the first time: the moments of an embedding with gradients by row.
	OnDemandBytes int64         `json:"on_demand_bytes"`
	Arena         autograd.Plan `json:"arena"`
}

// Kinds of Plan.Bytes beside those of the arena.
const (
	KindWeights    = "weights"
	KindOptimizer  = "optimizer_state"
	KindDevice     = "device"
	KindSaveCopy   = "save_copy"  // of asynchronous saving, in host memory
	KindEvaluation = "evaluation" // what an evaluation needs beyond the arena it shares
	KindDataCache  = "data_cache" // decoded pages of the shards, in host memory
)

// PlanInput is what memory depends on.
type PlanInput struct {
	Device     kernels.Device
	Model      model.Config
	Config     Config
	Optim      optim.Config
	Checkpoint checkpoint.Config
	// Saves says that the run writes checkpoints.
	Saves bool
	// MemoryLimit is the memory there is, 0 when unknown.
	MemoryLimit int64
	// DataCache is the most that the loader keeps of decoded data, in bytes.
	DataCache int64
}

// PlanRun plans a run without allocating anything on the device.
func PlanRun(in PlanInput) (Plan, error) {
	_, plan, err := compile(in)
	return plan, err
}

// limit is the tighter of the budget and the memory there is, 0 for none.
func (in PlanInput) limit() int64 {
	budget, _ := in.Config.budget()
	if budget == 0 || in.MemoryLimit > 0 && in.MemoryLimit < budget {
		return in.MemoryLimit
	}
	return budget
}

// compile compiles the step and plans the run. Within a memory budget as few
// blocks as fit are recomputed; what does not fit is refused with the cheapest
// change that would.
func compile(in PlanInput) (*model.Step, Plan, error) {
	if err := in.validate(); err != nil {
		return nil, Plan{}, err
	}
	least := 0
	if in.Config.Recompute {
		least = in.Model.NumHiddenLayers
	}
	step, plan, err := compileWith(in, least)
	if err != nil {
		return nil, Plan{}, err
	}
	if budget, _ := in.Config.budget(); budget > 0 && plan.PeakBytes > budget {
		if step, plan, err = fit(in, least, budget); err != nil {
			return nil, Plan{}, err
		}
	}
	if in.MemoryLimit > 0 && plan.PeakBytes > in.MemoryLimit {
		return nil, Plan{}, tooLarge(in, plan, in.MemoryLimit, fmt.Sprintf("this machine has %s for it", telemetry.Bytes(in.MemoryLimit)))
	}
	return step, plan, nil
}

func (in PlanInput) validate() error {
	if err := in.Config.Validate(); err != nil {
		return fmt.Errorf("trainer: %w", err)
	}
	if err := in.Optim.Validate(); err != nil {
		return fmt.Errorf("trainer: %w", err)
	}
	if err := in.Model.Validate(); err != nil {
		return fmt.Errorf("trainer: %w", err)
	}
	if err := in.Optim.CheckPatterns(tensorNames(in.Model.Tensors())); err != nil {
		return fmt.Errorf("trainer: %w", err)
	}
	if in.Config.SequenceLength > in.Model.ModelMaxLength {
		return fmt.Errorf("trainer: train.sequence_length is %d but model.model_max_length is %d; shorten the first or raise the second", in.Config.SequenceLength, in.Model.ModelMaxLength)
	}
	return nil
}

// fit searches the fewest recomputed blocks above least that keep the plan
// within the budget, by halving: more blocks take less memory.
func fit(in PlanInput, least int, budget int64) (*model.Step, Plan, error) {
	step, plan, err := compileWith(in, in.Model.NumHiddenLayers)
	if err != nil {
		return nil, Plan{}, err
	}
	if plan.PeakBytes > budget {
		return nil, Plan{}, tooLarge(in, plan, budget, fmt.Sprintf("train.memory_budget is %q, even with every block recomputed", in.Config.MemoryBudget))
	}
	fits, tooMuch := in.Model.NumHiddenLayers, least
	for fits-tooMuch > 1 {
		middle := (fits + tooMuch) / 2
		s, p, err := compileWith(in, middle)
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

// tooLarge refuses a plan and names the cheapest change that fits: changes that
// cost time only, then those that change the result.
func tooLarge(in PlanInput, plan Plan, limit int64, why string) error {
	return &MemoryError{Needed: plan.PeakBytes, Limit: limit, text: adviseMemory(in, plan, limit, why)}
}

// MemoryError says that a run does not fit into the memory there is, or into
// train.memory_budget.
type MemoryError struct {
	Needed, Limit int64 // bytes
	text          string
}

// Error names the cheapest change that fits.
func (e *MemoryError) Error() string { return e.text }

func adviseMemory(in PlanInput, plan Plan, limit int64, why string) string {
	msg := fmt.Sprintf("trainer: the run needs %s of memory, but %s", telemetry.Bytes(plan.PeakBytes), why)
	in.MemoryLimit, in.Config.MemoryBudget = 0, ""
	in.Checkpoint.AsyncSave = checkpoint.AsyncNever
	changes := []string{}
	if plan.Bytes[KindSaveCopy] > 0 {
		changes = append(changes, "checkpoint.async_save=never")
	}
	fits := func() (Plan, bool) {
		blocks := 0
		if in.Config.Recompute {
			blocks = in.Model.NumHiddenLayers
		}
		_, p, err := compileWith(in, blocks)
		return p, err == nil && p.PeakBytes <= limit
	}
	advise := func(p Plan) string {
		return fmt.Sprintf("%s; it would fit (%s) with %s: the same result in more time", msg, telemetry.Bytes(p.PeakBytes), strings.Join(changes, " and "))
	}
	if p, ok := fits(); ok && len(changes) > 0 {
		return advise(p)
	}
	if !in.Config.Recompute {
		in.Config.Recompute = true
		changes = append(changes, "train.recompute=true")
		if p, ok := fits(); ok {
			return advise(p)
		}
	}
	var p Plan
	for in.Config.PerDeviceTrainBatchSize > 1 {
		rows := in.Config.RowsPerStep()
		in.Config.PerDeviceTrainBatchSize = largestDivisorBelow(rows, in.Config.PerDeviceTrainBatchSize)
		in.Config.GradientAccumulationSteps = rows / in.Config.PerDeviceTrainBatchSize
		var ok bool
		if p, ok = fits(); ok {
			changes = append(changes, fmt.Sprintf("train.per_device_train_batch_size=%d with train.gradient_accumulation_steps=%d",
				in.Config.PerDeviceTrainBatchSize, in.Config.GradientAccumulationSteps))
			return advise(p)
		}
	}
	p, _ = fits()
	state := p.Bytes[KindWeights] + p.Bytes[KindOptimizer]
	return fmt.Sprintf("%s; with micro-batches of one row and every block recomputed it still needs %s, %s of it for weights and optimizer state: take a smaller model, a shorter train.sequence_length, an optimizer with less state (optim.optimizer: lion, adafactor or adamw_8bit), or a machine with more memory",
		msg, telemetry.Bytes(p.PeakBytes), telemetry.Bytes(state))
}

// largestDivisorBelow returns the largest divisor of n that is less than limit.
func largestDivisorBelow(n, limit int) int {
	for d := limit - 1; d > 1; d-- {
		if n%d == 0 {
			return d
		}
	}
	return 1
}

func compileWith(in PlanInput, blocks int) (*model.Step, Plan, error) {
	step, err := model.CompileStep(in.Model, in.Device, model.StepOptions{
		Batch: in.Config.PerDeviceTrainBatchSize, SeqLen: in.Config.SequenceLength,
		ZLossWeight: in.Config.ZLossWeight, RecomputeBlocks: blocks, MicroBatches: in.Config.GradientAccumulationSteps,
		Frozen: in.Optim.Frozen, DenseEmbeddingGrad: in.Optim.NeedsDenseGradients(),
	})
	if err != nil {
		return nil, Plan{}, err
	}
	eval, err := CompileEvaluation(in.Device, in.Model, in.Config)
	if err != nil {
		return nil, Plan{}, err
	}
	return step, newPlan(in, step, eval, blocks), nil
}

// CompileEvaluation compiles the forward pass that evaluations inside a run use.
// It runs in the arena of the training step, and of its own memory takes only
// what the plan calls evaluation.
func CompileEvaluation(dev kernels.Device, mc model.Config, c Config) (*model.Step, error) {
	return model.CompileStep(mc, dev, model.StepOptions{Batch: 1, SeqLen: c.SequenceLength, Forward: true})
}

func newPlan(in PlanInput, step, eval *model.Step, blocks int) Plan {
	c, mc := in.Config, in.Model
	tokens := int64(c.RowsPerStep()) * int64(c.SequenceLength)
	flops := mc.FLOPsPerToken(c.SequenceLength)
	tensors := mc.TensorsFrozen(in.Optim.Frozen)
	for _, t := range tensors {
		if !t.Trainable && len(t.Shape) == 2 && t.Name != model.EmbedTokens {
			flops -= 2 * float64(t.Len()) // no gradient of the weight
		}
	}
	params := optimParams(tensors, nil, step)
	p := Plan{
		Parameters: mc.Parameters(), TokensPerStep: tokens,
		FLOPsPerToken: flops, FLOPsPerStep: flops * float64(tokens),
		RecomputeBlocks: blocks,
		Bytes:           map[string]int64{}, Arena: step.Plan(),
	}
	for kind, n := range p.Arena.ByKind {
		p.Bytes[kind] = n
	}
	p.Bytes[KindWeights] = model.WeightBytes(tensors, model.Float32)
	p.Bytes[KindOptimizer] = optim.StateBytes(in.Optim, params)
	p.Bytes[KindDevice] = in.Device.Capabilities().FixedBytes
	p.Bytes[KindEvaluation] = max(0, eval.Plan().ArenaBytes-p.Arena.ArenaBytes)
	for _, t := range tensors {
		if t.Trainable {
			p.Trainable += int64(t.Len())
		}
		if t.Trainable && step.SparseGrad(t.Name) {
			p.OnDemandBytes += optim.StateBytes(in.Optim, []optim.Param{{Name: t.Name, Shape: t.Shape}})
		}
	}
	p.Bytes[KindDataCache] = in.DataCache
	p.PeakBytes = p.Arena.ArenaBytes + p.Bytes[KindWeights] + p.Bytes[KindOptimizer] + p.Bytes[KindDevice] + p.Bytes[KindEvaluation] + p.Bytes[KindDataCache]
	p.planCopy(in, tensors)
	return p
}

// planCopy adds the copy of asynchronous saving where it is wanted and, unless it
// is asked for, fits.
func (p *Plan) planCopy(in PlanInput, tensors []model.Tensor) {
	if !in.Saves || in.Checkpoint.AsyncSave == checkpoint.AsyncNever {
		return
	}
	var n int64
	for _, t := range tensors {
		n += 4 * int64(t.Len())
	}
	if !in.Checkpoint.SaveOnlyModel {
		n += p.Bytes[KindOptimizer]
	}
	if limit := in.limit(); in.Checkpoint.AsyncSave == checkpoint.AsyncAuto && limit > 0 && p.PeakBytes+n > limit {
		return
	}
	p.Bytes[KindSaveCopy] = n
	p.PeakBytes += n
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
		if step.SparseGrad(t.Name) {
			p.Rows = func() kernels.SparseRows {
				g, _ := step.GradRows(t.Name)
				return g
			}
		}
		ps = append(ps, p)
	}
	return ps
}
