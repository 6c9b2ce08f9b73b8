package build

import (
	"errors"
	"fmt"
	"math"

	"github.com/zeebo/xxh3"
)

// SampleConfig turns what is known of a document into how often it is trained on
// in an epoch: Baichuan 2 and FineWeb-2 sample by quality and by the size of the
// cluster of copies. The weight of a kept document is
//
//	source * (quality / mean quality)^quality_power * cluster size^cluster_power
//
// at most max_copies; a document of weight 2.3 stands twice in the rows, and with
// the chance 0.3 (drawn by its id and the seed) a third time.
type SampleConfig struct {
	// QualityPower is the exponent of quality over the mean quality of kept
	// documents; 0 leaves quality out.
	QualityPower float64 `yaml:"quality_power" mapstructure:"quality_power"`
	// ClusterPower is the exponent of the number of copies found; 0 leaves it out.
	ClusterPower float64 `yaml:"cluster_power" mapstructure:"cluster_power"`
	// Sources gives weights to sources by name; others have 1.
	Sources map[string]float64 `yaml:"sources" mapstructure:"sources"`
	// MaxCopies bounds the weight.
	MaxCopies float64 `yaml:"max_copies" mapstructure:"max_copies"`
}

// DefaultSample takes every kept document once.
func DefaultSample() SampleConfig { return SampleConfig{MaxCopies: 4} }

// Validate reports every impossible value at once.
func (c SampleConfig) Validate() error {
	var errs []error
	for _, p := range []struct {
		key   string
		value float64
	}{{"quality_power", c.QualityPower}, {"cluster_power", c.ClusterPower}} {
		if !(math.Abs(p.value) <= 10) {
			errs = append(errs, fmt.Errorf("%s is %g; it must be from -10 to 10 (0 leaves it out)", p.key, p.value))
		}
	}
	for _, name := range sortedKeys(c.Sources) {
		if w := c.Sources[name]; !(w >= 0 && w <= 1000) {
			errs = append(errs, fmt.Errorf("sources.%s is %g; it must be from 0 to 1000", name, w))
		}
	}
	if !(c.MaxCopies >= 1 && c.MaxCopies <= 1000) {
		errs = append(errs, fmt.Errorf("max_copies is %g; it must be from 1 to 1000", c.MaxCopies))
	}
	return errors.Join(errs...)
}

// weight of a kept document, to four decimals: beyond them machines whose powers
// round otherwise may differ.
func (c SampleConfig) weight(source string, quality, meanQuality float64, clusterSize int64) float64 {
	w := 1.0
	if s, ok := c.Sources[source]; ok {
		w = s
	}
	if c.QualityPower != 0 && meanQuality > 0 {
		w *= math.Pow(max(quality, 1e-4)/meanQuality, c.QualityPower)
	}
	if c.ClusterPower != 0 {
		w *= math.Pow(float64(clusterSize), c.ClusterPower)
	}
	return math.Round(min(w, c.MaxCopies)*1e4) / 1e4
}

// copiesOf draws how often a document of weight w stands in the rows.
func copiesOf(w float64, id string, seed uint64) int {
	n := math.Floor(w)
	u := float64(xxh3.HashStringSeed("sample:"+id, seed)>>11) / (1 << 53)
	if u < w-n {
		n++
	}
	return int(n)
}
