package trainer

import (
	"errors"
	"fmt"
	"math"

	"huihai/internal/bytesize"
)

// Config says how long a run is, how its steps are cut and what it leaves
// behind. Key names follow the Hugging Face trainer.
type Config struct {
	// OutputDir receives checkpoints, logs and the final model.
	OutputDir string `yaml:"output_dir" mapstructure:"output_dir" run:"free"`
	// DatasetDir is the folder that train data build made.
	DatasetDir string `yaml:"dataset_dir" mapstructure:"dataset_dir" run:"free"`
	// Seed names every random stream of the run.
	Seed uint64 `yaml:"seed" mapstructure:"seed"`
	// NumTrainEpochs is the number of passes over the data, which may be
	// fractional, where max_steps is 0; 0 means one.
	NumTrainEpochs float64 `yaml:"num_train_epochs" mapstructure:"num_train_epochs" run:"free"`
	// MaxSteps is the number of optimizer steps; 0 means num_train_epochs passes.
	MaxSteps int `yaml:"max_steps" mapstructure:"max_steps" run:"free"`
	// PerDeviceTrainBatchSize is the number of rows in a micro-batch.
	PerDeviceTrainBatchSize int `yaml:"per_device_train_batch_size" mapstructure:"per_device_train_batch_size" run:"free"`
	// GradientAccumulationSteps is the number of micro-batches in a step.
	GradientAccumulationSteps int `yaml:"gradient_accumulation_steps" mapstructure:"gradient_accumulation_steps" run:"free"`
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
	// ResumeFromCheckpoint is a checkpoint folder, or "latest".
	ResumeFromCheckpoint string `yaml:"resume_from_checkpoint" mapstructure:"resume_from_checkpoint" run:"free"`
	// SkipPeak leaves out the short measurement of the machine's peak that
	// the log lines compare with.
	SkipPeak bool `yaml:"skip_peak" mapstructure:"skip_peak" run:"free"`
}

// Default returns a run of one pass with the report's max-z weight.
func Default() Config {
	return Config{
		OutputDir: "out", Seed: 42,
		PerDeviceTrainBatchSize: 4, GradientAccumulationSteps: 1,
		SequenceLength: 512, ZLossWeight: 2e-4, LoggingSteps: 10,
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
	if e := c.NumTrainEpochs; !(e >= 0) || math.IsInf(e, 0) {
		errs = append(errs, fmt.Errorf("num_train_epochs is %v; it must be finite and not negative (0 means one pass)", e))
	}
	atLeast("max_steps", c.MaxSteps, 0)
	atLeast("per_device_train_batch_size", c.PerDeviceTrainBatchSize, 1)
	atLeast("gradient_accumulation_steps", c.GradientAccumulationSteps, 1)
	atLeast("sequence_length", c.SequenceLength, 2)
	atLeast("logging_steps", c.LoggingSteps, 1)
	atLeast("eval_steps", c.EvalSteps, 0)
	atLeast("eval_max_rows", c.EvalMaxRows, 0)
	atLeast("threads", c.Threads, 0)
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
