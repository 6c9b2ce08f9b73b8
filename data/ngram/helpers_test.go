package ngram

import "testing"

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
