// Package parity holds the tests that compare whole models with reference
// values from independent implementations.
package parity

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huihai/checkpoint/safetensors"
	"huihai/eval"
	"huihai/infer"
	"huihai/internal/golden"
	"huihai/kernels"
	"huihai/kernels/cpu"
	"huihai/model"
	"huihai/optim"
)

// folders are the reference models: one with RoPE, one with ALiBi.
var folders = []string{"tiny_rope", "tiny_alibi"}

// reference is a golden folder.
type reference struct {
	dir    string
	cfg    model.Config
	values *safetensors.File
	json   map[string]json.RawMessage
	dev    kernels.Device
}

func eachReference(t *testing.T, f func(t *testing.T, r *reference)) {
	for _, name := range folders {
		t.Run(name, func(t *testing.T) {
			dir := golden.Shared(t, "golden", name)
			raw, err := os.ReadFile(filepath.Join(dir, "config.json"))
			if err != nil {
				t.Fatal(err)
			}
			r := &reference{dir: dir, json: map[string]json.RawMessage{}}
			if r.cfg, err = model.ParseHFConfig(raw); err != nil {
				t.Fatal(err)
			}
			r.values = openFile(t, filepath.Join(dir, "golden.safetensors"))
			raw, err = os.ReadFile(filepath.Join(dir, "golden.json"))
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(raw, &r.json); err != nil {
				t.Fatal(err)
			}
			dev, err := cpu.Open(cpu.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { dev.Close() })
			r.dev = dev
			f(t, r)
		})
	}
}

func openFile(t *testing.T, path string) *safetensors.File {
	t.Helper()
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// files reads tensors of several safetensors files as a model.Source.
type files struct {
	parts  []*safetensors.File
	rename func(string) string
}

func (s files) Names() []string {
	var names []string
	for _, f := range s.parts {
		for _, n := range f.Names() {
			names = append(names, s.rename(n))
		}
	}
	return names
}

func (s files) tensor(name string) (safetensors.Tensor, error) {
	for _, f := range s.parts {
		for _, n := range f.Names() {
			if s.rename(n) == name {
				return f.Tensor(n)
			}
		}
	}
	return safetensors.Tensor{}, fmt.Errorf("no tensor %s", name)
}

func (s files) Shape(name string) ([]int, error) {
	x, err := s.tensor(name)
	return x.Shape, err
}

func (s files) ReadFloat32(name string, dst []float32, from int) error {
	x, err := s.tensor(name)
	if err != nil {
		return err
	}
	return x.ReadFloat32(dst, from)
}

// weights loads the model, and its adapter if asked.
func (r *reference) weights(t *testing.T, lora *model.LoRA) *model.Weights {
	t.Helper()
	src := files{
		parts:  []*safetensors.File{openFile(t, filepath.Join(r.dir, "model.safetensors"))},
		rename: func(n string) string { return strings.TrimPrefix(n, "base_model.model.") },
	}
	if lora != nil {
		src.parts = append(src.parts, openFile(t, filepath.Join(r.dir, "adapter", "adapter_model.safetensors")))
	}
	w, err := model.NewWeights(r.dev, r.cfg.WithLoRA(lora), model.Float32)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Load(t.Context(), src); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

func (r *reference) ints(t *testing.T, name string) (rows [][]int32) {
	t.Helper()
	x, err := r.values.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	v, err := safetensors.Int64s(x)
	if err != nil {
		t.Fatal(err)
	}
	n := x.Shape[len(x.Shape)-1]
	for i := 0; i < len(v); i += n {
		row := make([]int32, n)
		for j := range row {
			row[j] = int32(v[i+j])
		}
		rows = append(rows, row)
	}
	return rows
}

func (r *reference) floats(t *testing.T, name string) []float64 {
	t.Helper()
	x, err := r.values.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	v, err := safetensors.Float64s(x)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// lossCase is one of the five cases with gradients.
type lossCase struct {
	name, labels, segments string
	zLoss                  float64
	lora                   *model.LoRA
	gradPrefix             string
}

var cases = []lossCase{
	{name: "plain", labels: "input_ids", gradPrefix: "grad.plain."},
	{name: "maxz", labels: "input_ids", zLoss: 2e-4},
	{name: "maxz_large", labels: "input_ids", zLoss: 0.1, gradPrefix: "grad.maxz_large."},
	{name: "sft", labels: "sft.labels", zLoss: 2e-4, gradPrefix: "grad.sft."},
	{name: "packed", labels: "packed.labels", segments: "packed.segments", zLoss: 2e-4, gradPrefix: "grad.packed."},
	{name: "lora", labels: "input_ids", lora: &model.LoRA{Rank: 4, Alpha: 8, Targets: []string{"W_pack"}}, gradPrefix: "grad.lora."},
}

// batch lays the case out as one batch.
func (r *reference) batch(t *testing.T, c lossCase) model.Batch {
	ids, labels := r.ints(t, "input_ids"), r.ints(t, c.labels)
	segments := make([][]int32, len(ids))
	if c.segments != "" {
		segments = r.ints(t, c.segments)
	}
	var b model.Batch
	for i := range ids {
		shifted := make([]int32, len(ids[i]))
		model.ShiftLabels(shifted, labels[i], segments[i])
		b.InputIDs = append(b.InputIDs, ids[i]...)
		b.Labels = append(b.Labels, shifted...)
		b.Segments = append(b.Segments, segments[i]...)
	}
	return b
}

// splits cut a batch of two rows in one or two micro-batches.
func micros(b model.Batch, seqLen, rows int) []model.Batch {
	var out []model.Batch
	cut := func(v []int32, i int) []int32 {
		if v == nil {
			return nil
		}
		return v[i : i+rows*seqLen]
	}
	for i := 0; i < len(b.InputIDs); i += rows * seqLen {
		out = append(out, model.Batch{InputIDs: cut(b.InputIDs, i), Labels: cut(b.Labels, i), Segments: cut(b.Segments, i)})
	}
	return out
}

func runStep(t *testing.T, s *model.Step, bs []model.Batch) model.Stats {
	t.Helper()
	supervised := 0
	for _, b := range bs {
		supervised += model.Supervised(b.Labels)
	}
	if err := s.Begin(supervised); err != nil {
		t.Fatal(err)
	}
	for _, b := range bs {
		if err := s.Micro(b); err != nil {
			t.Fatal(err)
		}
	}
	stats, err := s.End()
	if err != nil {
		t.Fatal(err)
	}
	return stats
}

// gradName is the name of a tensor's gradient in the golden file.
func (c lossCase) gradName(tensor string) string {
	if c.lora == nil {
		return c.gradPrefix + tensor
	}
	var layer int
	var which string
	fmt.Sscanf(tensor, "model.layers.%d.self_attn.W_pack.lora_%1s.weight", &layer, &which)
	return fmt.Sprintf("%s%d.%s", c.gradPrefix, layer, which)
}

func TestLossesAndGradients(t *testing.T) {
	eachReference(t, func(t *testing.T, r *reference) {
		for _, c := range cases {
			for _, recompute := range []int{0, r.cfg.NumHiddenLayers} {
				for _, rows := range []int{2, 1} {
					t.Run(fmt.Sprintf("%s/recompute=%d/rows=%d", c.name, recompute, rows), func(t *testing.T) {
						r.checkCase(t, c, rows, recompute)
					})
				}
			}
		}
	})
}

func (r *reference) checkCase(t *testing.T, c lossCase, rows, recompute int) {
	w := r.weights(t, c.lora)
	seqLen := len(r.ints(t, "input_ids")[0])
	s, err := model.CompileStep(r.cfg, r.dev, model.StepOptions{
		Batch: rows, SeqLen: seqLen, ZLossWeight: c.zLoss, LoRA: c.lora, RecomputeBlocks: recompute,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Bind(w); err != nil {
		t.Fatal(err)
	}
	stats := runStep(t, s, micros(r.batch(t, c), seqLen, rows))
	var want struct {
		Loss           float64  `json:"loss"`
		CrossEntropy   *float64 `json:"cross_entropy"`
		MeanMaxLogitSq *float64 `json:"mean_max_logit_sq"`
	}
	if err := json.Unmarshal(r.json[c.name], &want); err != nil {
		t.Fatal(err)
	}
	near(t, "loss", stats.Loss(c.zLoss), want.Loss)
	if want.CrossEntropy != nil {
		near(t, "cross_entropy", stats.CrossEntropy(), *want.CrossEntropy)
		near(t, "mean_max_logit_sq", stats.MeanMaxLogitSq(), *want.MeanMaxLogitSq)
	}
	if c.gradPrefix == "" {
		return
	}
	checked := 0
	for _, x := range w.Tensors() {
		if !x.Trainable {
			continue
		}
		buf, _ := s.Grad(x.Name)
		got := make([]float32, x.Len())
		if err := kernels.Read(r.dev, got, buf); err != nil {
			t.Fatal(err)
		}
		nearNorm(t, "gradient of "+x.Name, got, r.floats(t, c.gradName(x.Name)))
		checked++
	}
	if checked == 0 {
		t.Fatal("no gradient was compared")
	}
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-5*math.Abs(want) {
		t.Errorf("%s is %.9g, want %.9g", what, got, want)
	}
}

// nearNorm asks for a difference of at most 1e-4 of the norm.
func nearNorm(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d elements, want %d", what, len(got), len(want))
	}
	diff, norm := 0.0, 0.0
	for i, w := range want {
		diff += (float64(got[i]) - w) * (float64(got[i]) - w)
		norm += w * w
	}
	if !(math.Sqrt(diff) <= 1e-4*math.Sqrt(norm)) {
		t.Errorf("%s: ‖difference‖ is %.3g, ‖reference‖ %.3g", what, math.Sqrt(diff), math.Sqrt(norm))
	}
}

func TestLogProbs(t *testing.T) {
	eachReference(t, func(t *testing.T, r *reference) {
		s := eval.NewScorer(r.dev, r.cfg, r.weights(t, nil))
		defer s.Close()
		want := r.floats(t, "logprobs")
		for i, ids := range r.ints(t, "input_ids") {
			got, err := s.LogProbs(t.Context(), ids, nil)
			if err != nil {
				t.Fatal(err)
			}
			n := len(ids) - 1
			if len(got) != n {
				t.Fatalf("row %d: %d log-probabilities for %d tokens", i, len(got), len(ids))
			}
			for j, lp := range got {
				near(t, fmt.Sprintf("row %d, token %d", i, j), lp, want[i*n+j])
			}
		}
	})
}

// The cached decoder gives the reference logits at every position and the
// reference continuation.
func TestDecoding(t *testing.T) {
	eachReference(t, func(t *testing.T, r *reference) {
		m, err := infer.NewModel(r.dev, r.cfg, r.weights(t, nil))
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		s, err := m.NewSession(64)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		want := r.floats(t, "logits")
		v := r.cfg.VocabSize
		for i, ids := range r.ints(t, "input_ids") {
			s.Reset()
			for j := range ids {
				logits, err := s.Feed(ids[j : j+1])
				if err != nil {
					t.Fatal(err)
				}
				nearNorm(t, fmt.Sprintf("logits of row %d, token %d", i, j), logits, want[(i*len(ids)+j)*v:][:v])
			}
		}
		s.Reset()
		logits, err := s.Feed(r.ints(t, "greedy.prompt")[0])
		for _, want := range r.ints(t, "greedy.output")[0] {
			if err != nil {
				t.Fatal(err)
			}
			if got := argmax(logits); got != want {
				t.Fatalf("greedy token %d, want %d", got, want)
			}
			logits, err = s.Feed([]int32{want})
		}
	})
}

func argmax(v []float32) int32 {
	best := 0
	for i, x := range v {
		if x > v[best] {
			best = i
		}
	}
	return int32(best)
}

func TestAdamWSteps(t *testing.T) {
	eachReference(t, func(t *testing.T, r *reference) {
		var want struct {
			LR          float64    `json:"lr"`
			Betas       [2]float64 `json:"betas"`
			Eps         float64    `json:"eps"`
			WeightDecay float64    `json:"weight_decay"`
			MaxGradNorm float64    `json:"max_grad_norm"`
			ZLoss       float64    `json:"z_loss_weight"`
			Losses      []float64  `json:"losses"`
			GradNorms   []float64  `json:"grad_norms"`
		}
		if err := json.Unmarshal(r.json["adamw"], &want); err != nil {
			t.Fatal(err)
		}
		w := r.weights(t, nil)
		seqLen := len(r.ints(t, "input_ids")[0])
		s, err := model.CompileStep(r.cfg, r.dev, model.StepOptions{Batch: 2, SeqLen: seqLen, ZLossWeight: want.ZLoss})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Bind(w); err != nil {
			t.Fatal(err)
		}
		cfg := optim.Default()
		cfg.LearningRate, cfg.Beta1, cfg.Beta2 = want.LR, want.Betas[0], want.Betas[1]
		cfg.Epsilon, cfg.WeightDecay, cfg.MaxGradNorm = want.Eps, want.WeightDecay, want.MaxGradNorm
		var params []optim.Param
		for _, x := range w.Tensors() {
			g, _ := s.Grad(x.Name)
			params = append(params, optim.Param{Name: x.Name, Shape: x.Shape, Value: w.Bufs()[x.Name], Grad: g})
		}
		opt, err := optim.New(r.dev, cfg, params)
		if err != nil {
			t.Fatal(err)
		}
		defer opt.Close()
		b := r.batch(t, cases[0])
		for i := range want.Losses {
			stats := runStep(t, s, []model.Batch{b})
			near(t, fmt.Sprintf("loss of step %d", i+1), stats.Loss(want.ZLoss), want.Losses[i])
			res, err := optim.Step(opt, i+1, want.LR)
			if err != nil {
				t.Fatal(err)
			}
			near(t, fmt.Sprintf("gradient norm of step %d", i+1), res.GradNorm, want.GradNorms[i])
		}
		for _, x := range w.Tensors() {
			got := make([]float32, x.Len())
			if err := w.Get(x.Name, got); err != nil {
				t.Fatal(err)
			}
			nearNorm(t, x.Name+" after the steps", got, r.floats(t, "adamw."+x.Name))
		}
	})
}
