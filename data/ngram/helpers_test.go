package ngram

import (
	"bufio"
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"huihai/internal/golden"
)

// train makes a model of texts by one worker; it is closed with the test.
func train(t testing.TB, cfg Config, enc Encoder, texts []string) *Built {
	t.Helper()
	return trainShared(t, cfg, enc, [][]string{texts})
}

// trainShared gives a worker to each list of texts.
func trainShared(t testing.TB, cfg Config, enc Encoder, lists [][]string) *Built {
	t.Helper()
	cfg.TempDir = t.TempDir()
	tr, err := NewTrainer(cfg, enc)
	if err != nil {
		t.Fatal(err)
	}
	for _, texts := range lists {
		w, err := tr.Worker()
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			if err := w.Add(text); err != nil {
				t.Fatal(err)
			}
		}
	}
	b, err := tr.Estimate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		if err := tr.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// sharedRow is a row of the shared data.
type sharedRow struct {
	Text  string
	Label int
}

// sharedRows reads a JSON Lines or plain text file of the shared data.
func sharedRows(t testing.TB, name string) (rows []sharedRow) {
	t.Helper()
	sc := bufio.NewScanner(bytes.NewReader(gunzip(t, golden.Shared(t, "data", name))))
	sc.Buffer(nil, 64<<20)
	for sc.Scan() {
		row := sharedRow{Text: sc.Text()}
		if strings.Contains(name, ".jsonl") {
			row.Text = ""
			if err := json.Unmarshal(sc.Bytes(), &row); err != nil {
				t.Fatal(err)
			}
		}
		if row.Text != "" {
			rows = append(rows, row)
		}
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

func sharedTexts(t testing.TB, name string) (texts []string) {
	t.Helper()
	for _, row := range sharedRows(t, name) {
		texts = append(texts, row.Text)
	}
	return texts
}
