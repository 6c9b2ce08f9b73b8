package configs

import (
	"sort"
	"strings"
)

// suggest returns the existing key nearest to a path that does not exist (the
// nearest group when wantGroup), or "" when nothing is near. In order: a known
// name from another framework, then the smallest edit distance of the last
// element or of the whole path, the same parent first.
func (s *schema) suggest(path string, wantGroup bool) string {
	leaf := lastElement(path)
	for _, alias := range []string{normalise(path), normalise(leaf)} {
		if target := aliases[alias]; s.exists(target) {
			return target
		}
	}
	best, bestCost := "", tooFar
	for _, cand := range s.paths() {
		if s.groups[cand] != wantGroup {
			continue
		}
		if c := cost(path, cand); c < bestCost {
			best, bestCost = cand, c
		}
	}
	return best
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

// paths returns all keys and groups, sorted, so that ties break the same way
// every time.
func (s *schema) paths() []string {
	all := make([]string, 0, len(s.keys)+len(s.groups))
	for _, k := range s.keys {
		all = append(all, k.Path)
	}
	for g := range s.groups {
		all = append(all, g)
	}
	sort.Strings(all)
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
