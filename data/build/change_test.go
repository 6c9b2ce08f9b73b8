package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"huihai/data"
	"huihai/data/clean"
	"huihai/data/datatest"
	"huihai/data/decontam"
	"huihai/data/dedup"
	"huihai/data/score"
)

// others are values for settings of which a value near the old one is impossible, or
// would change nothing that shows. A setting that is neither here nor can be moved by
// itself fails the test.
var others = map[string]any{
	"tokenizer":                 "", // given from the start, trained from now on
	"memory":                    "2GiB",
	"max_bytes":                 int64(20_000),
	"validation_fraction":       0.4,
	"source.text_field":         "text",
	"source.meta_field":         "url",
	"source.encoding":           "latin1",
	"source.media_types":        []string{"text/plain"},
	"source.keep_fields":        []string{"url"},
	"models.perplexity":         map[string]string{},
	"models.classifier":         map[string]ClassifierConfig{},
	"clean.ideographic_space":   clean.SpaceIndent,
	"clean.boilerplate_keep":    []string{clean.PatternNames()[0]},
	"pii.replacements":          map[string]string{"email": "<mail>"},
	"score.languages":           []string{"en"},
	"score.rule_sets":           map[string][]string{"en": {"gopher_quality"}},
	"score.bounds":              map[string]score.Bound{"general_letters": {Off: true}},
	"safety.builtin":            []string{"en"},
	"safety.weights":            map[string]float64{},
	"safety.lexicons":           []string{},
	"decontam.sets":             []decontam.Set{},
	"sample.sources":            map[string]float64{"a": 2},
	"trim.min_left":             0.5,
	"trim.min_sentence_quality": 0.5,
}

// A build that is stopped after any stage, and goes on with any one setting changed,
// makes what a fresh build makes.
func TestAnyChangeIsAFreshBuild(t *testing.T) {
	base := small(t, datatest.SmallCorpus(t, 4))
	everything(t, &base)
	base.ValidationFraction, base.KeepWork, base.Dedup.Chain = 0.2, true, dedup.Transitive
	build(t, base)
	base.Tokenizer = filepath.Join(t.TempDir(), "given.model")
	model, err := os.ReadFile(data.TokenizerPath(base.Output))
	if err != nil {
		t.Fatal(err)
	}
	datatest.Write(t, base.Tokenizer, model)
	base.Output = filepath.Join(t.TempDir(), "set")
	build(t, base)

	names := Stages()
	for i, key := range settings(reflect.TypeFor[Config](), "") {
		if key == "output" || key == "inputs" || testing.Short() && i%5 != 0 {
			continue
		}
		t.Run(key, func(t *testing.T) {
			changed := base
			changed.KeepWork = false
			if err := change(&changed, key); err != nil {
				t.Fatal(err)
			}
			fresh := changed
			fresh.Output = filepath.Join(t.TempDir(), "set")
			_, freshErr := Run(context.Background(), fresh, nil, WithFS(unsynced{}))

			// The stages that were done when it was stopped: some of them, another
			// number for each setting.
			stopped := changed
			stopped.Output = filepath.Join(t.TempDir(), "set")
			for _, name := range names[:2+i%(len(names)-2)] {
				copyTree(t, filepath.Join(base.Output, data.DirWork, name), filepath.Join(stopped.Output, data.DirWork, name))
			}
			_, err := Run(context.Background(), stopped, nil, WithFS(unsynced{}))
			if (err == nil) != (freshErr == nil) {
				t.Fatalf("a fresh build ends with %v, a resumed one with %v", freshErr, err)
			}
			if err == nil {
				sameFiles(t, "resumed with another "+key, files(t, fresh.Output), files(t, stopped.Output))
			}
		})
	}
}

// settings lists the settings of a configuration, as the user writes them.
func settings(typ reflect.Type, prefix string) []string {
	var keys []string
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, opts, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case opts == "inline":
			keys = append(keys, settings(f.Type, prefix)...)
		case name == "-" || name == "":
		case f.Type.Kind() == reflect.Struct:
			keys = append(keys, settings(f.Type, prefix+name+".")...)
		default:
			keys = append(keys, prefix+name)
		}
	}
	return keys
}

// field returns a setting's value.
func field(v reflect.Value, key string) reflect.Value {
	name, rest, more := strings.Cut(key, ".")
	for i := range v.NumField() {
		f := v.Type().Field(i)
		tag, opts, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if opts == "inline" {
			if x := field(v.Field(i), key); x.IsValid() {
				return x
			}
		} else if tag == name && more {
			return field(v.Field(i), rest)
		} else if tag == name {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

// change gives a setting another value that is possible.
func change(c *Config, key string) error {
	v := field(reflect.ValueOf(c).Elem(), key)
	if other, ok := others[key]; ok {
		v.Set(reflect.ValueOf(other).Convert(v.Type()))
		return c.Validate()
	}
	was := reflect.New(v.Type()).Elem()
	was.Set(v)
	for _, other := range near(v) {
		v.Set(other)
		if c.Validate() == nil {
			return nil
		}
	}
	v.Set(was)
	return fmt.Errorf("no other value of %s is known that is possible: add one to others", key)
}

// words are the values of settings that are words; those of other settings are
// impossible and passed over.
var words = strings.Fields(`off count remove best first none one drop flag cut detect mask keep ascii all blank indent characters phrases
	lines c4 pad typed realistic web general sentence word exact fast transitive canonical ngram13 decon both concat best_fit lenient strict`)

// near lists values beside a value.
func near(v reflect.Value) []reflect.Value {
	var out []reflect.Value
	add := func(values ...any) {
		for _, x := range values {
			out = append(out, reflect.ValueOf(x).Convert(v.Type()))
		}
	}
	switch v.Kind() {
	case reflect.Bool:
		add(!v.Bool())
	case reflect.Int, reflect.Int32, reflect.Int64:
		n := v.Int()
		add(n*2, n+1, n/2, n-1)
	case reflect.Uint64:
		add(v.Uint() + 1)
	case reflect.Float64, reflect.Float32:
		x := v.Float()
		add(x*0.5, x+0.3, x+1, x-0.3)
		if x == 0 {
			out = out[1:]
		}
	case reflect.String:
		for _, w := range words {
			if w != v.String() {
				add(w)
			}
		}
	}
	return out
}

// copyTree copies a folder, if it is there.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	if _, err := os.Stat(from); errors.Is(err, os.ErrNotExist) {
		return
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}
