package model

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"huihai/internal/rng"
	"huihai/kernels"
	"huihai/kernels/cpu"
)

func small() Config {
	c := Default()
	c.HiddenSize, c.IntermediateSize, c.NumAttentionHeads, c.NumHiddenLayers, c.VocabSize = 64, 96, 4, 2, 300
	return c
}

func openCPU(t *testing.T) kernels.Device {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dev.Close() })
	return dev
}

func fresh(t *testing.T, dev kernels.Device, c Config, seed uint64) *Weights {
	t.Helper()
	w, err := NewWeights(dev, c.Tensors(), Float32)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	if err := w.Init(c, seed); err != nil {
		t.Fatal(err)
	}
	return w
}

func get(t *testing.T, w *Weights, x Tensor) []float32 {
	t.Helper()
	v := make([]float32, x.Len())
	if err := w.Get(x.Name, v); err != nil {
		t.Fatal(err)
	}
	return v
}

// Every tensor starts as the released code starts it: its mean, its spread, its
// bounds, and the zero row of the padding token.
func TestInit(t *testing.T) {
	c := small()
	w := fresh(t, openCPU(t), c, 7)
	for _, x := range w.Tensors() {
		v := get(t, w, x)
		mean, sq, top := 0.0, 0.0, 0.0
		for _, f := range v {
			mean += float64(f) / float64(len(v))
			sq += float64(f) * float64(f) / float64(len(v))
			top = max(top, math.Abs(float64(f)))
		}
		spread := math.Sqrt(sq - mean*mean)
		switch {
		case len(x.Shape) == 1:
			if mean != 1 || spread != 0 {
				t.Errorf("%s: a gain is not one", x.Name)
			}
		case x.Name == LMHead:
			bound := 1 / math.Sqrt(float64(c.HiddenSize))
			if top > bound || math.Abs(spread-bound/math.Sqrt(3)) > 0.05*bound {
				t.Errorf("%s: largest %g, spread %g; the bound is %g", x.Name, top, spread, bound)
			}
		default:
			if math.Abs(spread-0.02) > 0.001 || math.Abs(mean) > 0.001 {
				t.Errorf("%s: mean %g, spread %g", x.Name, mean, spread)
			}
		}
	}
	embed := get(t, w, w.Tensors()[0])
	if slices.ContainsFunc(embed[:c.HiddenSize], func(f float32) bool { return f != 0 }) {
		t.Error("the padding row of the embedding is not zero")
	}
	if again := get(t, fresh(t, openCPU(t), c, 7), w.Tensors()[0]); !slices.Equal(embed, again) {
		t.Error("one seed gave two embeddings")
	}
	if other := get(t, fresh(t, openCPU(t), c, 8), w.Tensors()[0]); slices.Equal(embed, other) {
		t.Error("two seeds gave one embedding")
	}
}

// A tensor is drawn a piece at a time; the pieces are those of one stream, and a
// padding row that two pieces share is zero in both.
func TestInitInPieces(t *testing.T) {
	c := small()
	c.HiddenSize, c.VocabSize = 48, loadChunk/48+100
	c.PadTokenID = loadChunk / 48 // its row begins in the first piece
	if loadChunk%48 == 0 {
		t.Fatal("no row is shared by two pieces")
	}
	x := c.Tensors()[0]
	want := make([]float32, x.Len())
	x.draw(want, c, rng.New(7, "init/"+x.Name))
	clear(want[c.PadTokenID*48 : (c.PadTokenID+1)*48])
	if !slices.Equal(get(t, fresh(t, openCPU(t), c, 7), x), want) {
		t.Error("an embedding drawn in pieces differs from one drawn at once")
	}
}

// stored is a Source in memory.
type stored map[string][]float32

func (s stored) Names() []string {
	var names []string
	for n := range s {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

func (s stored) Shape(name string) ([]int, error) {
	for _, x := range small().Tensors() {
		if v, ok := s[name]; ok && x.Name == name {
			if len(v) != x.Len() {
				return []int{len(v)}, nil
			}
			return x.Shape, nil
		}
	}
	if v, ok := s[name]; ok {
		return []int{len(v)}, nil
	}
	return nil, fmt.Errorf("no tensor %s", name)
}

func (s stored) ReadFloat32(name string, dst []float32, from int) error {
	copy(dst, s[name][from:])
	return nil
}

func store(t *testing.T, w *Weights) stored {
	s := stored{}
	for _, x := range w.Tensors() {
		s[x.Name] = get(t, w, x)
	}
	return s
}

func TestLoad(t *testing.T) {
	dev, c := openCPU(t), small()
	src := store(t, fresh(t, dev, c, 3))
	table := make([]float32, c.HeadDim()/2)
	for i := range table {
		table[i] = float32(math.Pow(c.RopeTheta, -2*float64(i)/float64(c.HeadDim())))
	}
	src["model.layers.0.self_attn.rotary_emb.inv_freq"] = table
	w, err := LoadWeights(t.Context(), dev, c, src, Float32)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, x := range w.Tensors() {
		if !slices.Equal(get(t, w, x), src[x.Name]) {
			t.Errorf("%s changed on the way", x.Name)
		}
	}
}

func TestLoadBFloat16RoundsToNearest(t *testing.T) {
	dev, c := openCPU(t), small()
	src := store(t, fresh(t, dev, c, 3))
	w, err := LoadWeights(t.Context(), dev, c, src, BFloat16)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	x := c.Tensors()[2]
	buf := w.Bufs()[x.Name]
	if buf.Type != kernels.BF16 || w.Bufs()[LMHead].Type != kernels.F32 {
		t.Fatalf("storage is %v and %v", buf.Type, w.Bufs()[LMHead].Type)
	}
	half := make([]uint16, x.Len())
	if err := kernels.Read(dev, half, buf); err != nil {
		t.Fatal(err)
	}
	for i, h := range half {
		if got, want := kernels.F32FromBF16(h), src[x.Name][i]; math.Abs(float64(got-want)) > math.Abs(float64(want))/256 {
			t.Fatalf("element %d is %g, want about %g", i, got, want)
		}
	}
}

func TestLoadReportsEverythingAtOnce(t *testing.T) {
	dev, c := openCPU(t), small()
	src := store(t, fresh(t, dev, c, 3))
	delete(src, FinalNorm)
	src[LMHead] = src[LMHead][:64]
	src["model.layers.9.mlp.up_proj.weight"] = []float32{1}
	_, err := LoadWeights(t.Context(), dev, c, src, Float32)
	for _, want := range []string{FinalNorm, LMHead + " has shape [64]", "\"model.layers.9.mlp.up_proj.weight\" is in the checkpoint but not"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	src = store(t, fresh(t, dev, c, 3))
	w, err := NewWeights(dev, c.Tensors(), Float32)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Load(t.Context(), failing{src}); err == nil || !strings.Contains(err.Error(), "load model.embed_tokens.weight: the disk is on fire") {
		t.Errorf("a failing read gave %v", err)
	}
}

// failing reads nothing.
type failing struct{ stored }

func (failing) ReadFloat32(string, []float32, int) error { return errors.New("the disk is on fire") }

func TestShiftLabels(t *testing.T) {
	out := make([]int32, 5)
	ShiftLabels(out, []int32{10, 11, 12, 13, 14}, nil)
	if want := []int32{11, 12, 13, 14, -100}; !slices.Equal(out, want) {
		t.Errorf("shifted to %v, want %v", out, want)
	}
	ShiftLabels(out, []int32{10, 11, -100, 13, 14}, []int32{0, 0, 1, 1, 1})
	if want := []int32{11, -100, 13, 14, -100}; !slices.Equal(out, want) {
		t.Errorf("shifted to %v, want %v", out, want)
	}
}

func TestLoRATensors(t *testing.T) {
	c := small()
	l := &LoRA{Rank: 4, Alpha: 8, Targets: []string{"W_pack", "down_proj"}}
	trainable := 0
	for _, x := range c.WithLoRA(l) {
		if x.Trainable {
			trainable += x.Len()
		}
	}
	if want := 2 * (4*(64+192) + 4*(96+64)); trainable != want {
		t.Errorf("%d trainable elements, want %d", trainable, want)
	}
	for _, bad := range []*LoRA{{Rank: 0, Targets: []string{"W_pack"}}, {Rank: 1}, {Rank: 1, Targets: []string{"q_proj"}}} {
		if _, err := BuildGraph(c, GraphOptions{Batch: 1, SeqLen: 8, LoRA: bad}); err == nil {
			t.Errorf("%+v was accepted", *bad)
		}
	}
}
