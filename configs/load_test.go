package configs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"huihai/data/clean"
)

// nothing turns validation off.
var nothing = []string{}

// The names are public: a change here breaks the files of users.
func TestFrozenKeys(t *testing.T) {
	var b strings.Builder
	for _, k := range Keys() {
		fmt.Fprintf(&b, "%s  %s\n", k.Path, k.TypeName())
	}
	golden(t, "keys.txt", b.String())
}

func TestSchemaIsSound(t *testing.T) {
	s := theSchema()
	if len(s.byEnv) != len(s.keys) {
		t.Error("two settings share the name of an environment variable")
	}
	for name := range reservedEnv {
		if k, taken := s.byEnv[name]; taken {
			t.Errorf("%s is reserved and the name of %s", name, k.Path)
		}
	}
	for _, k := range s.keys {
		if k.Path != strings.ToLower(k.Path) {
			t.Errorf("%s has capitals, which viper loses", k.Path)
		}
		if k.Leaf() == presetKey && k.Section() == k.Path {
			t.Errorf("%s hides the name of the preset", k.Path)
		}
	}
	yamlTags(t, reflect.TypeFor[Config](), "Config")
}

// yamlTags checks that both tags of every field agree.
func yamlTags(t *testing.T, typ reflect.Type, path string) {
	for i := range typ.NumField() {
		f := typ.Field(i)
		m, _, _ := strings.Cut(f.Tag.Get("mapstructure"), ",")
		y, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if squashed := f.Tag.Get("mapstructure") == ",squash" && f.Tag.Get("yaml") == ",inline"; f.IsExported() && !squashed && (m == "" || m != y) {
			t.Errorf("%s.%s: tags mapstructure %q and yaml %q differ", path, f.Name, m, y)
		}
		if isGroup(f.Type) {
			yamlTags(t, f.Type, path+"."+f.Name)
		}
	}
}

func TestAliasesLeadSomewhere(t *testing.T) {
	s := theSchema()
	for from, to := range aliases {
		if !s.exists(to) {
			t.Errorf("%s leads to %s, which does not exist", from, to)
		}
		if s.exists(from) {
			t.Errorf("%s is a name of ours", from)
		}
		if from != normalise(from) {
			t.Errorf("%s is not in normal form", from)
		}
	}
}

func TestPresetsLoad(t *testing.T) {
	for _, p := range Presets() {
		_, prov, err := Load(Options{Preset: p.Name})
		switch p.Name { // bases without a shape
		case "pretrain":
			_, prov, err = Load(Options{Preset: p.Name, Sections: []string{"optim", "train"}})
		case "web":
			_, prov, err = Load(Options{Preset: p.Name, Sections: []string{"data"}, Overrides: []Override{
				{Key: "data.inputs", Value: []string{"crawl"}, Flag: "--input"}, {Key: "data.output", Value: "set", Flag: "--output"},
			}})
		}
		if err != nil {
			t.Errorf("%s: %v", p.Name, err)
			continue
		}
		if prov.Preset != p.Name || p.Summary == "" || !strings.HasPrefix(string(p.Text), "# ") {
			t.Errorf("%s: preset %q, summary %q", p.Name, prov.Preset, p.Summary)
		}
		// A copy of the file, edited or not, means the same.
		path := filepath.Join(t.TempDir(), "copy.yaml")
		if err := os.WriteFile(path, p.Text, 0o644); err != nil {
			t.Fatal(err)
		}
		a, _, err := Load(Options{Preset: p.Name, Sections: nothing})
		if err != nil {
			t.Fatal(err)
		}
		b, _, err := Load(Options{File: path, Sections: nothing})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("%s: a copy of the file differs: %s", p.Name, diff)
		}
	}
}

// Parameter counts of the report: the released models whole, the ladder without
// embeddings and head, in millions.
func TestPresetShapes(t *testing.T) {
	for name, want := range map[string]string{
		"baichuan2-7b": "7505973248", "baichuan2-13b": "13896668160",
		"ladder-11m": "11.51", "ladder-51m": "51.56", "ladder-108m": "108.01", "ladder-307m": "307.60",
		"ladder-835m": "835.00", "ladder-1.5b": "1565.60", "ladder-3b": "3019.33",
	} {
		m, err := ModelPreset(name)
		if err != nil {
			t.Fatal(err)
		}
		h, f := m.HiddenSize, m.IntermediateSize
		body := m.NumHiddenLayers*(4*h*h+3*h*f+2*h) + h
		got := fmt.Sprintf("%.2f", float64(body)/1e6)
		if strings.HasPrefix(name, "baichuan2") {
			got = fmt.Sprint(body + 2*m.VocabSize*h)
		}
		if got != want {
			t.Errorf("%s has %s parameters, want %s", name, got, want)
		}
		if m.VocabSize != 125696 || m.ModelMaxLength != 4096 || m.RMSNormEps != 1e-6 {
			t.Errorf("%s: %+v", name, m)
		}
	}
	if _, err := ModelPreset("baichuan2-7"); err == nil || !strings.Contains(err.Error(), "did you mean baichuan2-7b?") {
		t.Errorf("error is %v", err)
	}
}

// odd makes texts, some of those that YAML or a person would read as something else.
func odd(t *rapid.T, label string) string {
	if rapid.Bool().Draw(t, "odd") {
		return rapid.SampledFrom([]string{
			"0100", "1_000", "1:30", "0x1f", "1e3", ".inf", "-", "~", "null", "yes", "True", "2001-01-01", "<<", "=", "!x", "&a", "*a", "|", ">", "%", "@", "`", "a: b", "a #b", "#",
			" ", " a ", "a\n", "\nA", "\n\n", "a\r\nb", "\t", "a\tb", "\u0085", "\u00a0", "\u2028x", "\ufeff", "\ufffd", "\x01\x7f", "\u009b31m", "\"'\\", "''", "{a: b}", "[", "]", ",", "汇海 😀", "---", "...", "? x", strings.Repeat("long words ", 40),
		}).Draw(t, label)
	}
	if text := rapid.StringN(0, 12, -1).Draw(t, label); utf8.ValidString(text) {
		return text
	}
	return "x"
}

// draw makes a value of a key's type.
func draw(t *rapid.T, k Key) reflect.Value {
	v := reflect.New(k.Type).Elem()
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Bool:
			v.SetBool(rapid.Bool().Draw(t, k.Path))
		case reflect.Int, reflect.Int32, reflect.Int64:
			v.SetInt(rapid.Int64Range(-1<<31, 1<<31-1).Draw(t, k.Path))
		case reflect.Uint, reflect.Uint32, reflect.Uint64:
			v.SetUint(rapid.Uint64Range(0, 1<<32-1).Draw(t, k.Path))
		case reflect.Float32:
			v.SetFloat(float64(rapid.Float32().Draw(t, k.Path)))
		case reflect.Float64:
			v.SetFloat(rapid.Float64().Draw(t, k.Path))
		case reflect.String:
			v.SetString(odd(t, k.Path))
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), rapid.IntRange(0, 3).Draw(t, "length"), 3))
			for i := range v.Len() {
				fill(v.Index(i))
			}
		case reflect.Map:
			v.Set(reflect.MakeMap(v.Type()))
			for _, name := range []string{"Upper", "lower", odd(t, "name") + "x"}[:rapid.IntRange(0, 3).Draw(t, "size")] {
				x := reflect.New(v.Type().Elem()).Elem()
				fill(x)
				v.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), x)
			}
		case reflect.Pointer:
			if rapid.Bool().Draw(t, "present") {
				v.Set(reflect.New(v.Type().Elem()))
				fill(v.Elem())
			}
		case reflect.Struct:
			for i := range v.NumField() {
				fill(v.Field(i))
			}
		default:
			t.Fatalf("%s: the test cannot draw a %s", k.Path, v.Type())
		}
	}
	fill(v)
	return v
}

// What Render writes, Load reads back, whatever the values.
func TestRenderRoundTrip(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		c := Default()
		v := reflect.ValueOf(&c).Elem()
		for _, k := range Keys() {
			k.of(v).Set(draw(t, k))
		}
		// Names of files need not be text.
		c.Train.OutputDir = rapid.SampledFrom([]string{c.Train.OutputDir, "a\xff\xfeb", "\x80"}).Draw(t, "bytes")
		var b bytes.Buffer
		if err := Render(&b, &c, &Provenance{}); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "shown.yaml")
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		again, _, err := Load(Options{File: path, Sections: nothing})
		if err != nil {
			t.Fatalf("%v\n%s", err, b.String())
		}
		if diff := cmp.Diff(&c, again, equalEmpty); diff != "" {
			t.Fatalf("%s\n%s", diff, b.String())
		}
		var b2 bytes.Buffer
		if err := Render(&b2, again, &Provenance{}); err != nil || !bytes.Equal(b.Bytes(), b2.Bytes()) {
			t.Fatalf("%v: rendered again\n%s\nnot\n%s", err, b2.String(), b.String())
		}
		if d := Diff(Identity(&c), Identity(again)); len(d) != 0 {
			t.Fatalf("the identity changes: %+v", d)
		}
	})
}

// equalEmpty makes nil and empty equal: YAML has one of them.
var equalEmpty = cmpopts.EquateEmpty()

// Each key has the value of the strongest layer that sets it, and its
// provenance says so. The expectation is made without viper.
func TestLayers(t *testing.T) {
	dir := t.TempDir()
	s := theSchema()
	rapid.Check(t, func(t *rapid.T) {
		want, origins := Default(), map[string]Origin{}
		base, err := s.presetLayer("quickstart")
		if err != nil {
			t.Fatal(err)
		}
		w := reflect.ValueOf(&want).Elem()
		for _, x := range base.settings {
			x.key.of(w).Set(reflect.ValueOf(x.value))
			origins[x.key.Path] = Origin{Kind: FromPreset}
		}
		o := Options{Preset: "quickstart", File: filepath.Join(dir, "run.yaml"), Sections: nothing}
		file := map[string]any{}
		keys := rapid.SliceOfNDistinct(rapid.SampledFrom(Keys()), 1, 8, func(k Key) string { return k.Path }).Draw(t, "keys")
		for _, k := range keys {
			for _, kind := range []Kind{FromFile, FromEnv, FromSet, FromFlag} {
				if !rapid.Bool().Draw(t, "set") {
					continue
				}
				v := draw(t, k)
				text, err := flow(v.Interface())
				if err != nil {
					t.Fatal(err)
				}
				if k.Type.Kind() == reflect.String {
					text = v.String()
				}
				if strings.ContainsRune(text, 0) {
					continue
				}
				switch kind {
				case FromFile:
					file[k.Path] = v.Interface()
				case FromEnv:
					o.Environ = append(o.Environ, k.Env+"="+text)
				case FromSet:
					o.Set = append(o.Set, k.Path+"="+text)
				case FromFlag:
					o.Overrides = append(o.Overrides, Override{Key: k.Path, Value: v.Interface(), Flag: "--flag"})
				}
				k.of(w).Set(v)
				origins[k.Path] = Origin{Kind: kind}
			}
		}
		l := &layer{}
		for path, v := range file {
			l.settings = append(l.settings, setting{key: s.byPath[path], value: v})
		}
		doc, err := node(reflect.ValueOf(l.nested()))
		if err != nil {
			t.Fatal(err)
		}
		setFlow(doc) // in blocks the YAML package writes some texts that it cannot read
		text, err := yaml.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		if len(file) == 0 {
			text = []byte("preset: quickstart\n")
		}
		if err := os.WriteFile(o.File, text, 0o644); err != nil {
			t.Fatal(err)
		}
		got, prov, err := Load(o)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if diff := cmp.Diff(&want, got, equalEmpty); diff != "" {
			t.Fatal(diff)
		}
		for _, k := range Keys() {
			if prov.Of(k.Path).Kind != origins[k.Path].Kind {
				t.Fatalf("%s is from %q, want kind %d", k.Path, prov.Of(k.Path), origins[k.Path].Kind)
			}
		}
	})
}

func TestPresetChoice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.yaml")
	if err := os.WriteFile(path, []byte("preset: tiny\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	o := Options{File: path}
	for _, step := range []struct {
		want string
		add  func()
	}{
		{"tiny", func() {}},
		{"ladder-11m", func() { o.Environ = []string{"HUIHAI_PRESET=ladder-11m"} }},
		{"ladder-51m", func() { o.Set = []string{"preset=ladder-51m"} }},
		{"quickstart", func() { o.Preset = "quickstart" }},
	} {
		step.add()
		_, prov, err := Load(o)
		if err != nil {
			t.Fatal(err)
		}
		if prov.Preset != step.want {
			t.Errorf("preset %s, want %s", prov.Preset, step.want)
		}
	}
}

func TestMissingFile(t *testing.T) {
	_, _, err := Load(Options{File: filepath.Join(t.TempDir(), "no.yaml")})
	var mistakes *Error
	if err == nil || errors.As(err, &mistakes) || !strings.Contains(err.Error(), "config init") {
		t.Errorf("error is %v", err)
	}
}

func TestOverrideMisuse(t *testing.T) {
	for _, o := range []Override{{"no.such", 1, "--x"}, {"train.seed", "text", "--x"}, {"train.seed", nil, "--x"}, {"train.output_dir", 65, "--x"}} {
		if _, _, err := Load(Options{Preset: "tiny", Overrides: []Override{o}}); err == nil || !strings.Contains(err.Error(), "--x") {
			t.Errorf("%+v: error is %v", o, err)
		}
	}
}

func TestShowGolden(t *testing.T) {
	o := Options{Preset: "tiny", Environ: []string{"HUIHAI_TRAIN_SEED=7"}, Set: []string{"train.output_dir=a: b #c"}}
	c, prov, err := Load(o)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Render(&b, c, prov); err != nil {
		t.Fatal(err)
	}
	golden(t, "show.yaml", b.String())
	shown := Show(c, prov)
	j, err := json.Marshal(shown)
	if err != nil {
		t.Fatal(err)
	}
	var back struct {
		Config  map[string]map[string]any
		Origins map[string]string
	}
	if err := json.Unmarshal(j, &back); err != nil {
		t.Fatal(err)
	}
	if back.Config["train"]["output_dir"] != "a: b #c" || back.Origins["train.seed"] != "env HUIHAI_TRAIN_SEED" {
		t.Errorf("shown as %s", j)
	}
}

// The preset for web pages cleans as package clean says pages should be.
func TestWebPresetCleans(t *testing.T) {
	c, _, err := Load(Options{Preset: "web", Sections: nothing})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(clean.Web(), c.Data.Clean, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}
