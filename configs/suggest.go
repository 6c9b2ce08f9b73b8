package configs

import (
	"slices"
	"strings"
)

// suggest returns the existing keys nearest to a path that does not exist
// (groups when wantGroup), the likeliest first. In order: a known name from
// another framework, keys with the same last element, then the smallest edit
// distance of the last element or of the whole path, the same parent first.
func (s *schema) suggest(path string, wantGroup bool) []string {
	leaf := lastElement(path)
	for _, alias := range []string{normalise(path), normalise(leaf)} {
		target := aliases[alias]
		if own := join(parent(target), alias); s.exists(own) {
			return []string{own} // the name is one of ours too, where it belongs
		}
		if s.exists(target) {
			return []string{target}
		}
	}
	var same []string
	best, bestCost := "", tooFar
	for _, cand := range s.paths(wantGroup) {
		if normalise(leaf) == lastElement(cand) {
			same = append(same, cand)
		}
		if c := cost(path, cand); c < bestCost {
			best, bestCost = cand, c
		}
	}
	switch {
	case len(same) > 0:
		return same
	case best != "":
		return []string{best}
	}
	return nil
}

// didYouMean words a suggestion, "" for none.
func didYouMean(names []string) string {
	if len(names) == 0 {
		return ""
	}
	const most = 4
	if len(names) > most {
		names = append(slices.Clone(names[:most]), "...")
	}
	return "did you mean " + strings.Join(names, " or ") + "?"
}

const tooFar = 1 << 30

// cost ranks a candidate for a misspelt path: smaller is nearer.
func cost(path, cand string) int {
	leaf := normalise(lastElement(path))
	d := min(distance(leaf, normalise(lastElement(cand))), distance(normalise(path), normalise(cand)))
	if d > max(1, len(leaf)/3) {
		return tooFar
	}
	if parent(path) != parent(cand) {
		return 2*d + 1
	}
	return 2 * d
}

func (s *schema) exists(path string) bool {
	_, leaf := s.byPath[path]
	return path != "" && (leaf || s.groups[path])
}

// paths returns all keys or all groups in the order of the document.
func (s *schema) paths(groups bool) []string {
	var all []string
	for _, k := range s.keys {
		if !groups {
			all = append(all, k.Path)
			continue
		}
		for g := parent(k.Path); g != ""; g = parent(g) {
			if !slices.Contains(all, g) {
				all = append(all, g)
			}
		}
	}
	return all
}

func lastElement(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

func parent(path string) string {
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		return path[:i]
	}
	return ""
}

// normalise makes spellings that differ in case, dashes and leading dashes
// equal.
func normalise(s string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimLeft(s, "-")), "-", "_")
}

// distance is the optimal string alignment distance: insertions, deletions,
// substitutions and swaps of neighbours each cost one.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, prev := make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(x); i++ {
		cur := make([]int, len(y)+1)
		cur[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev = prev, cur
	}
	return prev[len(y)]
}

// nearest returns the name closest to got, or "" when none is close.
func nearest(got string, names []string) string {
	best, bestD := "", max(1, len(got)/3)+1
	for _, n := range names {
		if d := distance(normalise(got), normalise(n)); d < bestD {
			best, bestD = n, d
		}
	}
	return best
}
