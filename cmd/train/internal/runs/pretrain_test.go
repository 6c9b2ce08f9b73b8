package runs

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"huihai/configs"
	"huihai/data/build"
)

// A run that evaluates, saves in the background, shows itself and is repeated
// leaves no goroutine behind.
func TestNothingIsLeftRunning(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.Mkdir(text, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		content := strings.Repeat(fmt.Sprintf("Line %d of the harbour book tells of boats, rain and %d herons.\n", i, 7*i), 12)
		if err := os.WriteFile(filepath.Join(text, fmt.Sprintf("%d.txt", i)), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(dir, "run")
	set := []string{
		"data.inputs=[" + text + "]", "data.output=" + filepath.Join(dir, "data"), "data.vocab_size=300", "data.pack.sequence_length=16",
		"data.validation_fraction=0.1", "train.dataset_dir=" + filepath.Join(dir, "data"), "train.output_dir=" + out, "train.sequence_length=16",
		"train.max_steps=6", "train.per_device_train_batch_size=2", "train.eval_steps=2", "train.skip_peak=true", "checkpoint.save_steps=2",
		"optim.warmup_steps=1", "model.vocab_size=300",
	}
	c, prov, err := configs.Load(configs.Options{Preset: "tiny", Set: set})
	if err != nil {
		t.Fatal(err)
	}
	c.Data.Score.Profile = "none"
	if _, err := build.Run(t.Context(), c.Data, func(build.Event) {}); err != nil {
		t.Fatal(err)
	}
	var screen bytes.Buffer
	o := Options{Config: c, Provenance: prov, Dashboard: "0", Messages: &screen, Getenv: func(string) string { return "" }, Now: time.Now}
	s, err := Pretrain(t.Context(), o)
	if err != nil || s.Steps != 6 {
		t.Fatalf("%+v, %v\n%s", s, err, screen.String())
	}
	p := &Repeat{Options: Options{Messages: &screen, Getenv: o.Getenv, Now: time.Now}, RunDir: out, Step: 5}
	if got, err := p.Replay(t.Context()); err != nil || !got.Equal {
		t.Errorf("%+v, %v", got, err)
	}
	p = &Repeat{Options: p.Options, RunDir: out, Step: 99}
	if _, err := p.Explain(t.Context()); err == nil {
		t.Error("step 99 of 6 is explained")
	}
}
