package checkpoint

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huihai/checkpoint/safetensors"
)

// firstShard returns the name of a weight file of a checkpoint.
func firstShard(t *testing.T, path string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(path, "model*.safetensors"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no weights in %s (%v)", path, err)
	}
	return filepath.Base(found[0])
}

// One flipped bit in any file that a model is read from is found when the model
// is opened, and every damaged file is named; files of the optimizer are not
// looked at.
func TestOpenVerifiedModelFindsEveryBit(t *testing.T) {
	path := mustSave(t, t.TempDir(), testState(4))
	flip := func(name string) (undo func()) {
		whole, err := os.ReadFile(filepath.Join(path, name))
		if err != nil {
			t.Fatal(err)
		}
		damage(t, filepath.Join(path, name), func(b []byte) []byte { b[len(b)-2] ^= 1; return b })
		return func() {
			if err := os.WriteFile(filepath.Join(path, name), whole, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	found := 0
	for _, name := range names(t, path) {
		undo := flip(name)
		m, err := OpenVerifiedModel(t.Context(), path, nil)
		switch {
		case err == nil:
			m.Close()
			if isModelFile(name) || name == markerFile {
				t.Errorf("%s: a flipped bit passed", name)
			}
		case !strings.Contains(err.Error(), name) && name != markerFile:
			t.Errorf("%s: the error does not name it: %v", name, err)
		case !isModelFile(name) && name != markerFile:
			t.Errorf("%s is no file of the model, but: %v", name, err)
		default:
			found++
		}
		undo()
	}
	if found < 3 {
		t.Errorf("only %d files were compared", found)
	}
	defer flip(configFile)()
	defer flip(firstShard(t, path))()
	_, err := OpenVerifiedModel(t.Context(), path, nil)
	for _, want := range []string{configFile, firstShard(t, path), path, "remove " + markerFile} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("two damaged files: %v does not say %q", err, want)
		}
	}
}

func TestOpenVerifiedModelTakesWhatAPersonAdded(t *testing.T) {
	path := mustSave(t, t.TempDir(), testState(4))
	for name, ok := range map[string]bool{"notes.txt": true, optimizerFile: true} {
		file := filepath.Join(path, name)
		before, absent := os.ReadFile(file)
		if err := os.WriteFile(file, []byte("{}"), 0o644); err != nil {
			t.Fatal(err)
		}
		m, err := OpenVerifiedModel(t.Context(), path, nil)
		if (err == nil) != ok {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			m.Close()
		}
		if absent != nil {
			err = os.Remove(file)
		} else {
			err = os.WriteFile(file, before, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(path, markerFile)); err != nil {
		t.Fatal(err)
	}
	damage(t, filepath.Join(path, configFile), func(b []byte) []byte { return append(b, '\n') })
	m, err := OpenVerifiedModel(t.Context(), path, nil)
	if err != nil {
		t.Fatalf("without the marker: %v", err)
	}
	m.Close()
}

// A config.json that cannot be used is told beside the damage that made it so.
func TestOpenVerifiedModelJudgesFirst(t *testing.T) {
	path := mustSave(t, t.TempDir(), testState(4))
	judge := func([]byte) error { return errors.New("no such model") }
	if _, err := OpenVerifiedModel(t.Context(), path, judge); err == nil || err.Error() != "no such model" {
		t.Errorf("a whole folder: %v", err)
	}
	damage(t, filepath.Join(path, configFile), func(b []byte) []byte { b[len(b)/2] ^= 1; return b })
	if _, err := OpenVerifiedModel(t.Context(), path, judge); err == nil || !strings.Contains(err.Error(), "no such model") || !strings.Contains(err.Error(), configFile+" is damaged") {
		t.Errorf("a damaged one: %v", err)
	}
	damage(t, filepath.Join(path, firstShard(t, path)), func(b []byte) []byte { b[0] ^= 1; return b })
	if _, err := OpenVerifiedModel(t.Context(), path, nil); err == nil || !strings.Contains(err.Error(), firstShard(t, path)+" is damaged") {
		t.Errorf("a damaged header: %v", err)
	}
}

func TestVerifyingIsCancelled(t *testing.T) {
	path := mustSave(t, t.TempDir(), testState(4))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := OpenVerifiedModel(ctx, path, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("open: %v", err)
	}
	if _, err := LoadContext(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("load: %v", err)
	}
	m, err := OpenModel(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if _, err := m.Fingerprint(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("fingerprint: %v", err)
	}
}

// The fingerprint is that of the content: the same whether hashes were verified
// or computed, another for each changed file, the same for other folders.
func TestFingerprint(t *testing.T) {
	path := mustSave(t, t.TempDir(), testState(4))
	print := func(open func() (*Model, error)) string {
		t.Helper()
		m, err := open()
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		a, err := m.Fingerprint(t.Context())
		b, err2 := m.Fingerprint(t.Context())
		if err != nil || err2 != nil || a != b || len(a) != 64 {
			t.Fatalf("%s and %s (%v, %v)", a, b, err, err2)
		}
		return a
	}
	plain := func() (*Model, error) { return OpenModel(path) }
	verified := func() (*Model, error) { return OpenVerifiedModel(t.Context(), path, nil) }
	first := print(plain)
	if got := print(verified); got != first {
		t.Errorf("verified hashes give %s, computed ones %s", got, first)
	}
	l, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got, err := l.Model.Fingerprint(t.Context()); err != nil || got != first {
		t.Errorf("a loaded checkpoint gives %s (%v), want %s", got, err, first)
	}
	for _, name := range []string{configFile, firstShard(t, path)} {
		file := filepath.Join(path, name)
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		damage(t, file, func(b []byte) []byte { b[len(b)-2] ^= 1; return b })
		if got := print(plain); got == first {
			t.Errorf("%s changed, its model's fingerprint did not", name)
		}
		if err := os.WriteFile(file, whole, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Weights without their scales are refused by name, for every type that needs
// some.
func TestSourceTakesFloatsOnly(t *testing.T) {
	for dtype, ok := range map[string]bool{"F32": true, "BF16": true, "F16": true, "F64": true, "I8": false, "U8": false, "F8_E4M3": false, "I32": false} {
		d, err := safetensors.ParseDType(dtype)
		if err != nil {
			t.Fatal(err)
		}
		size := d.Bits() / 8
		header := `{"w":{"dtype":"` + dtype + `","shape":[2],"data_offsets":[0,` + string(rune('0'+2*size/10)) + string(rune('0'+2*size%10)) + `]}}`
		header = strings.Replace(header, "[0,0", "[0,", 1)
		file := append([]byte{byte(len(header)), 0, 0, 0, 0, 0, 0, 0}, header...)
		m, err := OpenModel(put(t, map[string][]byte{configFile: []byte("{}"), singleFile: append(file, make([]byte, 2*size)...)}))
		if err != nil {
			t.Fatal(dtype, err)
		}
		_, shapeErr := m.Shape("w")
		readErr := m.ReadFloat32("w", make([]float32, 2), 0)
		if (shapeErr == nil) != ok || (readErr == nil) != ok || !ok && !strings.Contains(shapeErr.Error(), "its elements are "+dtype) {
			t.Errorf("%s: %v, %v", dtype, shapeErr, readErr)
		}
		m.Close()
	}
}

func TestSpecialIDsAsWritten(t *testing.T) {
	config := []byte("\ufeff" + `{"eos_token_id": [2, 196], "pad_token_id": null, "max_position_embeddings": 512}`)
	gen, err := generationConfig(config, false)
	if err != nil || !strings.Contains(strings.Join(strings.Fields(string(gen)), ""), `"pad_token_id":null,"bos_token_id":1,"eos_token_id":[2,196]`) {
		t.Errorf("%s (%v)", gen, err)
	}
	tok, err := tokenizerConfig(config)
	if err != nil || !strings.Contains(string(tok), `"model_max_length": 512`) {
		t.Errorf("%s (%v)", tok, err)
	}
}
