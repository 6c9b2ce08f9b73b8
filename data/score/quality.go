package score

import (
	"errors"
	"fmt"
	"math"
)

// Weights of the quality components. Quality is
//
//	exp( sum_i w_i ln max(c_i, 0.01) / sum_i w_i )
//
// where the components c_i in [0,1] are
//
//	length      1 - exp(-units/25): a line is worth little, a page all
//	repetition  1 - the worst of the repetition shares, each over the share
//	            that Gopher drops at, doubled
//	lines       prose: terminal punctuation and lines long enough to be
//	            sentences; verse and code are not asked for either
//	alphabet    letters and digits over 0.75 of the characters but blanks
//	language    how surely the text is in one of the known languages
//	diversity   entropy of units over what random text of its length has
type Weights struct {
	Length     float64 `yaml:"length" mapstructure:"length"`
	Repetition float64 `yaml:"repetition" mapstructure:"repetition"`
	Lines      float64 `yaml:"lines" mapstructure:"lines"`
	Alphabet   float64 `yaml:"alphabet" mapstructure:"alphabet"`
	Language   float64 `yaml:"language" mapstructure:"language"`
	Diversity  float64 `yaml:"diversity" mapstructure:"diversity"`
}

// DefaultWeights returns the weights used when nothing is said.
func DefaultWeights() Weights {
	return Weights{Length: 1, Repetition: 2, Lines: 1, Alphabet: 1, Language: 1, Diversity: 1}
}

// Validate reports every impossible value at once.
func (w Weights) Validate() error {
	var errs []error
	sum := 0.0
	for _, c := range w.list() {
		if !(c.weight >= 0) || math.IsInf(c.weight, 0) {
			errs = append(errs, fmt.Errorf("weights.%s is %g; it must be finite and not negative", c.name, c.weight))
		}
		sum += c.weight
	}
	if len(errs) == 0 && sum == 0 {
		errs = append(errs, errors.New("weights are all zero; at least one must count"))
	}
	return errors.Join(errs...)
}

type component struct {
	name   string
	weight float64
	value  func(*Features, Guess) float64
}

func (w Weights) list() []component {
	return []component{
		{"length", w.Length, func(f *Features, _ Guess) float64 { return 1 - math.Exp(-float64(f.Units)/25) }},
		{"repetition", w.Repetition, (*Features).repetitionScore},
		{"lines", w.Lines, (*Features).lineScore},
		{"alphabet", w.Alphabet, func(f *Features, _ Guess) float64 {
			return min(1, ratio(f.Letters+f.Digits, f.NonBlank)/0.75)
		}},
		{"language", w.Language, func(_ *Features, g Guess) float64 {
			if g.Language == OtherLang {
				return 0.5
			}
			return 0.5 + 0.5*float64(g.Score)
		}},
		{"diversity", w.Diversity, (*Features).diversityScore},
	}
}

func (f *Features) repetitionScore(g Guess) float64 {
	worst := max(f.DupNGram[5]/0.30, f.DupNGram[10]/0.20, f.TopNGram[2]/0.40,
		ratio(f.DupParaChars, f.ParagraphChars)/0.40)
	if g.Language != Code { // closing brackets repeat
		worst = max(worst, ratio(f.DupLineChars, f.LineChars)/0.40)
	} else {
		worst /= 2
	}
	return max(0, 1-worst)
}

func (f *Features) lineScore(g Guess) float64 {
	switch g.Language {
	case Code:
		return min(1, 200/max(1, ratio(f.LineChars, f.Lines)))
	case Chinese:
		return min(1, 0.5+ratio(f.TerminalLines, f.Lines)) * (1 - ratio(f.ReadMoreLines, f.Lines))
	}
	prose := min(1, ratio(f.TerminalLines, f.Lines)/0.5)
	long := min(1, 1.3-ratio(f.ShortLines, f.Lines))
	odd := ratio(f.EllipsisLines+f.ReadMoreLines+f.PolicyLines+f.ScriptLines, f.Lines)
	return (0.4 + 0.3*prose + 0.3*long) * max(0, 1-odd)
}

// diversityScore compares the entropy of units with that of natural text of the
// same length, taken as 0.75 of the logarithm of the length up to 6 nats.
func (f *Features) diversityScore(Guess) float64 {
	if f.Units < 2 {
		return 0
	}
	return min(1, f.Entropy/min(6, 0.75*math.Log(float64(f.Units))))
}

// quality combines the components, to four decimals: beyond them machines whose
// exponential rounds otherwise may differ.
func (w Weights) quality(f *Features, g Guess) float64 {
	sum, log := 0.0, 0.0
	for _, c := range w.list() {
		sum += c.weight
		log += c.weight * math.Log(max(0.01, c.value(f, g)))
	}
	return math.Round(math.Exp(log/sum)*1e4) / 1e4
}
