package model

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
)

// hfFile is a small RoPE config.json with more keys, which replace its own.
func hfFile(more string) string {
	if more != "" {
		more = "," + more
	}
	return `{"hidden_size":64,"intermediate_size":176,"num_attention_heads":4,"num_hidden_layers":2,"vocab_size":512,` +
		`"max_position_embeddings":128,"model_max_length":128` + more + `}`
}

// without drops a key of a file.
func without(t *testing.T, file string, keys ...string) string {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(file), &m); err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		delete(m, k)
	}
	out, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestReadHFConfigRefuses(t *testing.T) {
	cases := map[string]struct{ json, want string }{
		"not json":         {`{`, "unexpected end"},
		"null":             {`null`, "it is null"},
		"list":             {`[]`, "array"},
		"type":             {hfFile(`"hidden_size":"many"`), `hidden_size is "many"`},
		"fraction":         {hfFile(`"hidden_size":64.5`), "hidden_size is 64.5"},
		"family":           {hfFile(`"model_type":"llama"`), `model_type is "llama"`},
		"act":              {hfFile(`"hidden_act":"gelu"`), `hidden_act is "gelu"`},
		"tied":             {hfFile(`"tie_word_embeddings":true`), "tie_word_embeddings is true"},
		"sizes":            {`{}`, "hidden_size is 0"},
		"heads":            {hfFile(`"num_attention_heads":7`), "not a multiple"},
		"head dim":         {hfFile(`"num_attention_heads":16`), "multiple of 8"},
		"eps":              {hfFile(`"rms_norm_eps":-1`), "rms_norm_eps"},
		"eos":              {hfFile(`"eos_token_id":512`), "eos_token_id is 512"},
		"eos list":         {hfFile(`"eos_token_id":[2,512]`), "eos_token_id lists 512"},
		"eos empty":        {hfFile(`"eos_token_id":[]`), "eos_token_id is an empty list"},
		"eos texts":        {hfFile(`"eos_token_id":["</s>"]`), "eos_token_id lists"},
		"pad":              {hfFile(`"pad_token_id":600`), "pad_token_id is 600"},
		"rope base":        {hfFile(`"rope_theta":0.5`), "rope_theta is 0.5"},
		"rope linear":      {hfFile(`"rope_scaling":{"type":"linear","factor":4.0}`), "rope_scaling is"},
		"rope dynamic":     {hfFile(`"rope_scaling":{"rope_type":"dynamic"}`), "rope_scaling is"},
		"rope number":      {hfFile(`"rope_scaling":4`), "rope_scaling is 4"},
		"rope yarn":        {hfFile(`"rope_parameters":{"rope_type":"yarn","rope_theta":10000}`), "rope_type \"yarn\""},
		"rope factor":      {hfFile(`"rope_parameters":{"factor":2,"rope_theta":10000}`), `has "factor"`},
		"rope two":         {hfFile(`"rope_theta":500,"rope_parameters":{"rope_theta":600}`), "rope_parameters has rope_theta 600"},
		"rope other":       {hfFile(`"rope_parameters":[1]`), "rope_parameters is [1]"},
		"rope nested":      {hfFile(`"rope_parameters":{"rope_theta":"x"}`), "rope_theta is"},
		"rope of alibi":    {without(t, hfFile(`"rope_theta":500`), "max_position_embeddings"), "rope_theta is given"},
		"alibi said":       {hfFile(`"alibi":true`), "alibi is true"},
		"window":           {hfFile(`"sliding_window":64`), "sliding_window is 64"},
		"window used":      {hfFile(`"sliding_window":64,"use_sliding_window":true`), "use_sliding_window is true"},
		"layer types":      {hfFile(`"layer_types":["full_attention","sliding_attention"]`), "layer_types makes layer 1"},
		"head_dim":         {hfFile(`"head_dim":32`), "head_dim is 32"},
		"groups":           {hfFile(`"num_key_value_heads":2`), "num_key_value_heads is 2"},
		"quantised":        {hfFile(`"quantization_config":{"bits":4}`), "quantization_config is"},
		"bias":             {hfFile(`"attention_bias":true`), "attention_bias is true"},
		"mlp bias":         {hfFile(`"mlp_bias":true`), "mlp_bias is true"},
		"partial":          {hfFile(`"partial_rotary_factor":0.5`), "partial_rotary_factor is 0.5"},
		"logits":           {hfFile(`"logit_scale":0.06`), "logit_scale is 0.06"},
		"capped":           {hfFile(`"final_logit_softcapping":30.0`), "final_logit_softcapping is 30.0"},
		"plain head":       {hfFile(`"norm_head":false`), "norm_head is false"},
		"experts":          {hfFile(`"num_local_experts":8`), "num_local_experts is 8"},
		"baichuan 1 class": {hfFile(`"architectures":["BaiChuanForCausalLM"]`), "Baichuan 1"},
		"baichuan 1 map":   {hfFile(`"auto_map":{"AutoModelForCausalLM":"modeling_baichuan.BaiChuanForCausalLM"}`), "Baichuan 1"},
		"baichuan 1 vocab": {hfFile(`"architectures":["BaichuanForCausalLM"],"vocab_size":64000`), "Baichuan 1"},
		"other class":      {hfFile(`"architectures":["LlamaForCausalLM"]`), `architectures names "LlamaForCausalLM"`},
		"other code":       {hfFile(`"auto_map":{"AutoModelForCausalLM":"modeling_x.MyModel"}`), `auto_map names "MyModel"`},
		"no length":        {without(t, hfFile(""), "max_position_embeddings", "model_max_length"), "model_max_length is missing, and so is max_position_embeddings"},
		"7b as alibi":      {without(t, hfFile(`"hidden_size":4096,"num_hidden_layers":32,"num_attention_heads":32`), "max_position_embeddings"), "those of the released 7B, which has rope"},
		"13b as rope":      {hfFile(`"hidden_size":5120,"num_hidden_layers":40,"num_attention_heads":40`), "those of the released 13B, which has alibi"},
		"layers":           {hfFile(`"num_hidden_layers":1000000000`), "num_hidden_layers is 1000000000; more than"},
		"hidden":           {hfFile(`"hidden_size":1e9`), "hidden_size is 1000000000; more than"},
		"vocab":            {hfFile(`"vocab_size":1e12`), "vocab_size is 1000000000000; more than"},
		"beyond int":       {hfFile(`"vocab_size":1e99`), "vocab_size is 1e99; it must be a whole number"},
		"together":         {hfFile(`"hidden_size":1048576,"num_hidden_layers":10000`), "more than 1.13e+15 are refused"},
		"z loss":           {hfFile(`"z_loss_weight":"much"`), `z_loss_weight is "much"`},
		"no table":         {hfFile(`"max_position_embeddings":0`), "max_position_embeddings is 0"},
	}
	for name, c := range cases {
		if _, err := ReadHFConfig([]byte(c.json)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

// Values that change nothing, and those that are honoured.
func TestReadHFConfigHonours(t *testing.T) {
	base, err := ReadHFConfig([]byte(hfFile("")))
	if err != nil {
		t.Fatal(err)
	}
	if base.Position != RoPE || base.RopeTheta != 10000 || base.EosTokenID != 2 || base.BosTokenID != 1 || base.PadTokenID != 0 {
		t.Errorf("the plain file reads as %+v", base.Config)
	}
	for _, same := range []string{
		`"rope_scaling":null`, `"rope_scaling":{"type":"default"}`, `"sliding_window":null`, `"use_sliding_window":false,"sliding_window":64`,
		`"head_dim":16`, `"num_key_value_heads":4`, `"quantization_config":null`, `"attention_bias":false,"mlp_bias":false`,
		`"partial_rotary_factor":1.0`, `"logit_scale":1`, `"hidden_act":"silu"`, `"architectures":["BaichuanForCausalLM"]`,
		`"architectures":null,"model_type":null`, `"auto_map":{"AutoModelForCausalLM":"org/repo--modeling_baichuan.BaichuanForCausalLM"}`,
		`"rope_parameters":{"rope_type":"default","rope_theta":10000.0}`, `"layer_types":["full_attention","full_attention"]`,
		`"hidden_size":64.0`, `"hidden_size":1,"hidden_size":64`, `"position_embedding_type":"ROPE"`, `"alibi":false`, `"norm_head":true`,
	} {
		got, err := ReadHFConfig([]byte(hfFile(same)))
		if err != nil || got.Config != base.Config || len(got.Notes) > 0 {
			t.Errorf("%s: %+v (%v), notes %q", same, got.Config, err, got.Notes)
		}
	}
	for more, want := range map[string]func(*Config){
		`"rope_parameters":{"rope_theta":500.0}`: func(c *Config) { c.RopeTheta = 500 },
		`"rope_theta":500`:                       func(c *Config) { c.RopeTheta = 500 },
		`"pad_token_id":null`:                    func(c *Config) { c.PadTokenID = -1 },
		`"eos_token_id":null`:                    func(c *Config) { c.EosTokenID = -1 },
		`"bos_token_id":null`:                    func(c *Config) { c.BosTokenID = -1 },
		`"eos_token_id":[7,9,7]`:                 func(c *Config) { c.EosTokenID = 7 },
		`"model_max_length":null`:                func(c *Config) {},
		`"vocab_size":64000,"norm_head":true`:    func(c *Config) { c.VocabSize = 64000 },
	} {
		c := base.Config
		want(&c)
		if got, err := ReadHFConfig([]byte(hfFile(more))); err != nil || got.Config != c {
			t.Errorf("%s: %+v (%v), want %+v", more, got.Config, err, c)
		}
	}
	got, err := ReadHFConfig([]byte(hfFile(`"eos_token_id":[7,9,7]`)))
	if err != nil || !slices.Equal(got.EosTokenIDs, []int{7, 9}) {
		t.Errorf("ids that end a text: %v (%v)", got.EosTokenIDs, err)
	}
	alibi, err := ReadHFConfig([]byte("\ufeff" + without(t, hfFile(""), "max_position_embeddings")))
	if err != nil || alibi.Position != ALiBi {
		t.Errorf("without max_position_embeddings, behind a byte-order mark: %+v (%v)", alibi.Config, err)
	}
}

func TestReadHFConfigNotes(t *testing.T) {
	m, err := ReadHFConfig([]byte(hfFile(`"model_max_length":256,"my_gate":3,"torch_dtype":"bfloat16","_name_or_path":"x","z_loss_weight":0.1`)))
	if err != nil {
		t.Fatal(err)
	}
	notes := strings.Join(m.Notes, "\n")
	if !strings.Contains(notes, `"my_gate"`) || !strings.Contains(notes, "model_max_length 256") || strings.Contains(notes, "torch") || len(m.Notes) != 2 {
		t.Errorf("notes %q", m.Notes)
	}
	if len(m.TrainingNotes) != 1 || !strings.Contains(m.TrainingNotes[0], "z_loss_weight 0.1") {
		t.Errorf("notes for training %q", m.TrainingNotes)
	}
}

// Models whose sizes look like other ones say in their file what they are.
func TestAmbiguousShapesRoundTrip(t *testing.T) {
	rope13, alibi7, vocab := released13B(), released7B(), released7B()
	rope13.Position, alibi7.Position, vocab.VocabSize = RoPE, ALiBi, 64000
	vocab.PadTokenID, vocab.BosTokenID, vocab.EosTokenID = -1, -1, -1
	for _, c := range []Config{rope13, alibi7, vocab} {
		raw, err := c.HFConfig("float32")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseHFConfig(raw); err != nil || got != c {
			t.Errorf("%+v came back as %+v (%v)", c, got, err)
		}
	}
}

// Counts of the largest model that Validate takes fit an int64, with room for
// bytes and copies.
func TestSizesAreBounded(t *testing.T) {
	c := released7B()
	c.RopeTheta = math.Inf(1)
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "rope_theta") {
		t.Errorf("an infinite base gave %v", err)
	}
	for key, change := range map[string]func(*Config){
		"hidden_size":         func(c *Config) { c.HiddenSize = math.MaxInt },
		"intermediate_size":   func(c *Config) { c.IntermediateSize = math.MaxInt },
		"num_attention_heads": func(c *Config) { c.NumAttentionHeads = math.MaxInt },
		"num_hidden_layers":   func(c *Config) { c.NumHiddenLayers = math.MaxInt },
		"vocab_size":          func(c *Config) { c.VocabSize = math.MaxInt },
		"model_max_length":    func(c *Config) { c.ModelMaxLength = math.MaxInt },
	} {
		c := released7B()
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), key+" is 9223372036854775807") {
			t.Errorf("%s: error %v", key, err)
		}
	}
}
