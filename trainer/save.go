package trainer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"huihai/checkpoint"
	"huihai/checkpoint/safetensors"
	"huihai/internal/mmap"
	"huihai/kernels"
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
	// Run names the run: its RunID, Parent and Settings go into
	// trainer_state.json.
	Run checkpoint.Run
	// EpochRows is the number of rows of a pass, for the epoch that
	// trainer_state.json tells.
	EpochRows int64
}

// optimizerState is what the optimizer needs besides its tensors.
type optimizerState struct {
	Step int `json:"step"`
}

// extraState is what the loop needs besides.
type extraState struct {
	// Rows are the rows of every step so far and to come.
	Rows    Rows    `json:"rows"`
	Mishaps Mishaps `json:"mishaps"`
}

// NonFiniteWeightsError says that a tensor of the state holds a NaN or an
// infinity. Such a state is never saved.
type NonFiniteWeightsError struct {
	Step    int
	Tensor  string
	Element int
	Value   float32
}

// Error names the tensor and what to do.
func (e *NonFiniteWeightsError) Error() string {
	return fmt.Sprintf("step %d is not saved: element %d of %s is %v, so its last update overflowed; lower optim.learning_rate and go on from the checkpoint before", e.Step, e.Element, e.Tensor, e.Value)
}

// tensorSource makes a source of a tensor on the device.
type tensorSource func(name string, shape []int, buf kernels.Buf) (checkpoint.TensorSource, error)

// state is what a checkpoint of the step reached holds, its tensors by source.
func (t *Trainer) state(source tensorSource) (checkpoint.State, error) {
	opts, err := t.modelOptions(source)
	if err != nil {
		return checkpoint.State{}, err
	}
	place := t.batches.State()
	loader, err1 := json.Marshal(place)
	ledger, err2 := json.Marshal(t.ledger)
	opt, err3 := json.Marshal(optimizerState{t.done})
	extra, err4 := json.Marshal(extraState{t.rows, t.mishaps})
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return checkpoint.State{}, err
	}
	run := t.save.Run
	run.Seed, run.DataLoader, run.Ledger, run.Optimizer, run.Extra = t.cfg.Seed, loader, ledger, opt, extra
	st := checkpoint.State{Model: opts, Trainer: checkpoint.TrainerState{
		GlobalStep: t.done, MaxSteps: t.total, Epoch: t.epoch(float64(place.Epoch), place.Index),
		NumTrainEpochs: int(math.Ceil(t.epoch(0, t.rows.Before(t.total)))),
		TokensSeen:     t.ledger.Read, LogHistory: append([]checkpoint.LogEntry(nil), t.history...), Run: run,
	}}
	if t.save.Checkpoint.SaveOnlyModel {
		return st, nil
	}
	for _, x := range t.opt.State() {
		src, err := source(x.Name, x.Shape, x.Buf)
		if err != nil {
			return checkpoint.State{}, err
		}
		st.Optimizer = append(st.Optimizer, src)
	}
	return st, nil
}

// epoch adds rows to whole passes.
func (t *Trainer) epoch(passes float64, rows int64) float64 {
	if t.save.EpochRows == 0 {
		return passes
	}
	return passes + float64(rows)/float64(t.save.EpochRows)
}

func (t *Trainer) modelOptions(source tensorSource) (checkpoint.SaveOptions, error) {
	cfg, err := t.model.HFConfig("float32")
	if err != nil {
		return checkpoint.SaveOptions{}, err
	}
	shard, err := t.save.Checkpoint.ShardBytes()
	if err != nil {
		return checkpoint.SaveOptions{}, err
	}
	t.saver.copy = t.saver.copy[:0]
	var tensors []checkpoint.TensorSource
	for _, x := range t.weights.Tensors() {
		src, err := source(x.Name, x.Shape, t.weights.Bufs()[x.Name])
		if err != nil {
			return checkpoint.SaveOptions{}, err
		}
		tensors = append(tensors, src)
	}
	return checkpoint.SaveOptions{
		Config: cfg, Tensors: tensors, MaxShardSize: shard,
		Tokenizer: t.save.Tokenizer, Extra: t.save.Extra,
	}, nil
}

// saveChunk is the number of bytes copied from or to the device at a time.
const saveChunk = 4 << 20

// streamed reads a tensor from the device while it is written.
func (t *Trainer) streamed(name string, shape []int, buf kernels.Buf) (checkpoint.TensorSource, error) {
	dtype, err := fileType(buf.Type)
	step := t.done
	return checkpoint.TensorSource{Name: name, Shape: shape, DType: dtype, WriteTo: func(w io.Writer) error {
		chunk := make([]byte, min(saveChunk, buf.Bytes()))
		return t.eachChunk(name, step, buf, chunk, func(part []byte) error {
			_, err := w.Write(part)
			return err
		})
	}}, err
}

// copied reads a tensor into the copy, from which it is written later.
func (t *Trainer) copied(name string, shape []int, buf kernels.Buf) (checkpoint.TensorSource, error) {
	dtype, err := fileType(buf.Type)
	if err != nil {
		return checkpoint.TensorSource{}, err
	}
	if cap(t.saver.copy) == 0 {
		room, release, err := mmap.Anonymous(int(t.plan.Bytes[KindSaveCopy]))
		if err != nil {
			return checkpoint.TensorSource{}, fmt.Errorf("the copy for saving: %w", err)
		}
		t.saver.copy, t.saver.release = room[:0], release
	}
	from, n := len(t.saver.copy), int(buf.Bytes())
	if from+n > cap(t.saver.copy) {
		return checkpoint.TensorSource{}, errors.New("the copy of the state is larger than was planned: this is a defect")
	}
	t.saver.copy = t.saver.copy[:from+n]
	mine := t.saver.copy[from : from+n : from+n]
	at := 0
	chunk := make([]byte, min(saveChunk, n))
	if err := t.eachChunk(name, t.done, buf, chunk, func(part []byte) error {
		at += copy(mine[at:], part)
		return nil
	}); err != nil {
		return checkpoint.TensorSource{}, err
	}
	return checkpoint.TensorSource{Name: name, Shape: shape, DType: dtype, WriteTo: func(w io.Writer) error {
		_, err := w.Write(mine)
		return err
	}}, nil
}

// eachChunk calls f with the bytes of a buffer, piece by piece, once they are
// known to be finite.
func (t *Trainer) eachChunk(name string, step int, buf kernels.Buf, chunk []byte, f func([]byte) error) error {
	size := int(buf.Type.Bytes(1))
	for from := 0; from < buf.Len; from += len(chunk) / size {
		to := min(buf.Len, from+len(chunk)/size)
		part := chunk[:(to-from)*size]
		if err := t.dev.Read(part, buf.Slice(from, to)); err != nil {
			return err
		}
		if i := notFinite(buf.Type, part); i >= 0 {
			return &NonFiniteWeightsError{Step: step, Tensor: name, Element: from + i, Value: float32At(part, i)}
		}
		if err := f(part); err != nil {
			return err
		}
	}
	return nil
}

// fileType is the element type that a buffer has in a file.
func fileType(t kernels.DType) (safetensors.DType, error) {
	switch t {
	case kernels.F32:
		return safetensors.F32, nil
	case kernels.U8:
		return safetensors.U8, nil
	case kernels.I8:
		return safetensors.I8, nil
	case kernels.I32:
		return safetensors.I32, nil
	}
	return 0, fmt.Errorf("a tensor of type %v cannot be saved: this is a defect", t)
}

// notFinite returns the first element that is NaN or infinite, -1 for none.
func notFinite(t kernels.DType, b []byte) int {
	if t != kernels.F32 {
		return -1
	}
	for i := 0; i+4 <= len(b); i += 4 {
		if b[i+3]&0x7f == 0x7f && b[i+2]&0x80 != 0 { // all bits of the exponent
			return i / 4
		}
	}
	return -1
}

func float32At(b []byte, i int) float32 {
	return math.Float32frombits(uint32(b[4*i]) | uint32(b[4*i+1])<<8 | uint32(b[4*i+2])<<16 | uint32(b[4*i+3])<<24)
}
