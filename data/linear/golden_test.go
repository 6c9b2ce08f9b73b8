package linear

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// goldenRow is a text and what fastText's program predicts with each model.
type goldenRow struct {
	Text        string                `json:"text"`
	Predictions map[string][]labelled `json:"predictions"`
}

type labelled Prediction

func (l *labelled) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&l.Label, &l.Probability})
}

func goldenRows(t *testing.T) (rows []goldenRow) {
	t.Helper()
	b, err := os.ReadFile("testdata/predictions.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for in := bufio.NewScanner(bytes.NewReader(b)); in.Scan(); {
		var r goldenRow
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	return rows
}

func goldenModels(t testing.TB) map[string]*Model {
	t.Helper()
	models := map[string]*Model{}
	for _, pattern := range []string{"testdata/*.bin", "testdata/*.ftz"} {
		paths, _ := filepath.Glob(pattern)
		for _, path := range paths {
			m, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			models[filepath.Base(path)] = m
		}
	}
	if len(models) != 8 {
		t.Fatalf("%d models, want 8", len(models))
	}
	return models
}

// Every loss, quantisation, pruning, n-grams of words and characters: the
// numbers are those that fastText prints, to its six digits.
func TestPredictionsAreThoseOfFastText(t *testing.T) {
	rows, models, checked := goldenRows(t), goldenModels(t), 0
	for name, m := range models {
		s := m.NewScorer()
		for _, r := range rows {
			want := r.Predictions[name]
			all := map[string]float32{}
			for _, p := range s.Predict(r.Text, 0, 0, nil) {
				all[p.Label] = p.Probability
			}
			top := s.Predict(r.Text, len(want), 0, nil)
			if len(top) != len(want) {
				t.Fatalf("%s: %q: %d predictions, want %d", name, r.Text, len(top), len(want))
			}
			for i, w := range want {
				// Labels of one probability may stand in another order.
				if !near(all[w.Label], w.Probability) || !near(top[i].Probability, w.Probability) {
					t.Errorf("%s: %q: place %d is %+v, want %+v (%g)", name, r.Text, i, top[i], w, all[w.Label])
				}
				checked++
			}
		}
	}
	t.Logf("%d probabilities of %d models checked", checked, len(models))
	if checked < 500 {
		t.Error("too few")
	}
}

// near allows half a unit of the sixth digit and the rounding of float32.
func near(got, want float32) bool {
	return math.Abs(float64(got-want)) <= 1e-6+2e-6*math.Abs(float64(want))
}
