package trainer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"huihai/checkpoint"
	"huihai/checkpoint/safetensors"
	"huihai/data"
	"huihai/kernels"
	"huihai/model"
	"huihai/optim"
)

// Saving says what goes into checkpoints and when they are due.
type Saving struct {
	Checkpoint checkpoint.Config
	// Root is the folder that receives checkpoint-N; "" saves nothing.
	Root string
	// Tokenizer is the tokenizer.model to put beside the weights.
	Tokenizer []byte
	// Extra holds further files of the model folder by name.
	Extra map[string][]byte
	// RunID and ConfigFingerprint go into trainer_state.json.
	RunID, ConfigFingerprint string
}

// optimizerState is what the optimizer needs besides its moments.
type optimizerState struct {
	Step int `json:"step"`
}

// Save writes a checkpoint of the state after the last completed step and
// returns its folder. Equal states give equal files.
func (t *Trainer) Save(ctx context.Context) (string, error) {
	st, err := t.state()
	if err != nil {
		return "", fmt.Errorf("trainer: save step %d: %w", t.done, err)
	}
	return checkpoint.Save(ctx, t.save.Root, st)
}

func (t *Trainer) state() (checkpoint.State, error) {
	opts, err := t.modelOptions()
	if err != nil {
		return checkpoint.State{}, err
	}
	loader, err1 := json.Marshal(t.batches.State())
	ledger, err2 := json.Marshal(t.ledger)
	opt, err3 := json.Marshal(optimizerState{t.done})
	if err := errors.Join(err1, err2, err3); err != nil {
		return checkpoint.State{}, err
	}
	st := checkpoint.State{
		Model: opts, SaveTotalLimit: t.save.Checkpoint.SaveTotalLimit,
		Trainer: checkpoint.TrainerState{
			GlobalStep: t.done, MaxSteps: t.total, Epoch: float64(t.batches.State().Epoch),
			TokensSeen: t.ledger.Read, LogHistory: t.history,
			Run: checkpoint.Run{
				RunID: t.save.RunID, Seed: t.cfg.Seed, ConfigFingerprint: t.save.ConfigFingerprint,
				DataLoader: loader, Ledger: ledger, Optimizer: opt,
			},
		},
	}
	if !t.save.Checkpoint.SaveOnlyModel {
		st.Optimizer = t.moments()
	}
	return st, nil
}

func (t *Trainer) modelOptions() (checkpoint.SaveOptions, error) {
	cfg, err := t.model.HFConfig("float32")
	if err != nil {
		return checkpoint.SaveOptions{}, err
	}
	shard, err := t.save.Checkpoint.ShardBytes()
	if err != nil {
		return checkpoint.SaveOptions{}, err
	}
	var tensors []checkpoint.TensorSource
	for _, x := range t.weights.Tensors() {
		tensors = append(tensors, t.source(x.Name, x, t.weights.Bufs()[x.Name]))
	}
	return checkpoint.SaveOptions{
		Config: cfg, Tensors: tensors, MaxShardSize: shard,
		Tokenizer: t.save.Tokenizer, Extra: t.save.Extra,
	}, nil
}

func (t *Trainer) moments() []checkpoint.TensorSource {
	var out []checkpoint.TensorSource
	for _, x := range t.opt.State() {
		out = append(out, t.source(x.Name, model.Tensor{Shape: x.Shape}, x.Buf))
	}
	return out
}

// saveChunk is the number of elements copied from or to the device at a time.
const saveChunk = 1 << 20

// source streams a float32 buffer from the device.
func (t *Trainer) source(name string, x model.Tensor, buf kernels.Buf) checkpoint.TensorSource {
	return checkpoint.TensorSource{Name: name, Shape: x.Shape, DType: safetensors.F32, WriteTo: func(w io.Writer) error {
		chunk := make([]float32, min(saveChunk, buf.Len))
		for from := 0; from < buf.Len; from += len(chunk) {
			part := chunk[:min(len(chunk), buf.Len-from)]
			if err := kernels.Read(t.dev, part, buf.Slice(from, from+len(part))); err != nil {
				return err
			}
			if err := safetensors.WriteFloat32s(w, safetensors.F32, part); err != nil {
				return err
			}
		}
		return nil
	}}
}

// resume takes over the state of a checkpoint whose weights are loaded.
func (t *Trainer) resume(l *checkpoint.Loaded) error {
	if l.Optimizer == nil {
		return errors.New("the checkpoint holds the model only (save_only_model); start a new run from it with train.model_name_or_path instead")
	}
	for _, x := range t.opt.State() {
		if err := t.loadState(l.Optimizer, x); err != nil {
			return err
		}
	}
	run := l.Trainer.Run
	if run.Seed != t.cfg.Seed {
		return fmt.Errorf("the checkpoint's seed is %d but train.seed is %d; set it to the former to continue that run", run.Seed, t.cfg.Seed)
	}
	var loader data.State
	if err := json.Unmarshal(run.DataLoader, &loader); err != nil {
		return fmt.Errorf("data loader state: %w", err)
	}
	if err := t.batches.Restore(loader); err != nil {
		return err
	}
	if err := json.Unmarshal(run.Ledger, &t.ledger); err != nil {
		return fmt.Errorf("token ledger: %w", err)
	}
	if t.done = l.Trainer.GlobalStep; t.done > t.total {
		return fmt.Errorf("the checkpoint is of step %d but the run has %d; raise train.max_steps", t.done, t.total)
	}
	t.saved, t.history = t.done, l.Trainer.LogHistory
	return nil
}

// loadState reads one tensor of the optimizer's state in pieces of whole rows, so
// that it is never held twice.
func (t *Trainer) loadState(f *safetensors.File, dst optim.StateTensor) error {
	x, err := f.Tensor(dst.Name)
	if err != nil {
		return err
	}
	n := dst.Buf.Len
	if x.Len() != n || x.DType.String() != dst.Buf.Type.String() {
		return fmt.Errorf("%s has %d values of %v in the checkpoint, the optimizer %d of %v", dst.Name, x.Len(), x.DType, n, dst.Buf.Type)
	}
	piece, size := n, int(dst.Buf.Type.Bytes(1))
	if s := dst.Shape; len(s) == 2 {
		piece = min(n, max(1, saveChunk/s[1])*s[1])
	}
	file, raw := x.Reader(), make([]byte, piece*size)
	for from := 0; from < n; from += piece {
		part := raw[:min(piece, n-from)*size]
		if _, err := io.ReadFull(file, part); err != nil {
			return fmt.Errorf("read %s: %w", dst.Name, err)
		}
		if err := t.opt.SetState(dst.Name, from, part); err != nil {
			return err
		}
	}
	return nil
}
