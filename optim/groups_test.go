package optim

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var tensorNames = []string{
	"lm_head.weight", "model.embed_tokens.weight", "model.norm.weight",
	"model.layers.0.mlp.up_proj.weight", "model.layers.0.self_attn.W_pack.weight", "model.layers.0.input_layernorm.weight",
	"model.layers.1.mlp.up_proj.weight", "model.layers.1.self_attn.W_pack.weight", "model.layers.1.input_layernorm.weight",
}

func TestTheLastMatchingGroupWins(t *testing.T) {
	c := Default()
	c.Groups = []Group{
		{Pattern: "model.layers.*", LRScale: new(0.5), WeightDecay: new(0.2)},
		{Pattern: "*norm*", WeightDecay: new(0.0)},
		{Pattern: "model.layers.[1-9].mlp.*", LRScale: new(3.0)},
	}
	for _, w := range []struct {
		name       string
		shape      []int
		scale, dec float64
	}{
		{"lm_head.weight", []int{2, 2}, 1, 0.1},
		{"model.norm.weight", []int{2}, 1, 0},
		{"model.layers.0.mlp.up_proj.weight", []int{2, 2}, 0.5, 0.2},
		{"model.layers.0.input_layernorm.weight", []int{2}, 1, 0},  // not the first group's scale
		{"model.layers.1.mlp.up_proj.weight", []int{2, 2}, 3, 0.1}, // nor its decay
	} {
		if scale, dec := c.ForTensor(w.name, w.shape); scale != w.scale || dec != w.dec {
			t.Errorf("%s: scale %v and decay %v, want %v and %v", w.name, scale, dec, w.scale, w.dec)
		}
	}
}

// A group moves its tensors as an optimizer with its settings would.
func TestGroupsChangeTheStep(t *testing.T) {
	dev := &fakeDevice{}
	step := func(c Config, lr float64) []float32 {
		p := newParam(t, dev, "w", []int{1, 2}, []float32{1, -2})
		write(t, dev, p.Grad, []float32{0.5, 0.25})
		o, err := New(dev, c, []Param{p})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Step(o, 1, lr); err != nil {
			t.Fatal(err)
		}
		return read(t, dev, p.Value)
	}
	grouped, plain := Default(), Default()
	grouped.Groups = []Group{{Pattern: "w", LRScale: new(0.25), WeightDecay: new(0.5)}}
	plain.WeightDecay = 0.5
	if got, want := step(grouped, 0.4), step(plain, 0.1); got[0] != want[0] || got[1] != want[1] {
		t.Errorf("the group leads to %v, want %v", got, want)
	}
}

func TestCheckPatterns(t *testing.T) {
	c := Default()
	c.Groups = []Group{{Pattern: "model.layers.*.self_atn.*", LRScale: new(2.0)}, {Pattern: "*norm*", LRScale: new(2.0)}}
	c.Freeze = []string{"model.embed_tokens.*", "lm_haed.weight"}
	err := c.CheckPatterns(tensorNames)
	if err == nil {
		t.Fatal("patterns without tensors were accepted")
	}
	for _, want := range []string{
		`groups[0].pattern is "model.layers.*.self_atn.*", which matches no tensor of the model; near it are model.layers.0.self_attn.W_pack.weight,`,
		`freeze[1] is "lm_haed.weight", which matches no tensor of the model; near it are lm_head.weight,`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	if n := strings.Count(err.Error(), "\n") + 1; n != 2 {
		t.Errorf("%d problems, want 2:\n%v", n, err)
	}
	if !c.Frozen("model.embed_tokens.weight") || c.Frozen("model.norm.weight") {
		t.Error("Frozen does not follow freeze")
	}
	c.Groups, c.Freeze = nil, []string{"model.*", "lm_head*"}
	if err := c.CheckPatterns(tensorNames); err == nil || !strings.Contains(err.Error(), "freeze matches every tensor") {
		t.Errorf("nothing left to train gives: %v", err)
	}
	c.Freeze = nil
	if err := c.CheckPatterns(tensorNames); err != nil {
		t.Error(err)
	}
}

// The distance is 0 where a pattern of letters, ? and * matches, and only there.
func TestGlobDistanceIsZeroWhereThePatternMatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringOfN(rapid.SampledFrom([]rune("ab.?*")), 0, 8, -1).Draw(t, "pattern")
		name := rapid.StringOfN(rapid.SampledFrom([]rune("ab.")), 0, 8, -1).Draw(t, "name")
		if d := globDistance(pattern, name); (d == 0) != matches(pattern, name) {
			t.Fatalf("distance %d of %q and %q, which match: %v", d, pattern, name, matches(pattern, name))
		}
	})
}
