package optim

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
)

// scheduleCase is a case of testdata/schedules_transformers.json.
type scheduleCase struct {
	Title, Scheduler string
	Steps            int
	WarmupSteps      int `json:"warmup_steps"`
	Config           struct {
		SchedulerType SchedulerType `json:"lr_scheduler_type"`
		MinLRRatio    float64       `json:"min_lr_ratio"`
		LRPower       float64       `json:"lr_power"`
		LRDecaySteps  int           `json:"lr_decay_steps"`
		LRDecayType   DecayType     `json:"lr_decay_type"`
	}
	Rates []float64
}

// want returns the rate of transformers for our step i, counted from 1. Its step i
// is the one after i calls of scheduler.step(), with three differences: its cosine
// with a lowest rate counts from 1 as we do, its warmup_stable_decay warms up from
// the lowest rate and not from 0, and its constant has no warm-up.
func (c scheduleCase) want(i int, peak float64) float64 {
	switch low := peak * c.Config.MinLRRatio; {
	case c.Scheduler == "cosine_warmup_with_min_lr":
		return c.Rates[i-1]
	case c.Scheduler == "warmup_stable_decay" && i < c.WarmupSteps:
		return (c.Rates[i] - low) / (peak - low) * peak
	}
	return c.Rates[i]
}

func (c scheduleCase) schedule(t *testing.T, peak float64) Schedule {
	t.Helper()
	cfg := Default()
	cfg.LearningRate, cfg.WarmupSteps, cfg.MinLRRatio = peak, c.WarmupSteps, c.Config.MinLRRatio
	cfg.SchedulerType, cfg.LRDecaySteps = SchedulerType(c.Scheduler), c.Config.LRDecaySteps
	if strings.HasPrefix(c.Scheduler, "cosine_") {
		cfg.SchedulerType = Cosine
	}
	if c.Config.SchedulerType != "" {
		cfg.SchedulerType = c.Config.SchedulerType
	}
	if c.Config.LRPower != 0 {
		cfg.LRPower = c.Config.LRPower
	}
	if c.Config.LRDecayType != "" {
		cfg.LRDecayType = c.Config.LRDecayType
	}
	s, err := NewSchedule(cfg, c.Steps)
	if err != nil {
		t.Fatalf("%s: %v", c.Title, err)
	}
	return s
}

func TestSchedulesEqualTransformers(t *testing.T) {
	b, err := os.ReadFile("testdata/schedules_transformers.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		LearningRate float64 `json:"learning_rate"`
		Cases        []scheduleCase
	}
	if err := json.Unmarshal(b, &golden); err != nil {
		t.Fatal(err)
	}
	kinds := map[SchedulerType]bool{}
	for _, c := range golden.Cases {
		s := c.schedule(t, golden.LearningRate)
		kinds[s.shape] = true
		for i := 1; i <= c.Steps; i++ {
			if got, want := s.At(i), c.want(i, golden.LearningRate); math.Abs(got-want) > 1e-14*golden.LearningRate {
				t.Errorf("%s: step %d has rate %v, want %v", c.Title, i, got, want)
			}
		}
	}
	if len(kinds) != 6 {
		t.Errorf("the cases are of %d schedules, want all 6", len(kinds))
	}
}
