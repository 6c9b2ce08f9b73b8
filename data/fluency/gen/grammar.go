package main

import (
	_ "embed"
	"strings"

	"huihai/internal/rng"
)

var (
	//go:embed zh.txt
	chineseTemplates string
	//go:embed en.txt
	englishTemplates string
)

// grammar makes junk of several classes from templates: "@name a|b|c" is a list,
// "=class" begins a class, every other line is a template in which <name> stands
// for a member of the list.
type grammar struct {
	lists   map[string][]string
	classes []string
	lines   map[string][]string
}

// use makes the words of good texts a list, so that no word is junk by itself.
func (g *grammar) use(words []string) { g.lists["w"] = words }

func parseGrammar(text string) grammar {
	g := grammar{lists: map[string][]string{}, lines: map[string][]string{}}
	class := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "":
		case line[0] == '=':
			class = line[1:]
			g.classes = append(g.classes, class)
		case line[0] == '@':
			name, list, _ := strings.Cut(line[1:], " ")
			g.lists[name] = strings.Split(list, "|")
		default:
			g.lines[class] = append(g.lines[class], line)
		}
	}
	return g
}

// expand fills in a template.
func (g *grammar) expand(r *rng.Stream, template string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(template, "<")
		name, after, closed := strings.Cut(rest, ">")
		list := g.lists[name]
		if !ok || !closed || list == nil {
			b.WriteString(template)
			return b.String()
		}
		b.WriteString(before)
		b.WriteString(pick(r, list))
		template = after
	}
}

// text joins a few templates of a class.
func (g *grammar) text(r *rng.Stream, class, glue string) string {
	n := 1 + r.IntN(6)
	parts := make([]string, n)
	for i := range parts {
		parts[i] = g.expand(r, pick(r, g.lines[class]))
	}
	if r.IntN(3) == 0 {
		glue = "\n"
	}
	return strings.Join(parts, glue)
}

func pick[T any](r *rng.Stream, from []T) T { return from[r.IntN(len(from))] }
