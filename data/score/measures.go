package score

import (
	"fmt"
	"slices"
)

// measure is a number that rules can bound.
type measure struct {
	name  string
	need  Need // what an Extractor must take for it
	value func(*Features) float64
}

func count(name string, get func(*Features) int) measure {
	return measure{name, 0, func(f *Features) float64 { return float64(get(f)) }}
}

func share(name string, get func(*Features) (part, of int)) measure {
	return measure{name, 0, func(f *Features) float64 { return ratio(get(f)) }}
}

func value(name string, get func(*Features) float64) measure { return measure{name, 0, get} }

// measures are all of them; their order is that of [Features.AppendSignals].
var measures = slices.Concat(sizeMeasures, shapeMeasures, lineMeasures, repeatMeasures,
	peerMeasures("datatrove", NeedDatatrove, func(f *Features) *Peer { return &f.Datatrove }),
	peerMeasures("dolma", NeedDolma, func(f *Features) *Peer { return &f.Dolma }),
	peerMeasures("rpv2", NeedRPV2, func(f *Features) *Peer { return &f.RPV2 }))

var sizeMeasures = []measure{
	count("all_chars", func(f *Features) int { return f.Chars }),
	count("chars", func(f *Features) int { return f.NonBlank }),
	count("letters", func(f *Features) int { return f.Letters }),
	count("units", func(f *Features) int { return f.Units }),
	count("words", func(f *Features) int { return f.Words }),
	count("lines", func(f *Features) int { return f.Lines }),
	count("paragraphs", func(f *Features) int { return f.Paragraphs }),
	count("sentences", func(f *Features) int { return f.Sentences }),
	count("full_sentences", func(f *Features) int { return f.FullSentences }),
	value("mean_word_length", (*Features).MeanWordLength),
	share("mean_line_length", func(f *Features) (int, int) { return f.LineChars, f.Lines }),
	share("mean_sentence_units", func(f *Features) (int, int) { return f.Units, f.Sentences }),
	count("longest_line", func(f *Features) int { return f.LongestLine }),
	count("longest_token", func(f *Features) int { return f.LongestToken }),
}

var shapeMeasures = []measure{
	share("hashes_per_word", func(f *Features) (int, int) { return f.Hashes, f.Words + f.Han }),
	share("ellipses_per_word", func(f *Features) (int, int) { return f.Ellipses, f.Words + f.Han }),
	share("alpha_tokens", func(f *Features) (int, int) { return f.AlphaTokens, f.Tokens }),
	share("digit_words", func(f *Features) (int, int) { return f.DigitWords, f.Units }),
	share("letter_share", func(f *Features) (int, int) { return f.Letters, f.NonBlank }),
	share("alnum_share", func(f *Features) (int, int) { return f.Letters + f.Digits, f.NonBlank }),
	share("alnum_all_share", func(f *Features) (int, int) { return f.Letters + f.Digits, f.Chars }),
	share("digit_share", func(f *Features) (int, int) { return f.Digits, f.NonBlank }),
	share("punct_share", func(f *Features) (int, int) { return f.Punct, f.NonBlank }),
	share("bracket_share", func(f *Features) (int, int) { return f.Brackets, f.NonBlank }),
	share("replacement_share", func(f *Features) (int, int) { return f.ReplacementRune, f.NonBlank }),
	share("han_share", func(f *Features) (int, int) { return f.Han, f.NonBlank }),
	share("traditional_share", func(f *Features) (int, int) { return f.Traditional, f.Han }),
	count("english_stop_kinds", func(f *Features) int { return f.GopherStops }),
	share("english_stop_share", func(f *Features) (int, int) { return f.EnglishStops, f.Words }),
	share("capital_words", func(f *Features) (int, int) { return f.CapitalWords, f.Words }),
	share("address_words", func(f *Features) (int, int) { return f.AddressWords, f.Words }),
	share("sale_words", func(f *Features) (int, int) { return f.SaleWords, f.Words }),
	share("link_words", func(f *Features) (int, int) { return f.LinkWords, f.Words }),
	count("chinese_stop_kinds", func(f *Features) int { return f.ChineseStops }),
	count("curly_brackets", func(f *Features) int { return f.Braces }),
	value("lorem_ipsum", func(f *Features) float64 { return truth(f.LoremIpsum) }),
}

var lineMeasures = []measure{
	share("bullet_lines", func(f *Features) (int, int) { return f.BulletLines, f.Lines }),
	share("ellipsis_lines", func(f *Features) (int, int) { return f.EllipsisLines, f.Lines }),
	share("terminal_lines", func(f *Features) (int, int) { return f.TerminalLines + f.EllipsisLines, f.Lines }),
	share("short_lines", func(f *Features) (int, int) { return f.ShortLines, f.Lines }),
	count("long_lines", func(f *Features) int { return f.LongLines }),
	share("newlines_per_word", func(f *Features) (int, int) { return f.Newlines, f.Words + f.Han }),
	share("read_more_lines", func(f *Features) (int, int) { return f.ReadMoreLines, f.Lines }),
	count("script_lines", func(f *Features) int { return f.ScriptLines }),
	count("policy_lines", func(f *Features) int { return f.PolicyLines }),
	share("low_paragraphs", func(f *Features) (int, int) { return f.LowParagraphs, f.Paragraphs }),
	share("few_han_paragraphs", func(f *Features) (int, int) { return f.FewHanParagraphs, f.Paragraphs }),
	share("low_sentences", func(f *Features) (int, int) { return f.LowSentences, f.SentenceSpans }),
	share("full_sentence_share", func(f *Features) (int, int) { return f.FullSentenceChars, f.NonBlank }),
}

var repeatMeasures = slices.Concat([]measure{
	share("unique_units", func(f *Features) (int, int) { return f.UniqueUnits, f.Units }),
	value("entropy", func(f *Features) float64 { return f.Entropy }),
	share("dup_lines", func(f *Features) (int, int) { return f.DupLines, f.Lines }),
	share("dup_line_chars", func(f *Features) (int, int) { return f.DupLineChars, f.LineChars }),
	share("dup_paragraphs", func(f *Features) (int, int) { return f.DupParagraphs, f.Paragraphs }),
	share("dup_paragraph_chars", func(f *Features) (int, int) { return f.DupParaChars, f.ParagraphChars }),
	share("dup_sentences", func(f *Features) (int, int) { return f.DupSentences, f.SentenceSpans }),
}, grams("", 0, 2, 4, func(f *Features, n int) float64 { return f.TopNGram[n] }),
	[]measure{value("dup_5gram", func(f *Features) float64 { return f.DupNGram[5] })},
	grams("", NeedCopies, 6, 9, func(f *Features, n int) float64 { return f.DupNGram[n] }),
	[]measure{
		value("dup_10gram", func(f *Features) float64 { return f.DupNGram[10] }),
		value("dup_13gram", func(f *Features) float64 { return f.DupNGram[13] }),
		{"dup_char_10gram", NeedCharNGrams, func(f *Features) float64 { return f.DupChar10Gram }},
	})

// grams are the measures of n-grams from n = lo to hi.
func grams(prefix string, need Need, lo, hi int, get func(*Features, int) float64) (out []measure) {
	kind := "top"
	if lo > 4 {
		kind = "dup"
	}
	for n := lo; n <= hi; n++ {
		out = append(out, measure{fmt.Sprintf("%s%s_%dgram", prefix, kind, n), need, func(f *Features) float64 { return get(f, n) }})
	}
	return out
}

// peerMeasures are those of one peer.
func peerMeasures(name string, need Need, of func(*Features) *Peer) []measure {
	var out []measure
	add := func(what string, get func(*Peer) float64) {
		out = append(out, measure{name + "_" + what, need, func(f *Features) float64 { return get(of(f)) }})
	}
	add("words", func(p *Peer) float64 { return float64(p.Words) })
	add("word_length", func(p *Peer) float64 { return p.WordLength })
	if name == "datatrove" {
		add("hashes_per_word", func(p *Peer) float64 { return p.Hashes })
		add("ellipses_per_word", func(p *Peer) float64 { return p.Ellipses })
		add("dup_paragraphs", func(p *Peer) float64 { return p.DupParagraphs })
		add("dup_paragraph_chars", func(p *Peer) float64 { return p.DupParagraphChars })
	} else {
		add("symbols_per_word", func(p *Peer) float64 { return p.Hashes })
	}
	add("alpha_words", func(p *Peer) float64 { return p.AlphaWords })
	if name != "rpv2" {
		add("stop_words", func(p *Peer) float64 { return float64(p.StopWords) })
		add("dup_lines", func(p *Peer) float64 { return p.DupLines })
		add("dup_line_chars", func(p *Peer) float64 { return p.DupLineChars })
	}
	add("bullet_lines", func(p *Peer) float64 { return p.BulletLines })
	add("ellipsis_lines", func(p *Peer) float64 { return p.EllipsisLines })
	out = append(out, grams(name+"_", need, 2, 4, func(f *Features, n int) float64 { return of(f).TopNGram[n] })...)
	return append(out, grams(name+"_", need, 5, 10, func(f *Features, n int) float64 { return of(f).DupNGram[n] })...)
}

// measureOf finds a measure by its name.
var measureOf = func() map[string]*measure {
	m := map[string]*measure{}
	for i := range measures {
		m[measures[i].name] = &measures[i]
	}
	return m
}()

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Measures returns the names that rules can bound, sorted.
func Measures() []string {
	names := make([]string, 0, len(measures))
	for _, m := range measures {
		names = append(names, m.name)
	}
	slices.Sort(names)
	return names
}

// Signal is a measure of a text by its name.
type Signal struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// AppendSignals appends all measures to dst, in an order that never changes.
// Those that the Extractor did not take are 0.
func (f *Features) AppendSignals(dst []Signal) []Signal {
	for i := range measures {
		dst = append(dst, Signal{measures[i].name, measures[i].value(f)})
	}
	return dst
}

// Signals returns all measures, in an order that never changes.
func (f *Features) Signals() []Signal { return f.AppendSignals(make([]Signal, 0, len(measures))) }
