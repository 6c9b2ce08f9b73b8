package browser

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// madeRun is a run folder as training writes it.
type madeRun struct {
	dir   string
	noise *rand.Rand
	total int
}

var groups = []string{"embedding", "layers.0", "layers.1", "layers.2", "layers.3", "head"}

// makeRun writes a run of steps steps of total.
func makeRun(t *testing.T, dir string, steps, total int, seed uint64, status string) *madeRun {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	r := &madeRun{dir, rand.New(rand.NewPCG(seed, 1)), total}
	r.describe(t, status, seed)
	r.log(t, os.O_TRUNC, 1, steps)
	return r
}

func (r *madeRun) describe(t *testing.T, status string, seed uint64) {
	t.Helper()
	host, _ := os.Hostname()
	text, err := json.Marshal(map[string]any{
		"format": "huihai-run-1", "run_id": fmt.Sprintf("%012x", seed*0x9e3779b9), "status": status, "message": "",
		"pid": os.Getpid(), "host": host, "started": 1767225600, "steps": r.total, "first_step": 1,
		"panel": []map[string]string{
			{"key": "model", "value": "Baichuan 2, 10.4M parameters (RoPE, 6 layers)"},
			{"key": "weights", "value": fmt.Sprintf("new, seed %d", seed)},
			{"key": "data", "value": "9,812,480 tokens, fingerprint 3f9a11c2 <b>not markup</b>"},
			{"key": "mixture", "value": "web 0.7, poems 0.3"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.dir, "run.json"), text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// log writes the lines of steps first to last, appending or (os.O_TRUNC) afresh.
func (r *madeRun) log(t *testing.T, mode, first, last int) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(r.dir, "trainer_log.jsonl"), os.O_WRONLY|os.O_CREATE|mode, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	out := json.NewEncoder(f)
	for step := first; step <= last; step++ {
		if err := out.Encode(r.line(step)); err != nil {
			t.Fatal(err)
		}
		if step%50 == 0 {
			e := r.curve(step) + 0.06
			if err := out.Encode(map[string]any{
				"step": step, "time": 1767225600 + 2*step, "eval/loss": e, "eval/bits_per_byte": e / 2.9, "eval/loss/web": e + 0.2,
				"eval/loss/poems": e - 0.5, "eval/bits_per_byte/web": e / 2.7, "eval/bits_per_byte/poems": e / 3.3,
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func (r *madeRun) curve(step int) float64 { return 3.2 + 7.5*math.Exp(-float64(step)/70) }

func (r *madeRun) line(step int) map[string]any {
	loss := r.curve(step) + 0.08*r.noise.NormFloat64()
	line := map[string]any{
		"step": step, "time": 1767225600.25 + float64(2*step), "train/loss": loss,
		"train/grad_norm":     1.2 + 0.2*r.noise.NormFloat64() + 4*math.Exp(-float64(step)/30),
		"train/learning_rate": 3e-4 * min(1, float64(step)/40) * (0.5 + 0.5*math.Cos(math.Pi*float64(step)/float64(r.total))),
		"train/tokens":        16384 * step, "train/tokens_per_second": 8300 + 180*r.noise.NormFloat64(), "train/peak_share": 0.41,
		"train/data_wait": 0.004, "train/eta_seconds": 2 * (r.total - step),
		"train/loss/web": loss + 0.2, "train/loss/poems": loss - 0.5,
	}
	if step == 120 {
		line["train/grad_norm"] = "+Inf"
	}
	total, shares := 0.0, make([]float64, len(groups))
	for i := range groups {
		shares[i] = 1 + 0.2*r.noise.Float64()
		total += shares[i]
	}
	for i, g := range groups {
		line["train/grad_share/"+g] = shares[i] / total
	}
	return line
}
