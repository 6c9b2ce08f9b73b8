package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"huihai/cmd/train/internal/runs"
)

// A run draws its sources as the configuration says, from the step it says, and
// accounts for each; a mixture that ends before the run does is refused at once.
func TestPretrainMixture(t *testing.T) {
	dir := t.TempDir()
	var inputs []string
	for _, name := range []string{"rain", "snow"} {
		var lines strings.Builder
		for i := range 12 {
			fmt.Fprintf(&lines, `{"text":"All of it was %s, and part %d of it will be %s again, on day %d of the year."}`+"\n", name, i*i, name, 7*i)
		}
		inputs = append(inputs, "--input", name+"="+writeTestFile(t, filepath.Join(dir, name+".jsonl"), lines.String()))
	}
	set := filepath.Join(dir, "set")
	args := append([]string{"data", "build", "--output", set, "--vocab-size", "400", "--sequence-length", "16", "--near-dedup=false"}, inputs...)
	if _, stderr, code := call(t, args...); code != exitOK {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	config := writeTestFile(t, filepath.Join(dir, "c.yaml"), fmt.Sprintf(`preset: tiny
model: {vocab_size: 400, num_hidden_layers: 1, hidden_size: 16, intermediate_size: 16, num_attention_heads: 2}
train: {dataset_dir: %s, sequence_length: 16, max_steps: 4, per_device_train_batch_size: 1, gradient_accumulation_steps: 2, skip_peak: true}
optim: {warmup_steps: 1}
loader:
  mixture:
    - weights: {rain: 1, snow: 0}
      max_epochs: 1
    - from_step: 3
      weights: {rain: 0, snow: 1}
`, set))
	stdout, stderr, code := call(t, "pretrain", "--config", config, "--set", "train.output_dir="+filepath.Join(dir, "run"))
	var s runs.Summary
	if err := json.Unmarshal([]byte(stdout), &s); code != exitOK || err != nil {
		t.Fatalf("exit %d, %v: %s", code, err, stderr)
	}
	if rain, snow := s.Ledger.Sources["rain"], s.Ledger.Sources["snow"]; rain.Read != 6*16 || snow.Read != 2*16 || rain.Trained+snow.Trained != s.Ledger.Trained {
		t.Errorf("ledger %+v", s.Ledger)
	}
	for _, tc := range []struct{ set, want string }{
		{"loader.mixture=[{max_epochs: 0.1}]", "max_epochs of the mixture"},
		{"loader.mixture=[{weights: {hail: 1}}]", "its sources: rain, snow"},
	} {
		_, stderr, code := call(t, "pretrain", "--config", config, "--set", "train.output_dir="+filepath.Join(dir, "other"), "--set", tc.set)
		if code != exitFailure || !strings.Contains(stderr, tc.want) {
			t.Errorf("%s: exit %d: %s", tc.set, code, stderr)
		}
	}
}
