package pii

import (
	"fmt"
	"strings"
)

// Masker applies a configuration to documents. It may be used by several
// goroutines at once.
type Masker struct {
	finder  Finder
	actions [numKinds]string
	become  [numKinds]string
}

// New returns a Masker, or what is wrong with the configuration.
func New(cfg Config) (*Masker, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	m := &Masker{actions: cfg.actions(), become: cfg.replacements()}
	m.finder = Finder{publicOnly: cfg.PublicIPOnly, id15: cfg.IDCard15}
	for k, a := range m.actions {
		m.finder.on[k] = a != Off
	}
	return m, nil
}

// Result is what a document came to.
type Result struct {
	Text   string // masked; the text given where nothing was masked
	Found  Counts // matches of all kinds that are looked for
	Masked Counts // those that were replaced
	Reason string // not empty: drop the document; "pii_" and the kind
}

// Find returns the personal data in text, in order, without overlaps. Text that
// is a replacement already is not personal data.
func (m *Masker) Find(text string) []Match {
	found := m.finder.Find(text)
	kept := found[:0]
	for _, f := range found {
		if text[f.Start:f.End] != m.become[f.Kind] {
			kept = append(kept, f)
		}
	}
	return kept
}

// Mask returns text with the matches whose kind is to be masked replaced. The
// matches are those of [Masker.Find] on the same text.
func (m *Masker) Mask(text string, matches []Match) string {
	var out strings.Builder
	last := 0
	for _, f := range matches {
		if m.actions[f.Kind] != Mask {
			continue
		}
		out.WriteString(text[last:f.Start])
		out.WriteString(m.become[f.Kind])
		last = f.End
	}
	if last == 0 {
		return text
	}
	out.WriteString(text[last:])
	return out.String()
}

// maxRounds bounds how often Apply looks again. A replacement can uncover a
// match by taking away a neighbour that spoke against it; each round replaces at
// least one match, and two or three rounds are enough for any text seen so far.
const maxRounds = 16

// Apply finds and masks until nothing is left to mask. The reason for dropping
// names the first kind, in order of precedence, that asks for it.
func (m *Masker) Apply(text string) Result {
	r := Result{Text: text}
	for range maxRounds {
		matches := m.Find(r.Text)
		var masked int64
		var found Counts
		for _, f := range matches {
			found[f.Kind]++
			if m.actions[f.Kind] == Mask {
				r.Masked[f.Kind]++
				masked++
			}
		}
		for k, n := range found {
			if m.actions[k] == Mask {
				r.Found[k] += n
			} else {
				r.Found[k] = n // seen again in every round
			}
		}
		if masked == 0 {
			break
		}
		r.Text = m.Mask(r.Text, matches)
	}
	for k, n := range r.Found {
		if n > 0 && m.actions[k] == Drop {
			r.Reason = fmt.Sprintf("pii_%s", Kind(k))
			break
		}
	}
	return r
}
