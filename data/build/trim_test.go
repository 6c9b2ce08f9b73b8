package build

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"huihai/data/datatest"
	"huihai/data/dedup"
	"huihai/data/shard"
)

// What is cut out of kept documents can be put back, byte for byte; spans lie
// where they did; the ledger of bytes closes.
func TestCutsCanBePutBack(t *testing.T) {
	in := datatest.Corpus(t, 11)
	rng := rand.New(rand.NewPCG(11, 11))
	same, passage := datatest.Sentences(rng, 1), strings.ReplaceAll(datatest.Sentences(rng, 6), "\n\n", " ")
	for i := range 6 { // documents that share a paragraph, a sentence or a passage
		text := datatest.Sentences(rng, 12)
		datatest.Write(t, filepath.Join(in, fmt.Sprintf("p%d.txt", i)), []byte([]string{
			same + "\n\n" + text, text + "\n\n" + same + "\n\n" + datatest.Sentences(rng, 5), text + " " + same + " " + datatest.Sentences(rng, 3),
			passage + " " + text, text + " " + passage + "\n\n" + datatest.Sentences(rng, 2), datatest.Sentences(rng, 4) + "\n\n" + passage,
		}[i]))
	}
	plain := small(t, in)
	build(t, plain)
	before := map[string]shard.Document{}
	for _, d := range readDocuments(t, plain.Output) {
		before[d.ID] = d
	}
	cfg := small(t, in)
	everything(t, &cfg)
	cfg.Sample.QualityPower = 0
	r := build(t, cfg)
	pieces, bytes := map[string]int64{}, map[string]int64{}
	for _, d := range readDocuments(t, cfg.Output) {
		if got, want := d.Original(), before[d.ID].Text; got != want {
			t.Fatalf("document %d was %q, is put together as %q", d.DocNo, want, got)
		}
		for _, c := range d.Removed {
			pieces[c.Reason]++
			bytes[c.Reason] += int64(len(c.Text))
		}
		for level, spans := range map[string][]shard.Span{"paragraph": d.Paragraphs, "sentence": d.Sentences} {
			last := int32(0)
			for i, s := range spans {
				if s.Start < last || s.End <= s.Start || int(s.End) > len(d.Text) || !utf8.ValidString(d.Text[s.Start:s.End]) {
					t.Fatalf("document %d: %s %d is %d to %d of %d", d.DocNo, level, i, s.Start, s.End, len(d.Text))
				}
				last = s.End
			}
		}
	}
	if len(r.Cut) < 2 {
		t.Fatalf("only %v was cut; the test shows too little", r.Cut)
	}
	for reason, c := range r.Cut {
		if pieces[reason] != c.Documents || bytes[reason] != c.Bytes {
			t.Errorf("%s: the report has %d pieces of %d bytes, the table %d of %d", reason, c.Documents, c.Bytes, pieces[reason], bytes[reason])
		}
	}
}

// Of a sentence that documents share, one copy stays in the corpus: that of the
// best document that is itself kept.
func TestOneCopyOfASentenceStays(t *testing.T) {
	shared := "This very sentence stands in several of the documents of the corpus, word for word."
	texts := []string{
		"A first document speaks of rivers and of mountains, which are far away. " + shared + " It ends with the sea and its ships.",
		"Another one has chapters about trade, harbours, customs and old coins. " + shared + " Its author was a merchant in the north.",
		"x x x x x x x x x x x x x x x x. " + shared, // of lower quality
		"The third document is about music, singers, instruments and the halls they play in. " + shared,
	}
	cfg := small(t, jsonl(t, texts))
	cfg.Score.Profile = "none"
	cfg.Dedup.Near = false
	cfg.Sentences.Action = dedup.ActionRemove
	build(t, cfg)
	found, best := 0, float32(0)
	for _, d := range readDocuments(t, cfg.Output) {
		best = max(best, d.Quality)
		if strings.Contains(d.Text, shared) {
			found++
			defer func() {
				if d.Quality != best {
					t.Errorf("the copy that stays is in a document of quality %g, the best has %g", d.Quality, best)
				}
			}()
		}
	}
	if found != 1 {
		t.Errorf("%d copies stay, want 1", found)
	}
}

// jsonl writes texts as a file of JSON Lines.
func jsonl(t *testing.T, texts []string) string {
	t.Helper()
	var b strings.Builder
	for _, text := range texts {
		line, err := json.Marshal(map[string]string{"text": text})
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	path := filepath.Join(t.TempDir(), "texts.jsonl")
	datatest.Write(t, path, []byte(b.String()))
	return path
}
