package clean

import (
	"bytes"
	"math/bits"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// kind is where a phrase must stand in a line.
type kind uint8

const (
	whole    kind = iota // the line is the phrase
	prefix               // the line begins with it
	suffix               // the line ends with it
	contains             // the line holds it
	items                // the line is a row of such phrases, between | / > and the like
)

// pattern names phrases that tell a line to be boilerplate. Phrases are in lower
// case with single blanks; of a line that is longer than most characters, the
// pattern knows nothing.
type pattern struct {
	name    string
	kind    kind
	most    int
	phrases []string
}

// PatternNames returns the names of the line patterns, then those of C4's rules.
func PatternNames() []string {
	var names []string
	for _, p := range patterns {
		if !slices.Contains(names, p.name) {
			names = append(names, p.name)
		}
	}
	return append(names, c4Names...)
}

// maxLine is the length of the longest line, in bytes, that a pattern may match.
const maxLine = 320

// lineRules find the pattern that a line matches.
type lineRules struct {
	whole map[string]int
	items map[string]int
	first [1 << 10]uint64 // a bit for each pair of bytes that begins an item
	// pairs has a bit for each pair of bytes that begins a phrase of the other
	// kinds; at holds the phrases by the rank of that bit, and below the number
	// of bits before each word.
	pairs [1 << 10]uint64
	below [1 << 10]int
	at    [][]phrase
}

type phrase struct {
	text    string
	pattern int
}

// allLineRules are the rules of every pattern, for all cleaners.
var allLineRules = sync.OnceValue(func() *lineRules { return buildLineRules(nil) })

// newLineRules returns the rules of the patterns but those named in keep.
func newLineRules(keep []string) *lineRules {
	if len(keep) == 0 {
		return allLineRules()
	}
	return buildLineRules(keep)
}

func buildLineRules(keep []string) *lineRules {
	l := &lineRules{whole: map[string]int{}, items: map[string]int{}}
	at := map[uint16][]phrase{}
	for i, p := range patterns {
		if slices.Contains(keep, p.name) {
			continue
		}
		for _, text := range p.phrases {
			switch p.kind {
			case whole:
				first(l.whole, text, i)
			case items:
				first(l.items, text, i)
				key := pair(text, 0)
				l.first[key/64] |= 1 << (key % 64)
			default:
				key := pair(text, 0)
				l.pairs[key/64] |= 1 << (key % 64)
				at[key] = append(at[key], phrase{text, i})
			}
		}
	}
	for key := range 1 << 16 {
		if key%64 == 0 {
			l.below[key/64] = len(l.at)
		}
		if list := at[uint16(key)]; list != nil {
			l.at = append(l.at, list)
		}
	}
	return l
}

// phrases returns the phrases that begin with a pair of bytes.
func (l *lineRules) phrases(key uint16) []phrase {
	word, bit := l.pairs[key/64], key%64
	if word>>bit&1 == 0 {
		return nil
	}
	return l.at[l.below[key/64]+bits.OnesCount64(word&(1<<bit-1))]
}

// first sets the pattern of text, unless an earlier pattern has it.
func first(m map[string]int, text string, pattern int) {
	if _, ok := m[text]; !ok {
		m[text] = pattern
	}
}

// pair returns the bytes i and i+1 of s as a number.
func pair[T string | []byte](s T, i int) uint16 { return uint16(s[i]) | uint16(s[i+1])<<8 }

// dropLines removes the lines that are boilerplate.
func (c *Cleaner) dropLines(s string) string {
	c.buf = c.buf[:0]
	from := 0 // what is not copied yet
	for start := 0; start < len(s); {
		end, next := len(s), len(s)
		if i := strings.IndexByte(s[start:], '\n'); i >= 0 {
			end = start + i
			next = end + 1
		}
		if line := strings.TrimSpace(s[start:end]); line != "" {
			if name := c.boilerplate(line); name != "" {
				c.counts.BoilerplateLines++
				c.counts.BoilerplateBytes += int64(next - start)
				c.counts.Boilerplate[name]++
				c.buf = append(c.buf, s[from:start]...)
				from = next
			}
		}
		start = next
	}
	if from == 0 {
		return s
	}
	c.buf = append(c.buf, s[from:]...)
	return string(c.buf)
}

// boilerplate returns the name of what drops line, or nothing.
func (c *Cleaner) boilerplate(line string) string {
	if c.rules == nil {
		return c.c4Rule(line)
	}
	c.fold = foldLine(c.fold[:0], line)
	return c.rules.match(c.fold)
}

// foldLine appends line in lower case with single blanks, if it is short enough
// for a pattern; else nothing.
func foldLine(dst []byte, line string) []byte {
	if len(line) > maxLine {
		return dst
	}
	blank := false
	for i := 0; i < len(line); {
		b := line[i]
		if b > ' ' && b < utf8.RuneSelf {
			if b >= 'A' && b <= 'Z' {
				b |= 0x20
			}
			dst = append(dst, b)
			blank = false
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(line[i:])
		i += n
		switch {
		case r <= ' ' || r == 0xa0 || r == 0x3000:
			if !blank {
				dst = append(dst, ' ')
			}
			blank = true
			continue
		case r < 0x590: // Latin, Greek, Cyrillic
			dst = utf8.AppendRune(dst, unicode.ToLower(r))
		default:
			dst = append(dst, line[i-n:i]...)
		}
		blank = false
	}
	return dst
}

// frame is what decorates short lines and no phrase begins or ends with.
const frame = " .,:;!?|/\\<>()[]{}*#+=~_-–—«»‹›→←▶►▸▼▲·•●○■□◆★☆。，：；！？、（）【】［］《》〈〉「」『』…｜"

// separators part the items of a navigation bar.
const separators = "|｜/\\>»›→·•‧,，、"

// trimFrame returns line without decoration around it.
func trimFrame(line []byte) []byte {
	for len(line) > 0 {
		r, n := utf8.DecodeRune(line)
		if inWord(line[0]) || !strings.ContainsRune(frame, r) {
			break
		}
		line = line[n:]
	}
	for len(line) > 0 {
		r, n := utf8.DecodeLastRune(line)
		if inWord(line[len(line)-1]) || !strings.ContainsRune(frame, r) {
			break
		}
		line = line[:len(line)-n]
	}
	return line
}

// match returns the name of the pattern that a folded line matches, or nothing.
func (l *lineRules) match(fold []byte) string {
	core := trimFrame(fold)
	if len(core) == 0 {
		return ""
	}
	if i, ok := l.whole[string(core)]; ok {
		return patterns[i].name
	}
	best, chars := -1, -1
	for i := 0; i+1 < len(core); i++ {
		for _, p := range l.phrases(pair(core, i)) {
			if best >= 0 && p.pattern >= best || !stands(core, i, p.text, patterns[p.pattern].kind) {
				continue
			}
			if chars < 0 {
				chars = utf8.RuneCount(core)
			}
			if chars <= patterns[p.pattern].most {
				best = p.pattern
			}
		}
	}
	if best < 0 {
		best = l.row(core)
	}
	if best < 0 {
		return ""
	}
	return patterns[best].name
}

// stands tells whether text stands at core[i:] as kind asks, between word ends.
func stands(core []byte, i int, text string, kind kind) bool {
	end := i + len(text)
	switch {
	case end > len(core) || string(core[i:end]) != text:
		return false
	case kind == prefix && i > 0, kind == suffix && end < len(core):
		return false
	case i > 0 && inWord(core[i]) && inWord(core[i-1]):
		return false
	}
	return end == len(core) || !inWord(core[end]) || core[end-1] < 'a' || core[end-1] > 'z' // a year may go on
}

// inWord tells whether b is a letter or digit of ASCII.
func inWord(b byte) bool { return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' }

// row returns the pattern of core if it is a row of at least two navigation
// items between separators, or else between blanks; else -1.
func (l *lineRules) row(core []byte) int {
	if len(core) < 2 {
		return -1
	}
	if key := pair(core, 0); l.first[key/64]>>(key%64)&1 == 0 {
		return -1
	}
	if i := l.rowOf(core, separators); i >= 0 {
		return i
	}
	return l.rowOf(core, separators+" ")
}

func (l *lineRules) rowOf(core []byte, between string) int {
	first, n := -1, 0
	for rest := core; len(rest) > 0; {
		item := rest
		if i := bytes.IndexAny(rest, between); i >= 0 {
			_, size := utf8.DecodeRune(rest[i:])
			item, rest = rest[:i], rest[i+size:]
		} else {
			rest = nil
		}
		if item = trimFrame(item); len(item) == 0 {
			continue
		}
		i, ok := l.items[string(item)]
		if !ok {
			return -1
		}
		if first < 0 {
			first = i
		}
		n++
	}
	if n < 2 {
		return -1
	}
	return first
}
