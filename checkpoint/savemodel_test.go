package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	other "github.com/nlpodyssey/safetensors"
	"pgregory.net/rapid"

	"huihai/checkpoint/safetensors"
	"huihai/internal/golden"
	"huihai/internal/vfs/vfstest"
)

func modelOptions(limit int64) SaveOptions {
	o := testState(1).Model
	o.MaxShardSize = limit
	return o
}

func mustSaveModel(t testing.TB, dir string, o SaveOptions) {
	t.Helper()
	if o.fsys == nil {
		o.fsys = vfstest.New(-1, false) // never fails, and does not flush
	}
	if err := SaveModel(dir, o); err != nil {
		t.Fatal(err)
	}
}

func TestShardsRoundTrip(t *testing.T) {
	root := t.TempDir()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		sizes := rapid.SliceOfN(rapid.IntRange(0, 40), 1, 9).Draw(rt, "sizes")
		limit := rapid.Int64Range(1, 200).Draw(rt, "limit")
		o := SaveOptions{Config: []byte("{}"), MaxShardSize: limit}
		var total int64
		for i, size := range sizes {
			v := make([]float32, size)
			for j := range v {
				v[j] = float32(i*100 + j)
			}
			o.Tensors = append(o.Tensors, safetensors.Float32Source(fmt.Sprint("t", i), []int{size}, safetensors.F32, v))
			total += int64(4 * size)
		}
		dir := filepath.Join(root, fmt.Sprint(n))
		mustSaveModel(t, dir, o)
		m, err := OpenModel(dir)
		if err != nil {
			rt.Fatal(err)
		}
		defer m.Close()
		if len(m.Names()) != len(sizes) || m.Size() != total || len(m.Warnings()) > 0 {
			rt.Fatalf("%d tensors of %d, size %d of %d, %v", len(m.Names()), len(sizes), m.Size(), total, m.Warnings())
		}
		for i, size := range sizes {
			x, err := m.Tensor(fmt.Sprint("t", i))
			if err != nil {
				rt.Fatal(err)
			}
			if v, err := safetensors.Float32s(x); err != nil || len(v) != size || size > 0 && v[size-1] != float32(i*100+size-1) {
				rt.Fatalf("tensor %d: %v %v", i, v, err)
			}
		}
		for _, f := range m.files {
			var bytes int64
			for _, x := range f.Tensors() {
				bytes += x.NumBytes()
			}
			if bytes > limit && f.Len() > 1 && slices.Max(sizes)*4 <= int(limit) {
				rt.Fatalf("%s has %d bytes of tensors, limit %d", f.Path(), bytes, limit)
			}
			data, err := os.ReadFile(f.Path())
			if err != nil {
				rt.Fatal(err)
			}
			if theirs, err := other.Deserialize(data); err != nil || theirs.Len() != f.Len() {
				rt.Fatalf("the other reader: %v", err)
			}
		}
	})
}

func TestShardNamesAndIndex(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "m")
	mustSaveModel(t, dir, modelOptions(130))
	var index struct {
		Metadata  struct{ TotalSize int } `json:"metadata"`
		WeightMap map[string]string       `json:"weight_map"`
	}
	data := files(t, dir)[indexFile]
	if err := json.Unmarshal([]byte(strings.Replace(data, "total_size", "TotalSize", 1)), &index); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"embed": "model-00001-of-00003.safetensors", "norm": "model-00002-of-00003.safetensors", "head": "model-00003-of-00003.safetensors"}
	if index.Metadata.TotalSize != 272 || !maps.Equal(index.WeightMap, want) {
		t.Errorf("index %s", data)
	}
}

func TestModelFolderFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "m")
	o := modelOptions(0)
	o.Chat = true
	o.Extra = map[string][]byte{"modeling_baichuan.py": []byte("# code"), "special_tokens_map.json": []byte("{}")}
	mustSaveModel(t, dir, o)
	got := files(t, dir)
	var gen, tok map[string]any
	if err := errors.Join(json.Unmarshal([]byte(got[generationFile]), &gen), json.Unmarshal([]byte(got[tokenizerConfigFile]), &tok)); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{"do_sample": true, "temperature": 0.3, "top_k": 5.0, "top_p": 0.85, "repetition_penalty": 1.05,
		"max_new_tokens": 2048.0, "pad_token_id": 0.0, "bos_token_id": 1.0, "eos_token_id": 2.0, "user_token_id": 195.0, "assistant_token_id": 196.0, "transformers_version": "4.29.2"} {
		if gen[key] != want {
			t.Errorf("generation_config %s is %v, want %v", key, gen[key], want)
		}
	}
	for key, want := range map[string]any{"add_bos_token": false, "add_eos_token": false, "clean_up_tokenization_spaces": false,
		"model_max_length": 4096.0, "tokenizer_class": "BaichuanTokenizer", "use_fast": false} {
		if tok[key] != want {
			t.Errorf("tokenizer_config %s is %v, want %v", key, tok[key], want)
		}
	}
	if pad, _ := tok["pad_token"].(map[string]any); pad["content"] != "<unk>" {
		t.Errorf("pad_token %v", tok["pad_token"])
	}
	if companions, err := CompanionFiles(dir); err != nil || len(companions) != 2 || string(companions["modeling_baichuan.py"]) != "# code" {
		t.Errorf("companions %v %v", companions, err)
	}
	o.Chat, o.Extra, o.Overwrite = false, nil, true
	o.GenerationConfig, o.TokenizerConfig = []byte("{}\n"), []byte("{ }\n")
	mustSaveModel(t, dir, o)
	if got := files(t, dir); got[generationFile] != "{}\n" || got[tokenizerConfigFile] != "{ }\n" {
		t.Error("given files were not used")
	}
	base, err := generationConfig([]byte(`{"eos_token_id": 5}`), false)
	if err != nil || strings.Contains(string(base), "user_token_id") || !strings.Contains(string(base), `"eos_token_id": 5`) {
		t.Errorf("base model: %s %v", base, err)
	}
}

func TestSaveModelIntoAFolderInUse(t *testing.T) {
	dir := t.TempDir()
	for name, data := range map[string]string{"notes.txt": "notes", "model.tmp-0123456789abcdef": "left by a killed process"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	mustSaveModel(t, dir, modelOptions(130))
	three := names(t, dir)
	if !slices.Contains(three, "model-00003-of-00003.safetensors") || slices.Contains(three, "model.tmp-0123456789abcdef") || files(t, dir)["notes.txt"] != "notes" {
		t.Errorf("files %v", three)
	}
	err := SaveModel(dir, modelOptions(150))
	if err == nil || !strings.Contains(err.Error(), "already has config.json") || !slices.Equal(names(t, dir), three) {
		t.Errorf("overwrote without being asked: %v", err)
	}
	o := modelOptions(150) // two shards now
	o.Overwrite = true
	mustSaveModel(t, dir, o)
	if got := strings.Join(names(t, dir), " "); strings.Contains(got, "of-00003") || !strings.Contains(got, "00002-of-00002") || !strings.Contains(got, "notes.txt") {
		t.Errorf("files %s", got)
	}
	o.MaxShardSize = 0
	mustSaveModel(t, dir, o)
	if got := strings.Join(names(t, dir), " "); strings.Contains(got, "-of-") || strings.Contains(got, "index") {
		t.Errorf("files %s", got)
	}
	if err := SaveModel(filepath.Join(dir, "notes.txt"), o); err == nil || !strings.Contains(err.Error(), "is a file") {
		t.Errorf("over a file: %v", err)
	}
}

// Whatever fails while a model is replaced in place, the folder holds the old
// model, the new one, or none that OpenModel would take for whole.
func TestSaveModelSurvivesAFaultAtEveryOperation(t *testing.T) {
	newer := modelOptions(150)
	newer.Overwrite = true
	newer.Tensors = testState(50).Model.Tensors
	for _, fresh := range []bool{false, true} {
		for at := 0; ; at++ {
			dir := filepath.Join(t.TempDir(), "m")
			if !fresh {
				mustSaveModel(t, dir, modelOptions(130))
			}
			fsys := vfstest.New(at, at%2 == 0)
			o := newer
			o.fsys = fsys
			err := SaveModel(dir, o)
			if m, openErr := OpenModel(dir); openErr == nil {
				checkOneModel(t, m, at)
				m.Close()
			} else if err == nil {
				t.Errorf("operation %d: saved, but %v", at, openErr)
			}
			if !fsys.Hit() {
				if err != nil {
					t.Fatal(err)
				}
				break
			}
			mustSaveModel(t, dir, newer)
			if got := strings.Join(names(t, filepath.Dir(dir)), " "); got != "m" {
				t.Errorf("operation %d: left %s", at, got)
			}
			if got := strings.Join(names(t, dir), " "); strings.Contains(got, "tmp") {
				t.Errorf("operation %d: left %s", at, got)
			}
		}
	}
}

// checkOneModel makes sure that all tensors are of the same save.
func checkOneModel(t *testing.T, m *Model, at int) {
	t.Helper()
	first := float32(0)
	for i, name := range []string{"embed", "norm", "head"} {
		x, err := m.Tensor(name)
		if err != nil {
			t.Errorf("operation %d: %v", at, err)
			continue
		}
		v, err := safetensors.Float32s(x)
		if err != nil {
			t.Fatal(err)
		}
		if step := v[0] / float32(i+1); i == 0 {
			first = step
		} else if step != first {
			t.Errorf("operation %d: %s is of step %v, embed of step %v", at, name, step, first)
		}
	}
}

func TestGoldenModelRoundTrips(t *testing.T) {
	m, err := OpenModel(golden.Shared(t, "golden", "tiny_alibi"))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	o := SaveOptions{Config: m.Config}
	for _, name := range m.Names() {
		x, _ := m.Tensor(name)
		o.Tensors = append(o.Tensors, x.Source())
	}
	dir := filepath.Join(t.TempDir(), "m")
	mustSaveModel(t, dir, o)
	want, err := os.ReadFile(filepath.Join(m.Dir, singleFile))
	if err != nil {
		t.Fatal(err)
	}
	ours, err := safetensors.Open(filepath.Join(dir, singleFile))
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	if got := files(t, dir)[singleFile]; got[len(got)-int(m.Size()):] != string(want[len(want)-int(m.Size()):]) {
		t.Error("the data section differs from the reference file's")
	}
}

func TestConfig(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	err := Config{SaveSteps: -1, SaveTotalLimit: -2, SaveLogBase: 1, AsyncSave: "yes", MaxShardSize: "5 parsecs"}.Validate()
	for _, key := range []string{"save_steps", "save_total_limit", "save_log_base", "async_save", "max_shard_size"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s is not named: %v", key, err)
		}
	}
	for s, want := range map[string]int64{"": DefaultShardBytes, "5GB": 5e9, "5gb": 5e9, "1.5 MB": 1.5e6, "2GiB": 2 << 30, "123": 123,
		"10kB": 1e4, "3KiB": 3072, "7b": 7, "1TB": 1e12, "1tib": 1 << 40, "4MiB": 4 << 20} {
		if got, err := (Config{MaxShardSize: s}).ShardBytes(); err != nil || got != want {
			t.Errorf("%q = %d, %v", s, got, err)
		}
	}
	for _, s := range []string{"0", "-1GB", "GB", "1e400", "NaN", "9999999TB", "1XB", "5 GB x"} {
		if got, err := (Config{MaxShardSize: s}).ShardBytes(); err == nil {
			t.Errorf("%q = %d", s, got)
		}
	}
	if human(27_793_336_320) != "27.8 GB" || human(12) != "12 B" {
		t.Error(human(27_793_336_320), human(12))
	}
}

// Milestones are 0, 1 and the powers, rounded; those of 10^(1/2) as those of 2.
func TestMilestones(t *testing.T) {
	for base, want := range map[float64][]int{
		0: nil, 2: {0, 1, 2, 4, 8, 16, 32, 64}, 10: {0, 1, 10, 100}, 1.5: {0, 1, 2, 3, 5, 8, 11, 17, 26, 38, 58, 86},
	} {
		var got []int
		for step := range 101 {
			if (Config{SaveLogBase: base}).Milestone(step) {
				got = append(got, step)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("base %v: %v, want %v", base, got, want)
		}
	}
}

func TestWriteTensors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "adapter_model.safetensors")
	if err := WriteTensors(path, testState(1).Optimizer); err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Open(path)
	if err != nil || f.Len() != 2 || f.Metadata()["format"] != "pt" {
		t.Fatalf("%v", err)
	}
	f.Close()
	if err := WriteTensors(path, append(testState(1).Optimizer, testState(1).Optimizer...)); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("twice: %v", err)
	}
}
