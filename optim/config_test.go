package optim

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestDefaultIsTheReport(t *testing.T) {
	c := Default()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	want := Config{
		Optimizer: "adamw", LearningRate: 2e-4, Beta1: 0.9, Beta2: 0.95, Epsilon: 1e-8, WeightDecay: 0.1, DecayOn: "matrices",
		MaxGradNorm: 0.5, SchedulerType: "cosine", WarmupSteps: 2000, MinLRRatio: 0.1, LRPower: 1, LRDecayType: "cosine",
		MuonMomentum: 0.95, MuonNSSteps: 5, MuonLRScale: "match_rms_adamw", MuonExclude: []string{"*embed_tokens*", "lm_head*"},
		AdafactorBeta2Decay: -0.8, AdafactorClip: 1, AdafactorEps1: 1.1920928955078125e-07, AdafactorEps2: 1e-3,
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("Default() = %+v, want %+v", c, want)
	}
}

func TestValidateNamesEveryKey(t *testing.T) {
	nan := math.NaN()
	bad := Config{
		LearningRate: nan, Beta1: 1, Beta2: 1 - 1e-12, Epsilon: 0, WeightDecay: -1, DecayOn: "gains",
		MaxGradNorm: math.Inf(1), SchedulerType: "wsd", WarmupSteps: -1, WarmupRatio: 1, MinLRRatio: 1.5,
		LRPower: nan, LRDecaySteps: -1, LRDecayRatio: nan, LRDecayType: "sqrt", Optimizer: "adamw_bnb_8bit",
		Groups: []Group{{Pattern: "a", LRScale: new(0.0), WeightDecay: new(-0.5)}, {Pattern: "[a", LRScale: new(nan)}, {LRScale: new(1.0)}, {Pattern: "b"}},
		Freeze: []string{"ok", ""}, MuonMomentum: 1, MuonNSSteps: 101, MuonLRScale: "x", MuonExclude: []string{"\\"},
		AdafactorBeta2Decay: 0.8, AdafactorClip: 0, AdafactorEps1: nan, AdafactorEps2: 1,
	}
	err := bad.Validate()
	if err == nil {
		t.Fatal("Validate accepted it all")
	}
	for _, key := range []string{
		"learning_rate is NaN", "beta1 is 1;", "beta2 is 0.99", "epsilon is 0", "weight_decay is -1", `decay_on is "gains"`,
		"max_grad_norm is +Inf", `lr_scheduler_type is "wsd"`, "here it is called warmup_stable_decay", "warmup_steps is -1", "warmup_ratio is 1;", "min_lr_ratio is 1.5",
		"lr_power is NaN", "lr_decay_steps is -1", "lr_decay_ratio is NaN", `lr_decay_type is "sqrt"`, "called 1-sqrt",
		`optimizer is "adamw_bnb_8bit"`, "called adamw_8bit",
		"groups[0].lr_scale is 0", "groups[0].weight_decay is -0.5", `groups[1].pattern is "[a", which is no pattern`, "groups[1].lr_scale is NaN",
		"groups[2].pattern is empty", "groups[3] changes nothing", "freeze[1] is empty",
		"muon_momentum is 1;", "muon_ns_steps is 101", `muon_lr_scale is "x"`, `muon_exclude[0] is`,
		"adafactor_beta2_decay is 0.8", "adafactor_clip is 0", "adafactor_eps1 is NaN", "adafactor_eps2 is 1;",
	} {
		if !strings.Contains(err.Error(), key) {
			t.Errorf("the error does not say %q:\n%v", key, err)
		}
	}
}

// The values are those of transformers' cosine schedule, computed by hand from
// its formula, shifted by one step since theirs spends step 0 at rate 0.
func TestScheduleValues(t *testing.T) {
	c := Default()
	c.LearningRate, c.WarmupSteps, c.MinLRRatio = 1, 4, 0.1
	cosine, err := NewSchedule(c, 12)
	if err != nil {
		t.Fatal(err)
	}
	c.SchedulerType = Constant
	constant, err := NewSchedule(c, 12)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []struct {
		step             int
		cosine, constant float64
	}{
		{-3, 0.25, 0.25}, {1, 0.25, 0.25}, {2, 0.5, 0.5}, {4, 1, 1},
		{6, 0.1 + 0.9*(1+math.Sqrt2/2)/2, 1}, {8, 0.55, 1}, {10, 0.1 + 0.9*(1-math.Sqrt2/2)/2, 1},
		{12, 0.1, 1}, {13, 0.1, 1}, {1000, 0.1, 1},
	} {
		if got := cosine.At(w.step); math.Abs(got-w.cosine) > 1e-15 {
			t.Errorf("cosine.At(%d) = %v, want %v", w.step, got, w.cosine)
		}
		if got := constant.At(w.step); got != w.constant {
			t.Errorf("constant.At(%d) = %v, want %v", w.step, got, w.constant)
		}
	}
}

func TestScheduleShape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Default()
		c.LearningRate = rapid.Float64Range(1e-9, 1).Draw(t, "learning_rate")
		c.MinLRRatio = rapid.Float64Range(0, 1).Draw(t, "min_lr_ratio")
		c.SchedulerType = rapid.SampledFrom([]SchedulerType{Cosine, Linear, Polynomial, Constant, ConstantWithWarmup, WarmupStableDecay}).Draw(t, "type")
		total := rapid.IntRange(1, 200).Draw(t, "total")
		c.WarmupSteps = rapid.IntRange(0, total-1).Draw(t, "warmup")
		switch c.SchedulerType {
		case Polynomial:
			c.LRPower = rapid.Float64Range(0.1, 5).Draw(t, "power")
		case WarmupStableDecay:
			c.LRDecayType = rapid.SampledFrom([]DecayType{CosineDecay, LinearDecay, OneMinusSqrtDecay}).Draw(t, "decay")
			c.LRDecaySteps = rapid.IntRange(1, total-c.WarmupSteps).Draw(t, "decay steps")
		}
		s, err := NewSchedule(c, total)
		if err != nil {
			t.Fatal(err)
		}
		top := 0.0
		for step := 1; step <= total; step++ {
			lr := s.At(step)
			top = max(top, lr)
			const slack = 1e-15
			if step > 1 && step <= c.WarmupSteps && lr <= s.At(step-1) {
				t.Fatalf("step %d: %v does not rise in the warm-up", step, lr)
			}
			if step > c.WarmupSteps+1 && lr > s.At(step-1)+slack {
				t.Fatalf("step %d: %v rises after the warm-up", step, lr)
			}
			if step > c.WarmupSteps && lr < c.LearningRate*c.MinLRRatio-slack {
				t.Fatalf("step %d: %v is below the lowest rate", step, lr)
			}
		}
		if top > c.LearningRate {
			t.Fatalf("the highest rate is %v, above learning_rate %v", top, c.LearningRate)
		}
		if last := total - c.LRDecaySteps; c.SchedulerType == WarmupStableDecay && last > 0 && s.At(last) != c.LearningRate {
			t.Fatalf("step %d before the decay has %v, want %v", last, s.At(last), c.LearningRate)
		}
		if c.WarmupSteps > 0 && s.At(c.WarmupSteps) != c.LearningRate {
			t.Fatalf("the warm-up ends at %v, want %v", s.At(c.WarmupSteps), c.LearningRate)
		}
		if want := c.LearningRate * c.MinLRRatio; c.SchedulerType != Constant && c.SchedulerType != ConstantWithWarmup && s.At(total) != want {
			t.Fatalf("the decay ends at %v, want %v", s.At(total), want)
		}
	})
}

func TestScheduleRefusesRunsThatNeverWarmUp(t *testing.T) {
	c := Default()
	for _, total := range []int{-1, 0, 1, 2000} {
		if _, err := NewSchedule(c, total); err == nil {
			t.Errorf("NewSchedule with %d warm-up steps accepted a run of %d", c.WarmupSteps, total)
		}
	}
	if _, err := NewSchedule(c, 2001); err != nil {
		t.Error(err)
	}
	c.WarmupSteps = 0
	if _, err := NewSchedule(c, 1); err != nil {
		t.Error(err)
	}
	c.DecayOn = "?"
	if _, err := NewSchedule(c, 1); err == nil || !strings.Contains(err.Error(), "decay_on") {
		t.Errorf("a bad configuration gives: %v", err)
	}
}

func TestScheduleByShareOfTheRun(t *testing.T) {
	c := Default()
	c.SchedulerType, c.WarmupSteps, c.WarmupRatio, c.LRDecayRatio = WarmupStableDecay, 0, 0.03, 0.2
	if w, d := c.Warmup(110), c.LRDecay(110); w != 4 || d != 22 { // 3.3 and 22
		t.Errorf("of 110 steps %d warm up and %d decay, want 4 and 22", w, d)
	}
	s, err := NewSchedule(c, 110)
	if err != nil {
		t.Fatal(err)
	}
	peak := c.LearningRate
	for step, want := range map[int]float64{2: peak / 2, 4: peak, 88: peak, 110: peak * 0.1} {
		if got := s.At(step); got != want {
			t.Errorf("At(%d) = %v, want %v", step, got, want)
		}
	}
	if s.At(89) >= peak {
		t.Error("step 89 does not decay")
	}
}

// Settings that contradict each other or would do nothing are refused.
func TestValidateRefusesContradictions(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"warmup_ratio is 0.1, but warmup_steps is 2000":         func(c *Config) { c.WarmupRatio = 0.1 },
		"neither lr_decay_steps nor lr_decay_ratio":             func(c *Config) { c.SchedulerType = WarmupStableDecay },
		"lr_decay_steps is 5 and lr_decay_ratio is 0.1":         func(c *Config) { c.SchedulerType, c.LRDecaySteps, c.LRDecayRatio = WarmupStableDecay, 5, 0.1 },
		"lr_decay_steps is 5, but only lr_scheduler_type":       func(c *Config) { c.LRDecaySteps = 5 },
		"lr_decay_ratio is 0.1, but only lr_scheduler_type":     func(c *Config) { c.LRDecayRatio = 0.1 },
		`lr_decay_type is "linear", but only lr_scheduler_type`: func(c *Config) { c.LRDecayType = LinearDecay },
		"lr_power is 2, but only lr_scheduler_type polynomial":  func(c *Config) { c.LRPower = 2 },
	} {
		c := Default()
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("want one problem, %q, got: %v", want, err)
		}
	}
	c := Default()
	c.SchedulerType, c.LRDecaySteps, c.WarmupSteps = WarmupStableDecay, 60, 50
	if _, err := NewSchedule(c, 100); err == nil || !strings.Contains(err.Error(), "the warm-up of 50 steps and the decay of 60") {
		t.Errorf("parts longer than the run give: %v", err)
	}
	c = Default()
	c.WarmupSteps, c.WarmupRatio = 0, 0.95
	if _, err := NewSchedule(c, 10); err == nil || !strings.Contains(err.Error(), "warmup_ratio is 0.95") {
		t.Errorf("a warm-up of the whole run gives: %v", err)
	}
}
