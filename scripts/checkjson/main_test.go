package main

import (
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	const doc = `{"steps": 30, "loss": {"first": 9.5, "last": 7}, "shards": ["a", "b"], "done": true, "none": null}`
	for statement, want := range map[string]int{
		"steps = 30": 0, "steps = 31": 1, "steps != 31": 0, "30 >= steps": 0, "steps > 30": 1, "steps >= 30": 0, "steps < 31": 0,
		"loss.last < loss.first": 0, "loss.first <= loss.last": 1,
		`shards.1 = "b"`: 0, `shards.2 = "c"`: 1, `shards.x = "c"`: 1, `shards = "b"`: 1, "1 = shards": 1,
		"done = true": 0, "done = false": 1, "none = null": 0, "loss.middle < 1": 1, "steps.deep < 1": 1, "done < 1": 1,
		"steps ~ 30": 2, "steps": 2, "": 2,
	} {
		if got := run([]string{statement}, strings.NewReader(doc), &strings.Builder{}); got != want {
			t.Errorf("%q exits with %d, want %d", statement, got, want)
		}
	}
	for _, c := range []struct {
		doc        string
		statements []string
		want       int
	}{{"not JSON", []string{"a = 1"}, 1}, {"", []string{"a = 1"}, 1}, {doc, nil, 2}, {doc, []string{"steps = 30", "steps = 31"}, 1}} {
		if got := run(c.statements, strings.NewReader(c.doc), &strings.Builder{}); got != c.want {
			t.Errorf("%q on %q exits with %d, want %d", c.statements, c.doc, got, c.want)
		}
	}
}
