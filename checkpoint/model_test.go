package checkpoint

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huihai/checkpoint/safetensors"
	"huihai/internal/golden"
)

// put writes files into a new folder and returns it.
func put(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// tensorsFile returns a safetensors file of float32 tensors of two elements.
func tensorsFile(t testing.TB, names ...string) []byte {
	t.Helper()
	var b strings.Builder
	var sources []safetensors.Source
	for _, name := range names {
		sources = append(sources, safetensors.Float32Source(name, []int{2}, safetensors.F32, []float32{1, 2}))
	}
	if err := safetensors.WriteAll(&b, sources, nil); err != nil {
		t.Fatal(err)
	}
	return []byte(b.String())
}

const (
	shard1 = "model-00001-of-00002.safetensors"
	shard2 = "model-00002-of-00002.safetensors"
)

func sharded(t testing.TB) map[string][]byte {
	return map[string][]byte{
		"config.json": []byte(`{"model_type":"baichuan"}`),
		shard1:        tensorsFile(t, "a", "b"),
		shard2:        tensorsFile(t, "c"),
		indexFile:     []byte(`{"metadata":{"total_size":24},"weight_map":{"a":"` + shard1 + `","b":"` + shard1 + `","c":"` + shard2 + `"}}`),
	}
}

func TestOpenModel(t *testing.T) {
	for name, files := range map[string]map[string][]byte{
		"sharded": sharded(t),
		"single":  {"config.json": []byte(`{"model_type":"baichuan"}`), "model.safetensors": tensorsFile(t, "a", "b", "c")},
	} {
		m, err := OpenModel(put(t, files))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := strings.Join(m.Names(), " "); got != "a b c" || string(m.Config) != `{"model_type":"baichuan"}` || m.Size() != 24 {
			t.Errorf("%s: names %q, config %s, size %d", name, got, m.Config, m.Size())
		}
		if len(m.Warnings()) > 0 {
			t.Errorf("%s: %q", name, m.Warnings())
		}
		for _, n := range m.Names() {
			x, err := m.Tensor(n)
			if v, err2 := safetensors.Float32s(x); err != nil || err2 != nil || v[1] != 2 || !m.Has(n) {
				t.Errorf("%s: %s: %v %v %v", name, n, v, err, err2)
			}
		}
		if _, err := m.Tensor("d"); err == nil || m.Has("d") || !strings.Contains(err.Error(), "no tensor d") {
			t.Errorf("%s: absent tensor: %v", name, err)
		}
		for range 2 {
			if err := m.Close(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestOpenModelSaysWhatIsWrong(t *testing.T) {
	change := func(edit func(f map[string][]byte)) map[string][]byte {
		f := sharded(t)
		edit(f)
		return f
	}
	index := func(s string) map[string][]byte {
		return change(func(f map[string][]byte) { f[indexFile] = []byte(s) })
	}
	for name, c := range map[string]struct {
		files map[string][]byte
		want  []string
	}{
		"no config":      {change(func(f map[string][]byte) { delete(f, "config.json") }), []string{"config.json is missing"}},
		"missing shard":  {change(func(f map[string][]byte) { delete(f, shard2) }), []string{"shard 2 of 2 (" + shard2 + ") is missing", "1 tensors, c first"}},
		"both missing":   {change(func(f map[string][]byte) { delete(f, shard1); delete(f, shard2) }), []string{"shard 1 of 2", "shard 2 of 2"}},
		"damaged shard":  {change(func(f map[string][]byte) { f[shard1] = f[shard1][:len(f[shard1])-1] }), []string{"shard 1 of 2", shard1, `"b"`, "truncated"}},
		"tensor missing": {change(func(f map[string][]byte) { f[shard2] = tensorsFile(t, "x") }), []string{"puts tensor c here", shard2}},
		"no index":       {change(func(f map[string][]byte) { delete(f, indexFile) }), []string{"no " + indexFile}},
		"pickle": {map[string][]byte{"config.json": nil, "pytorch_model.bin": nil},
			[]string{"pytorch_model.bin", "not read yet", "safe_serialization=True"}},
		"pickle shards": {map[string][]byte{"config.json": nil, "pytorch_model-00001-of-00003.bin": nil}, []string{"pickle"}},
		"adapter":       {map[string][]byte{"config.json": nil, "adapter_config.json": nil}, []string{"adapter"}},
		"nothing":       {map[string][]byte{"config.json": nil}, []string{"no weights"}},
		"empty model":   {map[string][]byte{"config.json": nil, "model.safetensors": tensorsFile(t)}, []string{"no tensor"}},
		"index no JSON": {index("{"), []string{indexFile, "not a valid index"}},
		"index empty":   {index("{}"), []string{"weight_map"}},
		"index escapes": {index(`{"weight_map":{"a":"../evil.safetensors"}}`), []string{"same folder"}},
		"index rooted":  {index(`{"weight_map":{"a":"/etc/evil.safetensors"}}`), []string{"same folder"}},
		"index windows": {index(`{"weight_map":{"a":"..\\evil.safetensors"}}`), []string{"same folder"}},
		"index strange": {index(`{"weight_map":{"a":"config.json"}}`), []string{".safetensors file"}},
	} {
		dir := put(t, c.files)
		m, err := OpenModel(dir)
		if err == nil {
			m.Close()
			t.Errorf("%s: opened", name)
			continue
		}
		for _, want := range append(c.want, dir) {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", name, err, want)
			}
		}
	}
	absent := filepath.Join(t.TempDir(), "absent")
	if _, err := OpenModel(absent); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent folder: %v", err)
	}
	file := filepath.Join(put(t, map[string][]byte{"f": nil}), "f")
	if _, err := OpenModel(file); err == nil || !strings.Contains(err.Error(), "is a file") {
		t.Errorf("a file: %v", err)
	}
}

func TestOpenModelWarns(t *testing.T) {
	files := sharded(t)
	files[shard2] = tensorsFile(t, "c", "extra")
	files[indexFile] = []byte(strings.Replace(string(files[indexFile]), "24", "25", 1))
	m, err := OpenModel(put(t, files))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if w := strings.Join(m.Warnings(), "\n"); len(m.Warnings()) != 2 || !strings.Contains(w, "extra") || !strings.Contains(w, "total_size 25") {
		t.Errorf("warnings: %s", w)
	}
	if m.Has("extra") {
		t.Error("a tensor outside the index is served")
	}
	files[indexFile] = []byte(strings.Replace(string(files[indexFile]), "25", "2.4e1", 1))
	m2, err := OpenModel(put(t, files))
	if err != nil {
		t.Fatal(err)
	}
	m2.Close()
}

func TestOpenGoldenModels(t *testing.T) {
	for _, name := range []string{"tiny_rope", "tiny_alibi"} {
		m, err := OpenModel(golden.Shared(t, "golden", name))
		if err != nil {
			t.Fatal(err)
		}
		x, err := m.Tensor("model.layers.1.self_attn.W_pack.weight")
		if err != nil || len(x.Shape) != 2 || x.Shape[0] != 3*x.Shape[1] || len(m.Names()) != 2*7+3 {
			t.Errorf("%s: %d tensors, W_pack %v (%v)", name, len(m.Names()), x.Shape, err)
		}
		m.Close()
	}
}

func FuzzParseIndex(f *testing.F) {
	f.Add(sharded(f)[indexFile])
	f.Add([]byte(`{"metadata":{"total_size":1e3},"weight_map":{"a":"../x.safetensors"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := parseIndex(data)
		if err != nil {
			return
		}
		for _, s := range x.shards {
			if filepath.Dir(filepath.Join("d", s.name)) != "d" || len(s.tensors) == 0 {
				t.Fatalf("shard %q leads out of its folder or is empty", s.name)
			}
		}
	})
}
