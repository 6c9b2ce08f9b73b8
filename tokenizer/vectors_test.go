package tokenizer

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

type vector struct {
	Model   string
	Text    string
	IDs     []int32
	Decoded string
}

// TestSharedVectors holds every model to what the official SentencePiece
// 0.1.97 answered. The two unigram models must be refused by name.
func TestSharedVectors(t *testing.T) {
	unigram := map[string]bool{
		"tokenizers/chinese_sp/chinese_sp.model": true,
		"tokenizers/torchtune_test/m.model":      true,
	}
	checked := map[string]int{}
	eachLine(t, filepath.Join(sharedDir(t), "tokenizers", "sentencepiece_vectors.jsonl.gz"), func(v vector) {
		checked[v.Model]++
		if unigram[v.Model] {
			return
		}
		tok := sharedModel(t, v.Model)
		if got := tok.Encode(v.Text); !slices.Equal(got, v.IDs) {
			t.Errorf("%s: Encode(%q)\n got %v\nwant %v", v.Model, v.Text, got, v.IDs)
		}
		if got := tok.Decode(v.IDs); got != v.Decoded {
			t.Errorf("%s: Decode of %q\n got %q\nwant %q", v.Model, v.Text, got, v.Decoded)
		}
		if got := streamed(tok, v.IDs); got != v.Decoded {
			t.Errorf("%s: stream of %q\n got %q\nwant %q", v.Model, v.Text, got, v.Decoded)
		}
	})
	if len(checked) != 10 {
		t.Errorf("the file names %d models, want 10", len(checked))
	}
	for model := range unigram {
		_, err := Load(filepath.Join(sharedDir(t), model))
		if err == nil || !strings.Contains(err.Error(), "unigram") {
			t.Errorf("Load(%s) = %v, want an error naming unigram", model, err)
		}
	}
}

func streamed(tok *Tokenizer, ids []int32) string {
	var b strings.Builder
	s := tok.NewStream()
	for _, id := range ids {
		b.WriteString(s.Push(id))
	}
	b.WriteString(s.Flush())
	return b.String()
}
