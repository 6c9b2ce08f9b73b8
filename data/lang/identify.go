package lang

import (
	"math"
	"slices"
)

// The languages that are none of the model's.
const (
	undetermined = "und"
	codeText     = "code"
)

// Candidate is a language and how likely it is, in [0,1].
type Candidate struct {
	Language string  `json:"language"`
	Score    float32 `json:"score"`
}

// Result is what is known of a text's language.
type Result struct {
	// Language is a BCP 47 tag ("en", "zh"), "code" for program text, or "und".
	Language string
	// Script is the ISO 15924 code of the script that decides: "Jpan" for
	// Japanese, "Hani" for Chinese, "Zyyy" without letters.
	Script string
	// Score in [0,1] is how sure the language is.
	Score float32
	// Variant of Chinese is "Hans" or "Hant", or empty when no character tells.
	Variant string
	// Scripts are the scripts' shares of letters, the largest first.
	Scripts []Share
	// Top are the likeliest languages, the first being Language unless that is
	// "code" or "und".
	Top []Candidate
}

// Identifier tells languages of texts one after the other; it is for one
// goroutine. The slices of a Result are valid until the next call.
type Identifier struct {
	cfg    Config
	models [64]*model // by script
	hist   *histogram
	tally  tally
	parts  []string
	shares []Share
	top    []Candidate
}

// New returns an Identifier for a Config that Validate accepts.
func New(cfg Config) *Identifier {
	id := &Identifier{cfg: cfg, hist: newHistogram()}
	for i, s := range scripts {
		id.models[i] = models()[s.code]
	}
	return id
}

// Identify judges text; code says that its file's name is that of program code.
func (id *Identifier) Identify(text string, code bool) Result {
	id.parts = windows(id.parts[:0], text, id.cfg.WindowBytes)
	id.hist.reset()
	for _, p := range id.parts {
		id.hist.add(p)
	}
	sc, share := id.hist.deciding()
	id.shares, id.top = id.hist.shares(id.shares[:0]), id.top[:0]
	r := Result{Script: scripts[sc].code, Scripts: id.shares}
	switch {
	case id.models[sc] != nil:
		id.judge(id.models[sc], share)
	case scripts[sc].language != undetermined:
		id.top = append(id.top, Candidate{scripts[sc].language, float32(share * enough(id.hist.total))})
	}
	id.rival(share)
	switch sc {
	case hira:
		r.Script = "Jpan"
	case hani:
		c := countHan(id.parts)
		r.Variant = c.variant()
		if id.hanLanguage(&c, share); len(id.top) > 0 && id.top[0].Language == "ja" {
			r.Script, r.Variant = "Jpan", ""
		}
	}
	r.Top = id.top[:min(len(id.top), id.cfg.Candidates)]
	r.Language, r.Score = undetermined, 0
	if len(id.top) > 0 {
		r.Language, r.Score = id.top[0].Language, id.top[0].Score
		if float64(r.Score) < id.cfg.MinScore {
			r.Language = undetermined
		}
	}
	if share := id.codeShare(code); share > 0 {
		r.Language, r.Score, r.Variant = codeText, float32(share), ""
	}
	return r
}

// codeShare tells how surely the text is program text; 0: it is none.
func (id *Identifier) codeShare(named bool) float64 {
	if named {
		return 1
	}
	if !id.cfg.Code {
		return 0
	}
	var shape codeShape
	for _, p := range id.parts {
		shape.add(p)
	}
	return shape.share()
}

// enough is how far a number of letters goes to be sure of a script's language.
func enough(letters int) float64 { return float64(letters) / float64(letters+1) }

const (
	// temper is the weight of a letter's evidence: letters of a word depend on
	// each other more than the model knows.
	temper = 0.35
	// known and strange are the mean costs of a letter, in nats, up to which a
	// text fits its language and from which it is none of the known. Where a
	// script has few languages and marks part its letters, costs are higher.
	known, strange       = 2.9, 4.0
	knownFew, strangeFew = 4.0, 6.0
)

// judge fills top with the languages of a model and their probabilities.
func (id *Identifier) judge(m *model, share float64) {
	t := &id.tally
	t.reset(m)
	for _, p := range id.parts {
		t.add(p)
	}
	if t.letters == 0 {
		return
	}
	costs := t.costs[:len(m.languages)]
	least := slices.Min(costs)
	mean := float64(least) / step / float64(t.letters)
	lo, hi := known, strange
	if len(m.languages) < 8 {
		lo, hi = knownFew, strangeFew
	}
	fit := share * min(1, max(0, (hi-mean)/(hi-lo)))
	var p [maxWidth * 8]float64
	var sum float64
	for l, c := range costs {
		p[l] = m.prior[l] * math.Exp(-float64(c-least)/step*temper)
		sum += p[l]
	}
	most := max(id.cfg.Candidates, 1)
	for l, language := range m.languages {
		id.top = insert(id.top, Candidate{language, float32(p[l] / sum * fit)}, most)
	}
}

// insert puts c into top, which holds the most likely candidates in order.
func insert(top []Candidate, c Candidate, most int) []Candidate {
	if len(top) == most {
		if c.Score <= top[most-1].Score {
			return top
		}
		top = top[:most-1]
	}
	at := len(top)
	for at > 0 && top[at-1].Score < c.Score {
		at--
	}
	return slices.Insert(top, at, c)
}
