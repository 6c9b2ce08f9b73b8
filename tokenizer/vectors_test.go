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

// TestSharedVectors holds ten models, eight BPE and two unigram, to what the
// official SentencePiece 0.1.97 answered.
func TestSharedVectors(t *testing.T) {
	checked := map[string]int{}
	eachLine(t, filepath.Join(sharedDir(t), "tokenizers", "sentencepiece_vectors.jsonl.gz"), func(v vector) {
		checked[v.Model]++
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
