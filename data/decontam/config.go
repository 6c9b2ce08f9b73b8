package decontam

import (
	"errors"
	"fmt"
)

// Methods of looking for evaluation items.
const (
	MethodDecon   = "decon"   // sampled n-grams, clusters, weighted overlap, answers
	MethodNGram13 = "ngram13" // any long n-gram in common
	MethodBoth    = "both"    // what one or the other finds
)

// What is done with a document that holds an item.
const (
	ActionDrop = "drop" // the document is dropped
	ActionFlag = "flag" // it is kept and the hit recorded
	ActionCut  = "cut"  // the paragraphs that overlap the hits are removed
)

// Config chooses the evaluation sets and how closely a text must follow an item.
type Config struct {
	// Method is decon, ngram13 or both.
	Method string `yaml:"method" mapstructure:"method"`
	// Action is drop, flag or cut.
	Action string `yaml:"action" mapstructure:"action"`
	// Sets are the evaluation sets; none switches decontamination off.
	Sets []Set `yaml:"sets" mapstructure:"sets"`

	// NGramWords and NGramChars are the n-gram lengths of method decon for items in
	// words and for items in Han and Kana.
	NGramWords int `yaml:"ngram_words" mapstructure:"ngram_words"`
	NGramChars int `yaml:"ngram_chars" mapstructure:"ngram_chars"`
	// SampleEvery is the distance between the n-grams of a text that are looked up
	// first; a copy that has as many n-grams in a row is always seen.
	SampleEvery int `yaml:"sample_every" mapstructure:"sample_every"`
	// MaxMisses is how many n-grams in a row a cluster may miss.
	MaxMisses int `yaml:"max_misses" mapstructure:"max_misses"`
	// Threshold is the score from which an item with LongUnits units or more, in
	// question and answer, is contaminated. Up to ShortUnits the score must be 1;
	// between, the threshold falls linearly.
	Threshold  float64 `yaml:"threshold" mapstructure:"threshold"`
	ShortUnits int     `yaml:"short_units" mapstructure:"short_units"`
	LongUnits  int     `yaml:"long_units" mapstructure:"long_units"`
	// MinUnits is the length of question below which an item is not looked for;
	// without answer or choices it is ExactWords or ExactChars.
	MinUnits int `yaml:"min_units" mapstructure:"min_units"`
	// AnswerWindow and LongAnswerWindow are how many units behind the question a
	// short and a long answer may lie.
	AnswerWindow     int `yaml:"answer_window" mapstructure:"answer_window"`
	LongAnswerWindow int `yaml:"long_answer_window" mapstructure:"long_answer_window"`
	// HotItems is the number of items from which a common n-gram starts no cluster
	// (decon) or does not count (ngram13).
	HotItems int `yaml:"hot_items" mapstructure:"hot_items"`

	// ExactWords and ExactChars are the n-gram lengths of method ngram13. Method decon
	// takes a question that is so long or longer for found when all of it is there,
	// whatever the answer.
	ExactWords int `yaml:"exact_words" mapstructure:"exact_words"`
	ExactChars int `yaml:"exact_chars" mapstructure:"exact_chars"`
	// WholeChars is the length from which decon takes a question in Han and Kana for
	// found without its answer, when it is there in one piece.
	WholeChars int `yaml:"whole_chars" mapstructure:"whole_chars"`
}

// Set is one evaluation set: files of one JSON object per line, or of one array of
// objects, plain or compressed by gzip or Zstandard.
type Set struct {
	// Name is the task in reports; empty takes the file's name without endings.
	Name string `yaml:"name" mapstructure:"name"`
	// Path is a file or a pattern such as evals/*.jsonl.gz.
	Path string `yaml:"path" mapstructure:"path"`
	// Fields names the fields where the layout is none of the known ones.
	Fields Fields `yaml:"fields" mapstructure:"fields"`
}

// Fields are names of JSON fields. An empty one is looked for by itself.
type Fields struct {
	ID       string `yaml:"id" mapstructure:"id"`
	Task     string `yaml:"task" mapstructure:"task"`
	Question string `yaml:"question" mapstructure:"question"`
	Answer   string `yaml:"answer" mapstructure:"answer"`
	// Choices is a field that holds a list or an object, or several fields with
	// commas between: "A,B,C,D".
	Choices string `yaml:"choices" mapstructure:"choices"`
}

// Default returns decon's parameters, made smaller where they count its tokens,
// since a word is about 1.3 of those: 5, 20 and 50 tokens became 4, 15 and 40 units.
func Default() Config {
	return Config{
		Method: MethodBoth, Action: ActionDrop,
		NGramWords: 4, NGramChars: 5, SampleEvery: 4, MaxMisses: 11,
		Threshold: 0.8, ShortUnits: 15, LongUnits: 40, MinUnits: 8,
		AnswerWindow: 50, LongAnswerWindow: 100, HotItems: 64,
		ExactWords: 13, ExactChars: 20, WholeChars: 12,
	}
}

// Validate reports every impossible value at once.
func (c Config) Validate() error {
	var errs []error
	if c.Method != MethodDecon && c.Method != MethodNGram13 && c.Method != MethodBoth {
		errs = append(errs, fmt.Errorf("method is %q; it must be decon, ngram13 or both", c.Method))
	}
	if c.Action != ActionDrop && c.Action != ActionFlag && c.Action != ActionCut {
		errs = append(errs, fmt.Errorf("action is %q; it must be drop, flag or cut", c.Action))
	}
	check := func(key string, v, lo, hi int) {
		if v < lo || v > hi {
			errs = append(errs, fmt.Errorf("%s is %d; it must be from %d to %d", key, v, lo, hi))
		}
	}
	check("ngram_words", c.NGramWords, 2, maxNGram)
	check("ngram_chars", c.NGramChars, 2, maxNGram)
	check("exact_words", c.ExactWords, 2, maxNGram)
	check("exact_chars", c.ExactChars, 2, maxNGram)
	check("whole_chars", c.WholeChars, 2, maxNGram)
	check("sample_every", c.SampleEvery, 1, 1000)
	check("max_misses", c.MaxMisses, 0, 1000)
	check("short_units", c.ShortUnits, 1, 10000)
	check("long_units", c.LongUnits, c.ShortUnits+1, 100000)
	check("min_units", c.MinUnits, 1, 10000)
	check("answer_window", c.AnswerWindow, 0, 100000)
	check("long_answer_window", c.LongAnswerWindow, 0, 100000)
	check("hot_items", c.HotItems, 1, 1<<30)
	if !(c.Threshold > 0 && c.Threshold <= 1) {
		errs = append(errs, fmt.Errorf("threshold is %g; it must be above 0 and at most 1", c.Threshold))
	}
	for i, s := range c.Sets {
		if s.Path == "" {
			errs = append(errs, fmt.Errorf("sets[%d].path is empty; name a JSONL file of evaluation items", i))
		}
	}
	return errors.Join(errs...)
}

// maxNGram is the longest n-gram.
const maxNGram = 100

// verbatim returns the length from which a whole question needs no answer, even with
// insertions, and that from which it needs none in one piece.
func (c Config) verbatim(lane int) (whole, onePiece int) {
	if lane == laneChars {
		return c.ExactChars, min(c.WholeChars, c.ExactChars)
	}
	return c.ExactWords, c.ExactWords
}

// methods returns the methods that look at each text.
func (c Config) methods() []string {
	if c.Method == MethodBoth {
		return []string{MethodDecon, MethodNGram13}
	}
	return []string{c.Method}
}

// lengths returns the n-gram lengths of a method, by lane.
func (c Config) lengths(method string) [numLanes]int {
	if method == MethodNGram13 {
		return [numLanes]int{c.ExactWords, c.ExactChars}
	}
	return [numLanes]int{c.NGramWords, c.NGramChars}
}
