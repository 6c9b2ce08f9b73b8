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
//	length      1 - exp(-units/50), in Chinese 1 - exp(-units/25): a line is worth
//	            little, a page all
//	repetition  1 - the worst of four shares: copies of 5-grams and of 10-grams
//	            that stood at most 256 units before, and copies of paragraphs and
//	            of lines at most 40 before, each less what natural text has and over a share that
//	            is bad (see repetitionScore); none of it grows with the text
//	lines       prose: terminal punctuation and lines long enough to be
//	            sentences; verse and code are not asked for either; in Chinese
//	            also few blanks between characters
//	alphabet    letters and digits over 0.75 of the characters but blanks
//	language    how surely the text is in one of the known languages
//	diversity   entropy of units over what random text of its length has
//	sentences   the mean of three: characters in finished sentences over 0.8,
//	            English function words over 0.35 of the words (English only), and
//	            units per sentence, best from 15 (English: 20) to 60; code and Chinese verse
//	            are not asked
//	plain       a third each from words in capitals (none is best, 0.2 worst), from
//	            words of advertisements and of links (none is best, 0.1 worst), and
//	            from you and your (none is best, 0.1 worst)
//	fluency     what package fluency says of English and Chinese; in English, where
//	            the other components say more, it has a quarter of its weight
//	page        in English, how much a text reads like pages that inform, explain or
//	            tell something, and not like those that sell, list or chat: what package
//	            fluency says of its first 16 KiB
//	perplexity, classifier, safety
//	            what the caller's models and lexicons say, see [Extra]
//
// A component without a value or with weight 0 does not count. The constants are
// those of ordinary prose and were not fitted to labels.
type Weights struct {
	Length     float64 `yaml:"length" mapstructure:"length"`
	Repetition float64 `yaml:"repetition" mapstructure:"repetition"`
	Lines      float64 `yaml:"lines" mapstructure:"lines"`
	Alphabet   float64 `yaml:"alphabet" mapstructure:"alphabet"`
	Language   float64 `yaml:"language" mapstructure:"language"`
	Diversity  float64 `yaml:"diversity" mapstructure:"diversity"`
	Sentences  float64 `yaml:"sentences" mapstructure:"sentences"`
	Plain      float64 `yaml:"plain" mapstructure:"plain"`
	Fluency    float64 `yaml:"fluency" mapstructure:"fluency"`
	Page       float64 `yaml:"page" mapstructure:"page"`
	Perplexity float64 `yaml:"perplexity" mapstructure:"perplexity"`
	Classifier float64 `yaml:"classifier" mapstructure:"classifier"`
	Safety     float64 `yaml:"safety" mapstructure:"safety"`
}

// DefaultWeights returns the weights used when nothing is said.
func DefaultWeights() Weights {
	return Weights{Length: 2, Repetition: 2, Lines: 1, Alphabet: 1, Language: 1, Diversity: 1, Sentences: 2, Plain: 2,
		Fluency: 8, Page: 1, Perplexity: 1, Classifier: 2, Safety: 2}
}

// Validate reports every impossible value at once.
func (w Weights) Validate() error {
	var errs []error
	sum := 0.0
	for _, c := range w.list(&Features{}, Guess{}, Extra{}) {
		if !(c.Weight >= 0) || math.IsInf(c.Weight, 0) {
			errs = append(errs, fmt.Errorf("weights.%s is %g; it must be finite and not negative", c.Name, c.Weight))
		}
		sum += c.Weight
	}
	if len(errs) == 0 && sum == 0 {
		errs = append(errs, errors.New("weights are all zero; at least one must count"))
	}
	return errors.Join(errs...)
}

// Extra are what models say of a text, each in [0,1] where 1 is best, and NaN
// where no model was asked.
type Extra struct {
	Perplexity float64 // by what share of reference texts it is at least as likely
	Classifier float64
	Safety     float64
}

// NoExtra says that no model was asked.
func NoExtra() Extra { return Extra{math.NaN(), math.NaN(), math.NaN()} }

// Component is one factor of quality.
type Component struct {
	Name   string  `json:"name"`
	Weight float64 `json:"weight"`
	Value  float64 `json:"value"`
}

// factors is how many components there are.
const factors = 13

// list computes all components; those of models that were not asked are NaN.
func (w Weights) list(f *Features, g Guess, x Extra) [factors]Component {
	language := 0.5
	switch g.Language {
	case OtherLang:
	case undetermined:
		language = 0.25
	default:
		language += 0.5 * float64(g.Score)
	}
	enough := 50.0
	if g.Language == Chinese {
		enough = 25
	}
	known := func(v float64) float64 {
		if v == noFluency {
			return math.NaN()
		}
		return v
	}
	weight := w.Fluency
	if g.Language == English {
		weight /= 4
	}
	return [factors]Component{
		{"length", w.Length, 1 - math.Exp(-float64(f.Units)/enough)},
		{"repetition", w.Repetition, f.repetitionScore(g)},
		{"lines", w.Lines, f.lineScore(g)},
		{"alphabet", w.Alphabet, min(1, ratio(f.Letters+f.Digits, f.NonBlank)/0.75)},
		{"language", w.Language, language},
		{"diversity", w.Diversity, f.diversityScore()},
		{"sentences", w.Sentences, f.sentenceScore(g)},
		{"plain", w.Plain, f.plainScore()},
		{"fluency", weight, known(f.fluency)},
		{"page", w.Page, known(f.page)},
		{"perplexity", w.Perplexity, x.Perplexity},
		{"classifier", w.Classifier, x.Classifier},
		{"safety", w.Safety, x.Safety},
	}
}

// components returns those that count.
func (w Weights) components(f *Features, g Guess, x Extra) (out []Component) {
	for _, c := range w.list(f, g, x) {
		if c.Weight > 0 && !math.IsNaN(c.Value) {
			out = append(out, c)
		}
	}
	return out
}

// repetitionScore takes what natural text repeats for granted: of characters, five
// in a row recur far more often than five words do.
func (f *Features) repetitionScore(g Guess) float64 {
	over := func(x, natural, bad float64) float64 { return max(0, x-natural) / (bad - natural) }
	five, ten := over(f.nearDup[0], 0.08, 0.35), over(f.nearDup[1], 0.05, 0.25)
	if f.Han*10 >= f.Letters*3 {
		five, ten = over(f.nearDup[0], 0.20, 0.60), over(f.nearDup[1], 0.08, 0.35)
	}
	worst := max(five, ten, over(ratio(f.nearParaChars, f.ParagraphChars), 0.06, 0.40))
	if g.Language != Code { // closing brackets repeat
		worst = max(worst, over(ratio(f.nearLineChars, f.LineChars), 0.06, 0.40))
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
		ends := ratio(f.TerminalLines+f.commaLines, f.Lines)
		return min(1, 0.5+ends) * (1 - ratio(f.ReadMoreLines, f.Lines)) * (1 - f.blankShare())
	}
	prose := min(1, ratio(f.TerminalLines, f.Lines)/0.5)
	long := min(1, 1.3-ratio(f.ShortLines, f.Lines))
	odd := ratio(f.EllipsisLines+f.ReadMoreLines+f.PolicyLines+f.ScriptLines, f.Lines)
	return (0.4 + 0.3*prose + 0.3*long) * max(0, 1-odd)
}

// blankShare tells from 0 to 1 how much blanks part the characters of a Chinese
// text, as they do in menus and in badly recognised pages.
func (f *Features) blankShare() float64 {
	return min(1, max(0, ratio(f.Tokens-f.Words, f.Han)-0.25)/0.5)
}

// verse tells whether a text in Han is lines of a few characters that end in marks.
func (f *Features) verse() bool {
	return f.Lines >= 3 && f.LineChars <= 20*f.Lines && 10*(f.TerminalLines+f.commaLines) >= 7*f.Lines && f.Han*2 > f.Letters
}

// sentenceScore tells how much a text is made of sentences.
func (f *Features) sentenceScore(g Guess) float64 {
	if g.Language == Code || f.verse() {
		return 1
	}
	finished := min(1, ratio(f.FullSentenceChars, f.NonBlank)/0.8)
	length, least := 0.0, 15.0
	if g.Language == English {
		least = 20
	}
	if mean := ratio(f.Units, f.Sentences); mean > 0 {
		length = min(1, mean/least, 60/mean)
	}
	if g.Language != English {
		return (finished + length) / 2
	}
	return (finished + length + min(1, ratio(f.EnglishStops, f.Words)/0.35)) / 3
}

// plainScore tells how little a text shouts, sells and calls on its reader.
func (f *Features) plainScore() float64 {
	shouts := ratio(f.CapitalWords, f.Words) / 0.2
	sells := ratio(f.SaleWords+f.LinkWords, f.Words) / 0.1
	addresses := ratio(f.AddressWords, f.Words) / 0.1
	return (max(0, 1-shouts) + max(0, 1-sells) + max(0, 1-addresses)) / 3
}

// diversityScore compares the entropy of units with that of natural text of the
// same length, taken as 0.75 of the logarithm of the length up to 6 nats.
func (f *Features) diversityScore() float64 {
	if f.Units < 2 {
		return 0
	}
	return min(1, f.Entropy/min(6, 0.75*math.Log(float64(f.Units))))
}

// quality combines the components, to four decimals: beyond them machines whose
// exponential rounds otherwise may differ.
func (w Weights) quality(f *Features, g Guess, x Extra) float64 {
	sum, log := 0.0, 0.0
	for _, c := range w.list(f, g, x) {
		if c.Weight > 0 && !math.IsNaN(c.Value) {
			sum += c.Weight
			log += c.Weight * math.Log(min(1, max(0.01, c.Value)))
		}
	}
	if sum == 0 { // only models count, and none was asked
		return 0
	}
	return math.Round(math.Exp(log/sum)*1e4) / 1e4
}
