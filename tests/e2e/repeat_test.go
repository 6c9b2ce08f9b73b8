package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"huihai/checkpoint"
)

// A run is repeated from its own record, to the last byte; a step of it is done
// again, to the last bit; its documents are told with their losses.
func TestRepeating(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	pretrain(t, tinyRun(t, out, "train.batch_ramp=[{from_step: 0, rows: 2}, {from_step: 5, rows: 8}]", "optim.lr_scheduler_type=linear"))
	var again runResult
	train(t, "rerun", out, "--output", filepath.Join(dir, "again"), "--threads", "1").ok(t, &again)
	if !again.Equal || again.Steps != 12 {
		t.Errorf("the repetition: %+v", again)
	}
	// The line of another run, under other settings from step 8 on.
	pretrain(t, tinyRun(t, out, "train.resume_from_checkpoint="+filepath.Join(out, "checkpoint-8"), "optim.learning_rate=5e-4", "train.gradient_accumulation_steps=1", "train.max_steps=14"))
	train(t, "rerun", out, "--output", filepath.Join(dir, "branch")).ok(t, &again)
	if !again.Equal || again.Steps != 14 || again.StepsNow != 6 || again.Parent == nil {
		t.Errorf("the repetition of the branch: %+v", again)
	}
	for _, step := range []string{"1", "3", "6", "8", "9", "14"} {
		var got struct {
			Equal    bool
			Loss     float64
			From     string
			Recorded *struct{ Loss float64 }
			Sources  map[string]float64
		}
		train(t, "replay", out, step).ok(t, &got)
		if !got.Equal || got.Recorded == nil || got.Recorded.Loss != got.Loss || len(got.Sources) == 0 {
			t.Errorf("step %s: %+v", step, got)
		}
	}
	var told struct {
		Loss      float64
		Documents []struct {
			From, To int
			Tokens   int `json:"supervised_tokens"`
			Loss     float64
			Document struct{ ID, Source string }
		}
	}
	r := train(t, "explain", out, "6")
	r.ok(t, &told)
	sum, tokens := 0.0, 0
	for i, d := range told.Documents {
		sum += d.Loss * float64(d.Tokens)
		tokens += d.Tokens
		if d.Document.ID == "" || d.From >= d.To || i > 0 && d.Loss > told.Documents[i-1].Loss {
			t.Errorf("document %+v", d)
		}
	}
	// The training loss has the max-z term, which documents do not.
	if mean := sum / float64(tokens); tokens == 0 || mean > told.Loss || mean < told.Loss-0.1 || !strings.Contains(r.stderr, told.Documents[0].Document.ID) {
		t.Errorf("documents have a mean loss of %v over %d tokens, the step %v\n%s", sum/float64(tokens), tokens, told.Loss, r.stderr)
	}
	train(t, "replay", out, "15").fails(t, 1, "has 14 steps")
	train(t, "replay", out, "x").fails(t, 2, "is no step")
	train(t, "explain", dir, "1").fails(t, 1, "run.json")
	train(t, "rerun", out, "--output", out).fails(t, 1, "name another")
	train(t, "rerun", out).fails(t, 2, "--output")
	damage(t, filepath.Join(out, "checkpoint-8", "model.safetensors"))
	train(t, "replay", out, "9").fails(t, 1, "damaged")
}

// Passes over the data, whole or not, and what is left of the last one.
func TestPasses(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "a.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("Rain fell on the old harbour, and the boats lay still until morning. ", 92)), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := dataSet()
	if err != nil {
		t.Fatal(err)
	}
	small := filepath.Join(dir, "small")
	if r := train(t, "data", "build", "--input", text, "--output", small, "--tokenizer", filepath.Join(all, "tokenizer.model"), "--sequence-length", "32", "--profile", "none"); r.code != 0 {
		t.Fatal(r.stderr)
	}
	var inspected struct {
		Splits []struct {
			Name string
			Rows int64
		}
	}
	train(t, "data", "inspect", small).ok(t, &inspected)
	rows := int64(0)
	for _, s := range inspected.Splits {
		if s.Name == "train" {
			rows = s.Rows
		}
	}
	if rows < 40 || rows%8 == 0 {
		t.Fatalf("%d rows make no test of what is left", rows)
	}
	with := func(name string, set ...string) []string {
		return tinyRun(t, filepath.Join(dir, name), append([]string{"train.dataset_dir=" + small, "train.max_steps=0", "optim.warmup_steps=1"}, set...)...)
	}
	for epochs, want := range map[string]int64{"0": rows / 8, "1": rows / 8, "3": 3 * rows / 8, "0.5": rows / 2 / 8, "2.25": int64(2.25*float64(rows)) / 8} {
		r := train(t, with("epochs"+epochs, "train.num_train_epochs="+epochs)...)
		var got runResult
		r.ok(t, &got)
		if int64(got.Steps) != want || got.Ledger.Read != want*8*32 {
			t.Errorf("%s passes over %d rows: %d steps, %d tokens read, want %d steps", epochs, rows, got.Steps, got.Ledger.Read, want)
		}
		if epochs == "1" && (got.Unread["last_partial_step"] != rows%8*32 || !strings.Contains(r.stderr, fmt.Sprintf("last %d rows", rows%8))) {
			t.Errorf("not told: %v\n%s", got.Unread, r.stderr)
		}
	}
	// With another batch the rest of the pass is trained on once.
	first := pretrain(t, with("cut", "checkpoint.save_steps=2"))
	for _, name := range checkpointsIn(t, filepath.Join(dir, "cut")) {
		if name != "checkpoint-2" {
			if err := os.RemoveAll(filepath.Join(dir, "cut", name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := pretrain(t, with("cut", "train.gradient_accumulation_steps=1", "train.resume_from_checkpoint=latest"))
	if want := 2 + (rows-16)/4; int64(got.Steps) != want || got.Ledger.Read != (16+(rows-16)/4*4)*32 || first.Steps == got.Steps {
		t.Errorf("%d steps and %d tokens, want %d steps of the %d rows", got.Steps, got.Ledger.Read, want, rows)
	}
	train(t, with("x", "loader.epochs=3")...).fails(t, 2, "train.num_train_epochs")
	train(t, with("x", "loader.split=validation")...).fails(t, 2, "loader.split")
	train(t, with("x", "train.num_train_epochs=0.01")...).fails(t, 1, "train.num_train_epochs")
}

// A rehearsal checks everything and writes nothing; plan and run agree, with the
// evaluation in the plan.
func TestRehearsalAndPlan(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	var dry struct {
		runResult
		DryRun    bool                            `json:"dry_run"`
		Preflight []struct{ What, Result string } `json:"preflight"`
		GradNorm  float64                         `json:"grad_norm"`
	}
	train(t, append(tinyRun(t, out), "--dry-run")...).ok(t, &dry)
	if _, err := os.Stat(out); !os.IsNotExist(err) || !dry.DryRun || len(dry.Preflight) < 5 || dry.GradNorm <= 0 {
		t.Errorf("%+v (%v)", dry, err)
	}
	var plan struct {
		Peak       int64 `json:"peak_bytes"`
		Parameters int64
	}
	train(t, append([]string{"plan"}, tinyRun(t, out)[1:]...)...).ok(t, &plan)
	got := pretrain(t, tinyRun(t, out, "train.eval_steps=2"))
	if got.PlannedBytes != plan.Peak || got.Parameters != plan.Parameters || dry.PlannedBytes != plan.Peak || dry.RunID != got.RunID || dry.Loss.First != got.Loss.First {
		t.Errorf("planned %+v, rehearsed %+v, run %+v", plan, dry, got)
	}
	if got.Eval == nil || got.Eval.BitsPerByte <= 0 || len(got.Eval.Sources) != 2 || got.Best == nil {
		t.Errorf("evaluation %+v, best %+v", got.Eval, got.Best)
	}
	other := filepath.Join(t.TempDir(), "other")
	train(t, tinyRun(t, other, "train.memory_budget=9MB")...).fails(t, 1, "train.memory_budget", "it still needs", "MiB")
	train(t, tinyRun(t, other, "train.memory_budget=9MB", "checkpoint.async_save=always", "optim.optimizer=lion")...).fails(t, 1, "train.memory_budget")
	train(t, append([]string{"plan"}, tinyRun(t, out, "optim.lr_scheduler_type=cosinus")[1:]...)...).fails(t, 2, "lr_scheduler_type")
	// From a model folder the shape is that of its config.json, and only that.
	model := []string{"train.model_name_or_path=" + got.Checkpoint}
	train(t, append([]string{"plan"}, tinyRun(t, out, append(model, "model.hidden_size=64")...)[1:]...)...).fails(t, 1, "model.hidden_size is 64")
	train(t, tinyRun(t, other, append(model, "model.hidden_size=64")...)...).fails(t, 1, "model.hidden_size is 64")
	if next := pretrain(t, tinyRun(t, other, model...)); next.Parameters != got.Parameters || next.RunID == got.RunID {
		t.Errorf("%+v", next)
	}
	damage(t, filepath.Join(got.Checkpoint, "model.safetensors"))
	train(t, tinyRun(t, filepath.Join(out, "x"), model...)...).fails(t, 1, "model.safetensors")
	huge := tinyRun(t, other, "model.num_hidden_layers=1000000000")
	train(t, huge...).fails(t, 2, "num_hidden_layers")
	train(t, append([]string{"plan"}, huge[1:]...)...).fails(t, 2, "num_hidden_layers")
}

// Data of another tokenizer, however alike, does not reach a model.
func TestForeignTokenizer(t *testing.T) {
	dir := t.TempDir()
	got := pretrain(t, tinyRun(t, filepath.Join(dir, "out")))
	text := corpus(t, 20)
	other := filepath.Join(dir, "other")
	if r := train(t, "data", "build", "--input", text, "--output", other, "--vocab-size", "390", "--sequence-length", "32", "--profile", "none"); r.code != 0 {
		t.Fatal(r.stderr)
	}
	set := []string{"train.dataset_dir=" + other, "train.model_name_or_path=" + got.Checkpoint}
	train(t, tinyRun(t, filepath.Join(dir, "x"), set...)...).fails(t, 1, "another tokenizer", filepath.Join(other, "tokenizer.model"), filepath.Join(got.Checkpoint, "tokenizer.model"), "--tokenizer")
	train(t, tinyRun(t, filepath.Join(dir, "x"), "model.eos_token_id=5")...).fails(t, 1, "eos_token_id")
	bare := copied(t, got.Checkpoint)
	for _, name := range []string{"tokenizer.model", "complete.json"} {
		if err := os.Remove(filepath.Join(bare, name)); err != nil {
			t.Fatal(err)
		}
	}
	set[1] = "train.model_name_or_path=" + bare
	train(t, tinyRun(t, filepath.Join(dir, "x"), set...)...).fails(t, 1, "no tokenizer.model to compare with", "390")
}

// Frozen tensors stay as they were; patterns that match nothing are refused.
func TestFreezingAndGroups(t *testing.T) {
	dir := t.TempDir()
	set := []string{"checkpoint.save_log_base=2", "optim.freeze=[\"model.embed_tokens*\", \"model.layers.0.*\"]",
		"optim.groups=[{pattern: \"lm_head*\", lr_scale: 0.5, weight_decay: 0}]"}
	for _, optimizer := range []string{"adamw", "adamw_8bit", "adafactor", "lion", "muon"} {
		out := filepath.Join(dir, optimizer)
		got := pretrain(t, tinyRun(t, out, append(set, "optim.optimizer="+optimizer)...))
		first, last := tensors(t, filepath.Join(out, "checkpoint-0")), tensors(t, got.Checkpoint)
		for name, was := range first {
			frozen := strings.HasPrefix(name, "model.embed_tokens") || strings.HasPrefix(name, "model.layers.0.")
			if same := last[name] == was; same != frozen {
				t.Errorf("%s: %s: unchanged is %v", optimizer, name, same)
			}
		}
		if !(got.Loss.Last < got.Loss.First) {
			t.Errorf("%s: the loss went from %v to %v", optimizer, got.Loss.First, got.Loss.Last)
		}
	}
	train(t, tinyRun(t, filepath.Join(dir, "x"), "optim.freeze=[model.layer.0.*]")...).fails(t, 1, "optim.freeze", "model.layer.0.*", "model.layers.0")
	train(t, tinyRun(t, filepath.Join(dir, "x"), "optim.freeze=[\"*\"]")...).fails(t, 1, "optim.freeze")
}

// tensors are the contents of a checkpoint's weights by name.
func tensors(t *testing.T, dir string) map[string]string {
	t.Helper()
	m, err := checkpoint.OpenModel(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	out := map[string]string{}
	for _, name := range m.Names() {
		x, err := m.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(x.Bytes())
	}
	return out
}

// A run that fails for a fault keeps the state before it, the batch, and can be
// replayed to the same fault.
func TestFaultThroughTheBinary(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	set := []string{"optim.learning_rate=1e20", "optim.warmup_steps=0", "optim.max_grad_norm=0", "optim.lr_scheduler_type=constant", "checkpoint.save_steps=1"}
	r := train(t, tinyRun(t, out, set...)...)
	r.fails(t, 1, "step", "the weights are as they were after the step before", "faults")
	names := checkpointsIn(t, out)
	faults, err := filepath.Glob(filepath.Join(out, "faults", "step-*"))
	if err != nil || len(faults) != 1 || len(names) == 0 {
		t.Fatalf("faults %v (%v), checkpoints %v\n%s", faults, err, names, r.stderr)
	}
	step := strings.TrimPrefix(filepath.Base(faults[0]), "step-")
	var got struct{ Fault string }
	train(t, "replay", out, step).ok(t, &got)
	if !strings.Contains(got.Fault, "step "+step) {
		t.Errorf("replayed: %q", got.Fault)
	}
	var grads map[string]any
	// The batch is in the form that debug grads reads.
	last := filepath.Join(out, names[len(names)-1])
	g := train(t, "debug", "grads", "--model", last, "--input", filepath.Join(faults[0], "batch.jsonl"), "--output", filepath.Join(t.TempDir(), "g.safetensors"))
	if g.code == 0 {
		g.ok(t, &grads)
		if grads["supervised_tokens"].(float64) < 100 {
			t.Errorf("%v", grads)
		}
	} else {
		g.fails(t, 1, "NaN")
	}
}

// The live page of a run.
func TestDashboardOfARun(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	c := exec.Command(binary, append(tinyRun(t, out, "train.max_steps=1000000"), "--dashboard", "0")...)
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	url := ""
	var line []byte
	for one := make([]byte, 1); url == ""; {
		if _, err := stderr.Read(one); err != nil {
			t.Fatal("the dashboard's address is not told")
		}
		if line = append(line, one[0]); one[0] == '\n' {
			if _, after, ok := strings.Cut(string(line), "dashboard: "); ok {
				url = strings.TrimSpace(after)
			}
			line = line[:0]
		}
	}
	go io.Copy(io.Discard, stderr) //nolint:errcheck // only to keep the pipe empty
	resp, err := http.Get(url + "/api/runs")
	if err != nil {
		t.Fatal(err)
	}
	var body json.RawMessage
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil || !strings.Contains(string(body), readRecord(t, out).RunID) {
		t.Errorf("%s (%v)", body, err)
	}
	resp.Body.Close()
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
}
