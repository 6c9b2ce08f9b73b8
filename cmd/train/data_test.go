package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huihai/data/build"
	"huihai/data/query"
)

func TestDataBuildAndInspect(t *testing.T) {
	dir := t.TempDir()
	text := strings.Repeat("The river runs to the sea. ", 3) + "\n\n秦川雄帝宅，函谷壯皇居。綺殿千尋起，離宮百雉餘。"
	in := writeTestFile(t, filepath.Join(dir, "a.txt"), text)
	in2 := writeTestFile(t, filepath.Join(dir, "b.jsonl.gz"), `{"body":"All of it was rain, and some of it will be rain again."}`+"\n{broken\n")
	config := writeTestFile(t, filepath.Join(dir, "c.yaml"), "data:\n  vocab_size: 400\n  pack:\n    sequence_length: 999\n  source:\n    text_field: body\n")
	out := filepath.Join(dir, "set")
	args := []string{"data", "build", "--config", config, "--input", "river=" + in, "--input", in2, "--output", out,
		"--sequence-length", "16", "--validation-fraction", "0.4", "--workers", "2"}
	stdout, stderr, code := call(t, args...)
	if code != exitOK {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	var r build.Report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("%v: %s", err, stdout)
	}
	if r.Kept.Documents != 2 || r.Rejected["broken_json"].Documents != 1 || r.Sources["river"].Kept.Documents != 1 || !r.Tokenizer.Trained || r.Tokenizer.VocabSize > 400 {
		t.Errorf("report %+v", r)
	}
	for _, want := range []string{"kept", "broken_json", "gather", "pack"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("the page does not mention %s:\n%s", want, stderr)
		}
	}
	stdout, stderr, code = call(t, "data", "inspect", out)
	var info query.Inspection
	if err := json.Unmarshal([]byte(stdout), &info); code != exitOK || err != nil {
		t.Fatalf("inspect: exit %d, %v: %s", code, err, stderr)
	}
	if info.SequenceLength != 16 || info.Fingerprint != r.Fingerprint || len(info.Splits) != 2 || info.Splits[1].Rows == 0 || info.Documents != 2 ||
		!strings.Contains(info.Schemas["tokens"], "token_ids") {
		t.Errorf("inspection %+v", info)
	}
	if _, stderr, code = call(t, args...); code != exitOK || !strings.Contains(stderr, "up to date") {
		t.Errorf("the second run: exit %d\n%s", code, stderr)
	}
}

func TestDataMistakes(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "void"), 0o755); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "set")
	for _, tc := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"build"}, exitUsage, "inputs"},
		{[]string{"build", "--input", "x"}, exitUsage, "output"},
		{[]string{"build", "--input", "x", "--output", out, "--validation-fraction", "2"}, exitUsage, "validation_fraction"},
		{[]string{"build", "--input", "x", "--output", out, "--profile", "best"}, exitUsage, "profile"},
		{[]string{"build", "--input", "x", "--output", out, "--set", "data.nosuch=1"}, exitUsage, "nosuch"},
		{[]string{"build", "stray"}, exitUsage, "stray"},
		{[]string{"build", "--input", filepath.Join(dir, "missing"), "--output", out}, exitFailure, "missing"},
		{[]string{"build", "--input", filepath.Join(dir, "void"), "--output", out}, exitFailure, "no files"},
		{[]string{"inspect"}, exitUsage, "one folder"},
		{[]string{"inspect", filepath.Join(dir, "void")}, exitFailure, "no data set"},
		{[]string{}, exitUsage, "verb"},
	} {
		stdout, stderr, code := call(t, append([]string{"data"}, tc.args...)...)
		if code != tc.code || !strings.Contains(stderr, tc.want) || stdout != "" {
			t.Errorf("data %v: exit %d, want %d; %q does not say %q", tc.args, code, tc.code, stderr, tc.want)
		}
	}
}

// What cannot be read and what was damaged is told on standard error, where no one need
// look for it.
func TestDataBuildTellsOfWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	if err := os.Mkdir(in, 0o755); err != nil {
		t.Fatal(err)
	}
	writeTestFile(t, filepath.Join(in, "a.txt"), strings.Repeat("The river runs to the sea, and all of it was rain. ", 30))
	link := filepath.Join(in, "b.txt")
	if err := os.Symlink(filepath.Join(dir, "none"), link); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "set")
	args := []string{"data", "build", "--input", in, "--output", out, "--vocab-size", "300", "--sequence-length", "16", "--profile", "none"}
	_, stderr, code := call(t, args...)
	if code != exitFailure || !strings.Contains(stderr, "note: "+link) || !strings.Contains(stderr, "max_bad_files") {
		t.Errorf("a link that leads nowhere: exit %d\n%s", code, stderr)
	}
	if _, err := os.Stat(filepath.Join(out, "_manifest.json")); err == nil {
		t.Error("a data set was published")
	}
	args = append(args, "--set", "data.source.max_bad_files=1")
	if _, stderr, code = call(t, args...); code != exitOK || !strings.Contains(stderr, "note: "+link) {
		t.Errorf("one bad file allowed: exit %d\n%s", code, stderr)
	}
	shards, err := filepath.Glob(filepath.Join(out, "tokens", "*"))
	if err != nil || len(shards) == 0 {
		t.Fatalf("no shards: %v", err)
	}
	content, err := os.ReadFile(shards[0])
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	if err := os.WriteFile(shards[0], content, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code = call(t, args...); code != exitOK || !strings.Contains(stderr, "note: "+shards[0]) || strings.Contains(stderr, "up to date") {
		t.Errorf("a damaged shard: exit %d\n%s", code, stderr)
	}
}
