package clean

import (
	"maps"

	"golang.org/x/text/unicode/norm"
)

// maxRounds bounds how often one change may uncover work for another. Text made
// to need more is left as it then is.
const maxRounds = 10

// Cleaner cleans texts one after the other; it is for one goroutine.
type Cleaner struct {
	cfg    Config
	counts Counts
	// again says that some change can uncover work for another: an entity may
	// be a control character, the marks around a removed line may be blank lines.
	again  bool
	simple *simplifier
	rules  *lineRules // nil: C4's
	buf    []byte
	fold   []byte // a line as the patterns see it

	lineStart int // of the line being written, in buf
	blanks    int // blank lines waiting at the end of buf
	composed  bool
}

// New returns a Cleaner for a Config that Validate accepts.
func New(cfg Config) *Cleaner {
	c := &Cleaner{cfg: cfg}
	c.counts.Boilerplate = map[string]int64{}
	switch cfg.Simplify {
	case SimplifyCharacters:
		c.simple = newSimplifier(false)
	case SimplifyPhrases:
		c.simple = newSimplifier(true)
	}
	if cfg.Boilerplate == BoilerplateLines {
		c.rules = newLineRules(cfg.BoilerplateKeep)
	}
	c.again = cfg.Entities || cfg.Mojibake || cfg.Citations || c.simple != nil || cfg.Boilerplate != BoilerplateOff
	return c
}

// Counts returns the changes made since New.
func (c *Cleaner) Counts() Counts {
	n := c.counts
	n.Boilerplate = maps.Clone(n.Boilerplate)
	if len(n.Boilerplate) == 0 {
		n.Boilerplate = nil
	}
	return n
}

// Clean returns s in the one form. A text that is in it already is returned as
// it is, without a copy.
func (c *Cleaner) Clean(s string) string {
	c.counts.Documents++
	c.composed = false
	out := s
	for range maxRounds {
		before := out
		out = c.round(before)
		if !c.again || out == before {
			break
		}
	}
	if c.composed {
		c.counts.NFC++
	}
	if out != s {
		c.counts.Changed++
	}
	return out
}

// round makes every change once. Repairs that may give any character come
// first; what judges whole lines sees them in their final form.
func (c *Cleaner) round(s string) string {
	if c.cfg.Mojibake {
		s = c.repair(s)
	}
	if c.cfg.Entities {
		s = c.decodeEntities(s)
	}
	if !c.isPlain(s) {
		s = c.characters(s)
	}
	if c.cfg.NFC && !norm.NFC.IsNormalString(s) {
		s = norm.NFC.String(s)
		c.composed = true
	}
	if c.simple != nil {
		s = c.simplify(s)
	}
	if c.cfg.Citations {
		s = c.dropCitations(s)
	}
	if c.cfg.Boilerplate != BoilerplateOff {
		s = c.dropLines(s)
	}
	return s
}
