package checkpoint

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"huihai/internal/bytesize"
)

// Config says when checkpoints are saved, how many are kept and how their
// weights are cut into files.
type Config struct {
	// SaveSteps is the number of optimizer steps between saves; 0 saves at the end
	// only.
	SaveSteps int `yaml:"save_steps" mapstructure:"save_steps"`
	// SaveLogBase saves the fresh weights, step 1 and the steps nearest to the
	// powers of this number too, for studies of a trajectory; 0 means no such
	// saves. They do not count in save_total_limit and are never removed.
	SaveLogBase float64 `yaml:"save_log_base" mapstructure:"save_log_base"`
	// SaveTotalLimit is the number of checkpoints kept, the one of the best
	// evaluation not counted, which is never removed; 0 keeps all.
	SaveTotalLimit int `yaml:"save_total_limit" mapstructure:"save_total_limit"`
	// SaveOnlyModel leaves the optimizer out; such a checkpoint cannot be resumed.
	SaveOnlyModel bool `yaml:"save_only_model" mapstructure:"save_only_model"`
	// AsyncSave says whether a step waits only until the state is copied, which
	// takes memory for the copy: auto (where that fits), always or never. It
	// changes no file.
	AsyncSave AsyncSave `yaml:"async_save" mapstructure:"async_save"`
	// MaxShardSize is the most bytes of tensors in one file, such as "5GB",
	// "500MB" or a number of bytes.
	MaxShardSize string `yaml:"max_shard_size" mapstructure:"max_shard_size"`
}

// AsyncSave is a choice of async_save.
type AsyncSave string

// The choices of async_save.
const (
	AsyncAuto   AsyncSave = "auto"
	AsyncAlways AsyncSave = "always"
	AsyncNever  AsyncSave = "never"
)

// Default saves every 500 steps, keeps everything and cuts at 5 GB, as Hugging
// Face's trainer does.
func Default() Config { return Config{SaveSteps: 500, AsyncSave: AsyncAuto, MaxShardSize: "5GB"} }

// Milestone reports whether SaveLogBase asks for a checkpoint of a step: 0, 1
// and round(base^k) for whole k.
func (c Config) Milestone(step int) bool {
	if c.SaveLogBase <= 1 || step < 0 {
		return false
	}
	if step <= 1 {
		return true
	}
	k := math.Round(math.Log(float64(step)) / math.Log(c.SaveLogBase))
	for _, p := range []float64{k - 1, k, k + 1} {
		if int(math.Round(math.Pow(c.SaveLogBase, p))) == step {
			return true
		}
	}
	return false
}

// Due reports whether a checkpoint is due after a step that is not the last.
func (c Config) Due(step int) bool {
	return c.SaveSteps > 0 && step > 0 && step%c.SaveSteps == 0 || c.Milestone(step)
}

// Validate reports every impossible value at once, each naming its key.
func (c Config) Validate() error {
	var errs []error
	if c.SaveSteps < 0 {
		errs = append(errs, fmt.Errorf("save_steps is %d; it must be positive, or 0 to save at the end only", c.SaveSteps))
	}
	if c.SaveTotalLimit < 0 {
		errs = append(errs, fmt.Errorf("save_total_limit is %d; it must be positive, or 0 to keep all", c.SaveTotalLimit))
	}
	if b := c.SaveLogBase; b != 0 && !(b > 1 && b <= 1e6) {
		errs = append(errs, fmt.Errorf("save_log_base is %v; it must be above 1 (2 saves steps 0, 1, 2, 4, 8, ...), or 0 for no such saves", b))
	}
	if c.AsyncSave != AsyncAuto && c.AsyncSave != AsyncAlways && c.AsyncSave != AsyncNever {
		errs = append(errs, fmt.Errorf("async_save is %q; it must be \"auto\", \"always\" or \"never\"", string(c.AsyncSave)))
	}
	if _, err := c.ShardBytes(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// ShardBytes returns max_shard_size in bytes; "" is the default.
func (c Config) ShardBytes() (int64, error) {
	if strings.TrimSpace(c.MaxShardSize) == "" {
		return DefaultShardBytes, nil
	}
	n, err := bytesize.Parse(c.MaxShardSize)
	if err != nil {
		return 0, fmt.Errorf("max_shard_size: %w", err)
	}
	return n, nil
}
