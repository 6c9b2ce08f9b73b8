package score

import (
	"fmt"
	"maps"
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

// ngramRules builds the top and duplicate n-gram rules: top[0] is for n = 2,
// dup[0] for n = 5. peer begins the names of the measures.
func ngramRules(prefix, peer string, top, dup []float64) []Rule {
	var out []Rule
	for i, v := range top {
		out = append(out, most(fmt.Sprintf("%s_top_%dgram", prefix, i+2), fmt.Sprintf("%stop_%dgram", peer, i+2), v))
	}
	for i, v := range dup {
		out = append(out, most(fmt.Sprintf("%s_dup_%dgram", prefix, i+5), fmt.Sprintf("%sdup_%dgram", peer, i+5), v))
	}
	return out
}

func same(v float64, n int) []float64 { return slices.Repeat([]float64{v}, n) }

// RuleSets returns the named sets of rules. Thresholds are the published ones
// of the source named beside each; measures are this package's.
func RuleSets() map[string][]Rule {
	sets := map[string][]Rule{
		// Rae et al. 2021 (Gopher), table A1, with the values datatrove uses.
		// The sets named after a peer take that peer's measures.
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
		}, ngramRules("gopher", "", gopherTop, gopherDup)...),
		// FineWeb's own filters (Penedo et al. 2024); quotation marks end lines, as
		// they did when it was made.
		"fineweb": {
			least("fineweb_terminal_lines", "terminal_lines", 0.12),
			most("fineweb_short_lines", "short_lines", 0.67),
			most("fineweb_dup_line_chars", "dup_line_chars", 0.01),
			most("fineweb_newline_ratio", "newlines_per_word", 0.3),
		},
		// Raffel et al. 2020 (C4), as rules on pages: C4 itself drops only the
		// lines with the marks and tokens of the last three, and counts the
		// sentences of what is left.
		"c4": {
			least("c4_sentences", "full_sentences", 5),
			most("c4_lorem_ipsum", "lorem_ipsum", 0),
			most("c4_curly_bracket", "curly_brackets", 0),
			most("c4_javascript", "script_lines", 0),
			most("c4_policy", "policy_lines", 0),
			most("c4_long_token", "longest_token", 1000),
		},
		// mC4 (Xue et al. 2021).
		"mc4": {least("mc4_long_lines", "long_lines", 3)},
		// CCNet (Wenzek et al. 2020), the shortest text that it keeps.
		"ccnet":   {least("ccnet_chars", "all_chars", 300)},
		"general": general(),
		"code":    code(),
	}
	maps.Copy(sets, peerSets())
	maps.Copy(sets, chineseSets())
	return sets
}

// peerSets are Gopher's rules with the measures of each peer: datatrove 0.10,
// dolma 1.2 and RedPajama-Data-v2, which measures neither stop words nor copies
// of lines and paragraphs.
func peerSets() map[string][]Rule {
	sets := map[string][]Rule{}
	for _, peer := range []string{"datatrove", "dolma", "rpv2"} {
		name, measure := "gopher_"+peer+"_", peer+"_"
		quality := []Rule{
			within(name+"word_count", measure+"words", 50, 100000),
			within(name+"word_length", measure+"word_length", 3, 10),
			most(name+"bullet_lines", measure+"bullet_lines", 0.9),
			most(name+"ellipsis_lines", measure+"ellipsis_lines", 0.3),
			least(name+"alpha_words", measure+"alpha_words", 0.8),
		}
		if peer == "datatrove" {
			quality = append(quality, most(name+"hash_ratio", measure+"hashes_per_word", 0.1), most(name+"ellipsis_ratio", measure+"ellipses_per_word", 0.1))
		} else {
			quality = append(quality, most(name+"symbol_ratio", measure+"symbols_per_word", 0.1))
		}
		var copies []Rule
		if peer != "rpv2" {
			quality = append(quality, least(name+"stop_words", measure+"stop_words", 2))
			copies = append(copies, most(name+"dup_lines", measure+"dup_lines", 0.30), most(name+"dup_line_chars", measure+"dup_line_chars", 0.20))
		}
		if peer == "datatrove" {
			copies = append(copies, most(name+"dup_paragraphs", measure+"dup_paragraphs", 0.30),
				most(name+"dup_paragraph_chars", measure+"dup_paragraph_chars", 0.20))
		}
		sets["gopher_quality_"+peer] = quality
		sets["gopher_repetition_"+peer] = append(copies, ngramRules("gopher_"+peer, measure, gopherTop, gopherDup)...)
	}
	return sets
}

// Gopher's bounds of the most frequent n-gram, n = 2..4, and of copies of
// n-grams, n = 5..10.
var (
	gopherTop = []float64{0.20, 0.18, 0.16}
	gopherDup = []float64{0.15, 0.14, 0.13, 0.12, 0.11, 0.10}
)

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
