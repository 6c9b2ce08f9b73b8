package checkpoint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"huihai/checkpoint/safetensors"
	"huihai/internal/vfs"
	"huihai/internal/vfs/vfstest"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the warnings of failures made on purpose
	os.Exit(m.Run())
}

// testState returns a small state whose tensors depend on step.
func testState(step int) State {
	values := func(n int, scale float32) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = scale * float32(i+step)
		}
		return v
	}
	f32 := func(name string, scale float32, shape ...int) TensorSource {
		info := safetensors.Info{Shape: shape}
		return safetensors.Float32Source(name, shape, safetensors.F32, values(info.Len(), scale))
	}
	return State{
		Model: SaveOptions{
			Config:    []byte(`{"model_type": "baichuan", "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, "model_max_length": 4096}`),
			Tokenizer: []byte("tokenizer"),
			Tensors:   []TensorSource{f32("embed", 1, 8, 4), f32("norm", 2, 4), f32("head", 3, 8, 4)},
			// 8*4*4 = 128 bytes for a matrix: three shards
			MaxShardSize: 130,
		},
		Optimizer: []TensorSource{f32("exp_avg.embed", 4, 8, 4), f32("exp_avg_sq.embed", 5, 8, 4)},
		Trainer: TrainerState{
			GlobalStep: step, MaxSteps: 1000, Epoch: 0.25, NumTrainEpochs: 1, TokensSeen: 12345,
			LogHistory: []LogEntry{{"step": 1, "loss": 2.5, "grad_norm": math.Inf(1)}, {"step": 2, "loss": math.NaN()}},
			Run: Run{RunID: "run-1", Seed: math.MaxUint64, Settings: map[string]string{"optim.beta1": "0.9"},
				DataLoader: json.RawMessage(`{"b":1,"a":[1,2.50]}`), Ledger: json.RawMessage(`{"read":9007199254740993}`)},
		},
	}
}

func mustSave(t testing.TB, root string, st State) string {
	t.Helper()
	if st.Model.fsys == nil {
		st.Model.fsys = vfstest.New(-1, false) // never fails, and does not flush
	}
	path, err := Save(context.Background(), root, st)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// files returns the content of every file in dir.
func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(data)
	}
	return out
}

func names(t testing.TB, dir string) []string {
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

func TestSaveAndLoad(t *testing.T) {
	root := filepath.Join(t.TempDir(), "a", "run")
	st := testState(7)
	path, err := Save(context.Background(), root, st)
	if err != nil {
		t.Fatal(err)
	}
	if path != filepath.Join(root, "checkpoint-7") {
		t.Errorf("saved at %s", path)
	}
	want := []string{"complete.json", "config.json", "generation_config.json", "model-00001-of-00003.safetensors",
		"model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors", "model.safetensors.index.json",
		"optimizer.safetensors", "tokenizer.model", "tokenizer_config.json", "trainer_state.json"}
	if got := names(t, path); !slices.Equal(got, want) {
		t.Errorf("files %v", got)
	}
	l, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got := strings.Join(l.Model.Names(), " "); got != "embed norm head" || string(l.Model.Config) != string(st.Model.Config) {
		t.Errorf("tensors %s, config %s", got, l.Model.Config)
	}
	for i, name := range l.Model.Names() {
		x, err := l.Model.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		v, err := safetensors.Float32s(x)
		if err != nil || v[3] != float32(i+1)*10 || !slices.Equal(x.Shape, st.Model.Tensors[i].Shape) {
			t.Errorf("%s: %v %v %v", name, v, x.Shape, err)
		}
	}
	if x, err := l.Optimizer.Tensor(ExpAvgSqPrefix + "embed"); err != nil || x.Len() != 32 {
		t.Errorf("moments: %v", err)
	}
	tr := l.Trainer
	if tr.GlobalStep != 7 || tr.MaxSteps != 1000 || tr.Epoch != 0.25 || tr.NumTrainEpochs != 1 || tr.TokensSeen != 12345 || tr.Run.Seed != math.MaxUint64 || tr.Run.RunID != "run-1" || tr.Run.Settings["optim.beta1"] != "0.9" {
		t.Errorf("state %+v", tr)
	}
	var ledger struct{ Read json.Number }
	if err := json.Unmarshal(tr.Run.Ledger, &ledger); err != nil || ledger.Read != "9007199254740993" {
		t.Errorf("ledger %s (%v)", tr.Run.Ledger, err)
	}
	if tr.LogHistory[0]["grad_norm"] != "Infinity" || tr.LogHistory[1]["loss"] != "NaN" || fmt.Sprint(tr.LogHistory[0]["loss"]) != "2.5" {
		t.Errorf("log %v", tr.LogHistory)
	}
	l.Close()
}

// What a resumed run saves again must be the same bytes.
func TestEqualStatesGiveEqualFiles(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	first := mustSave(t, a, testState(3))
	l, err := Load(first)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	again := testState(3)
	again.Trainer = l.Trainer
	again.Model.Tensors, again.Optimizer = nil, nil
	for _, name := range l.Model.Names() {
		x, _ := l.Model.Tensor(name)
		again.Model.Tensors = append(again.Model.Tensors, x.Source())
	}
	for _, x := range l.Optimizer.Tensors() {
		again.Optimizer = append(again.Optimizer, x.Source())
	}
	slices.Reverse(again.Optimizer)
	if got, want := files(t, mustSave(t, b, again)), files(t, first); !maps.Equal(got, want) {
		for name := range want {
			if got[name] != want[name] {
				t.Errorf("%s differs:\n%s\n%s", name, got[name], want[name])
			}
		}
	}
	if got, want := files(t, mustSave(t, a, again)), files(t, filepath.Join(b, "checkpoint-3")); !maps.Equal(got, want) {
		t.Error("saving over itself changed something")
	}
	if got := names(t, a); !slices.Equal(got, []string{"checkpoint-3"}) {
		t.Errorf("left %v", got)
	}
}

func TestSaveOnlyModel(t *testing.T) {
	st := testState(0)
	st.Optimizer, st.Model.MaxShardSize, st.Model.Tokenizer = nil, 0, nil
	l, err := Load(mustSave(t, t.TempDir(), st))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	want := []string{"complete.json", "config.json", "generation_config.json", "model.safetensors", "trainer_state.json"}
	if got := names(t, l.Path); !slices.Equal(got, want) || l.Optimizer != nil {
		t.Errorf("files %v", got)
	}
}

// fault walks Save over a root that holds checkpoint-1 and, when again is set,
// checkpoint-2 of an earlier attempt, failing operation 0, 1, ... each time.
// latest returns the complete checkpoint of the highest step in root, as a run
// that goes on looks for it.
func newest(root string) (path string, step int, err error) {
	entries, err := List(root)
	if err != nil {
		return "", 0, err
	}
	for _, e := range slices.Backward(entries) {
		if e.Problem == nil {
			return e.Path, e.Step, nil
		}
	}
	return "", 0, ErrNoCheckpoint
}

// saveAndPrune saves and keeps two, as a run with a limit of two does.
func saveAndPrune(fsys vfs.FS, root string, st State) (path string, err error) {
	if path, err = Save(context.Background(), root, st); path != "" {
		_, pruneErr := prune(fsys, root, 2, func(int) bool { return false })
		err = errors.Join(err, pruneErr)
	}
	return path, err
}

func fault(t *testing.T, forever, again bool) {
	old, newer := files(t, mustSave(t, t.TempDir(), testState(1))), files(t, mustSave(t, t.TempDir(), testState(2)))
	for at := 0; ; at++ {
		root := t.TempDir()
		mustSave(t, root, testState(0))
		mustSave(t, root, testState(1))
		if again {
			before := testState(2)
			before.Trainer.Run.RunID = "earlier attempt"
			mustSave(t, root, before)
		}
		st := testState(2)
		fsys := vfstest.New(at, forever)
		st.Model.fsys = fsys
		path, err := saveAndPrune(fsys, root, st)
		hit := func(format string, a ...any) {
			t.Helper()
			t.Errorf("failing operation %d of %q: "+format, append([]any{at, fsys.Ops()}, a...)...)
		}
		if !maps.Equal(files(t, filepath.Join(root, "checkpoint-1")), old) {
			hit("checkpoint-1 was touched")
		}
		latest, step, latestErr := newest(root)
		if latestErr != nil {
			t.Fatal(latestErr)
		}
		l, loadErr := Load(latest)
		if loadErr != nil {
			hit("Latest gives %s, which does not load: %v", latest, loadErr)
		} else {
			l.Close()
		}
		if (again || err == nil || path != "") && step != 2 {
			hit("Latest gives step %d", step)
		}
		if path != "" && (latest != path || !maps.Equal(files(t, path), newer)) {
			hit("%s is said to be in place and is not", path)
		}
		if path == "" && !again && step != 1 {
			hit("an unfinished checkpoint is taken for whole")
		}
		var space *SpaceError
		if err != nil && errors.Is(err, syscall.ENOSPC) && path == "" && !strings.Contains(err.Error(), "make the folder") &&
			(!errors.As(err, &space) || space.Needed < 1000 || !strings.Contains(err.Error(), fmt.Sprint(space.Needed))) {
			hit("the error does not say how much space is needed: %v", err)
		}
		if l, err := Load(filepath.Join(root, "checkpoint-0")); err == nil {
			l.Close()
		} else if path == "" || !errors.Is(err, fs.ErrNotExist) {
			hit("checkpoint-0, which goes last, does not load: %v", err)
		}
		// The next save succeeds and leaves nothing of this one.
		st.Model.fsys = nil
		if _, err := saveAndPrune(vfs.OS{}, root, st); err != nil {
			t.Fatal(err)
		}
		if got := names(t, root); !slices.Equal(got, []string{"checkpoint-1", "checkpoint-2"}) {
			hit("after the next save the folder has %v", got)
		}
		if !fsys.Hit() {
			if err != nil || at < 30 {
				t.Fatalf("ended after %d operations with %v", at, err)
			}
			return
		}
	}
}

func TestSaveSurvivesAFaultAtEveryOperation(t *testing.T) {
	for _, forever := range []bool{false, true} {
		for _, again := range []bool{false, true} {
			t.Run(fmt.Sprintf("forever=%v/again=%v", forever, again), func(t *testing.T) {
				t.Parallel()
				fault(t, forever, again)
			})
		}
	}
}

// A process that dies at any operation leaves whole checkpoints only, and the
// next save tidies up.
func TestSaveSurvivesDeathAtEveryOperation(t *testing.T) {
	for at, dead := 0, true; dead; at++ {
		root := t.TempDir()
		for _, step := range []int{0, 1, 2} {
			mustSave(t, root, testState(step))
		}
		st := testState(2)
		st.Trainer.Run.RunID = "another"
		fsys := vfstest.New(at, false)
		fsys.Kill = true
		st.Model.fsys = fsys
		dead = dies(t, func() {
			if _, err := saveAndPrune(fsys, root, st); err != nil {
				t.Error(err)
			}
		})
		path, step, err := newest(root)
		if err != nil || step != 2 {
			t.Fatalf("dead at operation %d of %q: Latest gives step %d, %v", at, fsys.Ops(), step, err)
		}
		l, err := Load(path)
		if err != nil {
			t.Fatalf("dead at operation %d of %q: %v", at, fsys.Ops(), err)
		}
		l.Close()
		st.Model.fsys = nil
		if _, err := saveAndPrune(vfs.OS{}, root, st); err != nil {
			t.Fatal(err)
		}
		if got := names(t, root); !slices.Equal(got, []string{"checkpoint-1", "checkpoint-2"}) {
			t.Errorf("dead at operation %d of %q: the next save leaves %v", at, fsys.Ops(), got)
		}
		if !dead && at < 30 {
			t.Errorf("only %d operations", at)
		}
	}
}

// dies reports whether f was killed.
func dies(t *testing.T, f func()) (dead bool) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			if dead = r == (vfstest.Killed{}); !dead {
				panic(r)
			}
		}
	}()
	f()
	return false
}

func TestSaveRefusesWhatCannotFit(t *testing.T) {
	root := t.TempDir()
	st := testState(2)
	fsys := vfstest.New(-1, false)
	fsys.FreeNow = 100
	st.Model.fsys = fsys
	_, err := Save(context.Background(), root, st)
	var space *SpaceError
	if !errors.As(err, &space) || space.Free != 100 || space.Needed < 1000 || len(names(t, root)) > 0 {
		t.Fatalf("%v, left %v", err, names(t, root))
	}
	var real int64
	for _, data := range files(t, mustSave(t, root, testState(2))) {
		real += int64(len(data))
	}
	marker, _ := os.ReadFile(filepath.Join(root, "checkpoint-2", markerFile))
	if space.Needed != real-int64(len(marker)) {
		t.Errorf("said %d bytes, took %d", space.Needed, real)
	}
}

func TestSaveGivesUpWhenItsContextEnds(t *testing.T) {
	root := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	st := testState(1)
	st.Model.Tensors[2].WriteTo = func(w io.Writer) error {
		cancel()
		return safetensors.WriteFloat32s(w, safetensors.F32, make([]float32, 32))
	}
	if path, err := Save(ctx, root, st); !errors.Is(err, context.Canceled) || path != "" || len(names(t, root)) > 0 {
		t.Errorf("%q %v, left %v", path, err, names(t, root))
	}
	if _, err := Save(ctx, root, testState(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("ended before the start: %v", err)
	}
}

func TestPruning(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"checkpoint-1", "checkpoint-x", "checkpoint-007", "other"} { // not ours, or incomplete
		if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	foreign := []string{"checkpoint-007", "checkpoint-1", "checkpoint-x", "other"}
	save := func(step, limit int, want ...string) {
		t.Helper()
		mustSave(t, root, testState(step))
		if _, err := Prune(root, limit, func(step int) bool { return step == 15 }); err != nil {
			t.Error(err)
		}
		want = append(want, foreign...)
		slices.Sort(want)
		if got := names(t, root); !slices.Equal(got, want) {
			t.Errorf("after step %d: %v, want %v", step, got, want)
		}
	}
	save(10, 0, "checkpoint-10")
	save(9, 0, "checkpoint-10", "checkpoint-9")
	save(20, 2, "checkpoint-10", "checkpoint-20")
	save(100, 2, "checkpoint-20", "checkpoint-100")
	save(15, 1, "checkpoint-100", "checkpoint-15") // kept, and not counted
	save(200, 1, "checkpoint-15", "checkpoint-200")
	if _, err := Prune(root, -1, func(int) bool { return false }); err == nil || !strings.Contains(err.Error(), "save_total_limit") {
		t.Errorf("a negative limit gives %v", err)
	}
}

func TestImpossibleStatesAreRefused(t *testing.T) {
	for want, edit := range map[string]func(*State){
		"global_step":    func(s *State) { s.Trainer.GlobalStep = -1 },
		"epoch":          func(s *State) { s.Trainer.Epoch = math.NaN() },
		"max_shard_size": func(s *State) { s.Model.MaxShardSize = -1 },
		"config.json":    func(s *State) { s.Model.Config = nil },
		"no tensors":     func(s *State) { s.Model.Tensors = nil },
		"twice":          func(s *State) { s.Model.Tensors = append(s.Model.Tensors, s.Model.Tensors[0]) },
		"extra file":     func(s *State) { s.Model.Extra = map[string][]byte{"../x": nil} },
		`"model.saf`:     func(s *State) { s.Model.Extra = map[string][]byte{"model.safetensors": nil} },
		"trainer_state":  func(s *State) { s.Trainer.Run.Ledger = json.RawMessage("{") },
		"negative":       func(s *State) { s.Optimizer[0].Shape = []int{-1} },
		"source wrote":   func(s *State) { s.Optimizer[0].WriteTo = func(io.Writer) error { return nil } },
	} {
		st := testState(1)
		edit(&st)
		root := t.TempDir()
		if path, err := Save(context.Background(), root, st); err == nil || path != "" || !strings.Contains(err.Error(), want) || len(names(t, root)) > 0 {
			t.Errorf("%s: %q %v, left %v", want, path, err, names(t, root))
		}
	}
}
