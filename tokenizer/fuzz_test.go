package tokenizer

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzParse feeds broken models: an error or a model that works.
func FuzzParse(f *testing.F) {
	for _, typ := range []modelType{modelBPE, modelUnigram} {
		m := smallModel()
		m.trainer.modelType = typ
		f.Add(marshalProto(m))
	}
	for _, name := range []string{"rules.model", "unused.model", "suffix.model", "uni_rules.model", "uni_unused.model", "uni_overflow.model"} {
		f.Add(gunzip(f, "testdata/"+name+".gz"))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		tok, err := Parse(data)
		if err != nil {
			return
		}
		for _, text := range []string{"", "a b  ab\xff你好<reserved_106> ＡＢ…é\n", strings.Repeat("ab", 60)} {
			for _, ids := range [][]int32{tok.Encode(text), tok.EncodeUser(text)} {
				for _, id := range ids {
					if id < 0 || int(id) >= tok.VocabSize() || tok.IsControl(id) {
						t.Fatalf("%q encodes to %d (%v)", text, id, tok.Type(id))
					}
				}
				if tok.Decode(ids) != streamed(tok, ids) {
					t.Fatalf("the stream of %v differs", ids)
				}
			}
		}
		tok.Info(3)
		again, err := Parse(tok.Marshal())
		if err != nil || !bytes.Equal(again.Marshal(), data) {
			t.Fatalf("the model does not survive Marshal: %v", err)
		}
	})
}

// FuzzEncodeDecode: with byte fallback and no change of spaces every text comes
// back, bad bytes as U+FFFD and U+2581 as a space.
func FuzzEncodeDecode(f *testing.F) {
	for _, s := range []string{"", " ", "  a  b ", "你好\n\t<reserved_106></s>", "e\u0301\xff\xfe\U0001F600", "=-+=---...。。。。", "\u2581x"} {
		f.Add(s)
	}
	models := map[string]*Tokenizer{"dummy": testModel(f, "dummy.model"), "ties": testModel(f, "ties.model"), "uni_keep": testModel(f, "uni_keep.model")}
	if shared, ok := findShared(); ok {
		for _, name := range []string{"baichuan2", "llama", "yi", "internlm2"} {
			tok, err := Load(filepath.Join(shared, "tokenizers", name))
			if err != nil {
				f.Fatal(err)
			}
			models[name] = tok
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		want := text
		if !utf8.ValidString(text) {
			want = string([]rune(text)) // one U+FFFD for every bad byte
		}
		want = strings.ReplaceAll(want, spaceMark, " ")
		for name, tok := range models {
			_, spaceIsPiece := tok.ID(spaceMark)
			if !spaceIsPiece {
				t.Fatalf("%s has no piece for a space", name)
			}
			for _, ids := range [][]int32{tok.Encode(text), tok.EncodeUser(text)} {
				if got := tok.Decode(ids); got != want {
					t.Fatalf("%s: %q comes back as %q", name, text, got)
				}
				if got := streamed(tok, ids); got != want {
					t.Fatalf("%s: the stream of %q is %q", name, text, got)
				}
			}
		}
	})
}
