package score

import (
	"fmt"
	"math"
	"slices"
)

var inf = math.Inf(1)

func least(name, measure string, v float64) Rule { return Rule{name, measure, v, inf, 0} }
func most(name, measure string, v float64) Rule  { return Rule{name, measure, -inf, v, 0} }
func within(name, measure string, lo, hi float64) Rule {
	return Rule{name, measure, lo, hi, 0}
}

// longer makes rules hold for texts of at least n units only.
func longer(n int, rules ...Rule) []Rule {
	for i := range rules {
		rules[i].MinUnits = n
	}
	return rules
}

// repetition builds the top and duplicate n-gram rules: top[0] is for n = 2,
// dup[0] for n = 5.
func repetition(prefix string, top, dup []float64) []Rule {
	var out []Rule
	for i, v := range top {
		out = append(out, most(fmt.Sprintf("%s_top_%dgram", prefix, i+2), fmt.Sprintf("top_%dgram", i+2), v))
	}
	for i, v := range dup {
		out = append(out, most(fmt.Sprintf("%s_dup_%dgram", prefix, i+5), fmt.Sprintf("dup_%dgram", i+5), v))
	}
	return out
}

func same(v float64, n int) []float64 { return slices.Repeat([]float64{v}, n) }

// RuleSets returns the named sets of rules. Thresholds are the published ones
// of the source named beside each; measures are this package's.
func RuleSets() map[string][]Rule {
	return map[string][]Rule{
		// Rae et al. 2021 (Gopher), table A1, with the values datatrove uses.
		"gopher_quality": {
			within("gopher_word_count", "words", 50, 100000),
			within("gopher_mean_word_length", "mean_word_length", 3, 10),
			most("gopher_hash_ratio", "hashes_per_word", 0.1),
			most("gopher_ellipsis_ratio", "ellipses_per_word", 0.1),
			most("gopher_bullet_lines", "bullet_lines", 0.9),
			most("gopher_ellipsis_lines", "ellipsis_lines", 0.3),
			least("gopher_alpha_words", "alpha_tokens", 0.8),
			least("gopher_stop_words", "english_stop_kinds", 2),
		},
		"gopher_repetition": append([]Rule{
			most("gopher_dup_lines", "dup_lines", 0.30),
			most("gopher_dup_paragraphs", "dup_paragraphs", 0.30),
			most("gopher_dup_line_chars", "dup_line_chars", 0.20),
			most("gopher_dup_paragraph_chars", "dup_paragraph_chars", 0.20),
		}, repetition("gopher", []float64{0.20, 0.18, 0.16}, []float64{0.15, 0.14, 0.13, 0.12, 0.11, 0.10})...),
		// FineWeb's own filters (Penedo et al. 2024).
		"fineweb": {
			least("fineweb_terminal_lines", "terminal_lines", 0.12),
			most("fineweb_short_lines", "short_lines", 0.67),
			most("fineweb_dup_line_chars", "dup_line_chars", 0.01),
			most("fineweb_newline_ratio", "newlines_per_word", 0.3),
		},
		// Raffel et al. 2020 (C4), the rules that judge a page as a whole.
		"c4": {
			least("c4_sentences", "sentences", 5),
			most("c4_lorem_ipsum", "lorem_ipsum", 0),
			most("c4_curly_bracket", "curly_brackets", 0),
			most("c4_javascript", "script_lines", 0),
			most("c4_policy", "policy_lines", 0),
			most("c4_long_token", "longest_token", 1000),
		},
		// FineWeb-2, configs/cmn_Hani.yml, but for mean word length, which
		// needs a segmenter.
		"zh_fineweb2": append([]Rule{
			most("zh_fineweb2_dup_lines", "dup_lines", 0.287),
			least("zh_fineweb2_terminal_lines", "terminal_lines", 0.106),
			most("zh_fineweb2_newline_ratio", "newlines_per_word", 0.178),
			least("zh_fineweb2_alpha_words", "letter_share", 0.735),
			least("zh_fineweb2_stop_words", "chinese_stop_kinds", 2),
		}, repetition("zh_fineweb2", []float64{.256, .201, .171}, []float64{.198, .182, .167, .154, .14, .127})...),
		// MAP-CC / CT-LLM.
		"zh_mapcc": append([]Rule{
			within("zh_mapcc_chars", "chars", 50, 10000),
			least("zh_mapcc_sentences", "sentences", 2),
			most("zh_mapcc_hash_ratio", "hashes_per_word", 0.1),
			most("zh_mapcc_ellipsis_ratio", "ellipses_per_word", 0.1),
			most("zh_mapcc_brackets", "bracket_share", 0.1),
			most("zh_mapcc_digit_words", "digit_words", 0.3),
			most("zh_mapcc_read_more", "read_more_lines", 0.3),
			most("zh_mapcc_bullet_lines", "bullet_lines", 0.9),
			least("zh_mapcc_punctuation", "punct_share", 1e-9),
			least("zh_mapcc_unique_words", "unique_units", 0.1),
			least("zh_mapcc_entropy", "entropy", 3),
		}, repetition("zh_mapcc", []float64{.20, .18, .16}, same(.60, 6))...),
		// ChineseWebText (EvalWeb), the rules on single texts.
		"zh_chinesewebtext": {
			least("zh_cwt_chars", "chars", 200),
			least("zh_cwt_line_length", "mean_line_length", 10),
			least("zh_cwt_han", "han_share", 0.30),
			most("zh_cwt_dup_13gram", "dup_13gram", 0.5),
		},
		"general": general(),
		"code":    code(),
	}
}

// general removes what is broken or empty of content from texts that someone
// chose, in any language: verse of twenty characters stays, a page of one
// repeated phrase does not.
func general() []Rule {
	rules := []Rule{
		least("general_too_short", "letters", 4),
		most("general_replacement_chars", "replacement_share", 0.05),
		least("general_letters", "alnum_share", 0.30),
	}
	rules = append(rules, longer(60,
		least("general_unique_units", "unique_units", 0.005),
		most("general_dup_5gram", "dup_5gram", 0.80),
		most("general_dup_13gram", "dup_13gram", 0.60),
		most("general_top_2gram", "top_2gram", 0.50),
		most("general_ellipsis_lines", "ellipsis_lines", 0.8),
	)...)
	return append(rules, longer(400, least("general_entropy", "entropy", 2))...)
}

// code removes what is not written by people: data in disguise, generated
// tables, minified files.
func code() []Rule {
	rules := []Rule{
		least("code_too_short", "letters", 8),
		most("code_replacement_chars", "replacement_share", 0.05),
		least("code_alnum", "alnum_share", 0.25),
		most("code_line_length", "mean_line_length", 200),
		most("code_long_line", "longest_line", 20000),
	}
	return append(rules, longer(200,
		least("code_letters", "letter_share", 0.20),
		most("code_dup_13gram", "dup_13gram", 0.80),
		most("code_top_4gram", "top_4gram", 0.50),
	)...)
}
