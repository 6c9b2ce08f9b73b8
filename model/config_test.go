package model

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"huihai/internal/golden"
)

func released7B() Config {
	c := Default()
	c.HiddenSize, c.IntermediateSize, c.NumAttentionHeads, c.NumHiddenLayers, c.VocabSize = 4096, 11008, 32, 32, 125696
	return c
}

func released13B() Config {
	c := Default()
	c.HiddenSize, c.IntermediateSize, c.NumAttentionHeads, c.NumHiddenLayers, c.VocabSize = 5120, 13696, 40, 40, 125696
	c.Position = ALiBi
	return c
}

// Parameters and tensors of the released models (spec of the release: 227 and
// 283 tensors; the 13B's sum is the total_size of its index over two bytes).
func TestReleasedSizes(t *testing.T) {
	for _, c := range []struct {
		cfg     Config
		params  int64
		tensors int
	}{{released7B(), 7_505_973_248, 227}, {released13B(), 13_896_668_160, 283}} {
		if err := c.cfg.Validate(); err != nil {
			t.Error(err)
		}
		if got := c.cfg.Parameters(); got != c.params {
			t.Errorf("%d parameters, want %d", got, c.params)
		}
		if got := len(c.cfg.Tensors()); got != c.tensors {
			t.Errorf("%d tensors, want %d", got, c.tensors)
		}
	}
}

// Writing and reading config.json gives the same shape; the 13B has no
// max_position_embeddings, by which loaders tell the two apart.
func TestHFConfigRoundTrip(t *testing.T) {
	for _, c := range []Config{released7B(), released13B()} {
		raw, err := c.HFConfig("bfloat16")
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseHFConfig(raw)
		if err != nil || got != c {
			t.Errorf("read back %+v (%v), want %+v", got, err, c)
		}
		if has := bytes.Contains(raw, []byte("max_position_embeddings")); has != (c.Position == RoPE) {
			t.Errorf("%s: max_position_embeddings present: %v", c.Position, has)
		}
	}
}

// The keys of a file we write are those of the released 7B file.
func TestHFConfigHasTheReleasedKeys(t *testing.T) {
	raw, err := os.ReadFile(golden.Shared(t, "data", "tokenizers", "baichuan2", "config_7b.json"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := ParseHFConfig(raw)
	if err != nil {
		t.Fatal(err)
	}
	if want != released7B() {
		t.Errorf("the released file reads as %+v", want)
	}
	ours, err := want.HFConfig("bfloat16")
	if err != nil {
		t.Fatal(err)
	}
	var a, b map[string]any
	if json.Unmarshal(raw, &a) != nil || json.Unmarshal(ours, &b) != nil {
		t.Fatal("not JSON")
	}
	for key, v := range a {
		if _, ok := b[key]; !ok {
			t.Errorf("we leave out %q, which is %v", key, v)
		}
	}
}

func FuzzParseHFConfig(f *testing.F) {
	raw, err := released13B().HFConfig("bfloat16")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`{"hidden_size":1e99}`))
	f.Add([]byte(hfFile(`"eos_token_id":[2,3],"pad_token_id":null,"rope_parameters":{"rope_theta":500}`)))
	f.Add([]byte(hfFile(`"vocab_size":64000,"norm_head":true`)))
	f.Add([]byte(hfFile(`"hidden_size":5120,"num_hidden_layers":40,"num_attention_heads":40,"position_embedding_type":"rope"`)))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseHFConfig(data)
		if err != nil {
			return
		}
		again, err := c.HFConfig("float32")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseHFConfig(again); err != nil || got != c {
			t.Fatalf("%+v came back as %+v (%v)", c, got, err)
		}
	})
}

// A training token of the 7B takes about six operations per weight, plus
// attention.
func TestFLOPsPerToken(t *testing.T) {
	c := released7B()
	matmul := 6 * float64(c.Parameters()-int64(c.VocabSize*c.HiddenSize)-int64(c.HiddenSize*(2*c.NumHiddenLayers+1)))
	attention := 6 * 4096.0 * 4096 * 32
	if got := c.FLOPsPerToken(4096); got != matmul+attention {
		t.Errorf("%g FLOPs, want %g", got, matmul+attention)
	}
}

func TestGoldenFoldersParse(t *testing.T) {
	for folder, want := range map[string]Position{"tiny_rope": RoPE, "tiny_alibi": ALiBi} {
		raw, err := os.ReadFile(filepath.Join(golden.Shared(t, "golden", folder), "config.json"))
		if err != nil {
			t.Fatal(err)
		}
		if c, err := ParseHFConfig(raw); err != nil || c.Position != want {
			t.Errorf("%s: position %q (%v), want %q", folder, c.Position, err, want)
		}
	}
}
