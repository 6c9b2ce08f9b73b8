package tokenizer

import (
	"testing"
)

// The text of a continuation joins the text of what it continues to the text of
// both, wherever a text is cut, for models with and without a dummy prefix.
func TestDecodeAfterJoins(t *testing.T) {
	texts := []string{"Once upon a time, there was 一个 girl 😀 named Lily.", "  two spaces", "𠮷野家 no piece", "a"}
	for _, name := range []string{"llama", "baichuan2", "mistral", "chinese_sp/chinese_sp.model"} {
		path := "tokenizers/" + name
		tok := sharedModel(t, path)
		for _, text := range texts {
			ids := tok.Encode(text)
			for cut := 0; cut <= len(ids); cut++ {
				// Where the cut goes through a character, what is before it is
				// not yet text.
				d := tok.NewStream()
				before := ""
				for _, id := range ids[:cut] {
					before += d.Push(id)
				}
				if got, want := before+tok.DecodeAfter(ids[:cut], ids[cut:]), tok.Decode(ids); got != want && cut < len(ids) {
					t.Errorf("%s: %q cut at %d gives %q, want %q", name, text, cut, got, want)
				}
			}
		}
	}
	llama, baichuan := sharedModel(t, "tokenizers/llama"), baichuan2(t)
	for _, tok := range []*Tokenizer{llama, baichuan} {
		whole := tok.Encode("Once upon")
		prompt := tok.Encode("Once")
		if got := tok.DecodeAfter(prompt, whole[len(prompt):]); got != " upon" {
			t.Errorf("the continuation of a word is %q, want \" upon\"", got)
		}
	}
	bos := []int32{llama.BOS()}
	if got := llama.DecodeAfter(bos, llama.Encode("Once")); got != "Once" {
		t.Errorf("after the begin mark comes %q: the dummy prefix is not text", got)
	}
}
