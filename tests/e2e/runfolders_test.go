package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	ossignal "os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"huihai/checkpoint"
	"huihai/telemetry"
)

// damage changes a byte in the middle of a file.
func damage(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 0x10
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// copied is a copy of a folder.
func copied(t *testing.T, dir string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(out, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return out
}

// readRecord is run.json.
func readRecord(t *testing.T, dir string) (r struct {
	RunID  string `json:"run_id"`
	Parent *checkpoint.Parent
	Status string
}) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "run.json"))
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Going on under other settings makes a new run that names its parent; every
// change is told, and what cannot change is refused.
func TestResumeUnderOtherSettings(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	first := pretrain(t, tinyRun(t, out))
	r := train(t, tinyRun(t, out, "train.resume_from_checkpoint=latest", "train.max_steps=16", "optim.learning_rate=2e-3", "train.gradient_accumulation_steps=1")...)
	var got runResult
	r.ok(t, &got)
	if got.RunID == first.RunID || got.Parent == nil || got.Parent.RunID != first.RunID || got.Parent.Step != 12 {
		t.Errorf("run %s with parent %+v goes on from run %s", got.RunID, got.Parent, first.RunID)
	}
	for _, line := range []string{"optim.learning_rate: 0.001 -> 0.002", "train.steps: 12 -> 16", "train.rows_per_step: 8 -> 4"} {
		if !strings.Contains(r.stderr, "changed since the checkpoint: "+line) {
			t.Errorf("the screen does not tell %q:\n%s", line, r.stderr)
		}
	}
	if got.Ledger.Read != (12*8+4*4)*32 {
		t.Errorf("%d tokens read", got.Ledger.Read)
	}
	again := pretrain(t, tinyRun(t, out, "train.resume_from_checkpoint="+out, "train.max_steps=20", "optim.learning_rate=2e-3", "train.gradient_accumulation_steps=1"))
	if again.Parent == nil || again.Parent.RunID != got.RunID {
		t.Errorf("the third run has parent %+v, want %s", again.Parent, got.RunID)
	}
	for _, set := range []string{"train.seed=7", "loader.seed=9", "loader.shuffle=false", "optim.optimizer=lion", "model.hidden_size=64", "model.rope_theta=5000"} {
		key, _, _ := strings.Cut(set, "=")
		train(t, tinyRun(t, out, "train.resume_from_checkpoint=latest", "train.max_steps=24", set)...).fails(t, 1, key)
	}
}

// A checkpoint of a program that did not record settings is read, and the new run
// names it.
func TestResumeOfAnOlderCheckpoint(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	pretrain(t, tinyRun(t, out))
	l, err := checkpoint.Load(filepath.Join(out, "checkpoint-8"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	st := checkpoint.State{Trainer: l.Trainer, Model: checkpoint.SaveOptions{Config: l.Model.Config}}
	st.Trainer.Run.Settings, st.Trainer.Run.Extra, st.Trainer.Run.RunID = nil, nil, "older"
	st.Model.Tokenizer, err = os.ReadFile(filepath.Join(l.Path, "tokenizer.model"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range l.Model.Names() {
		x, err := l.Model.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		st.Model.Tensors = append(st.Model.Tensors, checkpoint.TensorSource{Name: name, Shape: x.Shape, DType: x.DType, WriteTo: raw(x.Bytes())})
	}
	for _, name := range l.Optimizer.Names() {
		x, err := l.Optimizer.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		st.Optimizer = append(st.Optimizer, checkpoint.TensorSource{Name: name, Shape: x.Shape, DType: x.DType, WriteTo: raw(x.Bytes())})
	}
	older := t.TempDir()
	if _, err := checkpoint.Save(t.Context(), older, st); err != nil {
		t.Fatal(err)
	}
	r := train(t, tinyRun(t, older, "train.resume_from_checkpoint=latest")...)
	var got runResult
	r.ok(t, &got)
	if got.Parent == nil || got.Parent.RunID != "older" || !strings.Contains(r.stderr, "of an older program") {
		t.Errorf("parent %+v; the screen:\n%s", got.Parent, r.stderr)
	}
	a, b := sums(t, got.Checkpoint), sums(t, filepath.Join(out, "checkpoint-12"))
	if a["model.safetensors"] != b["model.safetensors"] || a["optimizer.safetensors"] != b["optimizer.safetensors"] {
		t.Errorf("weights %v, want %v", a, b)
	}
}

func raw(b []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}
}

// The words and folders that resume_from_checkpoint takes.
func TestResumeFromCheckpoint(t *testing.T) {
	dir := t.TempDir()
	base := filepath.Join(dir, "base")
	pretrain(t, tinyRun(t, base))
	empty := filepath.Join(dir, "empty")
	for _, word := range []string{"latest", "true"} {
		train(t, tinyRun(t, empty, "train.resume_from_checkpoint="+word)...).fails(t, 1, "no complete checkpoint", "auto")
		if got := pretrain(t, tinyRun(t, copied(t, base), "train.resume_from_checkpoint="+word, "train.max_steps=14")); got.StepsNow != 2 {
			t.Errorf("%s: %d steps", word, got.StepsNow)
		}
	}
	if _, err := os.Stat(empty); err == nil {
		t.Error("a refused run leaves its folder behind")
	}
	if got := pretrain(t, tinyRun(t, empty, "train.resume_from_checkpoint=auto")); got.StepsNow != 12 {
		t.Errorf("auto in an empty folder does %d steps", got.StepsNow)
	}
	if got := pretrain(t, tinyRun(t, empty, "train.resume_from_checkpoint=auto", "train.max_steps=14")); got.StepsNow != 2 {
		t.Errorf("auto goes on with %d steps", got.StepsNow)
	}
	// A run's folder stands for its newest checkpoint, in a folder of its own.
	branch := filepath.Join(dir, "branch")
	got := pretrain(t, tinyRun(t, branch, "train.resume_from_checkpoint="+base, "train.max_steps=14", "optim.learning_rate=5e-4"))
	if got.StepsNow != 2 || got.Parent == nil || !slices.Equal(checkpointsIn(t, branch), []string{"checkpoint-14"}) {
		t.Errorf("%+v with %v", got, checkpointsIn(t, branch))
	}
	train(t, tinyRun(t, branch, "train.resume_from_checkpoint="+filepath.Join(base, "checkpoint-4"))...).fails(t, 1, "another train.output_dir")
	train(t, tinyRun(t, branch, "train.resume_from_checkpoint="+filepath.Join(base, "nothing"))...).fails(t, 1, "is no folder")
	train(t, tinyRun(t, branch)...).fails(t, 1, "train.resume_from_checkpoint=auto")
}

// A damaged newest checkpoint is passed over with a word, and set aside.
func TestDamagedNewestCheckpoint(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	want := sums(t, pretrain(t, tinyRun(t, out)).Checkpoint)
	damage(t, filepath.Join(out, "checkpoint-12", "model.safetensors"))
	r := train(t, tinyRun(t, out, "train.resume_from_checkpoint=auto")...)
	var got runResult
	r.ok(t, &got)
	if got.StepsNow != 4 || !maps.Equal(sums(t, got.Checkpoint), want) || !strings.Contains(r.stderr, "going back to the checkpoint before") {
		t.Errorf("%+v\n%s", got, r.stderr)
	}
	if entries, err := os.ReadDir(filepath.Join(out, "abandoned", "1")); err != nil || len(entries) != 1 {
		t.Errorf("set aside: %v (%v)", entries, err)
	}
	damage(t, filepath.Join(out, "checkpoint-12", "optimizer.safetensors"))
	train(t, tinyRun(t, out, "train.resume_from_checkpoint="+filepath.Join(out, "checkpoint-12"))...).fails(t, 1, "optimizer.safetensors is damaged", "checkpoint-8")
}

// Two processes do not share a folder.
func TestFolderInUse(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	c := exec.Command(binary, tinyRun(t, out, "train.max_steps=1000000", "train.logging_steps=1")...)
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, stderr, "step")
	train(t, tinyRun(t, out, "train.resume_from_checkpoint=auto")...).fails(t, 1, fmt.Sprintf("process %d", c.Process.Pid), "is in use", "train.output_dir")
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, stderr) //nolint:errcheck // only to keep the pipe empty
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	if strings.Count(logOf(t, out), `"step":1,`) != 1 {
		t.Error("the log has step 1 twice")
	}
}

// waitFor reads until a line begins with what is wanted.
func waitFor(t *testing.T, r io.Reader, prefix string) {
	t.Helper()
	var line []byte
	one := make([]byte, 1)
	for {
		if _, err := r.Read(one); err != nil {
			t.Fatalf("no line begins with %q: %v", prefix, err)
		}
		if one[0] != '\n' {
			line = append(line, one[0])
			continue
		}
		if bytes.HasPrefix(line, []byte(prefix)) {
			return
		}
		line = line[:0]
	}
}

// What a run that failed or was stopped before its first planned save leaves does
// not mix with the next one in the folder; a person's own config.yaml stays.
func TestFreshRunInAUsedFolder(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	if err := os.Mkdir(out, 0o755); err != nil {
		t.Fatal(err)
	}
	mine := filepath.Join(out, "config.yaml")
	if err := os.WriteFile(mine, []byte("preset: pretrain\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	train(t, tinyRun(t, out, "optim.learning_rate=1e30", "optim.warmup_steps=0", "optim.max_grad_norm=0")...).fails(t, 1, "step", "faults")
	if b, err := os.ReadFile(mine); err != nil || string(b) != "preset: pretrain\n" {
		t.Errorf("the person's config.yaml has %q (%v)", b, err)
	}
	if s := readRecord(t, out).Status; s != "failed" {
		t.Errorf("the record says %s", s)
	}
	pretrain(t, tinyRun(t, out))
	files, err := filepath.Glob(filepath.Join(out, "runs", "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("event files %v (%v)", files, err)
	}
	f, err := os.Open(files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	events, err := telemetry.ReadEvents(f)
	if err != nil {
		t.Fatal(err)
	}
	var steps []int
	for _, e := range events {
		for _, s := range e.Scalars {
			if s.Tag == telemetry.TagLoss {
				steps = append(steps, e.Step)
			}
		}
	}
	if !slices.Equal(steps, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}) {
		t.Errorf("TensorBoard has steps %v", steps)
	}
	if s := readRecord(t, out).Status; s != "finished" {
		t.Errorf("the record says %s", s)
	}
}

// Going on from an earlier step moves the later ones aside; latest follows the
// line.
func TestLatestFollowsTheLine(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	pretrain(t, tinyRun(t, out, "train.max_steps=16"))
	r := train(t, tinyRun(t, out, "train.max_steps=8", "optim.learning_rate=5e-3", "train.resume_from_checkpoint="+filepath.Join(out, "checkpoint-4"))...)
	if r.code != 0 || !strings.Contains(r.stderr, "moved to") {
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	if got := checkpointsIn(t, out); !slices.Equal(got, []string{"checkpoint-4", "checkpoint-8"}) {
		t.Errorf("the line has %v", got)
	}
	got := pretrain(t, tinyRun(t, out, "train.max_steps=20", "optim.learning_rate=5e-3", "train.resume_from_checkpoint=latest"))
	if got.StepsNow != 12 {
		t.Errorf("latest goes on with %d steps", got.StepsNow)
	}
	if entries, err := os.ReadDir(filepath.Join(out, "abandoned", "1")); err != nil || len(entries) != 3 {
		t.Errorf("set aside: %v (%v)", entries, err)
	}
}

// A finished run that is resumed does nothing: no step, no evaluation, no line in
// the log. One that ended between its last save and its evaluation makes up for
// it.
func TestResumeOfAFinishedRun(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	first := pretrain(t, tinyRun(t, out, "train.eval_steps=4"))
	log := logOf(t, out)
	got := pretrain(t, tinyRun(t, out, "train.eval_steps=4", "train.resume_from_checkpoint=latest"))
	if got.StepsNow != 0 || got.Loss != first.Loss || got.Eval == nil || got.Eval.Loss != first.Eval.Loss || logOf(t, out) != log {
		t.Errorf("%+v, at first %+v", got, first)
	}
	lines := strings.SplitAfter(strings.TrimSpace(readFile(t, filepath.Join(out, "trainer_log.jsonl")))+"\n", "\n")
	if err := os.WriteFile(filepath.Join(out, "trainer_log.jsonl"), []byte(strings.Join(lines[:len(lines)-2], "")), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := pretrain(t, tinyRun(t, out, "train.eval_steps=4", "train.resume_from_checkpoint=latest")); got.Eval.Loss != first.Eval.Loss || logOf(t, out) != log {
		t.Errorf("%+v; the log:\n%s\nwant\n%s", got.Eval, logOf(t, out), log)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// An evaluation that fails costs no training: the checkpoint stands.
func TestDamagedHeldOutShard(t *testing.T) {
	data, err := dataSet()
	if err != nil {
		t.Fatal(err)
	}
	bad := copied(t, data)
	shards, err := filepath.Glob(filepath.Join(bad, "validation", "*.parquet"))
	if err != nil || len(shards) == 0 {
		t.Fatal(shards, err)
	}
	damage(t, shards[0])
	out := filepath.Join(t.TempDir(), "out")
	args := tinyRun(t, out, "train.dataset_dir="+bad, "checkpoint.save_steps=0")
	train(t, args...).fails(t, 1, "THE EVALUATION WILL FAIL", "is damaged", "evaluation after step 12")
	if got := checkpointsIn(t, out); !slices.Equal(got, []string{"checkpoint-12"}) {
		t.Errorf("checkpoints %v", got)
	}
	if err := os.Remove(shards[0]); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other")
	train(t, tinyRun(t, other, "train.dataset_dir="+bad)...).fails(t, 1, filepath.Base(shards[0]))
	if _, err := os.Stat(other); err == nil {
		t.Error("a refused run leaves its folder behind")
	}
	whole := copied(t, data)
	damage(t, filepath.Join(whole, "tokenizer.model"))
	train(t, tinyRun(t, other, "train.dataset_dir="+whole)...).fails(t, 1, "tokenizer.model")
}

// Training goes on without anybody listening.
func TestClosedPipe(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	c := exec.Command(binary, tinyRun(t, out, "train.max_steps=200", "train.logging_steps=1")...)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stdout, c.Stderr = w, w
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	waitFor(t, r, "step")
	r.Close()
	if err := c.Wait(); err != nil {
		t.Errorf("the run ended with %v", err)
	}
	if got := checkpointsIn(t, out); !slices.Contains(got, "checkpoint-200") {
		t.Errorf("checkpoints %v", got)
	}
}

// Stop signals before the first step: the run is saved and can go on.
func TestSignalsBeforeTheFirstStep(t *testing.T) {
	for signal, want := range map[syscall.Signal]int{syscall.SIGTERM: 75, syscall.SIGHUP: 75, syscall.SIGUSR1: 75, syscall.SIGINT: 0} {
		if signal == syscall.SIGHUP && ossignal.Ignored(signal) {
			continue // the tests were started by nohup, and so is the program
		}
		out := filepath.Join(t.TempDir(), "out")
		c := exec.Command(binary, tinyRun(t, out, "train.max_steps=100000")...)
		stderr, err := c.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		waitFor(t, stderr, "汇海")
		if err := c.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(stderr)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Wait(); err != nil && want == 0 {
			t.Errorf("%v: %v", signal, err)
		}
		if got := c.ProcessState.ExitCode(); got != want {
			t.Errorf("%v: exit code %d, want %d\n%s", signal, got, want, all)
		}
		if n := len(checkpointsIn(t, out)); n != 1 {
			t.Errorf("%v: %d checkpoints", signal, n)
		}
	}
}
