package trainer

import (
	"errors"
	"fmt"

	"huihai/internal/bytesize"
)

// Config says how long a run is, how its steps are cut and what it leaves
// behind. Key names follow the Hugging Face trainer. The tag run:"free" is on what
// changes no number of a run of a given length, batch and data.
type Config struct {
	// OutputDir receives checkpoints, logs and the final model.
	OutputDir string `yaml:"output_dir" mapstructure:"output_dir" run:"free"`
	// DatasetDir is the folder that train data build made.
	DatasetDir string `yaml:"dataset_dir" mapstructure:"dataset_dir" run:"free"`
	// Seed names every random stream of the run.
	Seed uint64 `yaml:"seed" mapstructure:"seed"`
	// MaxSteps is the number of optimizer steps; 0 leaves it to NumTrainEpochs.
	MaxSteps int `yaml:"max_steps" mapstructure:"max_steps" run:"free"`
	// NumTrainEpochs is the number of passes over the data, which need not be
	// whole, when MaxSteps is 0; 0 means one.
	NumTrainEpochs float64 `yaml:"num_train_epochs" mapstructure:"num_train_epochs" run:"free"`
	// PerDeviceTrainBatchSize is the number of rows in a micro-batch.
	PerDeviceTrainBatchSize int `yaml:"per_device_train_batch_size" mapstructure:"per_device_train_batch_size" run:"free"`
	// GradientAccumulationSteps is the number of micro-batches in a step.
	GradientAccumulationSteps int `yaml:"gradient_accumulation_steps" mapstructure:"gradient_accumulation_steps" run:"free"`
	// BatchRamp begins the run with smaller steps. Each entry says how many rows a
	// step has from some step on; the last holds to the end. None has more than
	// per_device_train_batch_size x gradient_accumulation_steps. Empty means that
	// every step has that many.
	BatchRamp []BatchStep `yaml:"batch_ramp" mapstructure:"batch_ramp" run:"free"`
	// SequenceLength is the number of tokens in a row.
	SequenceLength int `yaml:"sequence_length" mapstructure:"sequence_length"`
	// ZLossWeight is the weight of the max-z loss: 2e-4 in the report.
	ZLossWeight float64 `yaml:"z_loss_weight" mapstructure:"z_loss_weight"`
	// Recompute drops the activations inside each block and computes them
	// again in the backward pass: less memory, about a third more work, the
	// same bits.
	Recompute bool `yaml:"recompute" mapstructure:"recompute" run:"free"`
	// MemoryBudget is the most memory the run may take on the device, such as
	// "8GB"; as few blocks as possible are recomputed to fit. Empty means no
	// bound.
	MemoryBudget string `yaml:"memory_budget" mapstructure:"memory_budget" run:"free"`
	// LoggingSteps is the number of steps between log lines.
	LoggingSteps int `yaml:"logging_steps" mapstructure:"logging_steps" run:"free"`
	// EvalSteps is the number of steps between evaluations; 0 means at the end.
	EvalSteps int `yaml:"eval_steps" mapstructure:"eval_steps" run:"free"`
	// EvalMaxRows bounds an evaluation inside the run; 0 means every row.
	EvalMaxRows int `yaml:"eval_max_rows" mapstructure:"eval_max_rows" run:"free"`
	// Threads is the number of CPU workers; 0 means one per core. It never
	// changes a result.
	Threads int `yaml:"threads" mapstructure:"threads" run:"free"`
	// ModelNameOrPath is a model folder to continue from; empty means fresh
	// weights.
	ModelNameOrPath string `yaml:"model_name_or_path" mapstructure:"model_name_or_path" run:"free"`
	// ResumeFromCheckpoint is a checkpoint to go on from: "auto" (the newest in
	// output_dir, or a fresh start where there is none), "latest" or "true" (the
	// newest, which must be there), a checkpoint's folder, or a run's folder for
	// the newest in it. Empty starts afresh.
	ResumeFromCheckpoint string `yaml:"resume_from_checkpoint" mapstructure:"resume_from_checkpoint" run:"free"`
	// OnNonfinite says what happens to a step whose loss or gradient is not finite,
	// or whose gradient is exactly zero: halt (save the last good state and end),
	// skip (leave its tokens out, counted in the ledger) or rollback (go back to
	// the last checkpoint and past the tokens since). The batch is kept in any
	// case.
	OnNonfinite Policy `yaml:"on_nonfinite" mapstructure:"on_nonfinite"`
	// NonfiniteLimit is the number of such steps a run may skip or roll back
	// before it halts.
	NonfiniteLimit int `yaml:"nonfinite_limit" mapstructure:"nonfinite_limit"`
	// SkipPeak leaves out the short measurement of the machine's peak that
	// the log lines compare with.
	SkipPeak bool `yaml:"skip_peak" mapstructure:"skip_peak" run:"free"`
}

// BatchStep is the number of rows of a step from some step on.
type BatchStep struct {
	// FromStep is the number of steps before it; the first entry has 0.
	FromStep int `yaml:"from_step" mapstructure:"from_step" json:"from_step"`
	// Rows is the number of rows of each step.
	Rows int `yaml:"rows" mapstructure:"rows" json:"rows"`
}

// Policy is a choice of on_nonfinite.
type Policy string

// The choices of on_nonfinite.
const (
	Halt     Policy = "halt"
	Skip     Policy = "skip"
	Rollback Policy = "rollback"
)

// Default returns a run of one pass with the report's max-z weight.
func Default() Config {
	return Config{
		OutputDir: "out", Seed: 42,
		PerDeviceTrainBatchSize: 4, GradientAccumulationSteps: 1,
		SequenceLength: 512, ZLossWeight: 2e-4, LoggingSteps: 10, OnNonfinite: Halt, NonfiniteLimit: 10,
	}
}

// Validate reports every impossible value at once, each naming its key.
func (c Config) Validate() error {
	var errs []error
	atLeast := func(key string, v, min int) {
		if v < min {
			errs = append(errs, fmt.Errorf("%s is %d; it must be at least %d", key, v, min))
		}
	}
	if c.OutputDir == "" {
		errs = append(errs, errors.New("output_dir is empty; name a folder"))
	}
	atLeast("max_steps", c.MaxSteps, 0)
	atLeast("per_device_train_batch_size", c.PerDeviceTrainBatchSize, 1)
	atLeast("gradient_accumulation_steps", c.GradientAccumulationSteps, 1)
	atLeast("sequence_length", c.SequenceLength, 2)
	atLeast("logging_steps", c.LoggingSteps, 1)
	atLeast("eval_steps", c.EvalSteps, 0)
	atLeast("eval_max_rows", c.EvalMaxRows, 0)
	atLeast("threads", c.Threads, 0)
	atLeast("nonfinite_limit", c.NonfiniteLimit, 0)
	if e := c.NumTrainEpochs; !(e >= 0 && e <= 1e9) {
		errs = append(errs, fmt.Errorf("num_train_epochs is %v; it must be a number of passes, or 0 for one", e))
	}
	if c.OnNonfinite != Halt && c.OnNonfinite != Skip && c.OnNonfinite != Rollback {
		errs = append(errs, fmt.Errorf("on_nonfinite is %q; it must be \"halt\", \"skip\" or \"rollback\"", string(c.OnNonfinite)))
	}
	errs = append(errs, c.validateRamp())
	if _, err := c.budget(); err != nil {
		errs = append(errs, err)
	}
	if !(c.ZLossWeight >= 0 && c.ZLossWeight < 1) {
		errs = append(errs, fmt.Errorf("z_loss_weight is %v; it must be in [0, 1)", c.ZLossWeight))
	}
	return errors.Join(errs...)
}

// budget returns memory_budget in bytes, 0 for none.
func (c Config) budget() (int64, error) {
	if c.MemoryBudget == "" {
		return 0, nil
	}
	n, err := bytesize.Parse(c.MemoryBudget)
	if err != nil {
		return 0, fmt.Errorf("memory_budget: %w", err)
	}
	return n, nil
}
