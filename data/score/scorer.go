package score

import (
	"maps"
	"slices"

	"huihai/data/fluency"
	"huihai/data/lang"
)

// Kept is the reason of a text that breaks no rule.
const Kept = "kept"

// Reasons that are not rules.
const (
	ReasonEmpty    = "empty"
	ReasonLanguage = "language"
	ReasonQuality  = "quality"
)

// Known is what the caller knows of a text beside its characters. The zero value
// is of no use: take [Nothing] and fill in what is known.
type Known struct {
	Code  bool   // its file's name is that of program code
	Guess *Guess // nil: package lang is asked
	Extra Extra
}

// Nothing says that nothing is known.
func Nothing() Known { return Known{Extra: NoExtra()} }

// Result is the judgement of one text. Features and spans are valid until the
// next call.
type Result struct {
	Reason       string // Kept, or the name of the first rule broken
	Guess        Guess
	HanRatio     float32
	Quality      float32
	LowParagraph float32 // share of paragraphs of low quality
	LowSentence  float32 // share of sentences of low quality
	Features     *Features
	Paragraphs   []Span
	Sentences    []Span // each inside one paragraph
}

// Scorer judges texts one after the other; it is for one goroutine.
type Scorer struct {
	cfg     Config
	rules   map[Language]*ruleList
	extract Extractor
	lang    *lang.Identifier // made when it is first asked
	fluency map[Language][2]*fluency.Scorer
}

// ruleList are the rules of one language.
type ruleList struct {
	rules []activeRule
	need  Need // what they bound
}

// activeRule is a rule with what it bounds.
type activeRule struct {
	Rule
	measure *measure
}

// New returns a Scorer, or what is wrong with the configuration.
func New(cfg Config) (*Scorer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	rules, err := cfg.compile()
	if err != nil {
		return nil, err
	}
	s := &Scorer{cfg: cfg, rules: map[Language]*ruleList{}, fluency: map[Language][2]*fluency.Scorer{}}
	for _, lang := range languages {
		list := &ruleList{}
		for _, r := range rules[lang] {
			m := measureOf[r.Measure]
			list.rules = append(list.rules, activeRule{r, m})
			list.need |= m.need
		}
		s.rules[lang] = list
		s.extract.Need |= list.need
	}
	return s, nil
}

// Score judges a text of which only its file's name is known: code says that it
// is that of program code.
func (s *Scorer) Score(text string, code bool) Result {
	k := Nothing()
	k.Code = code
	return s.ScoreKnown(text, k)
}

// ScoreKnown judges a text.
func (s *Scorer) ScoreKnown(text string, k Known) Result { return s.score(text, k, 0) }

// score judges a text and takes the measures of need beside those it must.
func (s *Scorer) score(text string, k Known, need Need) Result {
	var g Guess
	if k.Guess != nil {
		g = *k.Guess
	} else {
		g = s.guess(text, k.Code)
	}
	e := &s.extract
	e.sense, e.page = s.fluent(g.Language)
	e.basic(text)
	f := &e.f
	list := s.rulesFor(g.Language)
	e.peers(list.need | need)
	r := Result{
		Reason: Kept, Guess: g, Features: f, Paragraphs: e.par, Sentences: e.sen,
		HanRatio: float32(f.HanRatio()), Quality: float32(s.cfg.Weights.quality(f, g, k.Extra)),
		LowParagraph: float32(ratio(f.LowParagraphs, f.Paragraphs)), LowSentence: float32(ratio(f.LowSentences, f.SentenceSpans)),
	}
	r.Reason = s.judge(f, g, list, r.Quality)
	return r
}

// rulesFor returns the rules that a language's texts are judged by.
func (s *Scorer) rulesFor(l Language) *ruleList {
	if l == cantonese {
		l = Chinese
	}
	if list := s.rules[l]; list != nil {
		return list
	}
	return s.rules[OtherLang]
}

// cantonese is told apart, but written with the characters and marks of Chinese.
const cantonese Language = "yue"

func (s *Scorer) guess(text string, code bool) Guess {
	if s.lang == nil {
		s.lang = lang.New(lang.Default())
	}
	r := s.lang.Identify(text, code)
	return Guess{Language(r.Language), r.Script, r.Score}
}

// fluent returns the scorers of fluency and of pages for a language, nil where there
// is none or it does not count.
func (s *Scorer) fluent(l Language) (sense, page *fluency.Scorer) {
	f, ok := s.fluency[l]
	if !ok {
		if m := fluency.For(string(l)); m != nil && s.cfg.Weights.Fluency > 0 {
			f[0] = m.NewScorer()
		}
		if m := fluency.Page(string(l)); m != nil && s.cfg.Weights.Page > 0 {
			f[1] = m.NewScorer()
		}
		s.fluency[l] = f
	}
	return f[0], f[1]
}

func (s *Scorer) judge(f *Features, g Guess, list *ruleList, quality float32) string {
	if f.NonBlank == 0 {
		return ReasonEmpty
	}
	if len(s.cfg.Languages) > 0 && !s.wants(g.Language) {
		return ReasonLanguage
	}
	for i := range list.rules {
		if r := &list.rules[i]; r.breaks(f, r.measure.value(f)) {
			return r.Name
		}
	}
	if float64(quality) < s.cfg.MinQuality {
		return ReasonQuality
	}
	return Kept
}

// wants tells whether a language is among those to keep, by its own name, as one of
// Chinese, or as one of the others.
func (s *Scorer) wants(l Language) bool {
	if slices.Contains(s.cfg.Languages, string(l)) {
		return true
	}
	if l == cantonese {
		return slices.Contains(s.cfg.Languages, string(Chinese))
	}
	return s.rules[l] == nil && slices.Contains(s.cfg.Languages, string(OtherLang))
}

// Verdict says what one rule says of a text.
type Verdict struct {
	Set      string   `json:"set"`
	Rule     string   `json:"rule"`
	Measure  string   `json:"measure"`
	Value    float64  `json:"value"`
	Min      *float64 `json:"min,omitempty"` // nil: no bound
	Max      *float64 `json:"max,omitempty"`
	MinUnits int      `json:"min_units,omitempty"` // shorter texts pass
	Pass     bool     `json:"pass"`
	Active   bool     `json:"active"` // counts in the configuration, for the text's language
}

// Explanation is a Result with what every rule says, of all sets, and the
// components of quality.
type Explanation struct {
	Result
	Verdicts   []Verdict
	Components []Component
}

// Explain judges a text by all rules there are: those of the configuration as it
// bounds them, the others as published. It takes all measures, so it is slower
// than Score.
func (s *Scorer) Explain(text string, k Known) Explanation {
	need := s.extract.Need
	s.extract.Need = NeedAll
	r := s.score(text, k, NeedAll)
	s.extract.Need = need
	x := Explanation{Result: r, Components: s.cfg.Weights.components(r.Features, r.Guess, k.Extra)}
	active := map[string]Rule{}
	for _, a := range s.rulesFor(r.Guess.Language).rules {
		active[a.Name] = a.Rule
	}
	sets := RuleSets()
	for _, set := range slices.Sorted(maps.Keys(sets)) {
		for _, rule := range sets[set] {
			own, on := active[rule.Name]
			if on {
				rule = own
			}
			x.Verdicts = append(x.Verdicts, rule.verdict(set, r.Features, on))
		}
	}
	return x
}

func (r Rule) verdict(set string, f *Features, active bool) Verdict {
	v := measureOf[r.Measure].value(f)
	out := Verdict{Set: set, Rule: r.Name, Measure: r.Measure, Value: v, MinUnits: r.MinUnits, Pass: !r.breaks(f, v), Active: active}
	if r.Min > -inf {
		out.Min = &r.Min
	}
	if r.Max < inf {
		out.Max = &r.Max
	}
	return out
}
