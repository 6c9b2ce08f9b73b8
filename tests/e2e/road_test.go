package e2e

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"huihai/checkpoint"
)

// corpus writes documents of invented but regular sentences, English and
// Chinese, one of them twice.
func corpus(t *testing.T, documents int) string {
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, 2))
	pick := func(words string) string {
		list := strings.Fields(words)
		return list[rnd.IntN(len(list))]
	}
	path := filepath.Join(t.TempDir(), "corpus.jsonl")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i := range documents {
		var b strings.Builder
		for range 12 {
			fmt.Fprintf(&b, "The %s %s %s the %s of the %s, and then it %s.\n", pick("old small green quiet"), pick("river harbour teacher fox"),
				pick("saw followed remembered painted"), pick("gate boat letter song"), pick("town mountain winter market"), pick("slept sang waited left"))
			fmt.Fprintf(&b, "%s的%s在%s里%s了一%s。\n", pick("安静 古老 明亮 遥远"), pick("河水 老师 狐狸 月亮"), pick("城市 山谷 冬天 花园"), pick("看见 写下 等待 唱起"), pick("封信 首歌 条船 扇门"))
		}
		text := b.String()
		for range 1 + i%documents/(documents-1) { // the last one twice
			line, err := json.Marshal(map[string]string{"text": text})
			if err != nil {
				t.Fatal(err)
			}
			f.Write(append(line, '\n'))
		}
	}
	return path
}

func quickstart(t *testing.T, out, input string, extra ...string) result {
	return train(t, append([]string{
		"quickstart", "--output", out, "--input", input, "--max-new-tokens", "5", "--prompt", "The old",
		"--set", "model.vocab_size=512", "--set", "model.hidden_size=64", "--set", "model.intermediate_size=96",
		"--set", "model.num_attention_heads=2", "--set", "model.num_hidden_layers=2",
		"--set", "train.sequence_length=64", "--set", "train.skip_peak=true", "--set", "optim.warmup_steps=2",
		"--set", "data.validation_fraction=0.1",
	}, extra...)...)
}

type quickstartResult struct {
	OutputDir   string `json:"output_dir"`
	Checkpoint  string `json:"checkpoint"`
	Steps       int    `json:"steps"`
	Interrupted bool   `json:"interrupted"`
	Loss        struct{ First, Last float64 }
	Eval        struct {
		Loss           float64 `json:"loss"`
		UnigramEntropy float64 `json:"unigram_entropy"`
	}
	Data struct {
		Read    struct{ Documents int64 } `json:"read"`
		Kept    struct{ Documents int64 } `json:"kept"`
		Dropped map[string]struct{ Documents int64 }
	}
	Continuation string
	Plots        []string
}

// The whole road: text in, a model out that the other verbs can use; run again,
// it has nothing left to do.
func TestQuickstart(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	input := corpus(t, 120)
	var got quickstartResult
	first := quickstart(t, out, input, "--steps", "60")
	first.ok(t, &got)
	if got.Steps != 60 || got.Interrupted || !(got.Loss.Last < got.Loss.First) {
		t.Errorf("result %+v", got)
	}
	if !(got.Eval.Loss < got.Eval.UnigramEntropy) {
		t.Errorf("held-out loss %g, unigram entropy %g", got.Eval.Loss, got.Eval.UnigramEntropy)
	}
	if got.Data.Read.Documents != 121 || got.Data.Dropped["exact_duplicate"].Documents != 1 {
		t.Errorf("data %+v", got.Data)
	}
	for _, path := range append(got.Plots, got.Checkpoint, filepath.Join(out, "run", "trainer_log.jsonl"), filepath.Join(out, "run", "config.yaml")) {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	for _, want := range []string{"汇海 Huihai", "unigram entropy", "Try next:", "saved "} {
		if !strings.Contains(first.stderr, want) {
			t.Errorf("the screen lacks %q:\n%s", want, first.stderr)
		}
	}
	var again quickstartResult
	second := quickstart(t, out, input, "--steps", "60")
	second.ok(t, &again)
	if again.Continuation != got.Continuation || !strings.Contains(second.stderr, "up to date") {
		t.Errorf("run again it made %q, first %q", again.Continuation, got.Continuation)
	}
	useModel(t, got.Checkpoint)
	continueFrom(t, out, got.Checkpoint)
}

// continueFrom trains on from the quickstart's model with nothing but its folder
// and from its saved configuration; refused runs leave nothing behind.
func continueFrom(t *testing.T, quick, model string) {
	out := filepath.Join(t.TempDir(), "on")
	base := []string{"pretrain", "--set", "train.dataset_dir=" + filepath.Join(quick, "data"), "--set", "train.sequence_length=64",
		"--set", "train.skip_peak=true", "--set", "optim.warmup_steps=1"}
	with := func(extra ...string) result { return train(t, append(base[:len(base):len(base)], extra...)...) }
	with("--set", "train.output_dir="+out, "--set", "train.model_name_or_path="+model, "--set", "optim.learning_rate=-1").fails(t, 2, "learning_rate")
	with("--set", "train.output_dir="+out, "--set", "train.resume_from_checkpoint=latest").fails(t, 1, "train.output_dir")
	with("--set", "train.output_dir="+out, "--set", "train.resume_from_checkpoint=auto").fails(t, 1, "no checkpoint to go on from", "preset")
	with("--set", "train.output_dir="+out, "--set", "train.model_name_or_path="+model, "--set", "train.memory_budget=1MB").fails(t, 1, "train.memory_budget")
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Errorf("a refused run left %s behind", out)
	}
	var got quickstartResult
	with("--set", "train.output_dir="+out, "--set", "train.model_name_or_path="+model, "--set", "train.max_steps=3").ok(t, &got)
	if got.Steps != 3 {
		t.Errorf("continued %+v", got)
	}
	with("--set", "train.output_dir="+out, "--set", "train.model_name_or_path="+model, "--set", "train.max_steps=3").fails(t, 1, "already holds", "resume_from_checkpoint=auto")
	var repeated quickstartResult
	train(t, "pretrain", "--config", filepath.Join(quick, "run", "config.yaml"), "--set", "train.output_dir="+filepath.Join(t.TempDir(), "again")).ok(t, &repeated)
	if a, b := weightsHash(t, repeated.Checkpoint), weightsHash(t, model); a != b {
		t.Errorf("the saved configuration repeats the run as %s, it was %s", a, b)
	}
}

func weightsHash(t *testing.T, dir string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(content))
}

// useModel tries the verbs a user would try next.
func useModel(t *testing.T, dir string) {
	var gen struct {
		OutputIDs []int `json:"output_ids"`
		Text      string
	}
	train(t, "generate", "--model", dir, "--prompt", "The small river", "--max-new-tokens", "4", "--greedy", "--ignore-eos").ok(t, &gen)
	if len(gen.OutputIDs) != 4 || gen.Text == "" {
		t.Errorf("generated %+v", gen)
	}
	var lp struct {
		Logprobs []float64
		Tokens   int
	}
	train(t, "logprobs", "--model", dir, "--input", write(t, "in.jsonl", `{"text":"安静的河水"}`)).ok(t, &lp)
	if lp.Tokens < 2 || len(lp.Logprobs) != lp.Tokens-1 {
		t.Errorf("log-probabilities %+v", lp)
	}
	var ids struct{ IDs []int }
	train(t, "tokenizer", "encode", "--model", dir, "--input", write(t, "in.jsonl", `{"text":"The old 河水"}`)).ok(t, &ids)
	line, err := json.Marshal(map[string]any{"ids": ids.IDs})
	if err != nil {
		t.Fatal(err)
	}
	var text struct{ Text string }
	train(t, "tokenizer", "decode", "--model", dir, "--input", write(t, "ids.jsonl", string(line))).ok(t, &text)
	if text.Text != "The old 河水" {
		t.Errorf("encoded and decoded to %q", text.Text)
	}
}

// The first interrupt ends a run well: the step is finished and saved, the exit
// code is 0, and the run can go on.
func TestInterruptSavesAndEndsWell(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	input := corpus(t, 60)
	args := []string{
		"quickstart", "--output", out, "--input", input, "--steps", "100000", "--max-new-tokens", "1",
		"--set", "model.vocab_size=512", "--set", "model.hidden_size=64", "--set", "model.intermediate_size=96",
		"--set", "model.num_attention_heads=2", "--set", "model.num_hidden_layers=2", "--set", "train.sequence_length=64",
		"--set", "train.skip_peak=true", "--set", "train.logging_steps=1",
	}
	c := exec.Command(binary, args...)
	var stdout strings.Builder
	c.Stdout = &stdout
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var screen strings.Builder
	sent := false
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		screen.WriteString(lines.Text() + "\n")
		if !sent && strings.HasPrefix(lines.Text(), "step") && strings.Contains(lines.Text(), "loss") {
			sent = true
			if err := c.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := c.Wait(); err != nil {
		t.Fatalf("the interrupted run ended with %v\n%s", err, screen.String())
	}
	var got quickstartResult
	if err := json.Unmarshal([]byte(stdout.String()), &got); err != nil || !got.Interrupted || got.Steps < 1 {
		t.Fatalf("summary %q (%v)", stdout.String(), err)
	}
	loaded, err := checkpoint.Load(got.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	defer loaded.Close()
	if loaded.Trainer.GlobalStep != got.Steps {
		t.Errorf("the checkpoint is of step %d, the run stopped at %d", loaded.Trainer.GlobalStep, got.Steps)
	}
	if !strings.Contains(screen.String(), "Repeat the same command to go on") {
		t.Errorf("the screen does not say how to go on:\n%s", screen.String())
	}
	other := train(t, append(args, "--set", "model.vocab_size=600")...)
	other.fails(t, 1, "holds a quickstart of other text")
	if _, err := checkpoint.Load(got.Checkpoint); err != nil {
		t.Errorf("the refused command harmed the run: %v", err)
	}
}

func TestDataVerbsRefuseBadInput(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	empty := filepath.Join(dir, "empty")
	binaries := filepath.Join(dir, "binaries")
	for _, d := range []string{empty, binaries} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		if err := os.WriteFile(filepath.Join(binaries, fmt.Sprint(i, ".txt")), []byte("\x7fELF\x00\x01\x02\x00\xff\xfe"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	train(t, "data", "build", "--output", out).fails(t, 2, "input")
	train(t, "data", "build", "--input", empty).fails(t, 2, "output")
	train(t, "data", "build", "--input", filepath.Join(dir, "nowhere"), "--output", out).fails(t, 1, "nowhere")
	train(t, "data", "build", "--input", empty, "--output", out).fails(t, 1, "empty")
	train(t, "data", "build", "--input", binaries, "--output", out).fails(t, 1, "binaries")
	train(t, "data", "build", "--input", empty, "--output", out, "--vocab-size", "-3").fails(t, 2, "vocab_size")
	train(t, "data", "inspect", empty).fails(t, 1, "no data set")
	train(t, "data", "inspect").fails(t, 2)
	train(t, "quickstart", "--input", empty, "--output", out).fails(t, 1, "empty")
	train(t, "quickstart", "--input", binaries, "--output", out).fails(t, 1, "binaries")
	train(t, "quickstart", "--steps", "-1").fails(t, 2, "steps")
	train(t, "pretrain", "--preset", "quickstart", "--set", "train.output_dir="+out).fails(t, 1, "dataset_dir")
	train(t, "pretrain", "--preset", "quickstart", "--set", "train.dataset_dir="+empty, "--set", "train.output_dir="+out).fails(t, 1, "no data set")
	train(t, "pretrain", "--set", "optim.learing_rate=1").fails(t, 2, "optim.learing_rate", "optim.learning_rate")
	train(t, "plan", "--config", filepath.Join(dir, "none.yaml")).fails(t, 1, "none.yaml")
}

func TestConfigAndPlanVerbs(t *testing.T) {
	var plan struct {
		Parameters    int64            `json:"parameters"`
		FLOPsPerToken float64          `json:"flops_per_token"`
		Bytes         map[string]int64 `json:"bytes"`
		PeakBytes     int64            `json:"peak_bytes"`
	}
	train(t, "plan", "--preset", "baichuan2-7b").ok(t, &plan)
	if plan.Parameters != 7505973248 || plan.Bytes["weights"] != 4*7505973248 || plan.FLOPsPerToken < 6*7e9 || plan.PeakBytes < plan.Bytes["weights"] {
		t.Errorf("plan of the 7B: %+v", plan)
	}
	train(t, "plan", "--preset", "baichuan2-13b").ok(t, &plan)
	if plan.Parameters != 13896668160 {
		t.Errorf("the 13B has %d parameters", plan.Parameters)
	}
	shown := train(t, "config", "show", "--preset", "baichuan2-13b", "--set", "optim.learning_rate=1e-4")
	for _, want := range []string{"position: alibi", "learning_rate: 0.0001", "--set"} {
		if !strings.Contains(shown.stdout, want) {
			t.Errorf("config show lacks %q", want)
		}
	}
	var version struct{ Version string }
	train(t, "version").ok(t, &version)
	if version.Version == "" {
		t.Error("no version")
	}
}
