package fluency

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"sync"

	"huihai/data/linear"
)

//go:embed model
var files embed.FS

// Model is one of the models of the package. It may be shared.
type Model struct {
	linear *linear.Model
	label  int
	middle float64 // see the package comment
	unit   float64 // slope over the distance of the medians
}

var (
	chinese = sync.OnceValue(func() *Model { return open("zh") })
	english = sync.OnceValue(func() *Model { return open("en") })
	page    = sync.OnceValue(func() *Model { return open("page") })
)

// Page returns the model of pages of a language, or nil: it tells those that inform,
// explain or tell something from those that sell, list, announce or chat. There is one
// for English.
func Page(language string) *Model {
	if language == "en" {
		return page()
	}
	return nil
}

// For returns the model of a language (BCP 47), unpacked at the first call, or nil.
func For(language string) *Model {
	switch language {
	case "zh":
		return chinese()
	case "en":
		return english()
	}
	return nil
}

// open unpacks a model. The files are part of the program and tested with it.
func open(name string) *Model {
	m, err := load(name)
	if err != nil {
		panic("fluency: an embedded model is damaged")
	}
	return m
}

func load(name string) (*Model, error) {
	packed, err := files.ReadFile("model/" + name + ".ftz.gz")
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	text, err := files.ReadFile("model/" + name + ".json")
	if err != nil {
		return nil, err
	}
	var scale struct{ Middle, Good, Slope float64 }
	if err := json.Unmarshal(text, &scale); err != nil {
		return nil, err
	}
	if !(scale.Good > scale.Middle) {
		return nil, fmt.Errorf("good %g is not above middle %g", scale.Good, scale.Middle)
	}
	m := &Model{middle: scale.Middle, unit: scale.Slope / (scale.Good - scale.Middle)}
	if m.linear, err = linear.Parse(raw); err != nil {
		return nil, err
	}
	m.label, err = m.linear.Label("good")
	return m, err
}

// Scorer sums up what a model says of texts. It is for one goroutine.
type Scorer struct {
	m    *Model
	sums *linear.Margins
}

// NewScorer returns a scorer for one goroutine.
func (m *Model) NewScorer() *Scorer {
	s, err := m.linear.Margins(m.label)
	if err != nil {
		panic("fluency: an embedded model is of another kind")
	}
	return &Scorer{m, s}
}

// Evidence is what the features of a text say for it, in nats, over how many tokens.
type Evidence struct {
	Nats   float64
	Tokens int
}

// Add adds the evidence of another part of the text.
func (e *Evidence) Add(o Evidence) {
	e.Nats += o.Nats
	e.Tokens += o.Tokens
}

// Evidence looks at a text, or at a part that begins where a sentence does. Nats
// are multiples of 2^-20, so that sums do not depend on their order.
func (s *Scorer) Evidence(text string) Evidence {
	nats, tokens := s.sums.Sum(text)
	return Evidence{nats, tokens}
}

// prior is the number of tokens of which nothing is known that a score assumes.
const prior = 8

// Score returns the score of a text with such evidence, from 0 to 1.
func (s *Scorer) Score(e Evidence) float64 {
	v := (e.Nats + float64(prior*s.m.middle)) / float64(e.Tokens+prior)
	x := (v - s.m.middle) * s.m.unit
	return (1 + x/math.Sqrt(1+float64(x*x))) / 2
}
