package clean

import (
	"maps"

	"golang.org/x/text/unicode/norm"

	"huihai/data/charset"
)

// maxRounds bounds how often one change may uncover work for another. Text made
// to need more is left as it then is.
const maxRounds = 10

// Cleaner cleans texts one after the other; it is for one goroutine.
type Cleaner struct {
	cfg    Config
	counts Counts
	simple *simplifier
	rules  *lineRules // nil: C4's
	buf    []byte
	fold   []byte // a line as the patterns see it

	lineStart int  // of the line being written, in buf
	blanks    int  // blank lines waiting at the end of buf
	uncertain bool // whether the text just written is NFC
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
		before := c.uncovering()
		out = c.round(out)
		if c.uncovering() == before {
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

// uncovering counts the changes that may uncover work for an earlier step of the
// round: the lines around a removed one may be blank, an entity may be a control
// character, and a removed control character may have parted an entity.
func (c *Cleaner) uncovering() int64 {
	n := &c.counts
	sum := n.Mojibake + n.Entities + n.Citations + n.BoilerplateLines
	if c.cfg.Mojibake || c.cfg.Entities {
		sum += n.Controls + n.ByteOrderMarks + n.InvalidUTF8 + n.FullWidth + n.HalfWidth + n.Invisible
		if c.composed {
			sum++
		}
	}
	return sum
}

// round makes every change once. Repairs that may give any character come
// first; what judges whole lines sees them in their final form.
func (c *Cleaner) round(s string) string {
	if c.cfg.Mojibake {
		// First what a whole text is: a run of it may look like UTF-8.
		fixed, n := charset.Misread(s)
		c.counts.Mojibake += int64(n)
		s = c.repair(fixed)
	}
	if c.cfg.Entities {
		s = c.decodeEntities(s)
	}
	c.uncertain = false
	if !c.isPlain(s) {
		s = c.characters(s)
	}
	if c.cfg.NFC && c.uncertain && !norm.NFC.IsNormalString(s) {
		s = norm.NFC.String(s)
		c.composed = true
	}
	if c.simple != nil {
		for range maxRounds { // a converted phrase may lie in another
			before := c.counts.Simplified
			if s = c.simplify(s); c.counts.Simplified == before {
				break
			}
		}
	}
	if c.cfg.Citations {
		s = c.dropCitations(s)
	}
	if c.cfg.Boilerplate != BoilerplateOff {
		s = c.dropLines(s)
	}
	return s
}
