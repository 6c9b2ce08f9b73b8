package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// lmRow is a line of data lm score.
type lmRow struct {
	ID, Bucket        string
	Tokens, Unknown   int64
	Log10, Perplexity float64
	Score             float64
}

func lmScores(t *testing.T, args ...string) (rows []lmRow) {
	t.Helper()
	stdout, stderr, code := call(t, append([]string{"data", "lm", "score"}, args...)...)
	if code != exitOK {
		t.Fatalf("score: exit %d: %s", code, stderr)
	}
	for line := range strings.Lines(stdout) {
		var r lmRow
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		rows = append(rows, r)
	}
	return rows
}

func TestDataLM(t *testing.T) {
	dir := t.TempDir()
	var prose strings.Builder
	for i := range 60 {
		sentence := []string{"The river runs to the sea.", "The sea is fed by the river.", "All of the rain runs to the river.", "秦川雄帝宅，函谷壯皇居。"}[i%4]
		if i%20 == 0 {
			sentence = fmt.Sprintf("Once only w%c.", 'a'+i/20) // to be pruned
		}
		_ = json.NewEncoder(&prose).Encode(map[string]string{"body": sentence + " " + strings.Repeat("And on.", i%5)})
	}
	train := writeTestFile(t, filepath.Join(dir, "train.jsonl.gz"), prose.String())
	test := writeTestFile(t, filepath.Join(dir, "test.jsonl"),
		`{"id":"plain","body":"The river runs to the sea."}`+"\n"+`{"id":"garbled","body":"sea river. to the the runs"}`+"\n{broken\n")
	model, arpa := filepath.Join(dir, "sub", "lm.bin"), filepath.Join(dir, "lm.arpa.gz")
	stdout, stderr, code := call(t, "data", "lm", "train", "--input", train, "--output", model, "--arpa", arpa,
		"--order", "3", "--prune", "0,0,1", "--memory", "1MiB", "--text-field", "body", "--held-out", "0.2", "--workers", "2")
	if code != exitOK {
		t.Fatalf("train: exit %d: %s", code, stderr)
	}
	var report struct {
		Output    string
		Documents int64
		HeldOut   int64 `json:"held_out_documents"`
		NGrams    []int64
		Pruned    []int64
	}
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatalf("%v: %s", err, stdout)
	}
	if report.Output != model || report.Documents+report.HeldOut != 60 || report.HeldOut == 0 || len(report.NGrams) != 3 || report.Pruned[2] == 0 {
		t.Errorf("report %s", stdout)
	}
	rows := lmScores(t, "--model", model, "--input", test, "--text-field", "body")
	if len(rows) != 2 || rows[0].Perplexity*2 > rows[1].Perplexity || rows[0].Score < rows[1].Score || rows[1].Bucket != "tail" || rows[0].Tokens != 7 {
		t.Errorf("scores %+v", rows)
	}
	again := filepath.Join(dir, "again.bin")
	if _, stderr, code := call(t, "data", "lm", "import", "--arpa", arpa, "--output", again, "--calibrate", test, "--text-field", "body"); code != exitOK {
		t.Fatalf("import: exit %d: %s", code, stderr)
	}
	imported := lmScores(t, "--model", again, "--input", test, "--text-field", "body")
	if len(imported) != 2 || imported[0].Log10 != rows[0].Log10 || imported[0].Score != 1 || imported[1].Score != 0 {
		t.Errorf("imported %+v, trained %+v", imported, rows)
	}
}

func TestDataLMMistakes(t *testing.T) {
	dir := t.TempDir()
	text := writeTestFile(t, filepath.Join(dir, "a.txt"), "a b c\n")
	model := filepath.Join(dir, "lm.bin")
	for _, tc := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"train"}, exitUsage, "--input and --output"},
		{[]string{"train", "--input", text, "--output", model, "--order", "7"}, exitUsage, "order is 7"},
		{[]string{"train", "--input", text, "--output", model, "--memory", "much"}, exitUsage, "--memory"},
		{[]string{"train", "--input", text, "--output", model, "--units", "pieces"}, exitUsage, "--tokenizer"},
		{[]string{"train", "--input", text, "--output", dir}, exitUsage, "is a folder"},
		{[]string{"train", "--input", text + "x", "--output", model}, exitFailure, "a.txtx"},
		{[]string{"train", "--input", text, "--output", model, "--held-out", "0", "--discount-fallback=false"}, exitFailure, "discount_fallback"},
		{[]string{"import", "--output", model}, exitUsage, "--arpa"},
		{[]string{"import", "--arpa", text, "--output", model}, exitFailure, "not an ARPA file"},
		{[]string{"score", "--input", text}, exitUsage, "--model"},
		{[]string{"score", "--input", text, "--model", text}, exitFailure, "not an n-gram model"},
	} {
		_, stderr, code := call(t, append([]string{"data", "lm"}, tc.args...)...)
		if code != tc.code || !strings.Contains(stderr, tc.want) {
			t.Errorf("%v: exit %d, want %d with %q: %s", tc.args, code, tc.code, tc.want, stderr)
		}
	}
	if _, err := os.Stat(model); err == nil {
		t.Error("a failed command left a model")
	}
}
