package build

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"huihai/data/page"
	"huihai/data/safety"
	"huihai/data/score"
)

// Threshold is a bound by which a build drops documents or cuts out pieces.
type Threshold struct {
	Reason    string   `json:"reason"`    // as in the table
	Measure   string   `json:"measure"`   // what is bounded
	Languages []string `json:"languages"` // of the documents; empty for all
	Min       *float64 `json:"min,omitempty"`
	Max       *float64 `json:"max,omitempty"`
	MinUnits  int      `json:"min_units,omitempty"` // shorter documents pass
}

// thresholds lists the bounds of a configuration: those of its rules, then the others.
func (c Config) thresholds() ([]Threshold, error) {
	rules, err := c.Score.Rules()
	if err != nil {
		return nil, err
	}
	var out []Threshold
	at := map[score.Rule]int{}
	for _, lang := range score.RuleLanguages() {
		for _, r := range rules[lang] {
			if i, ok := at[r]; ok {
				out[i].Languages = append(out[i].Languages, string(lang))
				continue
			}
			at[r] = len(out)
			out = append(out, Threshold{Reason: r.Name, Measure: r.Measure, Languages: []string{string(lang)}, Min: bound(r.Min), Max: bound(r.Max), MinUnits: r.MinUnits})
		}
	}
	least := func(reason, measure string, v float64, asked bool) {
		if asked {
			out = append(out, Threshold{Reason: reason, Measure: measure, Min: bound(v)})
		}
	}
	least(score.ReasonQuality, "quality", c.Score.MinQuality, c.Score.MinQuality > 0)
	least(safety.Reason, "safety", c.Safety.MinSafety, c.Safety.MinSafety > 0)
	if c.Dedup.Near {
		out = append(out, Threshold{Reason: ReasonNearDuplicate, Measure: "Jaccard similarity to a copy", Max: bound(c.Dedup.Threshold)})
	}
	if c.Semantic.Find && c.Semantic.Drop {
		out = append(out, Threshold{Reason: ReasonSemanticDuplicate, Measure: "cosine to a better document", Max: bound(1 - c.Semantic.Epsilon)})
	}
	least(CutParagraphQuality, "quality of a paragraph", c.Trim.MinParagraphQuality, c.Trim.MinParagraphQuality > 0)
	least(CutSentenceQuality, "quality of a sentence", c.Trim.MinSentenceQuality, c.Trim.MinSentenceQuality > 0)
	least(ReasonLittleLeft, "share of the text left", c.Trim.MinLeft, true)
	return out, nil
}

// bound is nothing for none.
func bound(v float64) *float64 {
	if math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// thresholdSection shows the bounds, with what each removed.
func (r *Report) thresholdSection() page.Section {
	t := &page.Table{Head: []string{"reason", "measure", "at least", "at most", "languages", "removed"}}
	number := func(v *float64) string {
		if v == nil {
			return ""
		}
		return strconv.FormatFloat(*v, 'g', 6, 64)
	}
	for _, x := range r.Thresholds {
		n := r.Dropped[x.Reason].Documents + r.Cut[x.Reason].Documents
		languages := "all"
		if len(x.Languages) > 0 && len(x.Languages) < len(score.RuleLanguages()) {
			languages = fmt.Sprint(x.Languages)
			languages = languages[1 : len(languages)-1]
		}
		t.Rows = append(t.Rows, []string{x.Reason, x.Measure, number(x.Min), number(x.Max), languages, grouped(n)})
	}
	return page.Section{Title: "Thresholds", Note: "What a document must keep to; a setting of the same name changes each (data.score.bounds for rules).", Table: t}
}

// marks are the thresholds that stand in a histogram.
func (r *Report) marks(measure string) []page.Mark {
	var out []page.Mark
	for _, x := range r.Thresholds {
		if x.Measure != measure {
			continue
		}
		for _, v := range []*float64{x.Min, x.Max} {
			if v != nil && !slices.ContainsFunc(out, func(m page.Mark) bool { return m.At == *v }) {
				out = append(out, page.Mark{At: *v, Name: fmt.Sprintf("%s: %g", x.Reason, *v)})
			}
		}
	}
	return out
}
