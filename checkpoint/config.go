package checkpoint

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
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

// ShardBytes returns max_shard_size in bytes. Units are decimal (kB, MB, GB,
// TB) or binary (KiB, MiB, GiB, TiB), whatever their case; "" is the default.
func (c Config) ShardBytes() (int64, error) {
	s := strings.ToLower(strings.TrimSpace(c.MaxShardSize))
	if s == "" {
		return DefaultShardBytes, nil
	}
	digits := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyz ")
	var unit float64
	switch strings.TrimSpace(s[len(digits):]) {
	case "", "b":
		unit = 1
	case "kb":
		unit = 1e3
	case "mb":
		unit = 1e6
	case "gb":
		unit = 1e9
	case "tb":
		unit = 1e12
	case "kib":
		unit = 1 << 10
	case "mib":
		unit = 1 << 20
	case "gib":
		unit = 1 << 30
	case "tib":
		unit = 1 << 40
	}
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || unit == 0 || !(n*unit >= 1 && n*unit < math.MaxInt64) {
		return 0, fmt.Errorf("max_shard_size is %q; it must be a size such as \"5GB\", \"500MB\" or a number of bytes", c.MaxShardSize)
	}
	return int64(n * unit), nil
}
