package score

import (
	"fmt"
	"math"
	"sort"
)

// Rule drops a text whose measure lies outside [Min, Max].
type Rule struct {
	Name     string  // the reason, part of the report's format
	Measure  string  // a key of the measures
	Min, Max float64 // -Inf and +Inf for no bound
	MinUnits int     // shorter texts pass: shares of few units say nothing
}

// measures are what rules can bound.
var measures = map[string]func(*Features) float64{
	"chars":               func(f *Features) float64 { return float64(f.NonBlank) },
	"units":               func(f *Features) float64 { return float64(f.Units) },
	"words":               func(f *Features) float64 { return float64(f.Words) },
	"letters":             func(f *Features) float64 { return float64(f.Letters) },
	"sentences":           func(f *Features) float64 { return float64(f.Sentences) },
	"lines":               func(f *Features) float64 { return float64(f.Lines) },
	"mean_word_length":    (*Features).MeanWordLength,
	"mean_line_length":    func(f *Features) float64 { return ratio(f.LineChars, f.Lines) },
	"longest_line":        func(f *Features) float64 { return float64(f.LongestLine) },
	"longest_token":       func(f *Features) float64 { return float64(f.LongestToken) },
	"hashes_per_word":     func(f *Features) float64 { return ratio(f.Hashes, f.Words+f.Han) },
	"ellipses_per_word":   func(f *Features) float64 { return ratio(f.Ellipses, f.Words+f.Han) },
	"bullet_lines":        func(f *Features) float64 { return ratio(f.BulletLines, f.Lines) },
	"ellipsis_lines":      func(f *Features) float64 { return ratio(f.EllipsisLines, f.Lines) },
	"terminal_lines":      func(f *Features) float64 { return ratio(f.TerminalLines+f.EllipsisLines, f.Lines) },
	"short_lines":         func(f *Features) float64 { return ratio(f.ShortLines, f.Lines) },
	"newlines_per_word":   func(f *Features) float64 { return ratio(f.Newlines, f.Words+f.Han) },
	"read_more_lines":     func(f *Features) float64 { return ratio(f.ReadMoreLines, f.Lines) },
	"script_lines":        func(f *Features) float64 { return float64(f.ScriptLines) },
	"policy_lines":        func(f *Features) float64 { return float64(f.PolicyLines) },
	"lorem_ipsum":         func(f *Features) float64 { return truth(f.LoremIpsum) },
	"curly_brackets":      func(f *Features) float64 { return float64(f.Braces) },
	"alpha_tokens":        func(f *Features) float64 { return ratio(f.AlphaTokens, f.Tokens) },
	"digit_words":         func(f *Features) float64 { return ratio(f.DigitWords, f.Units) },
	"letter_share":        func(f *Features) float64 { return ratio(f.Letters, f.NonBlank) },
	"alnum_share":         func(f *Features) float64 { return ratio(f.Letters+f.Digits, f.NonBlank) },
	"punct_share":         func(f *Features) float64 { return ratio(f.Punct, f.NonBlank) },
	"bracket_share":       func(f *Features) float64 { return ratio(f.Brackets, f.NonBlank) },
	"replacement_share":   func(f *Features) float64 { return ratio(f.ReplacementRune, f.NonBlank) },
	"han_share":           func(f *Features) float64 { return ratio(f.Han, f.NonBlank) },
	"english_stop_kinds":  func(f *Features) float64 { return float64(f.GopherStops) },
	"chinese_stop_kinds":  func(f *Features) float64 { return float64(f.ChineseStops) },
	"unique_units":        func(f *Features) float64 { return ratio(f.UniqueUnits, f.Units) },
	"entropy":             func(f *Features) float64 { return f.Entropy },
	"dup_lines":           func(f *Features) float64 { return ratio(f.DupLines, f.Lines) },
	"dup_line_chars":      func(f *Features) float64 { return ratio(f.DupLineChars, f.LineChars) },
	"dup_paragraphs":      func(f *Features) float64 { return ratio(f.DupParagraphs, f.Paragraphs) },
	"dup_paragraph_chars": func(f *Features) float64 { return ratio(f.DupParaChars, f.ParagraphChars) },
	"top_2gram":           func(f *Features) float64 { return f.TopNGram[2] },
	"top_3gram":           func(f *Features) float64 { return f.TopNGram[3] },
	"top_4gram":           func(f *Features) float64 { return f.TopNGram[4] },
	"dup_5gram":           func(f *Features) float64 { return f.DupNGram[5] },
	"dup_6gram":           func(f *Features) float64 { return f.DupNGram[6] },
	"dup_7gram":           func(f *Features) float64 { return f.DupNGram[7] },
	"dup_8gram":           func(f *Features) float64 { return f.DupNGram[8] },
	"dup_9gram":           func(f *Features) float64 { return f.DupNGram[9] },
	"dup_10gram":          func(f *Features) float64 { return f.DupNGram[10] },
	"dup_13gram":          func(f *Features) float64 { return f.DupNGram[13] },
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Measures returns the names that rules can bound, sorted.
func Measures() []string {
	names := make([]string, 0, len(measures))
	for n := range measures {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// Breaks tells whether the text breaks the rule.
func (r Rule) Breaks(f *Features) bool {
	if f.Units < r.MinUnits {
		return false
	}
	v := measures[r.Measure](f)
	return v < r.Min || v > r.Max
}

func (r Rule) validate() error {
	switch {
	case r.Name == "":
		return fmt.Errorf("a rule on %q has no name", r.Measure)
	case measures[r.Measure] == nil:
		return fmt.Errorf("rule %s bounds %q, which is no measure; the measures are %v", r.Name, r.Measure, Measures())
	case math.IsNaN(r.Min) || math.IsNaN(r.Max) || r.Min > r.Max:
		return fmt.Errorf("rule %s keeps from %v to %v, which is nothing", r.Name, r.Min, r.Max)
	}
	return nil
}
