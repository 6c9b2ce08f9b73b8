package configs

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A setting that is made free no longer tells runs apart: that is a decision, for
// which this list is changed.
func TestFrozenFreeKeys(t *testing.T) {
	var b strings.Builder
	for _, k := range Keys() {
		if k.Free {
			b.WriteString(k.Path + "\n")
		}
	}
	golden(t, "free.txt", b.String())
}

// Free settings do not change the identity, every other one of the run does, by its
// own key.
func TestIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Default()
		b := a
		for _, k := range Keys() {
			if k.Free || !slices.Contains(runSections, k.Section()) {
				k.of(reflect.ValueOf(&b).Elem()).Set(draw(t, k))
			}
		}
		if d := Diff(Identity(&a), Identity(&b)); len(d) != 0 {
			t.Fatalf("free settings change the identity: %+v", d)
		}
		var changed []string
		for _, k := range Keys() {
			if k.Free || !slices.Contains(runSections, k.Section()) {
				continue
			}
			before := k.of(reflect.ValueOf(&a).Elem())
			now := k.of(reflect.ValueOf(&b).Elem())
			now.Set(draw(t, k))
			old, err1 := flow(before.Interface())
			new, err2 := flow(now.Interface())
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			same := reflect.DeepEqual(before.Interface(), now.Interface()) || now.Kind() == reflect.Slice && before.Len()+now.Len() == 0
			if same != (old == new) {
				t.Fatalf("%s: %s and %s", k.Path, old, new)
			}
			if !same {
				changed = append(changed, k.Path)
			}
		}
		var told []string
		for _, d := range Diff(Identity(&a), Identity(&b)) {
			told = append(told, d.Key)
		}
		slices.Sort(changed)
		if !slices.Equal(told, changed) {
			t.Fatalf("%v is told, %v was changed", told, changed)
		}
	})
}

// However and wherever a value is written, it is the same.
func TestIdentityIsCanonical(t *testing.T) {
	identity := func(o Options) map[string]string {
		o.Preset, o.Sections = "tiny", nothing
		c, _, err := Load(o)
		if err != nil {
			t.Fatal(err)
		}
		return Identity(c)
	}
	want := identity(Options{File: fileOf(t, "optim: {learning_rate: 1e-3, weight_decay: 0}\ntrain: {seed: 16}\nloader:\n  mixture:\n    - weights: {b: 1, a: 0.5}\n")})
	for name, o := range map[string]Options{
		"another file": {File: fileOf(t, "loader: {mixture: [{weights: {a: 5e-1, b: 1.0}, source_max_epochs: {}, from_step: 0}]}\ntrain: {seed: 0x10}\noptim: {weight_decay: -0.0, learning_rate: 0.001}\n")},
		"variables":    {Environ: []string{"HUIHAI_OPTIM_LEARNING_RATE=0.0010", "HUIHAI_OPTIM_WEIGHT_DECAY=0e5", "HUIHAI_TRAIN_SEED=016", "HUIHAI_LOADER_MIXTURE=[{weights: {'a': .5, 'b': 1}}]"}},
		"--set":        {Set: []string{"optim.learning_rate=10e-4", "optim.weight_decay=-0", "train.seed=1.6e1", "loader.mixture=[{weights: {b: 01, a: 00.5}}]", "train.threads=3", "loader.prefetch=7", "checkpoint.save_steps=1"}},
		"flags":        {Overrides: []Override{{"optim.learning_rate", 1e-3, "--lr"}, {"optim.weight_decay", math.Copysign(0, -1), "--wd"}, {"train.seed", 16, "--seed"}}, Set: []string{"loader.mixture=[{weights: {b: 1, a: 0.5}}]"}},
	} {
		if d := Diff(want, identity(o)); len(d) != 0 {
			t.Errorf("%s: %+v", name, d)
		}
	}
	d := Diff(want, identity(Options{Set: []string{"train.seed=17", "loader.mixture=[]"}}))
	if fmt.Sprint(d) != "[{loader.mixture [{from_step: 0, weights: {a: 0.5, b: 1}, temperature: 0, max_epochs: 0, source_max_epochs: {}}] []} {optim.weight_decay 0 0.1} {train.seed 16 17}]" {
		t.Errorf("the changes are %v", d)
	}
	gone := Diff(map[string]string{"b": "1", "a": "2"}, map[string]string{"c": "3", "b": "1"})
	if fmt.Sprint(gone) != "[{a 2 } {c  3}]" {
		t.Errorf("keys that come and go: %v", gone)
	}
}

func TestGiven(t *testing.T) {
	_, prov, err := Load(Options{
		File: fileOf(t, "preset: tiny\nmodel:\n  vocab_size: 512\n"), Environ: []string{"HUIHAI_MODEL_HIDDEN_SIZE=64", "HUIHAI_OPTIM_BETA1=0.9"},
		Set: []string{"model.rope_theta=10000"}, Overrides: []Override{{"model.eos_token_id", 2, "--eos"}, {"train.seed", 1, "--seed"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := prov.Given("model"), []string{"model.hidden_size", "model.vocab_size", "model.rope_theta", "model.eos_token_id"}; !slices.Equal(got, want) {
		t.Errorf("given are %v, want %v", got, want)
	}
	if got := prov.Given(""); len(got) != 6 {
		t.Errorf("given are %v", got)
	}
	if got := (*Provenance)(nil).Given("model"); got != nil {
		t.Errorf("nothing is given, not %v", got)
	}
}
