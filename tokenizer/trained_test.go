package tokenizer

import (
	"encoding/hex"
	"path/filepath"
	"slices"
	"testing"
)

// TestTrainedModelsInSentencePiece trains two models anew and holds them to
// what SentencePiece answered when it loaded the same files.
func TestTrainedModelsInSentencePiece(t *testing.T) {
	corpus := trainCorpus(t)
	plain := DefaultTrainConfig()
	plain.VocabSize = 4000
	odd := DefaultTrainConfig()
	odd.VocabSize, odd.CharacterCoverage, odd.MaxAlphabetShare = 3000, 0.98, 0.5
	odd.ByteFallback, odd.BaichuanSymbols, odd.SplitByWhitespace = false, false, false
	odd.AddDummyPrefix, odd.RemoveExtraWhitespaces, odd.TreatWhitespaceAsSuffix = true, true, true
	odd.ControlSymbols = []string{"<c>"}
	models := map[string]*Tokenizer{}
	for name, m := range map[string]struct {
		cfg         TrainConfig
		fingerprint string
	}{
		"trained.model":     {plain, "a3dd9b3cceaab978ce3d26ac0cc80598a881bfcb6959fd0e597e15f5beec6d1b"},
		"trained_odd.model": {odd, "4360282913c0e8b44bf9ed1eab871be05915c7ec14560397538e5f11d1b0f3b1"},
	} {
		tok, err := Train(t.Context(), m.cfg, slices.Values([]string{corpus}))
		if err != nil {
			t.Fatal(err)
		}
		if tok.Fingerprint() != m.fingerprint {
			t.Errorf("%s: fingerprint %s, want %s", name, tok.Fingerprint(), m.fingerprint)
		}
		models[name] = tok
	}
	n := 0
	eachLine(t, filepath.Join("testdata", "golden_trained.jsonl.gz"), func(g golden) {
		n++
		tok, ids := models[g.Model], g.Decode
		if ids == nil {
			ids = g.IDs
			text := ""
			if g.Text != nil {
				text = *g.Text
			} else if raw, err := hex.DecodeString(g.Hex); err == nil {
				text = string(raw)
			}
			if got := tok.Encode(text); !slices.Equal(got, g.IDs) {
				t.Errorf("%s: Encode(%q)\n got %v\nwant %v", g.Model, text, got, g.IDs)
			}
		}
		if got := tok.Decode(ids); got != g.Decoded {
			t.Errorf("%s: Decode(%v)\n got %q\nwant %q", g.Model, ids, got, g.Decoded)
		}
	})
	if n < 700 {
		t.Errorf("%d lines compared, want at least 700", n)
	}
}
