package runs

import (
	"maps"
	"testing"

	"huihai/checkpoint"
	"huihai/configs"
)

// A setting that a checkpoint's program did not have changes nothing while it is
// at its default.
func TestNewSettingsAtTheirDefaults(t *testing.T) {
	def := configs.Default()
	now := configs.Identity(&def)
	before := maps.Clone(now)
	delete(before, "optim.lr_power")
	same := maps.Clone(now)
	dropNew(same, before)
	if !maps.Equal(same, before) {
		t.Errorf("changes %v", configs.Diff(before, same))
	}
	other := maps.Clone(now)
	other["optim.lr_power"] = "17"
	dropNew(other, before)
	if d := configs.Diff(before, other); len(d) != 1 || d[0].Key != "optim.lr_power" {
		t.Errorf("changes %v", d)
	}
}

// A run's name tells settings and parents apart.
func TestRunID(t *testing.T) {
	a := runID(map[string]string{"x": "1", "y": "2"}, nil)
	for _, b := range []string{
		runID(map[string]string{"x": "1"}, nil), runID(map[string]string{"x": "1", "y": "3"}, nil), runID(map[string]string{"x": "1\"\n\"y\"=\"2"}, nil),
		runID(map[string]string{"x": "1", "y": "2"}, &checkpoint.Parent{RunID: "p", Step: 1}),
	} {
		if a == b {
			t.Error("two runs have one name")
		}
	}
	if a != runID(map[string]string{"y": "2", "x": "1"}, nil) {
		t.Error("a run's name depends on the order of its settings")
	}
}
