package e2e

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huihai/checkpoint/safetensors"
	"huihai/internal/golden"
)

func tinyModels(t *testing.T, f func(t *testing.T, dir string, values *safetensors.File)) {
	for _, name := range []string{"tiny_rope", "tiny_alibi"} {
		t.Run(name, func(t *testing.T) {
			dir := golden.Shared(t, "golden", name)
			values, err := safetensors.Open(filepath.Join(dir, "golden.safetensors"))
			if err != nil {
				t.Fatal(err)
			}
			defer values.Close()
			f(t, dir, values)
		})
	}
}

func ints(t *testing.T, f *safetensors.File, name string) (flat []int64, columns int) {
	t.Helper()
	x, err := f.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	if flat, err = safetensors.Int64s(x); err != nil {
		t.Fatal(err)
	}
	return flat, x.Shape[len(x.Shape)-1]
}

func floats(t *testing.T, f *safetensors.File, name string) []float64 {
	t.Helper()
	x, err := f.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	v, err := safetensors.Float64s(x)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// lines renders rows of ids (and labels and segments) as JSON Lines.
func lines(t *testing.T, f *safetensors.File, tensors map[string]string) string {
	t.Helper()
	var b strings.Builder
	ids, n := ints(t, f, tensors["input_ids"])
	for i := 0; i < len(ids); i += n {
		row := map[string]any{}
		for key, tensor := range tensors {
			v, _ := ints(t, f, tensor)
			row[key] = v[i : i+n]
		}
		line, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	return b.String()
}

func TestLogprobsVerb(t *testing.T) {
	tinyModels(t, func(t *testing.T, dir string, values *safetensors.File) {
		input := write(t, "in.jsonl", lines(t, values, map[string]string{"input_ids": "input_ids"}))
		r := train(t, "logprobs", "--model", dir, "--input", input)
		var last struct{ Sum float64 }
		r.ok(t, &last)
		want := floats(t, values, "logprobs")
		at := 0
		for line := range strings.Lines(r.stdout) {
			var got struct {
				Logprobs []float64 `json:"logprobs"`
				Sum      float64   `json:"sum"`
				Tokens   int       `json:"tokens"`
			}
			if err := json.Unmarshal([]byte(line), &got); err != nil {
				t.Fatal(err)
			}
			if got.Tokens != len(got.Logprobs)+1 {
				t.Errorf("%d tokens, %d log-probabilities", got.Tokens, len(got.Logprobs))
			}
			sum := 0.0
			for _, lp := range got.Logprobs {
				if math.Abs(lp-want[at]) > 1e-5*math.Abs(want[at]) {
					t.Errorf("log-probability %d is %g, want %g", at, lp, want[at])
				}
				sum += lp
				at++
			}
			if math.Abs(sum-got.Sum) > 1e-9*math.Abs(sum) {
				t.Errorf("sum is %g, the numbers add up to %g", got.Sum, sum)
			}
		}
		if at != len(want) {
			t.Errorf("%d log-probabilities, want %d", at, len(want))
		}
	})
}

func TestDebugGradsVerb(t *testing.T) {
	cases := []struct {
		name   string
		zLoss  string
		inputs map[string]string
	}{
		{"plain", "0", map[string]string{"input_ids": "input_ids"}},
		{"maxz_large", "0.1", map[string]string{"input_ids": "input_ids"}},
		{"sft", "2e-4", map[string]string{"input_ids": "input_ids", "labels": "sft.labels"}},
		{"packed", "2e-4", map[string]string{"input_ids": "input_ids", "labels": "packed.labels", "segments": "packed.segments"}},
	}
	tinyModels(t, func(t *testing.T, dir string, values *safetensors.File) {
		raw, err := os.ReadFile(filepath.Join(dir, "golden.json"))
		if err != nil {
			t.Fatal(err)
		}
		var want map[string]struct {
			Loss           float64 `json:"loss"`
			CrossEntropy   float64 `json:"cross_entropy"`
			MeanMaxLogitSq float64 `json:"mean_max_logit_sq"`
		}
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				out := filepath.Join(t.TempDir(), "grads.safetensors")
				input := write(t, "in.jsonl", lines(t, values, c.inputs))
				var got map[string]float64
				train(t, "debug", "grads", "--model", dir, "--input", input, "--z-loss", c.zLoss, "--output", out).ok(t, &got)
				for key, w := range map[string]float64{
					"loss": want[c.name].Loss, "cross_entropy": want[c.name].CrossEntropy, "mean_max_logit_sq": want[c.name].MeanMaxLogitSq,
				} {
					if math.Abs(got[key]-w) > 1e-5*math.Abs(w) {
						t.Errorf("%s is %g, want %g", key, got[key], w)
					}
				}
				if got["supervised_tokens"] <= 0 {
					t.Errorf("supervised_tokens is %v", got["supervised_tokens"])
				}
				checkGradients(t, out, values, "grad."+c.name+".")
			})
		}
	})
}

func checkGradients(t *testing.T, path string, values *safetensors.File, prefix string) {
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	compared := 0
	for _, name := range values.Names() {
		tensor, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		got, want := floats(t, f, tensor), floats(t, values, name)
		diff, norm := 0.0, 0.0
		for i, w := range want {
			diff += (got[i] - w) * (got[i] - w)
			norm += w * w
		}
		if !(math.Sqrt(diff) <= 1e-4*math.Sqrt(norm)) {
			t.Errorf("gradient of %s is off by %g of a norm of %g", tensor, math.Sqrt(diff), math.Sqrt(norm))
		}
		compared++
	}
	if compared != len(f.Names()) || compared == 0 {
		t.Errorf("%d gradients compared, the file has %d", compared, len(f.Names()))
	}
}

func TestGenerateVerb(t *testing.T) {
	tinyModels(t, func(t *testing.T, dir string, values *safetensors.File) {
		prompt, _ := ints(t, values, "greedy.prompt")
		want, _ := ints(t, values, "greedy.output")
		var got struct {
			OutputIDs []int64 `json:"output_ids"`
		}
		train(t, "generate", "--model", dir, "--tokens", strings.Trim(strings.ReplaceAll(fmt.Sprint(prompt), " ", ","), "[]"),
			"--max-new-tokens", fmt.Sprint(len(want)), "--greedy", "--ignore-eos").ok(t, &got)
		if fmt.Sprint(got.OutputIDs) != fmt.Sprint(want) {
			t.Errorf("greedy continuation %v, want %v", got.OutputIDs, want)
		}
		sampled := func() string {
			r := train(t, "generate", "--model", dir, "--tokens", "5,6,7", "--max-new-tokens", "8", "--seed", "3")
			r.ok(t, &got)
			return r.stdout
		}
		if a, b := sampled(), sampled(); a != b {
			t.Errorf("one seed gave two texts: %s and %s", a, b)
		}
	})
}

func TestModelVerbsRefuseBadInput(t *testing.T) {
	dir := golden.Shared(t, "golden", "tiny_rope")
	good := write(t, "good.jsonl", `{"input_ids":[1,2,3]}`+"\n")
	train(t, "logprobs", "--input", good).fails(t, 2, "--model")
	train(t, "logprobs", "--model", dir).fails(t, 2, "--input")
	train(t, "logprobs", "--model", dir, "--input", good, "extra").fails(t, 2, "extra")
	train(t, "logprobs", "--modle", dir).fails(t, 2, "modle")
	train(t, "logprobs", "--model", t.TempDir(), "--input", good).fails(t, 1, "config.json")
	train(t, "logprobs", "--model", dir, "--input", "nowhere.jsonl").fails(t, 1, "nowhere.jsonl")
	for name, c := range map[string]struct{ line, want string }{
		"json":      {`{"input_ids":[1,2`, "bad.jsonl:1"},
		"empty":     {`{"input_ids":[]}`, "no tokens"},
		"range":     {`{"input_ids":[1,512]}`, "vocabulary has 512"},
		"negative":  {`{"input_ids":[-1,5]}`, "-1"},
		"segments":  {`{"input_ids":[1,2],"segments":[0]}`, "segments"},
		"text":      {`{"text":"hello"}`, "tokenizer.model"},
		"both":      {`{"text":"hello","input_ids":[1]}`, "both"},
		"wrong":     {`{"input_ids":"abc"}`, "bad.jsonl:1"},
		"not utf-8": {"\xff\xfe", "bad.jsonl:1"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := write(t, "bad.jsonl", c.line+"\n")
			train(t, "logprobs", "--model", dir, "--input", bad).fails(t, 1, c.want)
		})
	}
	train(t, "generate", "--model", dir).fails(t, 2, "--prompt")
	train(t, "generate", "--model", dir, "--tokens", "1,x").fails(t, 2, `"x"`)
	train(t, "generate", "--model", dir, "--tokens", "1", "--max-new-tokens", "0").fails(t, 2, "max-new-tokens")
	train(t, "generate", "--model", dir, "--tokens", "1", "--max-new-tokens", "5000").fails(t, 1, "model_max_length")
	train(t, "generate", "--model", dir, "--prompt", "hi").fails(t, 1, "tokenizer.model")
	train(t, "debug", "grads", "--model", dir, "--input", write(t, "one.jsonl", `{"input_ids":[7]}`), "--output", filepath.Join(t.TempDir(), "g")).fails(t, 1, "label")
	train(t, "debug").fails(t, 2, "verb")
	train(t, "nonsense").fails(t, 2, "nonsense")
}
