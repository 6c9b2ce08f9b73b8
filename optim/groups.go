package optim

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"path"
	"slices"
	"strings"
)

// Group gives the tensors whose names match a pattern settings of their own.
// In a pattern '*' stands for any characters, dots included, '?' for one and
// [a-z] for one of a range, as in [path.Match].
type Group struct {
	// Pattern is matched with whole names of tensors.
	Pattern string `yaml:"pattern" mapstructure:"pattern"`
	// LRScale multiplies the learning rate; absent it is 1.
	LRScale *float64 `yaml:"lr_scale,omitempty" mapstructure:"lr_scale"`
	// WeightDecay takes the place of weight_decay and decay_on; absent, they
	// stand.
	WeightDecay *float64 `yaml:"weight_decay,omitempty" mapstructure:"weight_decay"`
}

// ForTensor returns the factor of a tensor's learning rate and its weight decay.
func (c Config) ForTensor(name string, shape []int) (lrScale, weightDecay float64) {
	lrScale = 1
	if c.DecayOn == DecayAll || c.DecayOn == DecayMatrices && len(shape) >= 2 {
		weightDecay = c.WeightDecay
	}
	for _, g := range slices.Backward(c.Groups) {
		if !matches(g.Pattern, name) {
			continue
		}
		if g.LRScale != nil {
			lrScale = *g.LRScale
		}
		if g.WeightDecay != nil {
			weightDecay = *g.WeightDecay
		}
		break
	}
	return lrScale, weightDecay
}

// Frozen reports whether a tensor is not trained.
func (c Config) Frozen(name string) bool { return matchesAny(c.Freeze, name) }

// CheckPatterns reports patterns of groups and freeze that match none of the
// model's tensors, with the names that come near, and a freeze that leaves
// nothing to train. names are those of all trainable tensors.
func (c Config) CheckPatterns(names []string) error {
	var errs []error
	check := func(key, pattern string) {
		if !slices.ContainsFunc(names, func(n string) bool { return matches(pattern, n) }) {
			errs = append(errs, fmt.Errorf("optim.%s is %q, which matches no tensor of the model; near it are %s", key, pattern, near(pattern, names)))
		}
	}
	for i, g := range c.Groups {
		check(fmt.Sprintf("groups[%d].pattern", i), g.Pattern)
	}
	for i, pattern := range c.Freeze {
		check(fmt.Sprintf("freeze[%d]", i), pattern)
	}
	if len(names) > 0 && !slices.ContainsFunc(names, func(n string) bool { return !c.Frozen(n) }) {
		errs = append(errs, errors.New("optim.freeze matches every tensor of the model; leave one to train"))
	}
	return errors.Join(errs...)
}

func (c Config) checkGroups(p *problems) {
	for i, g := range c.Groups {
		key := fmt.Sprintf("groups[%d]", i)
		if err := checkPattern(g.Pattern); err != nil {
			p.add("%s.pattern %w", key, err)
		}
		if g.LRScale == nil && g.WeightDecay == nil {
			p.add("%s changes nothing; give it lr_scale or weight_decay", key)
		}
		if s := g.LRScale; s != nil && !(*s > 0 && *s*c.LearningRate <= math.MaxFloat32) {
			p.add("%s.lr_scale is %v; it must be positive and finite (freeze lists tensors that are not trained)", key, *s)
		}
		if d := g.WeightDecay; d != nil {
			p.check(isDecay(*d), key+".weight_decay", *d, "0 or more, and finite")
		}
	}
	for i, pattern := range c.Freeze {
		if err := checkPattern(pattern); err != nil {
			p.add("freeze[%d] %w", i, err)
		}
	}
}

// checkPattern returns what is wrong with a pattern, to follow its key.
func checkPattern(pattern string) error {
	if pattern == "" {
		return errors.New(`is empty; write a pattern such as "model.layers.*.mlp.*"`)
	}
	if _, err := path.Match(pattern, ""); err != nil {
		return fmt.Errorf("is %q, which is no pattern: a [ must be closed, and a backslash stands before the character it means", pattern)
	}
	return nil
}

func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, name) })
}

// near returns up to three names that differ least from what a pattern matches.
// Of names that differ in numbers only, as those of the layers do, it takes the
// first.
func near(pattern string, names []string) string {
	type candidate struct {
		name string
		away int
	}
	var all []candidate
	seen := map[string]bool{}
	for _, n := range slices.Sorted(slices.Values(names)) {
		if kind := withoutDigits(n); !seen[kind] {
			seen[kind] = true
			all = append(all, candidate{n, globDistance(pattern, n)})
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(a.away, b.away) })
	var out []string
	for _, c := range all[:min(3, len(all))] {
		out = append(out, c.name)
	}
	return strings.Join(out, ", ")
}

func withoutDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, s)
}

// globDistance is the least number of characters to insert, delete or replace
// in a name for the pattern to match it; ranges count as characters.
func globDistance(pattern, name string) int {
	prev := make([]int, len(name)+1)
	for j := range prev {
		prev[j] = j
	}
	for _, p := range []byte(pattern) {
		cur := make([]int, len(name)+1)
		if p == '*' {
			cur[0] = prev[0]
			for j := 1; j <= len(name); j++ {
				cur[j] = min(prev[j], cur[j-1])
			}
			prev = cur
			continue
		}
		cur[0] = prev[0] + 1
		for j := 1; j <= len(name); j++ {
			cost := 1
			if p == '?' || p == name[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
		}
		prev = cur
	}
	return prev[len(name)]
}
