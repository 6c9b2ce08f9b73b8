package data

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"

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

// hashModels hashes the files that scores depend on and takes their paths out of
// a configuration that is about to be hashed.
func (b *builder) hashModels(ctx context.Context, cfg *BuildConfig) error {
	b.models = nil
	add := func(what, path string) error {
		h, err := flow.HashFile(ctx, path)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		b.models = append(b.models, flow.Input{Path: path, Hash: h})
		return nil
	}
	m := ModelsConfig{Perplexity: map[string]string{}, Classifier: map[string]ClassifierConfig{}}
	for _, lang := range sortedKeys(cfg.Models.Perplexity) {
		if err := add("models.perplexity."+lang, cfg.Models.Perplexity[lang]); err != nil {
			return err
		}
		m.Perplexity[lang] = filepath.Base(cfg.Models.Perplexity[lang])
	}
	for _, lang := range sortedKeys(cfg.Models.Classifier) {
		c := cfg.Models.Classifier[lang]
		if err := add("models.classifier."+lang, c.Model); err != nil {
			return err
		}
		c.Model = filepath.Base(c.Model)
		m.Classifier[lang] = c
	}
	cfg.Models = m
	lexicons := slices.Clone(cfg.Safety.Lexicons)
	for i, path := range lexicons {
		if err := add("safety.lexicons", path); err != nil {
			return err
		}
		lexicons[i] = filepath.Base(path)
	}
	cfg.Safety.Lexicons = lexicons
	sets := slices.Clone(cfg.Decontam.Sets)
	for i, s := range sets {
		paths, err := filepath.Glob(s.Path)
		if err != nil || len(paths) == 0 {
			return fmt.Errorf("decontam.sets: %s matches no file", s.Path)
		}
		for _, path := range paths {
			if err := add("decontam.sets", path); err != nil {
				return err
			}
		}
		sets[i].Path = filepath.Base(s.Path)
	}
	cfg.Decontam.Sets = sets
	return nil
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

// openJudges loads the models. The same file serves several languages once.
func (b *builder) openJudges() (j *judges, err error) {
	j = &judges{perplexity: map[string]*ngram.Model{}, classifier: map[string]*classifier{}}
	defer func() {
		if err != nil {
			j.close()
		}
	}()
	if j.safety, err = safety.New(b.cfg.Safety); err != nil {
		return nil, err
	}
	if b.evals != nil {
		if j.evals, err = decontam.Load(b.evals.Path(fileEvals)); err != nil {
			return nil, err
		}
	}
	for _, lang := range sortedKeys(b.cfg.Models.Perplexity) {
		if j.perplexity[lang], err = ngram.Open(b.cfg.Models.Perplexity[lang]); err != nil {
			return nil, fmt.Errorf("models.perplexity.%s: %w", lang, err)
		}
	}
	for _, lang := range sortedKeys(b.cfg.Models.Classifier) {
		c := b.cfg.Models.Classifier[lang]
		m, err := linear.Open(c.Model)
		if err != nil {
			return nil, fmt.Errorf("models.classifier.%s: %w", lang, err)
		}
		m = m.Compact()
		label, err := m.Label(c.Label)
		if err != nil {
			return nil, fmt.Errorf("models.classifier.%s: %w", lang, err)
		}
		j.classifier[lang] = &classifier{m, label}
	}
	return j, nil
}

func (j *judges) close() {
	for _, m := range j.perplexity {
		if m != nil {
			_ = m.Close() // only read
		}
	}
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

func (j *judges) judge(cfg BuildConfig, encoder func() (ngram.Encoder, error)) (*judge, error) {
	out := &judge{safety: j.safety.Clone(), action: cfg.Decontam.Action, perplexity: map[string]*ngram.Scorer{}, classifier: map[string]*linear.Scorer{}, labels: map[string]int{}}
	if j.evals != nil {
		out.evals = j.evals.NewChecker()
	}
	for lang, m := range j.perplexity {
		s, err := newPerplexity(m, encoder)
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

func newPerplexity(m *ngram.Model, encoder func() (ngram.Encoder, error)) (*ngram.Scorer, error) {
	if m.Info().Units != ngram.UnitsPieces {
		return m.NewScorer(nil)
	}
	enc, err := encoder()
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
func (j *judge) contamination(text string, g *judgement, counts *decontam.Counts) string {
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
	if v, ok := m[string(score.OtherLang)]; ok && lang != "en" && lang != "zh" && lang != "code" {
		return "other", v, true
	}
	v, ok := m[anyLanguage]
	return anyLanguage, v, ok
}

const fileEvals = "evals.index" // evals: the index of evaluation items

// indexEvals indexes the evaluation sets, if there are any.
func (b *builder) indexEvals(ctx context.Context) error {
	if len(b.cfg.Decontam.Sets) == 0 {
		return nil
	}
	cfg := b.cfg.Decontam
	st := flow.Stage{Name: StageEvals, Code: "1", Config: withoutPaths(cfg)}
	var err error
	b.evals, err = b.engine.Single(ctx, st, flow.Spec{Inputs: b.models}, func(_ context.Context, t *flow.Task) error {
		x, err := decontam.Build(cfg)
		if err != nil {
			return err
		}
		dir, err := t.TempDir()
		if err != nil {
			return err
		}
		path := filepath.Join(dir, fileEvals)
		if err := x.Save(path); err != nil {
			return err
		}
		t.SetInfo(x.Stats())
		return t.Adopt(fileEvals, path)
	})
	return err
}

func withoutPaths(cfg decontam.Config) decontam.Config {
	cfg.Sets = slices.Clone(cfg.Sets)
	for i := range cfg.Sets {
		cfg.Sets[i].Path = filepath.Base(cfg.Sets[i].Path)
	}
	return cfg
}

// modelEncoder is the tokenizer that models of its pieces need; nil when the build
// trains one, which is not there yet.
func (b *builder) modelEncoder() (ngram.Encoder, error) {
	if b.cfg.Tokenizer == "" {
		return nil, errors.New("a model of tokenizer pieces needs the tokenizer it was trained with: name it with --tokenizer")
	}
	t, err := tokenizer.Load(b.cfg.Tokenizer)
	if err != nil {
		return nil, err // an interface of a nil pointer is not nil
	}
	return t, nil
}
