package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// Names of the files that a training checkpoint has beyond a model folder's.
const (
	stateFile     = "trainer_state.json"
	optimizerFile = "optimizer.safetensors"
	markerFile    = "complete.json"
)

// Prefixes of the tensors in optimizer.safetensors, before the parameter's name.
const (
	ExpAvgPrefix   = "exp_avg."    // first moment
	ExpAvgSqPrefix = "exp_avg_sq." // second moment
)

// State is everything a run needs to continue as if it had not stopped.
type State struct {
	Model     SaveOptions
	Optimizer []TensorSource // named with the prefixes above; nil to save the model only
	Trainer   TrainerState
}

// TrainerState is trainer_state.json. The exported fields outside Run are keys
// of the same meaning in Hugging Face's file.
type TrainerState struct {
	GlobalStep     int
	MaxSteps       int
	Epoch          float64
	NumTrainEpochs int
	TokensSeen     int64      // num_input_tokens_seen
	LogHistory     []LogEntry // one per logging step
	Run            Run
}

// LogEntry is one entry of log_history: values by name. Numbers come back from
// a file as json.Number. A float that is not finite is stored as a string,
// since JSON has none.
type LogEntry map[string]any

// Run is this framework's own part of the state. The raw parts belong to the
// packages that made them and come back as equal JSON.
type Run struct {
	// RunID names the run by Settings and, for a run that goes on from another's
	// checkpoint under other settings, by Parent.
	RunID  string  `json:"run_id"`
	Parent *Parent `json:"parent,omitempty"`
	// Settings are all that the run's numbers depend on, by name; empty in the
	// checkpoints of older programs.
	Settings   map[string]string `json:"settings,omitempty"`
	Seed       uint64            `json:"seed"`
	DataLoader json.RawMessage   `json:"data_loader,omitempty"`
	Ledger     json.RawMessage   `json:"ledger,omitempty"`
	Optimizer  json.RawMessage   `json:"optimizer,omitempty"` // scalars such as the step count
	Random     json.RawMessage   `json:"random,omitempty"`    // generator states
	Extra      json.RawMessage   `json:"extra,omitempty"`
}

// Parent is the checkpoint of another run that a run goes on from.
type Parent struct {
	RunID string `json:"run_id"`
	Step  int    `json:"step"`
}

// stateJSON is the file. Hugging Face's loader refuses keys it does not know,
// so the run's own object sits where that loader keeps the state of callbacks.
type stateJSON struct {
	Epoch          float64       `json:"epoch"`
	GlobalStep     int           `json:"global_step"`
	LocalZero      bool          `json:"is_local_process_zero"`
	WorldZero      bool          `json:"is_world_process_zero"`
	LogHistory     []LogEntry    `json:"log_history"`
	MaxSteps       int           `json:"max_steps"`
	TokensSeen     int64         `json:"num_input_tokens_seen"`
	NumTrainEpochs int           `json:"num_train_epochs"`
	Callbacks      callbacksJSON `json:"stateful_callbacks"`
}

type callbacksJSON struct {
	Huihai struct {
		Args       struct{} `json:"args"`
		Attributes Run      `json:"attributes"`
	} `json:"huihai"`
}

// encode returns trainer_state.json; equal states give equal bytes.
func (s TrainerState) encode() ([]byte, error) {
	if s.GlobalStep < 0 {
		return nil, fmt.Errorf("global_step is %d; it must not be negative", s.GlobalStep)
	}
	if math.IsNaN(s.Epoch) || math.IsInf(s.Epoch, 0) {
		return nil, fmt.Errorf("epoch is %v; it must be finite", s.Epoch)
	}
	f := stateJSON{
		Epoch: s.Epoch, GlobalStep: s.GlobalStep, LocalZero: true, WorldZero: true,
		LogHistory: make([]LogEntry, len(s.LogHistory)), MaxSteps: s.MaxSteps,
		TokensSeen: s.TokensSeen, NumTrainEpochs: s.NumTrainEpochs,
	}
	for i, e := range s.LogHistory {
		f.LogHistory[i] = e.finite()
	}
	f.Callbacks.Huihai.Attributes = s.Run
	b, err := encodeJSON(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", stateFile, err)
	}
	return b, nil
}

// finite returns e with floats that JSON cannot hold spelt as strings.
func (e LogEntry) finite() LogEntry {
	out := make(LogEntry, len(e))
	for k, v := range e {
		f, ok := v.(float64)
		if f32, is32 := v.(float32); is32 {
			f, ok = float64(f32), true
		}
		switch {
		case ok && math.IsNaN(f):
			v = "NaN"
		case ok && math.IsInf(f, 1):
			v = "Infinity"
		case ok && math.IsInf(f, -1):
			v = "-Infinity"
		}
		out[k] = v
	}
	return out
}

func parseTrainerState(data []byte) (TrainerState, error) {
	var f stateJSON
	if err := decodeJSON(data, &f); err != nil {
		return TrainerState{}, fmt.Errorf("%s: %w", stateFile, err)
	}
	if f.GlobalStep < 0 {
		return TrainerState{}, fmt.Errorf("%s: global_step is %d; it must not be negative", stateFile, f.GlobalStep)
	}
	return TrainerState{
		GlobalStep: f.GlobalStep, MaxSteps: f.MaxSteps, Epoch: f.Epoch, NumTrainEpochs: f.NumTrainEpochs,
		TokensSeen: f.TokensSeen, LogHistory: f.LogHistory, Run: f.Callbacks.Huihai.Attributes,
	}, nil
}

// ErrNoCheckpoint says that a folder holds no whole checkpoint.
var ErrNoCheckpoint = errors.New("no complete checkpoint")
