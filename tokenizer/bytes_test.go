package tokenizer

import (
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// byteModels are the test models that lose nothing of a text, by name; those with a
// dummy prefix add a space to it.
func byteModels(t *testing.T) map[string]*Tokenizer {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.model.gz"))
	if err != nil {
		t.Fatal(err)
	}
	models := map[string]*Tokenizer{}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".gz")
		tok := testModel(t, name)
		if tok.HasByteFallback() && tok.normalizer.chars == nil && !tok.normalizer.removeExtra {
			models[name] = tok
		}
	}
	return models
}

// The bytes of a text's tokens are the bytes of the text.
func TestTokenBytesSumToTheText(t *testing.T) {
	exact := 0
	for name, tok := range byteModels(t) {
		table := tok.TokenBytes()
		prefix := 0
		if tok.normalizer.dummyPrefix {
			prefix = 1
		} else {
			exact++
		}
		rapid.Check(t, func(rt *rapid.T) {
			text := strings.ToValidUTF8(strings.ReplaceAll(rapid.String().Draw(rt, "text")+rapid.StringOf(rapid.RuneFrom([]rune("the ain 的一 是\n0\t"))).Draw(rt, "more"), spaceMark, ""), "")
			sum := 0
			for _, id := range tok.EncodeUser(text) {
				sum += table[id]
			}
			if want := len(text) + prefix; text != "" && sum != want {
				rt.Fatalf("%s: the tokens of %q have %d bytes, want %d", name, text, sum, want)
			}
		})
	}
	if exact == 0 {
		t.Error("no model without a dummy prefix was tested")
	}
}

func TestTokenBytesOfBaichuan(t *testing.T) {
	tok := baichuan2(t)
	table := tok.TokenBytes()
	for _, g := range baichuanGolden {
		sum := 0
		for _, id := range tok.EncodeUser(g.text) {
			sum += table[id]
		}
		if sum != len(g.text) {
			t.Errorf("the tokens of %q have %d bytes, want %d", g.text, sum, len(g.text))
		}
	}
	for id, want := range map[int32]int{tok.BOS(): 0, tok.EOS(): 0, tok.UnknownID(): 0, 195: 0, 5: 1, 1401: 2, 92067: 9} {
		if table[id] != want {
			t.Errorf("%q stands for %d bytes, want %d", tok.Piece(id), table[id], want)
		}
	}
}
