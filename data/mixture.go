package data

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"huihai/data/flow"
	"huihai/data/mix"
)

// MixtureSegment says in which shares a [Loader] draws rows of the sources from
// some training step on.
type MixtureSegment struct {
	// FromStep is the number of training steps after which the segment begins;
	// the first segment has 0.
	FromStep int `yaml:"from_step" mapstructure:"from_step" json:"-"`
	// Weights are the relative weights of the sources; every source must be
	// named, with 0 to leave it out. Without weights a source weighs
	// rows^(1/temperature).
	Weights map[string]float64 `yaml:"weights" mapstructure:"weights" json:"weights,omitempty"`
	// Temperature flattens the shares that sources have by their rows: 1, or 0
	// for nothing said, draws in proportion, more draws small sources more
	// often. It goes without weights only.
	Temperature float64 `yaml:"temperature" mapstructure:"temperature" json:"temperature,omitempty"`
	// MaxEpochs bounds how often every source is drawn through, counted from
	// the start of the run; 0 is no bound. A source that reaches it is left
	// out, and the others keep their proportions.
	MaxEpochs float64 `yaml:"max_epochs" mapstructure:"max_epochs" json:"max_epochs,omitempty"`
	// SourceMaxEpochs is MaxEpochs for single sources, by name.
	SourceMaxEpochs map[string]float64 `yaml:"source_max_epochs" mapstructure:"source_max_epochs" json:"source_max_epochs,omitempty"`
}

// validateMixture reports what is impossible whatever the data set.
func validateMixture(segments []MixtureSegment) error {
	var errs []error
	for i, s := range segments {
		bad := func(format string, a ...any) {
			errs = append(errs, fmt.Errorf("mixture[%d].%s", i, fmt.Sprintf(format, a...)))
		}
		switch {
		case i == 0 && s.FromStep != 0:
			bad("from_step is %d; the first segment begins at 0", s.FromStep)
		case i > 0 && s.FromStep <= segments[i-1].FromStep:
			bad("from_step is %d; it must be greater than %d, that of the segment before", s.FromStep, segments[i-1].FromStep)
		}
		some := len(s.Weights) == 0
		for _, name := range sortedKeys(s.Weights) {
			w := s.Weights[name]
			if some = some || w > 0; !(w >= 0) || math.IsInf(w, 0) {
				bad("weights.%s is %g; it must be finite and not negative", name, w)
			}
		}
		if !some {
			bad("weights are all 0; give at least one source more")
		}
		if t := s.Temperature; t != 0 && !(t >= 1 && !math.IsInf(t, 0)) {
			bad("temperature is %g; it must be finite and at least 1", t)
		}
		if s.Temperature != 0 && len(s.Weights) > 0 {
			bad("temperature goes without weights only; leave one of them out")
		}
		if e := s.MaxEpochs; !(e >= 0) {
			bad("max_epochs is %g; it cannot be negative (0 means no bound)", e)
		}
		for _, name := range sortedKeys(s.SourceMaxEpochs) {
			if e := s.SourceMaxEpochs[name]; !(e >= 0) {
				bad("source_max_epochs.%s is %g; it cannot be negative (0 means no bound)", name, e)
			}
		}
	}
	return errors.Join(errs...)
}

// mixture is a list of segments for the sources of a data set.
type mixture struct {
	config   []MixtureSegment
	segments []mix.Segment
	names    []string
}

// newMixture fits segments to sources. rowsBefore is that of [LoaderConfig].
func newMixture(config []MixtureSegment, sources []sourceRows, rowsBefore func(step int) int64) (*mixture, error) {
	m := &mixture{config: config}
	for _, s := range sources {
		m.names = append(m.names, s.name)
	}
	var errs []error
	for i, s := range config {
		from, err := s.firstRow(rowsBefore)
		if err != nil {
			return nil, fmt.Errorf("mixture[%d].from_step is %d, %w", i, s.FromStep, err)
		}
		if err := m.named(i, s); err != nil {
			errs = append(errs, err)
			continue
		}
		if n := len(m.segments); n > 0 && from <= m.segments[n-1].From {
			return nil, fmt.Errorf("mixture[%d].from_step is %d, before which the steps take no more rows than before the segment ahead of it", i, s.FromStep)
		}
		seg := mix.Segment{From: from}
		for _, src := range sources {
			seg.Weights = append(seg.Weights, s.weight(src))
			seg.Limits = append(seg.Limits, s.limit(src))
		}
		m.segments = append(m.segments, seg)
	}
	return m, errors.Join(errs...)
}

// firstRow is the draw at which the segment begins.
func (s MixtureSegment) firstRow(rowsBefore func(step int) int64) (int64, error) {
	switch {
	case s.FromStep == 0:
		return 0, nil
	case rowsBefore == nil:
		return 0, errors.New("but the loader was not told how many rows a step takes")
	}
	from := rowsBefore(s.FromStep)
	if from < 0 || from == math.MaxInt64 {
		return 0, errors.New("which is beyond any run")
	}
	return from, nil
}

// named compares the names in a segment with the sources there are.
func (m *mixture) named(i int, s MixtureSegment) error {
	var errs []error
	unknown := func(key, name string) {
		if !slices.Contains(m.names, name) {
			errs = append(errs, fmt.Errorf("mixture[%d].%s names %q, which is no source of the data set; its sources: %s", i, key, name, strings.Join(m.names, ", ")))
		}
	}
	for _, name := range sortedKeys(s.Weights) {
		unknown("weights", name)
	}
	for _, name := range sortedKeys(s.SourceMaxEpochs) {
		unknown("source_max_epochs", name)
	}
	if len(s.Weights) > 0 {
		for _, name := range m.names {
			if _, ok := s.Weights[name]; !ok {
				errs = append(errs, fmt.Errorf("mixture[%d].weights says nothing of source %q; give it a weight, or 0 to leave it out", i, name))
			}
		}
	}
	return errors.Join(errs...)
}

func (s MixtureSegment) weight(src sourceRows) float64 {
	if len(s.Weights) > 0 {
		return s.Weights[src.name]
	}
	if s.Temperature == 0 || s.Temperature == 1 {
		return float64(src.rows)
	}
	return math.Pow(float64(src.rows), 1/s.Temperature)
}

// limit is how many rows of a source may be drawn, -1 for no bound.
func (s MixtureSegment) limit(src sourceRows) int64 {
	epochs := s.MaxEpochs
	if e, ok := s.SourceMaxEpochs[src.name]; ok {
		epochs = e
	}
	limit := epochs * float64(src.rows)
	if epochs == 0 || limit >= math.MaxInt64 {
		return -1
	}
	return max(1, int64(limit))
}

// endless tells that some source is without bound in every segment.
func (m *mixture) endless() bool {
	for _, s := range m.segments {
		bounded := true
		for i, w := range s.Weights {
			bounded = bounded && (w == 0 || s.Limits[i] >= 0)
		}
		if bounded {
			return false
		}
	}
	return true
}

// begun identifies the segments that the first draws rows were drawn by.
func (m *mixture) begun(draws int64) (string, error) {
	type segment struct {
		From int64 `json:"from"`
		MixtureSegment
	}
	var begun []segment
	for i, s := range m.segments {
		if s.From < draws {
			begun = append(begun, segment{s.From, m.config[i]})
		}
	}
	return flow.Hash(begun)
}

// sourceRows are the rows of one source: stretches of files, in order.
type sourceRows struct {
	name  string
	rows  int64
	at    []int64 // number in the split of the first row of each stretch
	first []int64 // number in the source of the same row, and the end
}

// row returns the number in the split of row i of the source.
func (s *sourceRows) row(i int64) int64 {
	k := sort.Search(len(s.at), func(k int) bool { return s.first[k+1] > i })
	return s.at[k] + i - s.first[k]
}

// sourcesOf lists the sources by name, and nothing if the files do not tell all.
func sourcesOf(files []*tokenFile) []sourceRows {
	byName := map[string]*sourceRows{}
	var at int64
	for _, f := range files {
		if len(f.Runs) == 0 {
			return nil
		}
		for _, r := range f.Runs {
			s := byName[r.Source]
			if s == nil {
				s = &sourceRows{name: r.Source, first: []int64{0}}
				byName[r.Source] = s
			}
			s.rows += r.Rows
			s.at, s.first = append(s.at, at), append(s.first, s.rows)
			at += r.Rows
		}
	}
	var out []sourceRows
	for _, name := range sortedKeys(byName) {
		out = append(out, *byName[name])
	}
	return out
}
