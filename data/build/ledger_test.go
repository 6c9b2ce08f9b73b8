package build

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"huihai/data"
	"huihai/data/datatest"
	"huihai/data/dedup"
	"huihai/data/shard"
)

// On every corpus: records read are documents kept, documents dropped for a
// reason, or records rejected for a reason; bytes read are bytes kept, dropped or
// cut out; tokens in the table are tokens in the rows or left out. All of it is
// counted here from the input and the files, not from the report's own sums.
func TestLedgerClosesOnEveryCorpus(t *testing.T) {
	pieces := []string{
		"The river runs past the mill. ", "It was a cold and bright day in April, and the clocks were striking. ",
		"床前明月光，疑是地上霜。", "学而时习之，不亦说乎？有朋自远方来，不亦乐乎？", "\n\n", "a", "!!!!! ", "0123456789 ", "<b>x</b> ", "mail me at someone@university.edu ",
	}
	base := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(base, "c")
		if err != nil {
			rt.Fatal(err)
		}
		defer os.RemoveAll(dir)
		var lines strings.Builder
		records := int64(0)
		for range rapid.IntRange(1, 25).Draw(rt, "records") {
			records++
			text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 12).Draw(rt, "text"), "")
			line, _ := json.Marshal(map[string]string{"text": text})
			if rapid.IntRange(0, 9).Draw(rt, "kind") == 0 {
				line = line[:len(line)/2] // broken
			}
			lines.Write(append(line, '\n'))
		}
		in := filepath.Join(dir, "in.jsonl")
		if err := os.WriteFile(in, []byte(lines.String()), 0o600); err != nil {
			rt.Fatal(err)
		}
		cfg := Default()
		cfg.Inputs, cfg.Output, cfg.VocabSize, cfg.Workers = []string{in}, filepath.Join(dir, "set"), 300, 1
		cfg.Pack.SequenceLength = 16
		cfg.ValidationFraction = rapid.SampledFrom([]float64{0, 0.3}).Draw(rt, "validation")
		cfg.Score.Profile = rapid.SampledFrom([]string{"general", "web", "none"}).Draw(rt, "profile")
		cfg.Sentences.Action = rapid.SampledFrom([]string{dedup.ActionOff, dedup.ActionRemove}).Draw(rt, "sentences")
		cfg.Sentences.MinBytes = 10
		cfg.Sample.QualityPower = rapid.SampledFrom([]float64{0, 3}).Draw(rt, "power")
		r, err := Run(context.Background(), cfg, nil, WithFS(unsynced{}))
		if err != nil {
			if strings.Contains(err.Error(), "documents were dropped") || strings.Contains(err.Error(), "nothing readable") || strings.Contains(err.Error(), "train a tokenizer") {
				return // a corpus of which nothing is left is refused, and says so
			}
			rt.Fatal(err)
		}
		checkLedger(rt, t, cfg, r, records)
	})
}

func checkLedger(rt *rapid.T, t *testing.T, cfg Config, r *Report, records int64) {
	var documents, tokens, copies, kept, cutOut, dropped int64
	for _, d := range readDocuments(t, cfg.Output) {
		documents++
		for _, c := range d.Removed {
			cutOut += int64(len(c.Text))
		}
		if d.Status == "kept" {
			kept += int64(len(d.Text))
			tokens += int64(d.TokenCount) * int64(d.Copies)
			copies += int64(d.Copies)
			continue
		}
		dropped += int64(len(d.Text))
		if d.Status == "" || d.TokenCount != 0 || d.Copies != 0 {
			rt.Fatalf("dropped document %+v", d)
		}
	}
	rejected := int64(0)
	for reason, n := range r.Rejected {
		if reason == "" {
			rt.Fatal("a record is rejected without a reason")
		}
		rejected += n.Documents
	}
	if documents+rejected != records {
		rt.Fatalf("%d records, %d documents and %d rejected", records, documents, rejected)
	}
	if kept != r.Kept.Bytes || kept+dropped+cutOut != r.Read.Bytes {
		rt.Fatalf("%d bytes read, %d kept (%d by the report), %d dropped, %d cut out", r.Read.Bytes, kept, r.Kept.Bytes, dropped, cutOut)
	}
	inRows := int64(0)
	for _, kind := range []string{data.KindTokens, data.KindValidation} {
		for _, row := range datatest.Shards[shard.TokenRow](t, cfg.Output, kind) {
			end := len(row.TokenIDs)
			if n := len(row.DocNos); row.DocNos[n-1] == shard.NoDocument {
				end = int(row.DocStarts[n-1])
			}
			inRows += int64(end)
		}
	}
	if inRows != tokens {
		rt.Fatalf("%d tokens of %d copies in the table, %d in the rows", tokens, copies, inRows)
	}
}
