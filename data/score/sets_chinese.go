package score

// chineseSets are the rules published for Chinese.
func chineseSets() map[string][]Rule {
	return map[string][]Rule{
		// FineWeb-2, configs/cmn_Hani.yml, but for mean word length, which
		// needs a segmenter.
		"zh_fineweb2": append([]Rule{
			most("zh_fineweb2_dup_lines", "dup_lines", 0.287),
			least("zh_fineweb2_terminal_lines", "terminal_lines", 0.106),
			most("zh_fineweb2_newline_ratio", "newlines_per_word", 0.178),
			least("zh_fineweb2_alpha_words", "letter_share", 0.735),
			least("zh_fineweb2_stop_words", "chinese_stop_kinds", 2),
		}, ngramRules("zh_fineweb2", "", []float64{.256, .201, .171}, []float64{.198, .182, .167, .154, .14, .127})...),
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
		}, ngramRules("zh_mapcc", "", []float64{.20, .18, .16}, same(.60, 6))...),
		// ChineseWebText (EvalWeb), the rules on single texts.
		"zh_chinesewebtext": {
			least("zh_cwt_chars", "chars", 200),
			least("zh_cwt_line_length", "mean_line_length", 10),
			least("zh_cwt_han", "han_share", 0.30),
			most("zh_cwt_dup_13gram", "dup_13gram", 0.5),
		},
		// ChineseWebText again: any traditional character drops a text.
		"zh_cwt_traditional": {most("zh_cwt_traditional", "traditional_share", 0)},
		// MNBVC: pages; its rule for paragraphs is a flag of theirs.
		"zh_mnbvc": {least("zh_mnbvc_han", "han_share", 0.70)},
		// Data-Juicer, alpaca-cot-zh-refine.yaml.
		"zh_datajuicer": {
			least("zh_datajuicer_alnum", "alnum_all_share", 0.10),
			most("zh_datajuicer_dup_char_10gram", "dup_char_10gram", 0.6),
		},
	}
}
