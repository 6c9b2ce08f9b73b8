package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huihai/tokenizer"
)

// tokenizerVerb runs "train tokenizer ..." and returns its output, what went to
// standard error, and the exit code.
func tokenizerVerb(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	root := newRootCmd()
	root.SetArgs(append([]string{"tokenizer"}, args...))
	root.SetIn(strings.NewReader(stdin))
	root.SetOut(&out)
	root.SetErr(&errs)
	code = report(t.Context(), &errs, root.ExecuteContext(t.Context()))
	return out.String(), errs.String(), code
}

func writeTestFile(t *testing.T, path, content string) string {
	t.Helper()
	if strings.HasSuffix(path, ".gz") {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		content = b.String()
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// trainTestTokenizer makes a model through the command line.
func trainTestTokenizer(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	text := writeTestFile(t, filepath.Join(dir, "a.txt"), "the cat sat on the mat\nthe dog sat on the log\n")
	lines := writeTestFile(t, filepath.Join(dir, "b.jsonl.gz"), `{"text":"你好世界\n你好朋友","id":7}`+"\n\n"+`{"text":"the end"}`)
	model := filepath.Join(dir, "sub", "tokenizer.model")
	out, stderr, code := tokenizerVerb(t, "", "train", "--input", text, lines, "--output", model,
		"--vocab-size", "320", "--user-defined-symbol", "<mark>", "--hard-vocab-limit=false")
	if code != 0 {
		t.Fatalf("train: exit %d: %s", code, stderr)
	}
	var summary struct {
		Output, Fingerprint string
		VocabSize           int `json:"vocab_size"`
		Documents, Files    int
	}
	if err := json.Unmarshal([]byte(out), &summary); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	tok, err := tokenizer.Load(model)
	if err != nil {
		t.Fatal(err)
	}
	if summary.Fingerprint != tok.Fingerprint() || summary.VocabSize != tok.VocabSize() || summary.Files != 2 || summary.Documents != 4 {
		t.Errorf("summary %s does not describe the model", out)
	}
	if id, ok := tok.ID("<mark>"); !ok || !tok.IsUserDefined(id) {
		t.Error("the user-defined piece is missing")
	}
	if _, ok := tok.ID("▁the"); !ok {
		t.Error("the word of three lines was not learnt")
	}
	return model
}

func TestTokenizerEncodeDecode(t *testing.T) {
	model := trainTestTokenizer(t)
	in := `{"text":"the cat <mark> 你好\n\u0000<reserved_106>"}` + "\n\n" + `{"text":""}`
	ids, stderr, code := tokenizerVerb(t, in, "encode", "--model", filepath.Dir(model), "--input", "-")
	if code != 0 || strings.Count(ids, "\n") != 2 || !strings.HasSuffix(ids, "{\"ids\":[]}\n") {
		t.Fatalf("encode: exit %d: %s%s", code, ids, stderr)
	}
	file := writeTestFile(t, filepath.Join(t.TempDir(), "ids.jsonl"), ids)
	text, stderr, code := tokenizerVerb(t, "", "decode", "--model", model, "--input", file)
	if want := `{"text":"the cat <mark> 你好\n\u0000<reserved_106>"}` + "\n" + `{"text":""}` + "\n"; code != 0 || text != want {
		t.Errorf("decode: exit %d: %s%s", code, text, stderr)
	}
	twice, stderr, code := tokenizerVerb(t, ids, "decode", "--model", model, "--input", file, "-", "--input", file)
	if code != 0 || twice != strings.Repeat(text, 3) {
		t.Errorf("decode of several inputs: exit %d: %s%s", code, twice, stderr)
	}
	user, _, _ := tokenizerVerb(t, in, "encode", "--user", "--model", model, "--input", "-")
	if len(user) <= len(ids) {
		t.Errorf("--user keeps the reserved piece: %s", user)
	}
}

func TestTokenizerInspect(t *testing.T) {
	model := trainTestTokenizer(t)
	out, stderr, code := tokenizerVerb(t, "", "inspect", "--model", model, "--top", "2")
	var info tokenizer.Info
	if err := json.Unmarshal([]byte(out), &info); err != nil || code != 0 {
		t.Fatalf("exit %d: %v: %s", code, err, stderr)
	}
	if info.ModelType != "bpe" || info.Pieces["byte"] != 256 || len(info.Longest) != 2 {
		t.Errorf("%s", out)
	}
}

func TestTokenizerMistakes(t *testing.T) {
	model := trainTestTokenizer(t)
	dir := t.TempDir()
	bad := writeTestFile(t, filepath.Join(dir, "bad.jsonl"), `{"text":"a"}`+"\n"+`{"tex":"b"}`+"\n"+`{"text":"c"}`)
	badIDs := writeTestFile(t, filepath.Join(dir, "ids.jsonl"), `{"ids":[1,99999]}`)
	notText := writeTestFile(t, filepath.Join(dir, "page.html"), "x")
	notGzip := filepath.Join(dir, "x.txt.gz")
	if err := os.WriteFile(notGzip, []byte("plain"), 0o644); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out.model")
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"", exitUsage, "needs a verb"},
		{"encode", exitUsage, "--model"},
		{"encode --model " + model + " --input " + bad, exitFailure, bad + ":2: the line has no \"text\""},
		{"encode --model " + bad + " --input " + bad, exitFailure, bad},
		{"encode --model " + model + " --input " + dir + "/missing", exitFailure, "missing"},
		{"encode --model " + model + " --input " + bad + " " + dir + "/missing", exitFailure, "missing"},
		{"encode --model " + model + " " + bad, exitUsage, "stray word"},
		{"inspect --model " + model + " " + bad, exitUsage, "takes no argument"},
		{"decode --model " + model + " --input " + badIDs, exitFailure, badIDs + ":1: "},
		{"inspect", exitUsage, "--model"},
		{"inspect --top -1 --model " + model, exitUsage, "--top"},
		{"train --input " + bad + " --output " + out, exitUsage, "--vocab-size"},
		{"train --vocab-size 3 --input " + bad + " --output " + out, exitUsage, "special pieces"},
		{"train --vocab-size 400 --input " + bad + " --output " + out, exitFailure, bad + ":2: the line has no \"text\""},
		{"train --vocab-size 400 --input " + notText + " --output " + out, exitFailure, notText},
		{"train --vocab-size 400 --input " + notGzip + " --output " + out, exitFailure, "not a gzip file"},
		{"train --vocab-size 400 --input " + t.TempDir() + " --output " + out, exitFailure, "holds no .txt"},
	} {
		_, stderr, code := tokenizerVerb(t, "", strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("tokenizer %s: exit %d, want %d; message %q, want %q in it", c.args, code, c.code, stderr, c.want)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a failed training left a model")
	}
}
