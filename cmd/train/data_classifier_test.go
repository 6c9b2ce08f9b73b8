package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huihai/data/linear"
)

func TestClassifierVerbs(t *testing.T) {
	dir := t.TempDir()
	var good, bad, labelled strings.Builder
	for i := range 40 {
		fmt.Fprintf(&good, `{"text":"the river %d flows to the sea 山水"}`+"\n", i)
		fmt.Fprintf(&bad, `{"text":"buy %d cheap pills now 廣告"}`+"\n", i)
	}
	for i := range 10 {
		fmt.Fprintf(&labelled, `{"body":"rain and sea %d","grade":1}`+"\n"+`{"body":"cheap pills %d now","grade":0}`+"\n", i, i)
	}
	goodFile := writeTestFile(t, filepath.Join(dir, "good.jsonl.gz"), good.String())
	badFile := writeTestFile(t, filepath.Join(dir, "bad.jsonl"), bad.String()+"{broken\n")
	grades := writeTestFile(t, filepath.Join(dir, "grades.jsonl"), labelled.String()+`{"body":"no grade"}`+"\n")
	model := filepath.Join(dir, "m.bin")

	stdout, stderr, code := call(t, "data", "classifier", "train", "--positive", goodFile, "--negative", badFile, "--output", model,
		"--bucket", "1000", "--lr", "1", "--folds", "4")
	var r struct {
		linear.Report
		Rejected map[string]int64
		Cross    linear.Quality `json:"cross_validation"`
	}
	if err := json.Unmarshal([]byte(stdout), &r); code != exitOK || err != nil {
		t.Fatalf("train: exit %d, %v: %s", code, err, stderr)
	}
	if r.Documents != 80 || r.Labels["positive"] != 40 || r.Rejected["broken_json"] != 1 || r.Cross.Accuracy < 0.9 {
		t.Errorf("report %+v", r)
	}

	stdout, stderr, code = call(t, "data", "classifier", "score", "--model", model, "--input", goodFile, badFile, "--label", "positive")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if code != exitOK || len(lines) != 80 {
		t.Fatalf("score: exit %d, %d lines: %s", code, len(lines), stderr)
	}
	for i, line := range lines {
		var s struct {
			FilePath    string `json:"file_path"`
			Predictions []linear.Prediction
		}
		if err := json.Unmarshal([]byte(line), &s); err != nil || len(s.Predictions) != 1 || s.Predictions[0].Label != "positive" ||
			(s.Predictions[0].Probability > 0.5) != (s.FilePath == "good.jsonl.gz") {
			t.Errorf("line %d: %s (%v)", i, line, err)
		}
	}

	eval := []string{"data", "classifier", "eval", "--model", model, "--input", grades, "--text-field", "body", "--label-field", "grade"}
	stdout, stderr, code = call(t, append(eval, "--positive", "1")...)
	var q struct {
		linear.Quality
		NoLabel int64 `json:"no_label"`
	}
	if err := json.Unmarshal([]byte(stdout), &q); code != exitOK || err != nil || q.Labels["positive"].AUC < 0.95 || q.Documents != 20 || q.NoLabel != 1 {
		t.Errorf("eval: exit %d, %v: %s%s", code, err, stdout, stderr)
	}
	if _, stderr, code = call(t, eval...); code != exitFailure || !strings.Contains(stderr, "--positive") {
		t.Errorf("labels the model does not know: exit %d, %s", code, stderr)
	}

	own := filepath.Join(dir, "grades.bin")
	stdout, stderr, code = call(t, "data", "classifier", "train", "--input", grades, "--text-field", "body", "--label-field", "grade", "--output", own, "--bucket", "100", "--loss", "ova", "--epoch", "2", "--lr", "0.01")
	if code != exitOK || !strings.Contains(stderr, "hardly learnt") || !strings.Contains(stdout, `"labels":{"0":10,"1":10}`) {
		t.Errorf("labelled training: exit %d, %s%s", code, stdout, stderr)
	}
}

func TestClassifierMistakes(t *testing.T) {
	dir := t.TempDir()
	text := writeTestFile(t, filepath.Join(dir, "a.jsonl"), `{"text":"x","label":"a b"}`+"\n")
	object := writeTestFile(t, filepath.Join(dir, "object.jsonl"), `{"text":"y","label":{"k":1}}`+"\n")
	one := writeTestFile(t, filepath.Join(dir, "one.jsonl"), `{"text":"x","label":"only"}`+"\n")
	out := filepath.Join(dir, "m.bin")
	for _, tc := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{}, exitUsage, "verb"},
		{[]string{"train", "--positive", text, "--output", out}, exitUsage, "--negative"},
		{[]string{"train", "--positive", text, "--negative", text, "--input", text, "--output", out}, exitUsage, "either"},
		{[]string{"train", "--input", text, "--label-field", "label", "--output", out, "--dim", "0"}, exitUsage, "dim is 0"},
		{[]string{"train", "--input", text, "--label-field", "label", "--output", out}, exitFailure, "white space"},
		{[]string{"train", "--input", object, "--label-field", "label", "--output", out}, exitFailure, "--label-field"},
		{[]string{"train", "--input", one, "--label-field", "label", "--output", out}, exitFailure, "(only)"},
		{[]string{"train", "--input", filepath.Join(dir, "none"), "--label-field", "label", "--output", out}, exitFailure, "none"},
		{[]string{"score", "--input", text}, exitUsage, "--model"},
		{[]string{"score", "--model", text, "--input", text}, exitFailure, "no model of fastText"},
		{[]string{"eval", "--model", text, "--input", text}, exitUsage, "--label-field"},
	} {
		stdout, stderr, code := call(t, append([]string{"data", "classifier"}, tc.args...)...)
		if code != tc.code || !strings.Contains(stderr, tc.want) || stdout != "" {
			t.Errorf("classifier %v: exit %d, want %d; %q does not say %q", tc.args, code, tc.code, stderr, tc.want)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a mistake left a model")
	}
}
