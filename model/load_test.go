package model

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
)

// shaped is a source with the shapes of a model.
type shaped struct {
	stored
	c Config
}

func (s shaped) Shape(name string) ([]int, error) {
	for _, x := range s.c.Tensors() {
		if x.Name == name {
			return x.Shape, nil
		}
	}
	return s.stored.Shape(name)
}

// Values that are not finite are named by tensor and place, wherever they are:
// in the first piece, in a later one, in the last element.
func TestLoadRefusesWhatIsNotFinite(t *testing.T) {
	dev, c := openCPU(t), small()
	c.VocabSize = loadChunk/c.HiddenSize + 10 // the embedding takes two pieces
	good := store(t, fresh(t, dev, c, 3))
	name := layerName(1, wPack)
	for _, bad := range []struct {
		tensor string
		at     int
		v      float64
		want   string
	}{
		{name, 0, math.NaN(), name + ": element [0, 0] is NaN"},
		{name, c.HiddenSize + 3, math.Inf(-1), name + ": element [1, 3] is -Inf"},
		{EmbedTokens, loadChunk + 1, math.Inf(1), "is +Inf"},
		{FinalNorm, c.HiddenSize - 1, math.NaN(), FinalNorm + ": element [63] is NaN"},
	} {
		src := stored{}
		for k, v := range good {
			src[k] = v
		}
		src[bad.tensor] = append([]float32(nil), good[bad.tensor]...)
		src[bad.tensor][bad.at] = float32(bad.v)
		for _, s := range []Storage{Float32, BFloat16} {
			_, err := LoadWeights(t.Context(), dev, c, shaped{src, c}, s)
			if err == nil || !strings.Contains(err.Error(), bad.want) {
				t.Errorf("%s[%d]: error %v, want one with %q", bad.tensor, bad.at, err, bad.want)
			}
		}
	}
}

// stopping cancels a context with the n-th read.
type stopping struct {
	stored
	cancel context.CancelFunc
	n      *int
}

func (s stopping) ReadFloat32(name string, dst []float32, from int) error {
	if *s.n--; *s.n == 0 {
		s.cancel()
	}
	if *s.n < 0 {
		return errors.New("read after the end")
	}
	return s.stored.ReadFloat32(name, dst, from)
}

func TestLoadStopsBetweenPieces(t *testing.T) {
	dev, c := openCPU(t), small()
	src := store(t, fresh(t, dev, c, 3))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 3
	if _, err := LoadWeights(ctx, dev, c, stopping{src, cancel, &n}, Float32); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled load gave %v", err)
	}
}

// Rotary tables left in a file must be those of config.json.
func TestStoredRotaryTables(t *testing.T) {
	dev, c := openCPU(t), small()
	c.Position = RoPE
	src := store(t, fresh(t, dev, c, 3))
	const name = "model.layers.1.self_attn.rotary_emb.inv_freq"
	table := func(theta, scale float64, n int) []float32 {
		out := make([]float32, n)
		for i := range out {
			out[i] = float32(math.Pow(theta, -float64(i)/float64(n)) * scale)
		}
		return out
	}
	d := c.HeadDim()
	src[name] = table(c.RopeTheta, 1.003, d/2) // as bfloat16 would round it
	if err := c.CheckSource(src); err != nil {
		t.Error(err)
	}
	for want, bad := range map[string][]float32{
		"entry 1 is":   table(500, 1, d/2),
		"entry 0 is":   table(c.RopeTheta, 0.25, d/2),
		"it has shape": table(c.RopeTheta, 1, d/4),
	} {
		src[name] = bad
		if err := c.CheckSource(src); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	src[name] = table(c.RopeTheta, 1, d/2)
	c.Position = ALiBi
	if err := c.CheckSource(src); err == nil || !strings.Contains(err.Error(), "means ALiBi") {
		t.Errorf("rotary tables in an ALiBi model gave %v", err)
	}
}

func TestExtraTensorsAreExplained(t *testing.T) {
	dev, c := openCPU(t), small()
	for name, want := range map[string]string{
		"model.layers.0.mlp.up_proj.SCB":                     "quantised",
		"model.layers.0.mlp.up_proj.weight.quant_state":      "quantised",
		"model.layers.0.self_attn.W_pack.bias":               "no biases",
		"model.layers.0.self_attn.q_proj.weight":             "W_pack",
		"model.layers.0.self_attn.W_pack.weight_scale_inv":   "quantised",
		"model.layers.0.self_attn.W_pack.\x1b[31mred.weight": `\x1b[31m`,
	} {
		src := store(t, fresh(t, dev, c, 3))
		src[name] = []float32{1}
		if err := c.CheckSource(src); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%q: error %v, want one with %q", name, err, want)
		}
	}
}
