package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// call runs one command line and returns what it printed and its exit code.
func call(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	root := newRootCmd()
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&errs)
	err := root.ExecuteContext(t.Context())
	code = report(context.Background(), &errs, err)
	return out.String(), errs.String(), code
}

func TestConfigList(t *testing.T) {
	out, _, code := call(t, "config", "list", "--json")
	var items []struct{ Name, Kind, Summary string }
	if code != exitOK || json.Unmarshal([]byte(out), &items) != nil || len(items) < 10 {
		t.Fatalf("exit %d, %s", code, out)
	}
	table, _, _ := call(t, "config", "list")
	for _, i := range items {
		if !strings.Contains(table, i.Name) || i.Summary == "" || i.Kind == "" {
			t.Errorf("%+v is not in the table", i)
		}
	}
}

func TestConfigInitAndShow(t *testing.T) {
	file := filepath.Join(t.TempDir(), "run.yaml")
	if _, stderr, code := call(t, "config", "init", "quickstart", "--output", file); code != exitOK {
		t.Fatal(stderr)
	}
	_, stderr, code := call(t, "config", "init", "tiny", "--output", file)
	if code != exitUsage || !strings.Contains(stderr, "--force") {
		t.Errorf("an existing file: exit %d, %s", code, stderr)
	}
	out, stderr, code := call(t, "config", "show", "--config", file, "--set", "train.seed=7")
	if code != exitOK || !strings.Contains(out, "seed: 7 ") || !strings.Contains(out, "# --set") || !strings.Contains(out, file+":") {
		t.Errorf("exit %d, %s%s", code, stderr, out)
	}
	// The output is a configuration.
	again := filepath.Join(t.TempDir(), "again.yaml")
	if err := os.WriteFile(again, []byte(out), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := call(t, "config", "show", "--config", again); code != exitOK {
		t.Error(stderr)
	}
	out, _, code = call(t, "config", "show", "--config", file, "--json")
	var shown struct {
		Config  map[string]map[string]any
		Origins map[string]string
	}
	if code != exitOK || json.Unmarshal([]byte(out), &shown) != nil || shown.Config["model"]["hidden_size"] == nil {
		t.Errorf("exit %d, %s", code, out)
	}
	if _, _, code := call(t, "config", "init", "tiny", "--output", file, "--force"); code != exitOK {
		t.Error("--force does not overwrite")
	}
	if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestConfigMistakes(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"config", "show", "--preset", "tinny"}, "did you mean tiny?"},
		{[]string{"config", "show", "--preset", "tiny", "--set", "train.sead=1"}, "did you mean train.seed?"},
		{[]string{"config", "init", "nothing"}, "config list"},
		{[]string{"config", "init"}, "name of one preset"},
		{[]string{"config", "keys", "optm"}, "did you mean optim?"},
		{[]string{"config", "shw"}, "no verb"},
	} {
		_, stderr, code := call(t, c.args...)
		if code != exitUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit %d, %s", c.args, code, stderr)
		}
	}
	_, stderr, code := call(t, "config", "show", "--config", filepath.Join(t.TempDir(), "none.yaml"))
	if code != exitFailure || !strings.Contains(stderr, "none.yaml") {
		t.Errorf("a missing file: exit %d, %s", code, stderr)
	}
}

func TestConfigKeys(t *testing.T) {
	out, _, code := call(t, "config", "keys", "optim.learning_rate")
	if code != exitOK || !strings.Contains(out, "HUIHAI_OPTIM_LEARNING_RATE") || strings.Contains(out, "optim.beta1") {
		t.Errorf("exit %d, %s", code, out)
	}
}

func TestConfigSchema(t *testing.T) {
	out, _, code := call(t, "config", "schema")
	if code != exitOK || !json.Valid([]byte(out)) || !strings.Contains(out, "learning_rate") {
		t.Errorf("exit %d, %s", code, out)
	}
}
