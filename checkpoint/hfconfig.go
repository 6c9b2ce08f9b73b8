package checkpoint

import (
	"cmp"
	"encoding/json"
	"fmt"
)

// specialIDs are the keys of config.json that the other files repeat. The ids
// stay as they are written: numbers, null for none, lists.
type specialIDs struct {
	Bos            json.RawMessage `json:"bos_token_id"`
	Eos            json.RawMessage `json:"eos_token_id"`
	Pad            json.RawMessage `json:"pad_token_id"`
	ModelMaxLength *int            `json:"model_max_length"`
	MaxPositions   *int            `json:"max_position_embeddings"`
}

func readSpecialIDs(config []byte) (specialIDs, error) {
	ids := specialIDs{Bos: []byte("1"), Eos: []byte("2"), Pad: []byte("0")}
	if err := json.Unmarshal(withoutBOM(config), &ids); err != nil {
		return ids, fmt.Errorf("%s: %w", configFile, err)
	}
	return ids, nil
}

// maxLength is the longest sequence, 4096 as released where the file has none.
func (s specialIDs) maxLength() int {
	if n := cmp.Or(s.ModelMaxLength, s.MaxPositions); n != nil {
		return *n
	}
	return 4096
}

// Role marks of the chat format: <reserved_106> and <reserved_107>.
const (
	userTokenID      = 195
	assistantTokenID = 196
)

// generationConfig returns generation_config.json: for chat models the values
// of the released Baichuan2-Chat folders, for base models only the special ids.
func generationConfig(config []byte, chat bool) ([]byte, error) {
	ids, err := readSpecialIDs(config)
	if err != nil {
		return nil, err
	}
	type base struct {
		FromModelConfig bool            `json:"_from_model_config"`
		Pad             json.RawMessage `json:"pad_token_id"`
		Bos             json.RawMessage `json:"bos_token_id"`
		Eos             json.RawMessage `json:"eos_token_id"`
		Version         string          `json:"transformers_version"`
	}
	if !chat {
		return encodeJSON(base{true, ids.Pad, ids.Bos, ids.Eos, transformersVersion})
	}
	return encodeJSON(struct {
		Pad               json.RawMessage `json:"pad_token_id"`
		Bos               json.RawMessage `json:"bos_token_id"`
		Eos               json.RawMessage `json:"eos_token_id"`
		User              int             `json:"user_token_id"`
		Assistant         int             `json:"assistant_token_id"`
		MaxNewTokens      int             `json:"max_new_tokens"`
		Temperature       float64         `json:"temperature"`
		TopK              int             `json:"top_k"`
		TopP              float64         `json:"top_p"`
		RepetitionPenalty float64         `json:"repetition_penalty"`
		DoSample          bool            `json:"do_sample"`
		Version           string          `json:"transformers_version"`
	}{ids.Pad, ids.Bos, ids.Eos, userTokenID, assistantTokenID, 2048, 0.3, 5, 0.85, 1.05, true, transformersVersion})
}

// transformersVersion is what the released folders carry.
const transformersVersion = "4.29.2"

// tokenizerConfig returns tokenizer_config.json as the released folders have
// it: no beginning or end marks added, the unknown piece as padding, the
// tokenizer class of the released Python file.
func tokenizerConfig(config []byte) ([]byte, error) {
	ids, err := readSpecialIDs(config)
	if err != nil {
		return nil, err
	}
	type addedToken struct {
		Type       string `json:"__type"`
		Content    string `json:"content"`
		Lstrip     bool   `json:"lstrip"`
		Normalized bool   `json:"normalized"`
		Rstrip     bool   `json:"rstrip"`
		SingleWord bool   `json:"single_word"`
	}
	token := func(s string) addedToken {
		return addedToken{Type: "AddedToken", Content: s, Normalized: true, SingleWord: true}
	}
	return encodeJSON(map[string]any{
		"add_bos_token":                false,
		"add_eos_token":                false,
		"auto_map":                     map[string]any{"AutoTokenizer": []any{"tokenization_baichuan.BaichuanTokenizer", nil}},
		"bos_token":                    token("<s>"),
		"clean_up_tokenization_spaces": false,
		"eos_token":                    token("</s>"),
		"model_max_length":             ids.maxLength(),
		"pad_token":                    token("<unk>"),
		"sp_model_kwargs":              map[string]any{},
		"tokenizer_class":              "BaichuanTokenizer",
		"unk_token":                    token("<unk>"),
		"use_fast":                     false,
	})
}
