package model

import (
	"strings"
	"testing"
)

// pieces is a vocabulary of n pieces with Baichuan 2's marks.
type pieces int

func (p pieces) VocabSize() int          { return int(p) }
func (p pieces) BOS() int32              { return 1 }
func (p pieces) EOS() int32              { return 2 }
func (p pieces) PAD() int32              { return -1 }
func (p pieces) UnknownID() int32        { return 0 }
func (p pieces) IsControl(id int32) bool { return id == 1 || id == 2 }

func TestCheckVocabulary(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		eos    []int
		fatal  bool
		want   string // "" for no problem
	}{
		"own":             {func(c *Config) {}, nil, false, ""},
		"none":            {func(c *Config) { c.BosTokenID, c.EosTokenID, c.PadTokenID = -1, -1, -1 }, nil, false, ""},
		"padded head":     {func(c *Config) { c.VocabSize = 512 + 127 }, nil, false, ""},
		"eos in the list": {func(c *Config) { c.EosTokenID = 7 }, []int{7, 2}, false, ""},
		"pad control":     {func(c *Config) { c.PadTokenID = 2 }, nil, false, ""},
		"too few rows":    {func(c *Config) { c.VocabSize = 511 }, nil, true, "512 pieces but config.json says vocab_size 511"},
		"other model":     {func(c *Config) { c.VocabSize = 125696 }, nil, false, "vocab_size 125696"},
		"bos":             {func(c *Config) { c.BosTokenID = 3 }, nil, false, "bos_token_id 3, but the tokenizer begins a text with 1"},
		"eos":             {func(c *Config) { c.EosTokenID = 0 }, nil, false, "eos_token_id 0, but the tokenizer ends a text with 2"},
		"eos outside":     {func(c *Config) { c.VocabSize, c.EosTokenID = 520, 515 }, nil, true, "eos_token_id 515, but the tokenizer's pieces end at 511"},
		"eos list":        {func(c *Config) { c.VocabSize = 520 }, []int{2, 515}, true, "eos_token_id 515"},
		"pad":             {func(c *Config) { c.PadTokenID = 40 }, nil, false, "pad_token_id 40, which is a piece of text"},
	} {
		cfg := small()
		cfg.VocabSize, cfg.BosTokenID, cfg.EosTokenID, cfg.PadTokenID = 512, 1, 2, 0
		c.change(&cfg)
		got := cfg.CheckVocabulary(pieces(512), c.eos...)
		if c.want == "" {
			if len(got) > 0 {
				t.Errorf("%s: %+v", name, got)
			}
			continue
		}
		if len(got) != 1 || got[0].Fatal != c.fatal || !strings.Contains(got[0].Text, c.want) {
			t.Errorf("%s: %+v, want one with %q", name, got, c.want)
		}
	}
}
