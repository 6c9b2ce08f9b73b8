package checkpoint

import (
	"errors"
	"fmt"
	"strings"

	"huihai/internal/bytesize"
)

// Config says when checkpoints are saved, how many are kept and how their
// weights are cut into files.
type Config struct {
	SaveSteps      int    `yaml:"save_steps" mapstructure:"save_steps"`             // optimizer steps between saves; 0 saves at the end only
	SaveTotalLimit int    `yaml:"save_total_limit" mapstructure:"save_total_limit"` // checkpoints kept; 0 keeps all
	SaveOnlyModel  bool   `yaml:"save_only_model" mapstructure:"save_only_model"`   // leave the optimizer out; such a checkpoint cannot be resumed exactly
	MaxShardSize   string `yaml:"max_shard_size" mapstructure:"max_shard_size"`     // such as "5GB", "500MB" or a number of bytes
}

// Default saves every 500 steps, keeps everything and cuts at 5 GB, as Hugging
// Face's trainer does.
func Default() Config { return Config{SaveSteps: 500, MaxShardSize: "5GB"} }

// Validate reports every impossible value at once, each naming its key.
func (c Config) Validate() error {
	var errs []error
	if c.SaveSteps < 0 {
		errs = append(errs, fmt.Errorf("save_steps is %d; it must be positive, or 0 to save at the end only", c.SaveSteps))
	}
	if c.SaveTotalLimit < 0 {
		errs = append(errs, fmt.Errorf("save_total_limit is %d; it must be positive, or 0 to keep all", c.SaveTotalLimit))
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
