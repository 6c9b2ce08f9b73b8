package optim

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"huihai/kernels"
)

// torchRun is testdata/adamw_torch.json.
type torchRun struct {
	MaxGradNorm float64 `json:"max_grad_norm"`
	Beta1       float64 `json:"beta1"`
	Beta2       float64 `json:"beta2"`
	Epsilon     float64 `json:"epsilon"`
	WeightDecay float64 `json:"weight_decay"`
	DecayOn     DecayOn `json:"decay_on"`
	Shapes      map[string][]int
	Start, M, V map[string][]float64
	Steps       []struct {
		LR            float64
		GradNorm      float64 `json:"grad_norm"`
		Grads, Values map[string][]float64
	}
}

func loadTorchRun(t *testing.T) (torchRun, Config) {
	t.Helper()
	b, err := os.ReadFile("testdata/adamw_torch.json")
	if err != nil {
		t.Fatal(err)
	}
	var run torchRun
	if err := json.Unmarshal(b, &run); err != nil {
		t.Fatal(err)
	}
	cfg := Default()
	cfg.Beta1, cfg.Beta2, cfg.Epsilon = run.Beta1, run.Beta2, run.Epsilon
	cfg.WeightDecay, cfg.DecayOn, cfg.MaxGradNorm = run.WeightDecay, run.DecayOn, run.MaxGradNorm
	return run, cfg
}

func TestAdamWEqualsPyTorch(t *testing.T) {
	checkAgainstPyTorch(t, &fakeDevice{})
}

func checkAgainstPyTorch(t *testing.T, dev kernels.Device) {
	run, cfg := loadTorchRun(t)
	var params []Param
	for name, shape := range run.Shapes {
		params = append(params, newParam(t, dev, name, shape, narrow(run.Start[name])))
	}
	opt, err := New(dev, cfg, params)
	if err != nil {
		t.Fatal(err)
	}
	defer opt.Close()
	clipped := 0
	for i, step := range run.Steps {
		for _, p := range params {
			write(t, dev, p.Grad, narrow(step.Grads[p.Name]))
		}
		res, err := Step(opt, i+1, step.LR)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(res.GradNorm-step.GradNorm) > 1e-12*step.GradNorm {
			t.Errorf("step %d: gradient norm %v, want %v", i+1, res.GradNorm, step.GradNorm)
		}
		if want := step.GradNorm > cfg.MaxGradNorm; res.Clipped != want {
			t.Errorf("step %d: Clipped = %v with norm %v", i+1, res.Clipped, res.GradNorm)
		} else if want {
			clipped++
		}
		for _, p := range params {
			// Weights of size up to 3 are rounded once per step to 2^-23.
			compare(t, p.Name, read(t, dev, p.Value), step.Values[p.Name], 1e-6, 0)
		}
	}
	if clipped == 0 || clipped == len(run.Steps) {
		t.Errorf("%d of %d steps were clipped; the case must hold both kinds", clipped, len(run.Steps))
	}
	for name := range run.Shapes {
		compare(t, "m of "+name, stateOf(t, dev, opt, "exp_avg."+name), run.M[name], 1e-9, 2e-6)
		compare(t, "v of "+name, stateOf(t, dev, opt, "exp_avg_sq."+name), run.V[name], 1e-9, 2e-6)
	}
}

func compare(t *testing.T, what string, got []float32, want []float64, absolute, relative float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d elements, want %d", what, len(got), len(want))
	}
	for i, w := range want {
		if diff := math.Abs(float64(got[i]) - w); !(diff <= absolute+relative*math.Abs(w)) {
			t.Errorf("%s[%d] = %v, want %v", what, i, got[i], w)
		}
	}
}

func narrow(x []float64) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v)
	}
	return y
}
