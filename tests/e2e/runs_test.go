package e2e

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"go.yaml.in/yaml/v3"

	"huihai/checkpoint"
)

var kills = flag.Int("kills", 24, "processes that TestKilledRunsEndInTheSameFiles ends early")

// dataSet builds a data set of rows of 32 tokens once for all tests of runs.
var dataSet = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp(filepath.Dir(binary), "data")
	if err != nil {
		return "", err
	}
	var text bytes.Buffer
	rnd := rand.New(rand.NewPCG(3, 4))
	words := strings.Fields("the old small green quiet river harbour teacher fox saw followed painted gate boat letter song town mountain winter market slept sang waited left 河水 老师 狐狸 月亮 城市 山谷 冬天 花园")
	for range 400 {
		var line []string
		for range 60 + rnd.IntN(60) {
			line = append(line, words[rnd.IntN(len(words))])
		}
		b, err := json.Marshal(map[string]string{"text": strings.Join(line, " ") + "."})
		if err != nil {
			return "", err
		}
		text.Write(append(b, '\n'))
	}
	half := bytes.IndexByte(text.Bytes()[text.Len()/2:], '\n') + text.Len()/2 + 1
	for name, part := range map[string][]byte{"a.jsonl": text.Bytes()[:half], "b.jsonl": text.Bytes()[half:]} {
		if err := os.WriteFile(filepath.Join(dir, name), part, 0o600); err != nil {
			return "", err
		}
	}
	out := filepath.Join(dir, "set")
	c := exec.Command(binary, "data", "build", "--input", "first="+filepath.Join(dir, "a.jsonl"), "--input", "second="+filepath.Join(dir, "b.jsonl"),
		"--output", out, "--profile", "none", "--vocab-size", "400", "--sequence-length", "32", "--validation-fraction", "0.05", "--workers", "2")
	if msg, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, msg)
	}
	return out, nil
})

// tinyRun writes the configuration of a run that takes a few seconds at most and
// returns the arguments for it.
func tinyRun(t *testing.T, output string, set ...string) []string {
	t.Helper()
	data, err := dataSet()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"pretrain", "--preset", "pretrain"}
	for _, s := range append([]string{
		"model.hidden_size=32", "model.intermediate_size=64", "model.num_hidden_layers=2", "model.num_attention_heads=4",
		"model.vocab_size=400", "model.model_max_length=64", "optim.learning_rate=1e-3", "optim.warmup_steps=3",
		"train.dataset_dir=" + data, "train.output_dir=" + output, "train.sequence_length=32",
		"train.per_device_train_batch_size=4", "train.gradient_accumulation_steps=2", "train.max_steps=12",
		"train.skip_peak=true", "train.eval_max_rows=8", "checkpoint.save_steps=4",
	}, set...) {
		args = append(args, "--set", s)
	}
	return args
}

// runResult is the part of a summary that tests look at.
type runResult struct {
	RunID       string `json:"run_id"`
	Parent      *checkpoint.Parent
	Checkpoint  string
	Steps       int
	StepsNow    int `json:"steps_now"`
	TotalSteps  int `json:"total_steps"`
	Interrupted bool
	Loss        struct{ First, Last float64 }
	Eval        *struct {
		Loss        float64
		BitsPerByte float64 `json:"bits_per_byte"`
		Sources     map[string]float64
	}
	Best *struct {
		Step int
		Loss float64
	}
	Ledger struct {
		Read, Trained, DocumentFirst, Padding, Dropped int64
		Reasons                                        map[string]int64 `json:"dropped_by"`
	}
	Unread       map[string]int64
	PlannedBytes int64 `json:"planned_bytes"`
	Parameters   int64
	Equal        bool
	Differs      []string
}

func pretrain(t *testing.T, args []string) runResult {
	t.Helper()
	var got runResult
	train(t, args...).ok(t, &got)
	return got
}

// sums are the hashes of the files of a folder by name.
func sums(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = fmt.Sprintf("%x", sha256.Sum256(b))
	}
	return out
}

// logOf is a run's log without what the clock decides.
func logOf(t *testing.T, dir string) string {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "trainer_log.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out strings.Builder
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var rec map[string]any
		if err := json.Unmarshal(lines.Bytes(), &rec); err != nil {
			t.Fatalf("%v in %s", err, lines.Text())
		}
		for _, key := range []string{"time", "train/tokens_per_second", "train/data_wait", "train/peak_share", "train/eta_seconds"} {
			delete(rec, key)
		}
		b, err := json.Marshal(rec)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(b, '\n'))
	}
	return out.String()
}

func checkpointsIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := checkpoint.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, filepath.Base(e.Path))
	}
	return out
}

// What changes no number changes no file of a checkpoint: threads, micro-batches,
// recomputation, folder, how the configuration is written, evaluation, what is
// logged, how it is saved, a stop and a resume.
func TestCheckpointsOfEqualRunsAreEqual(t *testing.T) {
	dir := t.TempDir()
	base := filepath.Join(dir, "base")
	first := pretrain(t, tinyRun(t, base))
	want := sums(t, first.Checkpoint)
	for name, set := range map[string][]string{
		"threads":   {"train.threads=1"},
		"cut":       {"train.per_device_train_batch_size=8", "train.gradient_accumulation_steps=1"},
		"ragged":    {"train.per_device_train_batch_size=3", "train.gradient_accumulation_steps=3", "train.batch_ramp=[{from_step: 0, rows: 8}]"},
		"recompute": {"train.recompute=true"},
		"log":       {"train.logging_steps=1"},
		"evaluated": {"train.eval_steps=1", "train.eval_max_rows=0"},
		"saves":     {"checkpoint.save_steps=1", "checkpoint.async_save=never", "checkpoint.save_total_limit=2"},
		"async":     {"checkpoint.save_steps=1", "checkpoint.async_save=always", "checkpoint.save_log_base=2"},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(dir, name)
			got := pretrain(t, tinyRun(t, out, set...))
			if got.RunID != first.RunID {
				t.Errorf("run %s, want %s", got.RunID, first.RunID)
			}
			if have := sums(t, got.Checkpoint); !maps.Equal(have, want) {
				t.Errorf("files %v, want %v", have, want)
			}
		})
	}
	t.Run("file", func(t *testing.T) {
		out := filepath.Join(dir, "file")
		got := pretrain(t, []string{"pretrain", "--config", yamlOf(t, tinyRun(t, out)), "--set", "train.output_dir=" + out})
		if have := sums(t, got.Checkpoint); !maps.Equal(have, want) {
			t.Errorf("files %v, want %v", have, want)
		}
	})
	t.Run("resumed", func(t *testing.T) {
		out := filepath.Join(dir, "resumed")
		pretrain(t, tinyRun(t, out))
		for _, name := range []string{"checkpoint-8", "checkpoint-12"} {
			if err := os.RemoveAll(filepath.Join(out, name)); err != nil {
				t.Fatal(err)
			}
		}
		got := pretrain(t, tinyRun(t, out, "train.resume_from_checkpoint=latest", "train.threads=1"))
		if have := sums(t, got.Checkpoint); !maps.Equal(have, want) || got.StepsNow != 8 || got.Parent != nil {
			t.Errorf("%+v with files %v, want %v", got, have, want)
		}
		if a, b := logOf(t, out), logOf(t, base); a != b {
			t.Errorf("the log is\n%s\nwant\n%s", a, b)
		}
	})
	t.Run("what matters", func(t *testing.T) {
		for i, set := range []string{"optim.learning_rate=2e-3", "train.seed=7", "loader.seed=7", "train.max_steps=13", "train.gradient_accumulation_steps=1", "optim.beta2=0.9"} {
			if got := pretrain(t, tinyRun(t, filepath.Join(dir, fmt.Sprint("other", i)), set)); got.RunID == first.RunID {
				t.Errorf("%s does not change the run's name", set)
			}
		}
	})
}

// yamlOf writes the --set arguments as a configuration file.
func yamlOf(t *testing.T, args []string) string {
	t.Helper()
	root := map[string]any{"preset": "pretrain"}
	for i, a := range args {
		if a != "--set" {
			continue
		}
		key, value, _ := strings.Cut(args[i+1], "=")
		section, leaf, _ := strings.Cut(key, ".")
		if root[section] == nil {
			root[section] = map[string]any{}
		}
		var v any
		if err := yaml.Unmarshal([]byte(value), &v); err != nil {
			t.Fatal(err)
		}
		root[section].(map[string]any)[leaf] = v
	}
	b, err := yaml.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "run.yaml", string(b))
}

// A run whose processes are ended again and again, at any moment and in any way,
// ends in the files of one that was left alone, with the same log.
func TestKilledRunsEndInTheSameFiles(t *testing.T) {
	dir := t.TempDir()
	set := []string{"train.max_steps=60", "train.logging_steps=1", "checkpoint.save_steps=3", "train.eval_steps=4", "checkpoint.save_total_limit=4"}
	want := pretrain(t, tinyRun(t, filepath.Join(dir, "whole"), set...))
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 1))
	free := []string{"train.threads=1", "train.threads=2", "train.recompute=true", "checkpoint.async_save=never", "checkpoint.async_save=always",
		"train.per_device_train_batch_size=2 train.gradient_accumulation_steps=4", "train.per_device_train_batch_size=8 train.gradient_accumulation_steps=1"}
	count := map[string]int{}
	for n := 0; n < *kills; {
		out := filepath.Join(dir, fmt.Sprintf("run%d", n))
		for attempt, ended := 0, false; !ended; attempt++ {
			if attempt > 10**kills+10 {
				t.Fatalf("seed %d: %s comes to no end", seed, out)
			}
			args := tinyRun(t, out, append(slices.Clone(set), append(strings.Fields(free[rnd.IntN(len(free))]), "train.resume_from_checkpoint=auto")...)...)
			how := "left alone"
			if n < *kills {
				how = []string{"SIGKILL", "SIGKILL", "SIGKILL", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGINT", "SIGINT twice"}[rnd.IntN(8)]
			}
			code, messages := endEarly(t, args, how, rnd)
			// A Ctrl-C while weights are still loaded ends with 1: there is nothing to save.
			switch allowed := map[string][]int{"left alone": {0}, "SIGKILL": {-1, 0}, "SIGTERM": {75, 0}, "SIGHUP": {75, 0}, "SIGUSR1": {75, 0}, "SIGINT": {0, 1}, "SIGINT twice": {130, 0, 1}}[how]; {
			case !slices.Contains(allowed, code):
				t.Fatalf("seed %d: after %s exit code %d\n%s", seed, how, code, messages)
			case how != "left alone" && !finished(t, out):
				n++
				count[how]++
			}
			ended = finished(t, out)
		}
		last := filepath.Join(out, "checkpoint-60")
		if have := sums(t, last); !maps.Equal(have, sums(t, want.Checkpoint)) {
			t.Fatalf("seed %d: %s has files %v, the run left alone %v", seed, out, have, sums(t, want.Checkpoint))
		}
		if a, b := logOf(t, out), logOf(t, filepath.Join(dir, "whole")); a != b {
			t.Fatalf("seed %d: the log of %s is\n%s\nwant\n%s", seed, out, a, b)
		}
	}
	t.Logf("seed %d: ended early %v", seed, count)
}

// finished reports whether the run's record says so.
func finished(t *testing.T, dir string) bool {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "run.json"))
	if errors.Is(err, os.ErrNotExist) {
		return false
	}
	var r struct{ Status string }
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r.Status == "finished"
}

// endEarly starts a command and ends it after a random number of the lines that
// it says and, within the next, of turns of a loop.
func endEarly(t *testing.T, args []string, how string, rnd *rand.Rand) (code int, messages string) {
	t.Helper()
	c := exec.Command(binary, args...)
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stdout = io.Discard
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	after, turns := rnd.IntN(90), rnd.IntN(1_000_000)
	var text strings.Builder
	lines := bufio.NewScanner(stderr)
	for n := 0; lines.Scan(); n++ {
		text.WriteString(lines.Text() + "\n")
		if n != after {
			continue
		}
		for range turns {
			rnd.Uint64() // so much time
		}
		signals := map[string][]os.Signal{
			"SIGKILL": {syscall.SIGKILL}, "SIGTERM": {syscall.SIGTERM}, "SIGHUP": {syscall.SIGHUP}, "SIGUSR1": {syscall.SIGUSR1},
			"SIGINT": {os.Interrupt}, "SIGINT twice": {os.Interrupt, os.Interrupt},
		}[how]
		for _, s := range signals {
			if err := c.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Fatal(err)
			}
		}
	}
	err = c.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), text.String()
}
