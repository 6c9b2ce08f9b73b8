package checkpoint

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func damage(t *testing.T, path string, edit func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, edit(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestLoadDetectsDamageToEveryFile(t *testing.T) {
	edits := map[string]func([]byte) []byte{
		"truncated": func(b []byte) []byte { return b[:len(b)-1] },
		"emptied":   func([]byte) []byte { return nil },
		"longer":    func(b []byte) []byte { return append(b, ' ', 'x') },
		"one bit":   func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
	}
	root := t.TempDir()
	path := mustSave(t, root, testState(4))
	for _, name := range names(t, path) {
		whole, err := os.ReadFile(filepath.Join(path, name))
		if err != nil {
			t.Fatal(err)
		}
		check := func(how string, latest bool) {
			t.Helper()
			l, err := Load(path)
			if err == nil {
				l.Close()
				t.Errorf("%s %s: loaded", name, how)
			} else if !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), path) {
				// A damaged marker may blame the file it lists wrongly.
				if name != markerFile {
					t.Errorf("%s %s: the error names neither: %v", name, how, err)
				}
			}
			if _, _, err := newest(root); !latest && !errors.Is(err, ErrNoCheckpoint) {
				t.Errorf("%s %s: Latest takes it for whole (%v)", name, how, err)
			}
		}
		for how, edit := range edits {
			damage(t, filepath.Join(path, name), edit)
			check(how, how == "one bit")
			if err := os.WriteFile(filepath.Join(path, name), whole, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Remove(filepath.Join(path, name)); err != nil {
			t.Fatal(err)
		}
		check("removed", false)
		if err := os.WriteFile(filepath.Join(path, name), whole, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	l, err := Load(path)
	if err != nil {
		t.Fatalf("restored, but: %v", err)
	}
	l.Close()
}

func TestLoadRefusesFilesAddedLater(t *testing.T) {
	path := mustSave(t, t.TempDir(), testState(4))
	if err := os.WriteFile(filepath.Join(path, "notes.txt"), []byte("a person's"), 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := Load(path)
	if err != nil {
		t.Fatalf("a harmless file: %v", err)
	}
	l.Close()
	if err := os.WriteFile(filepath.Join(path, singleFile), tensorsFile(t, "embed"), 0o644); err != nil {
		t.Fatal(err)
	}
	if l, err := Load(path); err == nil || !strings.Contains(err.Error(), singleFile) {
		l.Close()
		t.Errorf("weights that were not verified: %v", err)
	}
}

// List tells which folders are whole, and what the others lack.
func TestList(t *testing.T) {
	root := t.TempDir()
	if _, _, err := newest(root); !errors.Is(err, ErrNoCheckpoint) {
		t.Errorf("empty: %v", err)
	}
	if _, _, err := newest(filepath.Join(root, "absent")); !errors.Is(err, ErrNoCheckpoint) {
		t.Errorf("absent: %v", err)
	}
	for _, step := range []int{9, 10, 100} {
		mustSave(t, root, testState(step))
	}
	if err := os.Remove(filepath.Join(root, "checkpoint-100", markerFile)); err != nil {
		t.Fatal(err)
	}
	path, step, err := newest(root)
	if err != nil || step != 10 || path != filepath.Join(root, "checkpoint-10") {
		t.Errorf("%s %d %v", path, step, err)
	}
	entries, err := List(root)
	if err != nil || len(entries) != 3 || entries[1].Problem != nil || entries[2].Problem == nil || !strings.Contains(entries[2].Problem.Error(), markerFile) {
		t.Errorf("%v %v", entries, err)
	}
	// A process died between the two renames of a replacement.
	aside := filepath.Join(root, "checkpoint-10.old-0123456789abcdef")
	if err := os.Rename(filepath.Join(root, "checkpoint-10"), aside); err != nil {
		t.Fatal(err)
	}
	if path, step, err := newest(root); err != nil || step != 10 || path != aside {
		t.Errorf("%s %d %v", path, step, err)
	}
	for _, p := range []string{"checkpoint-9", filepath.Base(aside)} {
		if err := os.Remove(filepath.Join(root, p, "config.json")); err != nil {
			t.Fatal(err)
		}
	}
	if entries, err := List(root); err != nil || !strings.Contains(entries[0].Problem.Error(), "config.json is missing") {
		t.Errorf("all incomplete: %v, %v", entries, err)
	}
	if err := os.Rename(filepath.Join(root, "checkpoint-9"), filepath.Join(root, "checkpoint-11")); err != nil {
		t.Fatal(err)
	}
	if entries, err := List(root); err != nil || !strings.Contains(entries[len(entries)-2].Problem.Error(), "of step 9") {
		t.Errorf("renamed: %v, %v", entries, err)
	}
}

func TestLoadSaysWhatIsMissing(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent: %v", err)
	}
	if _, err := Load(put(t, sharded(t))); err == nil || !strings.Contains(err.Error(), markerFile) {
		t.Errorf("a model folder: %v", err)
	}
}

func FuzzParseMarker(f *testing.F) {
	path := mustSave(f, f.TempDir(), testState(1))
	data, err := os.ReadFile(filepath.Join(path, markerFile))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"format":"huihai-checkpoint-1","files":[{"name":"../x","size":1}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseMarker(data)
		if err != nil {
			return
		}
		for _, file := range m.Files {
			if filepath.Dir(filepath.Join("d", file.Name)) != "d" {
				t.Fatalf("%q leads out of the folder", file.Name)
			}
		}
	})
}

func FuzzParseTrainerState(f *testing.F) {
	data, err := testState(1).Trainer.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parseTrainerState(data)
		if err != nil {
			return
		}
		once, err := s.encode()
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		back, err := parseTrainerState(once)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if twice, err := back.encode(); err != nil || string(twice) != string(once) {
			t.Fatalf("not stable (%v):\n%s\n%s", err, once, twice)
		}
	})
}
