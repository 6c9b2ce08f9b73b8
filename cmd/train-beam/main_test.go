package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	sdk "github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/google/go-cmp/cmp"

	"huihai/data"
	"huihai/data/build"
)

func TestMain(m *testing.M) {
	flag.Parse()
	sdk.Init()
	os.Exit(m.Run())
}

func parse(t *testing.T, args ...string) *flags {
	t.Helper()
	set := flag.NewFlagSet("", flag.ContinueOnError)
	o := addFlags(set)
	if err := set.Parse(args); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestFlagsAreSettings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(file, []byte("data:\n  output: elsewhere\n  seed: 7\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := parse(t, "--config", file, "--input", "a", "--input", "n=b", "--output", "o", "--tokenizer", "t.model", "--keep-work", "--set", "data.workers=3").load()
	if err != nil {
		t.Fatal(err)
	}
	want := build.Default()
	want.Inputs, want.Output, want.Tokenizer, want.KeepWork, want.Seed, want.Workers = []string{"a", "n=b"}, "o", "t.model", true, 7, 3
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	var usage usageError
	if _, err := parse(t, "--input", "a", "--output", "o", "--set", "data.nonsense=3").load(); !errors.As(err, &usage) || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("a key that does not exist: %v", err)
	}
}

func TestBuildPrintsTheReport(t *testing.T) {
	var text bytes.Buffer
	for i := range 200 {
		fmt.Fprintf(&text, "{\"text\": \"The river number %d crosses the city of %d gardens and finds the sea.\"}\n", i, i*i)
	}
	in := filepath.Join(t.TempDir(), "in.jsonl")
	if err := os.WriteFile(in, text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "set")
	t.Setenv("TMPDIR", t.TempDir())
	var stdout, stderr bytes.Buffer
	o := parse(t, "--input", in, "--output", out, "--set", "data.vocab_size=400", "--set", "data.pack.sequence_length=32")
	if err := o.run(context.Background(), &stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	var r build.Report
	if err := json.Unmarshal(stdout.Bytes(), &r); err != nil || r.Read.Documents != 200 {
		t.Errorf("report: %v, %d documents", err, r.Read.Documents)
	}
	if !strings.Contains(stderr.String(), "publish") {
		t.Errorf("stages on standard error: %q", stderr.String())
	}
	if _, err := data.Open(out, data.DefaultLoader()); err != nil {
		t.Error(err)
	}
}
