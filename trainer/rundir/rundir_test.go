package rundir

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"huihai/checkpoint"
	"huihai/checkpoint/safetensors"
)

func open(t *testing.T, path string) *Dir {
	t.Helper()
	d, err := Open(path, "train pretrain", time.Unix(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// save writes a small checkpoint of a step.
func save(t *testing.T, root string, step int) string {
	t.Helper()
	path, err := checkpoint.Save(context.Background(), root, checkpoint.State{
		Model: checkpoint.SaveOptions{Config: []byte(`{"vocab_size":3}`), Tensors: []checkpoint.TensorSource{{
			Name: "w", DType: safetensors.F32, Shape: []int{1}, WriteTo: func(w io.Writer) error {
				_, err := w.Write([]byte{0, 0, byte(step), 0})
				return err
			},
		}}},
		Trainer: checkpoint.TrainerState{GlobalStep: step},
	})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestOneProcessAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	d := open(t, path)
	_, err := Open(path, "another", time.Unix(2, 0))
	var inUse *InUseError
	if !errors.As(err, &inUse) || inUse.Holder.PID != os.Getpid() || !strings.Contains(err.Error(), "train pretrain") {
		t.Fatalf("a second process gets %v", err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a run that wrote nothing leaves its folder: %v", err)
	}
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, path); !slices.Equal(got, []string{LockFile}) {
		t.Errorf("a folder that was there has %v", got)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, "", time.Now()); err == nil || !strings.Contains(err.Error(), "is a file") {
		t.Errorf("a file as output folder gives %v", err)
	}
}

func TestBranchesAreSetAside(t *testing.T) {
	d := open(t, t.TempDir())
	for _, step := range []int{4, 8, 12} {
		save(t, d.Path(), step)
	}
	if err := os.Mkdir(d.Join("checkpoint-16"), 0o755); err != nil { // incomplete
		t.Fatal(err)
	}
	moved, err := d.SetAsideAfter(8)
	if err != nil || len(moved) != 2 {
		t.Fatalf("moved %v, %v", moved, err)
	}
	if got := names(t, d.Join(Abandoned, "1")); !slices.Equal(got, []string{"checkpoint-12", "checkpoint-16"}) {
		t.Errorf("set aside: %v", got)
	}
	if moved, err := d.SetAsideAfter(8); err != nil || moved != nil {
		t.Errorf("again: %v, %v", moved, err)
	}
	save(t, d.Path(), 12)
	if _, err := d.SetAsideAfter(4); err != nil {
		t.Fatal(err)
	}
	if got := names(t, d.Join(Abandoned, "2")); !slices.Equal(got, []string{"checkpoint-12", "checkpoint-8"}) {
		t.Errorf("set aside: %v", got)
	}
	if err := os.WriteFile(d.Join(LogFile), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.SetAsideLogs(); err != nil || !slices.Contains(names(t, d.Join(Abandoned, "3")), LogFile) {
		t.Errorf("the log of an earlier run: %v", err)
	}
	if got := names(t, d.Path()); !slices.Equal(got, []string{Abandoned, "checkpoint-4", LockFile}) {
		t.Errorf("the folder has %v", got)
	}
}

func TestNewestFallsBack(t *testing.T) {
	d := open(t, t.TempDir())
	var notes []string
	note := func(s string) { notes = append(notes, s) }
	if _, err := Newest(t.Context(), d.Path(), note); !errors.Is(err, checkpoint.ErrNoCheckpoint) {
		t.Fatalf("an empty folder gives %v", err)
	}
	for _, step := range []int{1, 2, 3} {
		save(t, d.Path(), step)
	}
	if err := os.Remove(d.Join("checkpoint-3", "complete.json")); err != nil {
		t.Fatal(err)
	}
	flip(t, d.Join("checkpoint-2", "model.safetensors"))
	l, err := Newest(t.Context(), d.Path(), note)
	if err != nil || l.Trainer.GlobalStep != 1 || len(notes) != 2 || !strings.Contains(notes[1], "damaged") {
		t.Fatalf("%v, %v, notes %q", l, err, notes)
	}
	l.Close()
	flip(t, d.Join("checkpoint-1", "model.safetensors"))
	if _, err := Newest(t.Context(), d.Path(), note); !errors.Is(err, checkpoint.ErrNoCheckpoint) || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("all damaged: %v", err)
	}
}

// flip changes the last byte of a file.
func flip(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-1] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRecordAndConfig(t *testing.T) {
	d := open(t, t.TempDir())
	want := Record{RunID: "abc", Status: Running, Steps: 3, Settings: map[string]string{"optim.beta1": "0.9"}, Panel: []PanelRow{{"model", "small"}}}
	if err := d.WriteRecord(want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadRecord(d.Path())
	want.Format = recordFormat
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	if err != nil || string(a) != string(b) {
		t.Errorf("read %s, %v; wrote %s", a, err, b)
	}
	if _, err := ReadRecord(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no run's folder") {
		t.Errorf("an empty folder gives %v", err)
	}
	for _, text := range []string{"one", "two"} {
		if name, err := d.WriteConfig([]byte(text)); err != nil || name != ConfigFile {
			t.Errorf("%s, %v", name, err)
		}
	}
	mine := []byte("preset: tiny\n")
	if err := os.WriteFile(d.Join(ConfigFile), mine, 0o600); err != nil {
		t.Fatal(err)
	}
	name, err := d.WriteConfig([]byte("three"))
	kept, _ := os.ReadFile(d.Join(ConfigFile))
	if err != nil || name == ConfigFile || string(kept) != string(mine) {
		t.Errorf("a person's %s: %q, written %s, %v", ConfigFile, kept, name, err)
	}
}
