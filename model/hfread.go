package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// defaultRopeTheta is the base of the released 7B, which its config.json does
// not name.
const defaultRopeTheta = 10000

// HFModel is what a config.json says.
type HFModel struct {
	Config
	// EosTokenIDs are all ids that end a text, Config.EosTokenID first; empty
	// when there is none.
	EosTokenIDs []int
	// Notes are oddities that do not keep the model from being used, for the
	// person to know.
	Notes []string
	// TrainingNotes are settings of the file that matter to training only, and
	// that training takes from its own configuration.
	TrainingNotes []string
}

// ParseHFConfig is [ReadHFConfig] without the notes and the further ids that
// end a text.
func ParseHFConfig(data []byte) (Config, error) {
	m, err := ReadHFConfig(data)
	return m.Config, err
}

// ReadHFConfig reads config.json. Every key that changes the mathematics is
// either honoured or refused by its name, with what to do; all that is wrong is
// reported at once. Keys that are not known are named in the notes. The file
// may begin with a byte-order mark; of a key given twice the last counts.
//
// An absent id is that of the released class (bos 1, eos 2, pad 0), a null one
// means none. Of a list of eos_token_id the first is Config.EosTokenID. The
// presence of max_position_embeddings means RoPE, as in the released files.
func ReadHFConfig(data []byte) (HFModel, error) {
	m, err := readHFConfig(data)
	if err != nil {
		return HFModel{}, fmt.Errorf("model: config.json: %w", err)
	}
	return m, nil
}

func readHFConfig(data []byte) (HFModel, error) {
	k := &hfKeys{}
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\ufeff")), &k.raw); err != nil {
		return HFModel{}, err
	}
	if k.raw == nil {
		return HFModel{}, errors.New("it is null; a JSON object must stand there")
	}
	// What kind of model it is comes first: the sizes of another kind are no
	// news.
	k.checkKind()
	if err := k.err(); err != nil {
		return HFModel{}, err
	}
	m := HFModel{Config: Config{
		HiddenSize: k.integer("hidden_size", 0), IntermediateSize: k.integer("intermediate_size", 0),
		NumAttentionHeads: k.integer("num_attention_heads", 0), NumHiddenLayers: k.integer("num_hidden_layers", 0),
		VocabSize: k.integer("vocab_size", 0), RMSNormEps: k.number("rms_norm_eps", 1e-6),
		InitializerRange: k.number("initializer_range", 0.02),
		BosTokenID:       k.id("bos_token_id", 1), PadTokenID: k.id("pad_token_id", 0),
		RopeTheta: defaultRopeTheta,
	}}
	m.EosTokenIDs = k.eos()
	m.EosTokenID = -1
	if len(m.EosTokenIDs) > 0 {
		m.EosTokenID = m.EosTokenIDs[0]
	}
	k.positions(&m)
	k.checkMathematics(m.Config)
	m.TrainingNotes = k.trainingNotes()
	if err := errors.Join(k.err(), m.Validate(), m.checkEos()); err != nil {
		return HFModel{}, err
	}
	if err := k.checkFamily(m.Config); err != nil {
		return HFModel{}, err
	}
	m.Notes = k.notes
	if unknown := k.unknown(); len(unknown) > 0 {
		m.Notes = append(m.Notes, "config.json has keys that this program does not know and ignores: "+strings.Join(unknown, ", "))
	}
	return m, nil
}

// positions reads what tells where a token stands: the encoding, its base and
// the longest sequence.
func (k *hfKeys) positions(m *HFModel) {
	table, length := k.integer("max_position_embeddings", 0), k.integer("model_max_length", 0)
	hasTable, hasLength := k.given("max_position_embeddings"), k.given("model_max_length")
	m.Position, m.ModelMaxLength = ALiBi, length
	if hasTable {
		m.Position = RoPE
	}
	switch {
	case !hasLength && !hasTable:
		k.bad("model_max_length", "is missing, and so is max_position_embeddings: how long a sequence may be is unknown; write model_max_length (4096 in the released models)")
		m.ModelMaxLength = 1 // so that Validate does not say it again
	case hasTable && table <= 0:
		k.bad("max_position_embeddings", "is %d; it must be positive, or absent in a model with ALiBi", table)
	case !hasLength:
		m.ModelMaxLength = table
	case hasTable && table < length:
		k.note("config.json: model_max_length %d is above max_position_embeddings %d: the model may not have seen positions that far", length, table)
	}
	if m.Position == RoPE {
		m.RopeTheta = k.ropeTheta()
	} else {
		k.ropeOfALiBi()
	}
}

// ropeTheta returns the base of the rotary angles, which older files give as
// rope_theta and newer ones inside rope_parameters.
func (k *hfKeys) ropeTheta() float64 {
	theta := k.number("rope_theta", defaultRopeTheta)
	if !k.given("rope_parameters") {
		return theta
	}
	var p map[string]json.RawMessage
	if !k.decode("rope_parameters", &p, "an object") {
		return theta
	}
	inner := &hfKeys{raw: p}
	for _, key := range inner.keys() {
		if key != "rope_theta" && key != "rope_type" && inner.given(key) {
			k.bad("rope_parameters", "has %s, which this program does not do; only rope_theta is honoured: take the model before it was changed so", quoted(key))
		}
	}
	if t := inner.text("rope_type"); t != "" && t != "default" {
		k.bad("rope_parameters", "has rope_type %s: the rotary angles would be scaled, which this program does not do; take the model before it was extended", quoted(t))
	}
	if !inner.given("rope_theta") {
		return theta
	}
	own := inner.number("rope_theta", theta)
	if k.given("rope_theta") && own != theta {
		k.bad("rope_parameters", "has rope_theta %v, but rope_theta is %v; remove the one that is wrong", own, theta)
	}
	k.errs = append(k.errs, inner.errs...)
	return own
}

// ropeOfALiBi refuses rotary settings in a file whose lack of
// max_position_embeddings says that the model has none.
func (k *hfKeys) ropeOfALiBi() {
	for _, key := range []string{"rope_theta", "rope_parameters"} {
		if k.given(key) {
			k.bad(key, "is given, but without max_position_embeddings the model has ALiBi, which has no rotary angles; add max_position_embeddings if it is a RoPE model, else remove %s", key)
		}
	}
}

// eos reads eos_token_id: a number, a list of numbers, or null for none.
func (k *hfKeys) eos() []int {
	raw, ok := k.raw["eos_token_id"]
	if ok && bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
		var ids []json.RawMessage
		if err := json.Unmarshal(raw, &ids); err != nil || len(ids) == 0 {
			k.bad("eos_token_id", "is an empty list; write the id that ends a text, or null for none")
			return nil
		}
		var out []int
		for _, id := range ids {
			n, ok := wholeNumber(id)
			if !ok || n < 0 {
				k.bad("eos_token_id", "lists %s; it must list token ids", show(id))
				return nil
			}
			if !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
		return out
	}
	if id := k.id("eos_token_id", 2); id != -1 {
		return []int{id}
	}
	return nil
}

// checkEos checks the ids after the first, which Validate knows.
func (m HFModel) checkEos() error {
	for i, id := range m.EosTokenIDs {
		if i > 0 && (id < 0 || id >= m.VocabSize) {
			return fmt.Errorf("eos_token_id lists %d; it must be in [0, vocab_size %d)", id, m.VocabSize)
		}
	}
	return nil
}

// checkFamily compares the shape with the released models: their sizes tell
// which position encoding and which head the weights were trained with, whatever
// the other keys say.
func (k *hfKeys) checkFamily(c Config) error {
	if t := k.text("position_embedding_type"); t != "" {
		if Position(strings.ToLower(t)) != c.Position {
			return fmt.Errorf("position_embedding_type is %s, but max_position_embeddings is %s, which means %s; make them agree",
				quoted(t), map[bool]string{true: "given", false: "absent"}[c.Position == RoPE], c.Position)
		}
	} else if p := c.releasedPosition(); p != "" && p != c.Position {
		return k.wrongPosition(c, p)
	}
	if c.VocabSize == baichuan1Vocab && !k.given("norm_head") {
		return fmt.Errorf("vocab_size is %d, which is Baichuan 1: its head is not normalised, and Baichuan 1 is not supported yet; "+
			"if the model was trained as Baichuan 2 is, with rows of the head normalised, add \"norm_head\": true", c.VocabSize)
	}
	return nil
}

// wrongPosition explains a released shape with the other model's encoding.
func (k *hfKeys) wrongPosition(c Config, released Position) error {
	have, name, mend := "has max_position_embeddings, which means RoPE", "13B", "remove max_position_embeddings"
	if released == RoPE {
		have, name, mend = "has no max_position_embeddings, which means ALiBi", "7B", "add \"max_position_embeddings\": 4096"
	}
	return fmt.Errorf("the file %s, but hidden_size %d, num_hidden_layers %d and num_attention_heads %d are those of the released %s, which has %s; "+
		"%s, or add \"position_embedding_type\": %q if the model was trained so",
		have, c.HiddenSize, c.NumHiddenLayers, c.NumAttentionHeads, name, released, mend, c.Position)
}
