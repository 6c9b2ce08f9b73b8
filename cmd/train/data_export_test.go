package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"huihai/data/export"
)

func TestDataExport(t *testing.T) {
	dir := t.TempDir()
	var lines strings.Builder
	for i := range 6 {
		fmt.Fprintf(&lines, `{"id":"d%d","text":"All of it was rain, and part %d of it will be rain again."}`+"\n", i, i*i)
	}
	in := writeTestFile(t, filepath.Join(dir, "a.jsonl"), lines.String())
	set := filepath.Join(dir, "set")
	if _, stderr, code := call(t, "data", "build", "--input", in, "--output", set, "--vocab-size", "400", "--sequence-length", "16", "--near-dedup=false"); code != exitOK {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	for _, format := range []string{"megatron", "jsonl"} {
		stdout, stderr, code := call(t, "data", "export", set, "--format", format, "--output", filepath.Join(dir, "out-"+format))
		var s export.Summary
		if err := json.Unmarshal([]byte(stdout), &s); code != exitOK || err != nil || s.Documents != 6 || s.Sequences != 6 || !strings.Contains(stderr, "6 sequences") {
			t.Errorf("%s: exit %d, %v, %+v: %s", format, code, err, s, stderr)
		}
	}
	for _, tc := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{set, "--format", "megatron", "--output", filepath.Join(dir, "out-megatron")}, exitFailure, "exists"},
		{[]string{set, "--format", "npy", "--output", "x"}, exitUsage, `format is "npy"`},
		{[]string{set, "--format", "jsonl"}, exitUsage, "output is empty"},
		{[]string{set, "--format", "jsonl", "--unit", "rows", "--output", "x"}, exitUsage, "rows go with format megatron"},
		{[]string{set, "--format", "jsonl", "--split", "test", "--output", "x"}, exitUsage, `split is "test"`},
		{[]string{"--format", "jsonl", "--output", "x"}, exitUsage, "one folder"},
		{[]string{dir, "--format", "jsonl", "--output", "x"}, exitFailure, "no data set"},
		{[]string{set, "--format", "jsonl", "--split", "validation", "--output", "x"}, exitFailure, "validation split"},
	} {
		stdout, stderr, code := call(t, append([]string{"data", "export"}, tc.args...)...)
		if code != tc.code || !strings.Contains(stderr, tc.want) || stdout != "" {
			t.Errorf("%v: exit %d, want %d; %q does not say %q", tc.args, code, tc.code, stderr, tc.want)
		}
	}
}
