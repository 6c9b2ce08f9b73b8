package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"huihai/internal/golden"
)

// modelCopy copies a tiny model folder, with changed keys of config.json; a nil
// value removes a key.
func modelCopy(t *testing.T, changes map[string]any) string {
	t.Helper()
	from, dir := golden.Shared(t, "golden", "tiny_rope"), t.TempDir()
	raw, err := os.ReadFile(filepath.Join(from, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := json.Unmarshal(raw, &config); err != nil {
		t.Fatal(err)
	}
	for k, v := range changes {
		config[k] = v
	}
	if raw, err = json.Marshal(config); err != nil {
		t.Fatal(err)
	}
	weights, err := os.ReadFile(filepath.Join(from, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, "config.json", raw)
	put(t, dir, "model.safetensors", weights)
	return dir
}

func put(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// mark writes complete.json over the files of a folder, as saving does.
func mark(t *testing.T, dir string) {
	t.Helper()
	type file struct {
		Name   string `json:"name"`
		Size   int    `json:"size"`
		SHA256 string `json:"sha256"`
	}
	var files []file
	for _, name := range []string{"config.json", "model.safetensors"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		files = append(files, file{name, len(data), hex.EncodeToString(sum[:])})
	}
	out, err := json.MarshalIndent(struct {
		Format string `json:"format"`
		Step   int    `json:"global_step"`
		Files  []file `json:"files"`
	}{"huihai-checkpoint-1", 1, files}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, "complete.json", append(out, '\n'))
}

// modelVerbs runs every verb that opens a model folder.
func modelVerbs(t *testing.T, dir string, f func(verb string, r result)) {
	t.Helper()
	input := write(t, "in.jsonl", `{"input_ids":[1,2,3,4]}`+"\n")
	out := filepath.Join(t.TempDir(), "g.safetensors")
	f("logprobs", train(t, "logprobs", "--model", dir, "--input", input))
	f("generate", train(t, "generate", "--model", dir, "--tokens", "5,6", "--max-new-tokens", "2"))
	f("debug grads", train(t, "debug", "grads", "--model", dir, "--input", input, "--output", out))
	if _, err := os.Stat(out); err == nil {
		t.Errorf("debug grads left %s behind", out)
	}
}

// Keys of config.json that change the mathematics are refused by their name, or
// honoured: then the numbers change.
func TestConfigKeysAreHonouredOrRefused(t *testing.T) {
	for key, value := range map[string]any{
		"rope_scaling":        map[string]any{"type": "linear", "factor": 4.0},
		"rope_parameters":     map[string]any{"rope_type": "yarn", "rope_theta": 10000},
		"architectures":       []string{"BaiChuanForCausalLM"},
		"quantization_config": map[string]any{"bits": 4},
		"sliding_window":      128,
		"num_key_value_heads": 2,
		"num_hidden_layers":   1000000000,
	} {
		modelVerbs(t, modelCopy(t, map[string]any{key: value}), func(verb string, r result) { r.fails(t, 1, key) })
	}
	input := write(t, "in.jsonl", `{"input_ids":[1,2,3,4,5,6,7,8,9,10]}`+"\n")
	base := train(t, "logprobs", "--model", modelCopy(t, nil), "--input", input)
	same := train(t, "logprobs", "--model", modelCopy(t, map[string]any{"rope_parameters": map[string]any{"rope_theta": 10000.0}, "pad_token_id": nil}), "--input", input)
	other := train(t, "logprobs", "--model", modelCopy(t, map[string]any{"rope_parameters": map[string]any{"rope_theta": 500.0}}), "--input", input)
	if base.code != 0 || same.stdout != base.stdout || other.code != 0 || other.stdout == base.stdout {
		t.Errorf("base %+v, the same base %+v, another base %+v", base, same, other)
	}
	pipe := modelCopy(t, nil)
	if err := errors.Join(os.Remove(filepath.Join(pipe, "config.json")), syscall.Mkfifo(filepath.Join(pipe, "config.json"), 0o600)); err != nil {
		t.Fatal(err)
	}
	modelVerbs(t, pipe, func(verb string, r result) { r.fails(t, 1, "config.json: it is not a regular file") })
	noted := train(t, "logprobs", "--model", modelCopy(t, map[string]any{"my_gate\x1b[31m": 3}), "--input", input)
	if noted.code != 0 || !strings.Contains(noted.stderr, "my_gate") || strings.Contains(noted.stderr, "\x1b") {
		t.Errorf("an unknown key: %+v", noted)
	}
}

// A flipped bit in a folder whose hashes were written is found by every verb.
func TestModelVerbsVerifyWhatWasSaved(t *testing.T) {
	for _, name := range []string{"config.json", "model.safetensors"} {
		dir := modelCopy(t, nil)
		mark(t, dir)
		path := filepath.Join(dir, name)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		// A harmless change: white space, the last bit of a number.
		changed := bytes.Replace(data, []byte(`:64`), []byte(`: 64`), 1)
		if name != "config.json" {
			changed = slices.Clone(data)
			changed[len(changed)-4] ^= 1
		}
		put(t, dir, name, changed)
		modelVerbs(t, dir, func(verb string, r result) { r.fails(t, 1, name, "complete.json") })
		put(t, dir, name, data)
		train(t, "generate", "--model", dir, "--tokens", "5,6", "--max-new-tokens", "2").ok(t, &struct{}{})
	}
}

// setFloats writes v over the last n numbers of the weights.
func setFloats(t *testing.T, dir string, v float32, n int) {
	t.Helper()
	path := filepath.Join(dir, "model.safetensors")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bits := math.Float32bits(v)
	for i := range n {
		at := len(data) - 4*(i+1)
		data[at], data[at+1], data[at+2], data[at+3] = byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24)
	}
	put(t, dir, "model.safetensors", data)
}

// Weights that are not finite are refused when they are loaded; finite ones
// whose products are not, before anything is written.
func TestValuesThatAreNotFinite(t *testing.T) {
	nan := modelCopy(t, nil)
	setFloats(t, nan, float32(math.NaN()), 1)
	modelVerbs(t, nan, func(verb string, r result) { r.fails(t, 1, "is NaN", "model: load model.") })

	huge := modelCopy(t, nil)
	setFloats(t, huge, 3e38, 64) // the gain of the last norm
	input := write(t, "in.jsonl", `{"input_ids":[1,2,3,4]}`+"\n")
	r := train(t, "logprobs", "--model", huge, "--input", input)
	r.fails(t, 1, "in.jsonl:1", "token 1 (id 2)")
	if strings.Contains(r.stderr, "json:") {
		t.Errorf("the message is about JSON: %s", r.stderr)
	}
	out := filepath.Join(t.TempDir(), "g.safetensors")
	train(t, "debug", "grads", "--model", huge, "--input", input, "--output", out).fails(t, 1, "row 1", "nothing was written")
	if _, err := os.Stat(out); err == nil {
		t.Error("debug grads left its output behind")
	}
}

func TestSegmentsAreDocuments(t *testing.T) {
	dir := golden.Shared(t, "golden", "tiny_rope")
	out := filepath.Join(t.TempDir(), "g.safetensors")
	for name, line := range map[string]string{
		"segment 0 returns at token 4": `{"input_ids":[1,2,3,4,5,6],"segments":[0,0,1,1,0,0]}`,
		"segments[1] is -1":            `{"input_ids":[1,2,3],"segments":[0,-1,-1]}`,
	} {
		input := write(t, "in.jsonl", line+"\n")
		train(t, "logprobs", "--model", dir, "--input", input).fails(t, 1, name)
		train(t, "debug", "grads", "--model", dir, "--input", input, "--output", out).fails(t, 1, name)
	}
	input := write(t, "in.jsonl", `{"input_ids":[1,2,3,4],"labels":[-100,2,-100,4],"segments":[0,0,0,1]}`+"\n")
	var got map[string]float64
	r := train(t, "debug", "grads", "--model", dir, "--input", input, "--output", out)
	r.ok(t, &got)
	if got["labels_without_context"] != 1 || got["supervised_tokens"] != 1 || !strings.Contains(r.stderr, "row 1, token 3") {
		t.Errorf("%v\n%s", got, r.stderr)
	}
}

// The two zeros of sampling mean what they mean in transformers.
func TestSamplingZeros(t *testing.T) {
	dir := golden.Shared(t, "golden", "tiny_rope")
	gen := func(args ...string) result {
		return train(t, append([]string{"generate", "--model", dir, "--tokens", "5,6,7", "--max-new-tokens", "6"}, args...)...)
	}
	want := gen("--greedy")
	for _, seed := range []string{"1", "2"} {
		if got := gen("--top-p", "0", "--seed", seed); got.code != 0 || got.stdout != want.stdout {
			t.Errorf("seed %s: %+v, greedy gives %s", seed, got, want.stdout)
		}
	}
	for flag, values := range map[string][]string{
		"top-p": {"-0.1", "1.1", "NaN", "Inf"}, "repetition-penalty": {"0", "-1", "NaN", "Inf"}, "temperature": {"0", "NaN", "-1"},
	} {
		for _, v := range values {
			gen("--"+flag, v).fails(t, 2, strings.ReplaceAll(flag, "-", "_"))
		}
	}
}

// Special ids that are no pieces of the tokenizer are refused; other ids than
// the tokenizer's own are told.
func TestSpecialIDsFollowTheTokenizer(t *testing.T) {
	tokenizer, err := os.ReadFile(golden.Shared(t, "data", "models", "stories260K", "tok512.model"))
	if err != nil {
		t.Fatal(err)
	}
	gen := func(changes map[string]any) result {
		dir := modelCopy(t, changes)
		put(t, dir, "tokenizer.model", tokenizer)
		return train(t, "generate", "--model", dir, "--prompt", "Once", "--max-new-tokens", "3")
	}
	if r := gen(nil); r.code != 0 || strings.Contains(r.stderr, "note") {
		t.Errorf("%+v", r)
	}
	if r := gen(map[string]any{"eos_token_id": []int{5, 6}}); r.code != 0 || !strings.Contains(r.stderr, "eos_token_id 5") {
		t.Errorf("%+v", r)
	}
	gen(map[string]any{"vocab_size": 600}).fails(t, 1, "config.json asks for [600 64]")
}

// The space before the first word of a continuation is part of it, also where
// the tokenizer puts one before every text.
func TestContinuationKeepsItsSpace(t *testing.T) {
	tokenizer, err := os.ReadFile(golden.Shared(t, "data", "models", "stories260K", "tok512.model"))
	if err != nil {
		t.Fatal(err)
	}
	dir := modelCopy(t, nil)
	put(t, dir, "tokenizer.model", tokenizer)
	spaced, other := 0, 0
	for seed := range 60 {
		var got struct {
			IDs  []int32 `json:"output_ids"`
			Text string  `json:"text"`
		}
		train(t, "generate", "--model", dir, "--tokens", "400", "--max-new-tokens", "1",
			"--temperature", "1000", "--top-p", "1", "--ignore-eos", "--seed", fmt.Sprint(seed)).ok(t, &got)
		piece := pieceOf(t, dir, got.IDs[0])
		switch {
		case strings.HasPrefix(piece, "\u2581"):
			if spaced++; !strings.HasPrefix(got.Text, " ") {
				t.Errorf("piece %q became %q", piece, got.Text)
			}
		default:
			other++
		}
		if spaced > 0 && other > 0 {
			return
		}
	}
	t.Errorf("no piece with a space among 60 (%d others)", other)
}

// pieceOf returns a piece of the folder's tokenizer by way of decoding between
// two others.
func pieceOf(t *testing.T, dir string, id int32) string {
	t.Helper()
	line, err := json.Marshal(map[string][]int32{"ids": {400, id}})
	if err != nil {
		t.Fatal(err)
	}
	var both, first struct{ Text string }
	train(t, "tokenizer", "decode", "--model", dir, "--input", write(t, "ids.jsonl", string(line))).ok(t, &both)
	train(t, "tokenizer", "decode", "--model", dir, "--input", write(t, "ids.jsonl", `{"ids":[400]}`)).ok(t, &first)
	return strings.ReplaceAll(strings.TrimPrefix(both.Text, first.Text), " ", "\u2581")
}

// A verb that waits for input ends at the first interrupt, with nothing on
// standard output.
func TestInterruptEndsWaiting(t *testing.T) {
	dir := golden.Shared(t, "golden", "tiny_rope")
	for _, args := range [][]string{
		{"logprobs", "--model", dir, "--input", "-"},
		{"debug", "grads", "--model", dir, "--input", "-", "--output", filepath.Join(t.TempDir(), "g")},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		c := exec.CommandContext(ctx, binary, args...)
		in, err := c.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		c.Stdout = &out
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		// The write returns when the program has read so much that the pipe is
		// empty again: then it waits in its loop.
		if _, err := in.Write(bytes.Repeat([]byte("\n"), 1<<18)); err != nil {
			t.Fatal(err)
		}
		if err := c.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		err = c.Wait()
		cancel()
		if err == nil || c.ProcessState.ExitCode() != 1 || out.Len() > 0 {
			t.Errorf("%v: %v, %q", args, err, out.String())
		}
	}
}
