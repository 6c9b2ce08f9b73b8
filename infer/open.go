package infer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"huihai/checkpoint"
	"huihai/checkpoint/safetensors"
	"huihai/kernels"
	"huihai/model"
	"huihai/tokenizer"
)

// Folder is a model folder loaded on a device.
type Folder struct {
	Config  model.Config
	Weights *model.Weights
	// EOS are the ids that end a text; empty when the model has none.
	EOS []int32
	// Tokenizer is nil when the folder has no tokenizer.model.
	Tokenizer *tokenizer.Tokenizer
	// Warnings are harmless oddities of the files, for the person to know.
	Warnings []string
}

// OpenFolder loads a Hugging Face folder. Matrices stored in bfloat16 are kept
// so, which halves the memory and loses nothing; with trainable set everything
// is widened to float32, as the optimizer and the gradients need it. Files that
// complete.json lists are compared with it first (see
// [checkpoint.OpenVerifiedModel]). A cancelled ctx ends it within a piece of a
// tensor.
func OpenFolder(ctx context.Context, dev kernels.Device, dir string, trainable bool) (*Folder, error) {
	var m model.HFModel
	files, err := checkpoint.OpenVerifiedModel(ctx, dir, func(config []byte) (err error) {
		if m, err = model.ReadHFConfig(config); err != nil {
			return fmt.Errorf("infer: %s: %w", dir, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	defer files.Close()
	f := &Folder{Config: m.Config, Warnings: append(files.Warnings(), m.Notes...)}
	if trainable {
		f.Warnings = append(f.Warnings, m.TrainingNotes...)
	}
	for _, id := range m.EosTokenIDs {
		f.EOS = append(f.EOS, int32(id))
	}
	if err := f.loadTokenizer(dir, m); err != nil {
		return nil, err
	}
	store := asStored(files)
	if trainable {
		store = model.Float32
	}
	if f.Weights, err = model.LoadWeights(ctx, dev, m.Config, files, store); err != nil {
		return nil, fmt.Errorf("infer: %s: %w", dir, err)
	}
	return f, nil
}

// asStored keeps bfloat16 where the file has it and the kernels take it.
func asStored(files *checkpoint.Model) model.Storage {
	return func(t model.Tensor) kernels.DType {
		x, err := files.Tensor(t.Name)
		if err == nil && x.DType == safetensors.BF16 {
			return model.BFloat16(t)
		}
		return kernels.F32
	}
}

// ErrNoTokenizer says that text was given to a folder without tokenizer.model.
var ErrNoTokenizer = errors.New("the folder has no tokenizer.model; copy it there, or give token ids instead of text")

// loadTokenizer reads tokenizer.model, if there is one, and compares it with
// config.json.
func (f *Folder) loadTokenizer(dir string, m model.HFModel) error {
	path := filepath.Join(dir, tokenizer.FileName)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	tok, err := tokenizer.Load(path)
	if err != nil {
		return err
	}
	for _, p := range m.CheckVocabulary(tok, m.EosTokenIDs...) {
		if p.Fatal {
			return fmt.Errorf("infer: %s: %s", dir, p.Text)
		}
		f.Warnings = append(f.Warnings, p.Text)
	}
	f.Tokenizer = tok
	return nil
}

// Encode turns text into token ids with the folder's tokenizer.
func (f *Folder) Encode(text string) ([]int32, error) {
	if f.Tokenizer == nil {
		return nil, fmt.Errorf("infer: %w", ErrNoTokenizer)
	}
	return f.Tokenizer.Encode(text), nil
}

// Close frees the weights.
func (f *Folder) Close() { f.Weights.Close() }
