package safety

import (
	"bufio"
	"embed"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"
)

//go:embed lexicon/*.tsv
var builtin embed.FS

// Term is one entry of a lexicon.
type Term struct {
	Text     string
	Category string
	Weight   float64 // per match; 0 in category allow
}

// Categories of terms that are no hits.
const (
	Allow   = "allow"   // shield the words inside them
	Context = "context" // take weight from the hits beside them
)

// maxTermBytes bounds a term; longer ones are lines of something else.
const maxTermBytes = 200

// ParseLexicon reads terms, one a line: the term, or the term, a tab, its category
// and, behind another tab, its weight. A line "@category weight" sets both for the
// lines behind it that have none; before any it is "other" and 1. Lines that begin
// with # and empty lines are passed over.
func ParseLexicon(r io.Reader) ([]Term, error) {
	category, weight := "other", 1.0
	var out []Term
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if line == "" || line[0] == '#' {
			continue
		}
		if !utf8.ValidString(line) {
			return nil, fmt.Errorf("line %d is not valid UTF-8; save the file as UTF-8", n)
		}
		var err error
		if rest, ok := strings.CutPrefix(line, "@"); ok {
			f := strings.Fields(rest)
			if len(f) != 2 {
				return nil, fmt.Errorf("line %d is %q; write @category weight", n, line)
			}
			category = f[0]
			if weight, err = parseWeight(f[1]); err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			continue
		}
		f := strings.Split(line, "\t")
		t := Term{Text: strings.TrimSpace(f[0]), Category: category, Weight: weight}
		if len(f) > 1 {
			t.Category = strings.TrimSpace(f[1])
		}
		if len(f) > 2 {
			if t.Weight, err = parseWeight(strings.TrimSpace(f[2])); err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
		}
		if len(f) > 3 || t.Category == "" || strings.ContainsAny(t.Category, " \t") {
			return nil, fmt.Errorf("line %d is %q; write a term, or term, category (one word) and weight with tabs between", n, line)
		}
		if len(t.Text) > maxTermBytes {
			return nil, fmt.Errorf("line %d has a term of %d bytes; the limit is %d", n, len(t.Text), maxTermBytes)
		}
		texts, err := alternatives(t.Text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		for _, text := range texts {
			out = append(out, Term{text, t.Category, t.Weight})
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

// maxAlternatives is how many terms one line may stand for.
const maxAlternatives = 256

// alternatives returns the terms that a line stands for: one for each choice of a
// character from each pair of brackets.
func alternatives(term string) ([]string, error) {
	out := []string{""}
	for rest := term; rest != ""; {
		before, after, found := strings.Cut(rest, "[")
		choice := []rune(nil)
		if found {
			in, behind, closed := strings.Cut(after, "]")
			if choice, after = []rune(in), behind; !closed || len(choice) == 0 {
				return nil, fmt.Errorf("%q has a bracket without characters or without its end; write [ab] for a or b", term)
			}
		}
		var next []string
		for _, o := range out {
			if !found {
				next = append(next, o+before)
			}
			for _, r := range choice {
				next = append(next, o+before+string(r))
			}
		}
		if len(next) > maxAlternatives {
			return nil, fmt.Errorf("%q stands for more than %d terms; use fewer brackets", term, maxAlternatives)
		}
		out, rest = next, after
	}
	return out, nil
}

func parseWeight(s string) (float64, error) {
	w, err := strconv.ParseFloat(s, 64)
	if err != nil || !(w >= 0 && w <= 1000) {
		return 0, fmt.Errorf("%q is no weight; it must be a number from 0 to 1000", s)
	}
	return w, nil
}

// terms reads the lexicons of a configuration, in order.
func (c Config) terms() ([]Term, error) {
	var all []Term
	read := func(name string, f io.ReadCloser, err error) error {
		if err != nil {
			return fmt.Errorf("safety: read lexicon: %w", err)
		}
		defer f.Close()
		list, err := ParseLexicon(f)
		if err != nil {
			return fmt.Errorf("safety: read lexicon %s: %w", name, err)
		}
		all = append(all, list...)
		return nil
	}
	for _, b := range c.Builtin {
		f, err := builtin.Open("lexicon/" + b + ".tsv")
		if err := read(b, f, err); err != nil {
			return nil, err
		}
	}
	for _, path := range c.Lexicons {
		f, err := os.Open(path)
		if err := read(path, f, err); err != nil {
			return nil, err
		}
	}
	return all, nil
}
