package tokenizer

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// gunzip reads a compressed file of testdata.
func gunzip(tb testing.TB, path string) []byte {
	tb.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	zr, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		tb.Fatalf("%s: %v", path, err)
	}
	if data, err = io.ReadAll(zr); err != nil {
		tb.Fatalf("%s: %v", path, err)
	}
	return data
}

// testModel reads testdata/<name>.gz.
func testModel(tb testing.TB, name string) *Tokenizer {
	tb.Helper()
	tok, err := Parse(gunzip(tb, filepath.Join("testdata", name+".gz")))
	if err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	return tok
}

// golden is one answer of the official SentencePiece; see testdata/README.md.
type golden struct {
	Model   string
	Text    *string // encode this
	Hex     string  // or these bytes, which are not UTF-8
	IDs     []int32
	Decode  []int32 // or decode these ids
	Decoded string
}

// TestGolden covers what the shared models do not: character maps, removal of
// spaces, whitespace as suffix, unused pieces, equal scores, characters that
// are no pieces, models without byte fallback, invalid UTF-8, random ids.
func TestGolden(t *testing.T) { checkGolden(t, "golden.jsonl.gz", 11) }

// TestGoldenUnigram covers in unigram models: user-defined, unused and unknown
// pieces, byte fallback, paths of equal score, positive scores and sums that
// overflow.
func TestGoldenUnigram(t *testing.T) { checkGolden(t, "golden_unigram.jsonl.gz", 8) }

func checkGolden(t *testing.T, file string, want int) {
	models := map[string]*Tokenizer{}
	eachLine(t, filepath.Join("testdata", file), func(g golden) {
		tok := models[g.Model]
		if tok == nil {
			tok = testModel(t, g.Model)
			models[g.Model] = tok
		}
		ids := g.Decode
		if ids == nil {
			ids = g.IDs
			var text string
			if g.Text != nil {
				text = *g.Text
			} else {
				raw, err := hex.DecodeString(g.Hex)
				if err != nil {
					t.Fatal(err)
				}
				text = string(raw)
			}
			if got := tok.Encode(text); !slices.Equal(got, g.IDs) {
				t.Errorf("%s: Encode(%q)\n got %v\nwant %v", g.Model, text, got, g.IDs)
			}
		}
		if got := tok.Decode(ids); got != g.Decoded {
			t.Errorf("%s: Decode(%v)\n got %q\nwant %q", g.Model, ids, got, g.Decoded)
		}
		if got := streamed(tok, ids); got != g.Decoded {
			t.Errorf("%s: stream of %v\n got %q\nwant %q", g.Model, ids, got, g.Decoded)
		}
	})
	if len(models) != want {
		t.Errorf("the golden file covers %d models, want %d", len(models), want)
	}
}
