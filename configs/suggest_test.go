package configs

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// slowDistance is the definition of the optimal string alignment distance.
func slowDistance(a, b []rune) int {
	if len(a) == 0 || len(b) == 0 {
		return len(a) + len(b)
	}
	x, y := len(a)-1, len(b)-1
	cost := 1
	if a[x] == b[y] {
		cost = 0
	}
	best := min(slowDistance(a[:x], b)+1, slowDistance(a, b[:y])+1, slowDistance(a[:x], b[:y])+cost)
	if x > 0 && y > 0 && a[x] == b[y-1] && a[x-1] == b[y] {
		best = min(best, slowDistance(a[:x-1], b[:y-1])+1)
	}
	return best
}

func TestDistanceAgainstDefinition(t *testing.T) {
	word := rapid.StringOfN(rapid.SampledFrom([]rune("ab汇")), 0, 6, -1)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		if got, want := distance(a, b), slowDistance([]rune(a), []rune(b)); got != want {
			t.Fatalf("distance(%q, %q) = %d, want %d", a, b, got, want)
		}
	})
}

// Any key with one slip of the finger leads back to itself.
func TestOneSlipIsFound(t *testing.T) {
	s := theSchema()
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.SampledFrom(Keys()).Draw(t, "key")
		leaf := k.Leaf()
		i := rapid.IntRange(0, len(leaf)-1).Draw(t, "at")
		slip := leaf[:i] + leaf[i+1:]
		if rapid.Bool().Draw(t, "insert") {
			slip = leaf[:i] + "q" + leaf[i:]
		}
		path := join(parent(k.Path), slip)
		if _, alias := aliases[normalise(slip)]; alias || s.exists(path) || len(leaf) < 5 {
			return
		}
		found := s.suggest(path, false)
		if len(found) == 0 {
			t.Fatalf("nothing is suggested for %s", path)
		}
		for _, f := range found {
			if f == k.Path {
				return
			}
		}
		if distance(lastElement(found[0]), slip) > 1 {
			t.Fatalf("%v is suggested for %s", found, path)
		}
	})
}

// Whatever a file holds, Load ends with a configuration or an error, and what
// it accepts it reads the same way again after rendering.
func FuzzLoadFile(f *testing.F) {
	for _, p := range Presets() {
		f.Add(p.Text)
	}
	f.Add([]byte("a: &a [*a]\nmodel: *a\n"))
	f.Add([]byte("model: &m\n  hidden_size: *m\n"))
	f.Add([]byte("train:\n  seed: 0x10\n  max_steps: 1_000\n  output_dir: \"\\u0000\"\n"))
	path := filepath.Join(f.TempDir(), "run.yaml")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		c, _, err := Load(Options{File: path, Sections: nothing})
		if err != nil {
			return
		}
		var b strings.Builder
		if err := Render(&b, c, nil); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		again, _, err := Load(Options{File: path, Sections: nothing})
		if err != nil {
			t.Fatalf("%v\n%s", err, b.String())
		}
		var b2 strings.Builder
		if err := Render(&b2, again, nil); err != nil || b.String() != b2.String() {
			t.Fatalf("%v: first\n%s\nthen\n%s", err, b.String(), b2.String())
		}
	})
}

func FuzzOverrides(f *testing.F) {
	f.Add("train.seed=1", "HUIHAI_TRAIN_SEED=2")
	f.Add("train.max_steps=!!int \"3\"", "HUIHAI_MODEL_POSITION=\xff")
	f.Fuzz(func(t *testing.T, set, env string) {
		_, _, _ = Load(Options{Set: []string{set}, Environ: []string{env}, Sections: nothing})
	})
}

// The words that a type has for people.
func TestTypeNames(t *testing.T) {
	for typ, want := range map[reflect.Type]string{
		reflect.TypeFor[[]string]():           "list of text",
		reflect.TypeFor[map[string]float64](): "mapping of name to number",
		reflect.TypeFor[*int]():               "integer",
		reflect.TypeFor[uint8]():              "non-negative integer",
	} {
		if got := typeName(typ); got != want {
			t.Errorf("%s is called %q, want %q", typ, got, want)
		}
	}
}

// A name of another framework that is one of ours in the section it leads to is taken
// for that.
func TestOwnNamesComeBeforeAliases(t *testing.T) {
	s := newSchema(reflect.TypeFor[struct {
		Optim struct {
			WarmupSteps int     `mapstructure:"warmup_steps"`
			WarmupRatio float64 `mapstructure:"warmup_ratio"`
		} `mapstructure:"optim"`
	}]())
	if got := s.suggest("train.warmup_ratio", false); !slices.Equal(got, []string{"optim.warmup_ratio"}) {
		t.Errorf("train.warmup_ratio leads to %v", got)
	}
}
