package score

import "slices"

// Kept is the reason of a text that breaks no rule.
const Kept = "kept"

// Reasons that are not rules.
const (
	ReasonEmpty    = "empty"
	ReasonLanguage = "language"
	ReasonQuality  = "quality"
)

// Result is the judgement of one text. Paragraphs are valid until the next call.
type Result struct {
	Reason     string // Kept, or the name of the first rule broken
	Guess      Guess
	HanRatio   float32
	Quality    float32
	Features   *Features
	Paragraphs []Span
}

// Scorer judges texts one after the other; it is for one goroutine.
type Scorer struct {
	cfg     Config
	rules   map[Language][]Rule
	extract Extractor
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
	return &Scorer{cfg: cfg, rules: rules}, nil
}

// Score judges a text. code says that its file's name is that of program code.
func (s *Scorer) Score(text string, code bool) Result {
	f, spans := s.extract.Extract(text)
	g := GuessLanguage(f, code)
	r := Result{
		Reason: Kept, Guess: g, Features: f, Paragraphs: spans,
		HanRatio: float32(f.HanRatio()), Quality: float32(s.cfg.Weights.quality(f, g)),
	}
	r.Reason = s.judge(f, g, r.Quality)
	return r
}

func (s *Scorer) judge(f *Features, g Guess, quality float32) string {
	if f.NonBlank == 0 {
		return ReasonEmpty
	}
	if len(s.cfg.Languages) > 0 && !slices.Contains(s.cfg.Languages, string(g.Language)) {
		return ReasonLanguage
	}
	for _, r := range s.rules[g.Language] {
		if r.Breaks(f) {
			return r.Name
		}
	}
	if float64(quality) < s.cfg.MinQuality {
		return ReasonQuality
	}
	return Kept
}
