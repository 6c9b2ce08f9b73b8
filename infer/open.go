package infer

import (
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
	// Tokenizer is nil when the folder has no tokenizer.model.
	Tokenizer *tokenizer.Tokenizer
	// Warnings are harmless oddities of the files, for the person to know.
	Warnings []string
}

// OpenFolder loads a Hugging Face folder. Matrices stored in bfloat16 are kept
// so, which halves the memory and loses nothing; with trainable set everything
// is widened to float32, as the optimizer and the gradients need it.
func OpenFolder(dev kernels.Device, dir string, trainable bool) (*Folder, error) {
	files, err := checkpoint.OpenModel(dir)
	if err != nil {
		return nil, err
	}
	defer files.Close()
	cfg, err := model.ParseHFConfig(files.Config)
	if err != nil {
		return nil, fmt.Errorf("infer: %s: %w", dir, err)
	}
	f := &Folder{Config: cfg, Warnings: files.Warnings()}
	if f.Tokenizer, err = folderTokenizer(dir, cfg); err != nil {
		return nil, err
	}
	store := asStored(files)
	if trainable {
		store = model.Float32
	}
	if f.Weights, err = model.LoadWeights(dev, cfg, files, store); err != nil {
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

func folderTokenizer(dir string, cfg model.Config) (*tokenizer.Tokenizer, error) {
	path := filepath.Join(dir, "tokenizer.model")
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	tok, err := tokenizer.Load(path)
	if err != nil {
		return nil, err
	}
	if tok.VocabSize() > cfg.VocabSize {
		return nil, fmt.Errorf("infer: %s has %d pieces but config.json says vocab_size %d; they belong to different models", path, tok.VocabSize(), cfg.VocabSize)
	}
	return tok, nil
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
