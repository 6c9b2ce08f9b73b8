package build

import (
	"errors"
	"fmt"
	"math"

	"huihai/data/build/record"
	"huihai/data/decontam"
	"huihai/data/flow"
	"huihai/data/linear"
	"huihai/data/ngram"
	"huihai/data/safety"
	"huihai/data/score"
	"huihai/tokenizer"
)

// ModelsConfig names the models that documents are scored with, by language (en,
// zh, code, other; "all" for those that have none of their own).
type ModelsConfig struct {
	// Perplexity are models of train data lm.
	Perplexity map[string]string `yaml:"perplexity" mapstructure:"perplexity"`
	// Classifier are models of train data classifier, or of fastText.
	Classifier map[string]ClassifierConfig `yaml:"classifier" mapstructure:"classifier"`
}

// ClassifierConfig is a model and the label whose probability is the score.
type ClassifierConfig struct {
	Model string `yaml:"model" mapstructure:"model"`
	Label string `yaml:"label" mapstructure:"label"`
}

// anyLanguage stands for the languages that have no model of their own.
const anyLanguage = "all"

// Validate reports every impossible value at once.
func (c ModelsConfig) Validate() error {
	var errs []error
	for _, lang := range sortedKeys(c.Perplexity) {
		if c.Perplexity[lang] == "" {
			errs = append(errs, fmt.Errorf("perplexity.%s is empty; name a model file", lang))
		}
	}
	for _, lang := range sortedKeys(c.Classifier) {
		if m := c.Classifier[lang]; m.Model == "" || m.Label == "" {
			errs = append(errs, fmt.Errorf("classifier.%s needs both model (a file) and label", lang))
		}
	}
	return errors.Join(errs...)
}

// judges are what all score tasks share.
type judges struct {
	safety     *safety.Scorer
	evals      *decontam.Index // nil without evaluation sets
	perplexity map[string]*ngram.Model
	classifier map[string]*classifier
}

type classifier struct {
	model *linear.Model
	label int
}

// openJudges loads the models and, if there is one, the index of evaluation items.
func openJudges(c scoreConfig, evals []flow.Input) (j *judges, err error) {
	j = &judges{perplexity: map[string]*ngram.Model{}, classifier: map[string]*classifier{}}
	defer func() {
		if err != nil {
			_ = j.Close()
		}
	}()
	cfg := c.Safety
	for _, f := range c.Lexicons {
		cfg.Lexicons = append(cfg.Lexicons, f.Path)
	}
	if j.safety, err = safety.New(cfg); err != nil {
		return nil, err
	}
	if len(evals) > 0 {
		if j.evals, err = decontam.Load(evals[0].Path); err != nil {
			return nil, err
		}
	}
	for _, lang := range sortedKeys(c.Perplexity) {
		if j.perplexity[lang], err = ngram.Open(c.Perplexity[lang].Path); err != nil {
			return nil, fmt.Errorf("models.perplexity.%s: %w", lang, err)
		}
	}
	for _, lang := range sortedKeys(c.Classifier) {
		m, err := linear.Open(c.Classifier[lang].Model.Path)
		if err != nil {
			return nil, fmt.Errorf("models.classifier.%s: %w", lang, err)
		}
		m = m.Compact()
		label, err := m.Label(c.Classifier[lang].Label)
		if err != nil {
			return nil, fmt.Errorf("models.classifier.%s: %w", lang, err)
		}
		j.classifier[lang] = &classifier{m, label}
	}
	return j, nil
}

// Close frees the models.
func (j *judges) Close() error {
	var errs []error
	for _, m := range j.perplexity {
		if m != nil {
			errs = append(errs, m.Close())
		}
	}
	return errors.Join(errs...)
}

// judge is what one score task has of its own.
type judge struct {
	safety     *safety.Scorer
	evals      *decontam.Checker
	action     string
	perplexity map[string]*ngram.Scorer
	classifier map[string]*linear.Scorer
	labels     map[string]int
}

func (j *judges) judge(c scoreConfig) (*judge, error) {
	out := &judge{safety: j.safety.Clone(), action: c.Action, perplexity: map[string]*ngram.Scorer{}, classifier: map[string]*linear.Scorer{}, labels: map[string]int{}}
	if j.evals != nil {
		out.evals = j.evals.NewChecker()
	}
	for _, lang := range sortedKeys(j.perplexity) {
		m := j.perplexity[lang]
		s, err := newPerplexity(m, c.Tokenizer.Path)
		if err != nil {
			return nil, fmt.Errorf("models.perplexity.%s: %w", lang, err)
		}
		out.perplexity[lang] = s
	}
	for lang, c := range j.classifier {
		out.classifier[lang], out.labels[lang] = c.model.NewScorer(), c.label
	}
	return out, nil
}

func newPerplexity(m *ngram.Model, tokenizerPath string) (*ngram.Scorer, error) {
	if m.Info().Units != ngram.UnitsPieces {
		return m.NewScorer(nil)
	}
	if tokenizerPath == "" {
		return nil, errors.New("a model of tokenizer pieces needs the tokenizer it was trained with: name it with --tokenizer")
	}
	enc, err := tokenizer.Load(tokenizerPath)
	if err != nil {
		return nil, err
	}
	return m.NewScorer(enc)
}

// opinion is what the models say of a text; NaN where there is none.
type opinion struct {
	perplexity float32 // 0 where there is none
	rank       float64 // of perplexity, 1 for what is likest the model's texts
	classifier float64
}

// ask puts a text to the models of its language.
func (j *judge) ask(text, lang string) opinion {
	o := opinion{rank: math.NaN(), classifier: math.NaN()}
	if _, m, ok := own(j.perplexity, lang); ok {
		if r, err := m.Score(text); err == nil && r.Tokens > 0 {
			o.perplexity = float32(r.Perplexity)
			if r.Score >= 0 {
				o.rank = r.Score
			}
		}
	}
	if key, m, ok := own(j.classifier, lang); ok {
		o.classifier = float64(m.Score(text, j.labels[key]))
	}
	return o
}

// contamination looks for evaluation items, records the best and returns the
// reason for dropping, if it is one.
func (j *judge) contamination(text string, g *record.Judgement, counts *decontam.Counts) string {
	g.Task, g.Item, g.Contaminated, g.Cuts = "", "", 0, g.Cuts[:0]
	if j.evals == nil {
		return ""
	}
	r := j.evals.Apply(text)
	counts.Add(r.Counts)
	if len(r.Hits) == 0 {
		return ""
	}
	g.Task, g.Item, g.Contaminated = r.Hits[0].Task, r.Hits[0].Item, float32(r.Hits[0].Score)
	if r.Reason == "" && j.action == decontam.ActionCut {
		g.Cuts = append(g.Cuts, decontam.Cuts(text, r.Hits)...)
	}
	return r.Reason
}

// own returns the entry of a language, or that of all languages.
func own[T any](m map[string]T, lang string) (string, T, bool) {
	if v, ok := m[lang]; ok {
		return lang, v, true
	}
	if v, ok := m[string(score.Chinese)]; ok && lang == "yue" { // written with nearly the same words
		return string(score.Chinese), v, true
	}
	if v, ok := m[string(score.OtherLang)]; ok && lang != "en" && lang != "zh" && lang != "code" {
		return "other", v, true
	}
	v, ok := m[anyLanguage]
	return anyLanguage, v, ok
}
