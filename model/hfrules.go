package model

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// className is the class of the released models that this program runs.
const className = "BaichuanForCausalLM"

// checkKind refuses files of other families by what they say they are.
func (k *hfKeys) checkKind() {
	if t := k.text("model_type"); t != "" && t != "baichuan" {
		k.bad("model_type", "is %s; this program runs \"baichuan\" models", quoted(t))
	}
	if k.given("architectures") {
		var names []string
		if k.decode("architectures", &names, "a list of class names") {
			for _, name := range names {
				k.checkClass("architectures", name)
			}
		}
	}
	if k.given("auto_map") {
		var classes map[string]json.RawMessage
		if k.decode("auto_map", &classes, "an object") && classes["AutoModelForCausalLM"] != nil {
			var name string
			if json.Unmarshal(classes["AutoModelForCausalLM"], &name) == nil && name != "" {
				k.checkClass("auto_map", name[strings.LastIndex(name, ".")+1:])
			}
		}
	}
}

// checkClass refuses a class of modelling code that computes something else.
// Baichuan 1 differs in the case of one letter.
func (k *hfKeys) checkClass(key, name string) {
	switch {
	case name == className:
	case strings.EqualFold(name, className):
		k.bad(key, "names %s, the class of Baichuan 1: its head is not normalised, and Baichuan 1 is not supported yet; Baichuan 2 is %s", quoted(name), className)
	default:
		k.bad(key, "names %s; this program computes what %s does, and the two may differ", quoted(name), className)
	}
}

// keyRule is a key whose mathematics this program does not have, with the
// values that change nothing.
type keyRule struct {
	key     string
	neutral []string // as JSON
	why     string
}

const (
	off       = "false 0"
	noBias    = "the projections would have biases, which Baichuan 2 does not have; it is another model"
	noScaling = "values would be scaled or capped, which Baichuan 2 does not do; it is another model"
	noWindow  = "attention would see a window of tokens only, which this program does not do; take a model with full attention"
	noBase    = "the base of the rotary angles is read from rope_theta; write it there"
	noPartial = "only a part of a head would be rotated, which this program does not do; it is another model"
	noNorm    = "queries and keys would be changed before attention, which Baichuan 2 does not do; it is another model"
	noExperts = "the feed-forward layers would be a mixture of experts; it is another model"
	noQuant   = "the weights are quantised, which this program does not read; use the unquantised weights, or load the model with the library that quantised it, dequantise it and save it as bfloat16 safetensors"
)

// keyRules are refused unless neutral, in the order they are reported.
var keyRules = []keyRule{
	{"quantization_config", nil, noQuant},
	{"quantization", nil, noQuant},
	{"compression_config", nil, noQuant},
	{"attention_bias", strings.Fields(off), noBias},
	{"mlp_bias", strings.Fields(off), noBias},
	{"use_bias", strings.Fields(off), noBias},
	{"bias", strings.Fields(off), noBias},
	{"qkv_bias", strings.Fields(off), noBias},
	{"lm_head_bias", strings.Fields(off), noBias},
	{"use_sliding_window", strings.Fields(off), noWindow},
	{"attention_chunk_size", nil, noWindow},
	{"partial_rotary_factor", []string{"1", "1.0"}, noPartial},
	{"rotary_pct", []string{"1", "1.0"}, noPartial},
	{"rope_base", nil, noBase},
	{"rotary_base", nil, noBase},
	{"rotary_emb_base", nil, noBase},
	{"use_dynamic_ntk", strings.Fields(off), "the rotary angles would change with the length, which this program does not do; take the model before it was extended"},
	{"use_logn_attn", strings.Fields(off), noScaling},
	{"logit_scale", []string{"1", "1.0"}, noScaling},
	{"logits_scale", []string{"1", "1.0"}, noScaling},
	{"logits_scaling", []string{"1", "1.0"}, noScaling},
	{"lm_head_multiplier", []string{"1", "1.0"}, noScaling},
	{"embedding_multiplier", []string{"1", "1.0"}, noScaling},
	{"residual_multiplier", []string{"1", "1.0"}, noScaling},
	{"attention_multiplier", nil, noScaling},
	{"query_pre_attn_scalar", nil, noScaling},
	{"scale_emb", []string{"1", "1.0"}, noScaling},
	{"scale_depth", nil, noScaling},
	{"dim_model_base", nil, noScaling},
	{"final_logit_softcapping", []string{"0", "0.0"}, noScaling},
	{"attn_logit_softcapping", []string{"0", "0.0"}, noScaling},
	{"clip_qkv", []string{"0", "0.0", "false"}, noNorm},
	{"qk_norm", strings.Fields(off), noNorm},
	{"use_qk_norm", strings.Fields(off), noNorm},
	{"qk_layernorm", strings.Fields(off), noNorm},
	{"parallel_attn", strings.Fields(off), "attention and feed-forward layer would run side by side; it is another model"},
	{"use_parallel_residual", strings.Fields(off), "attention and feed-forward layer would run side by side; it is another model"},
	{"num_experts", strings.Fields("0 1"), noExperts},
	{"num_local_experts", strings.Fields("0 1"), noExperts},
	{"tie_word_embeddings", strings.Fields(off), "Baichuan 2 has an untied head; untie it first"},
	{"norm_head", []string{"true", "1"}, "the head of Baichuan 2 is normalised; plain heads, as Baichuan 1 has, are not supported yet"},
}

// checkMathematics refuses values of keys that change what is computed.
func (k *hfKeys) checkMathematics(c Config) {
	if act := k.text("hidden_act"); act != "" && act != "silu" && act != "swish" {
		k.bad("hidden_act", "is %s; Baichuan 2 uses \"silu\"", quoted(act))
	}
	for _, r := range keyRules {
		if k.given(r.key) && !slices.Contains(r.neutral, strings.TrimSpace(string(k.raw[r.key]))) {
			k.bad(r.key, "is %s: %s", show(k.raw[r.key]), r.why)
		}
	}
	k.checkWindow()
	k.checkRopeScaling()
	for _, key := range []string{"alibi", "use_alibi"} {
		if k.given(key) && (strings.TrimSpace(string(k.raw[key])) == "true") != (c.Position == ALiBi) {
			k.bad(key, "is %s, but the model has %s by max_position_embeddings; make them agree", show(k.raw[key]), c.Position)
		}
	}
	for _, key := range []string{"num_key_value_heads", "num_kv_heads", "multi_query_group_num"} {
		if n := k.integer(key, c.NumAttentionHeads); n != c.NumAttentionHeads {
			k.bad(key, "is %d, but num_attention_heads is %d; in Baichuan 2 every head has keys and values of its own: it is another model", n, c.NumAttentionHeads)
		}
	}
	if c.NumAttentionHeads > 0 && k.given("head_dim") {
		if n := k.integer("head_dim", 0); n != c.HeadDim() {
			k.bad("head_dim", "is %d, but hidden_size/num_attention_heads is %d/%d; heads of another size are not supported", n, c.HiddenSize, c.NumAttentionHeads)
		}
	}
}

// checkWindow refuses sliding windows that are in use, in the spellings of
// transformers.
func (k *hfKeys) checkWindow() {
	disabled := k.given("use_sliding_window") && strings.TrimSpace(string(k.raw["use_sliding_window"])) == "false"
	if k.given("sliding_window") && !disabled {
		k.bad("sliding_window", "is %s: %s", show(k.raw["sliding_window"]), noWindow)
	}
	if !k.given("layer_types") {
		return
	}
	var types []string
	if k.decode("layer_types", &types, "a list of texts") {
		if i := slices.IndexFunc(types, func(t string) bool { return t != "full_attention" }); i >= 0 {
			k.bad("layer_types", "makes layer %d %s; this program has \"full_attention\" only", i, quoted(types[i]))
		}
	}
}

// checkRopeScaling accepts null and the type that scales nothing.
func (k *hfKeys) checkRopeScaling() {
	if !k.given("rope_scaling") {
		return
	}
	var s map[string]json.RawMessage
	if json.Unmarshal(k.raw["rope_scaling"], &s) == nil {
		inner := &hfKeys{raw: s}
		if (inner.text("type") == "default" || inner.text("rope_type") == "default") && len(inner.errs) == 0 && len(s) == 1 {
			return
		}
	}
	k.bad("rope_scaling", "is %s: the rotary angles would be scaled, which this program does not do; take the model before it was extended (rope_scaling null)", show(k.raw["rope_scaling"]))
}

// trainingNotes tells of settings that the released code reads from this file
// when it trains.
func (k *hfKeys) trainingNotes() []string {
	var out []string
	if w := k.number("z_loss_weight", 0); w != 0 {
		out = append(out, fmt.Sprintf("config.json has z_loss_weight %v; training takes train.z_loss_weight instead", w))
	}
	for _, key := range []string{"attention_dropout", "hidden_dropout", "resid_pdrop", "embd_pdrop", "attn_pdrop"} {
		if p := k.number(key, 0); p != 0 {
			out = append(out, fmt.Sprintf("config.json has %s %v; this program trains without dropout", key, p))
		}
	}
	if strings.HasPrefix(strings.TrimSpace(string(k.raw["eos_token_id"])), "[") {
		out = append(out, fmt.Sprintf("config.json has eos_token_id %s; models trained from it keep the first", show(k.raw["eos_token_id"])))
	}
	return out
}

// harmless are the keys that are read elsewhere in this package, and those that
// do not change what a model computes.
var harmless = strings.Fields(`
	architectures auto_map model_type hidden_act hidden_size intermediate_size num_attention_heads
	num_hidden_layers vocab_size rms_norm_eps initializer_range bos_token_id eos_token_id pad_token_id
	max_position_embeddings model_max_length rope_theta rope_parameters rope_scaling sliding_window
	layer_types head_dim num_key_value_heads num_kv_heads multi_query_group_num alibi use_alibi
	position_embedding_type z_loss_weight attention_dropout hidden_dropout resid_pdrop embd_pdrop attn_pdrop
	tokenizer_class torch_dtype dtype transformers_version use_cache gradient_checkpointing pretraining_tp
	max_window_layers unk_token_id sep_token_id cls_token_id user_token_id assistant_token_id
	attn_implementation use_flash_attn use_flash_attention use_xformers
	output_attentions output_hidden_states return_dict torchscript name_or_path finetuning_task
	id2label label2id num_labels problem_type task_specific_params prefix decoder_start_token_id
	is_decoder is_encoder_decoder chunk_size_feed_forward
	do_sample temperature top_k top_p repetition_penalty max_new_tokens max_length min_length
	`)

// unknown returns the keys that no rule knows, quoted and sorted; those that
// begin with an underscore are private to the library that wrote the file.
func (k *hfKeys) unknown() []string {
	var out []string
	for _, key := range k.keys() {
		ruled := slices.ContainsFunc(keyRules, func(r keyRule) bool { return r.key == key })
		if k.given(key) && !ruled && !slices.Contains(harmless, key) && !strings.HasPrefix(key, "_") {
			out = append(out, quoted(key))
		}
	}
	const most = 8
	if n := len(out); n > most {
		out = append(out[:most], fmt.Sprintf("and %d more", n-most))
	}
	return out
}
