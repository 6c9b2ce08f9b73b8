package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"huihai/checkpoint/safetensors"
	"huihai/internal/atomicfile"
	"huihai/internal/vfs"
)

// DefaultShardBytes is the size at which Hugging Face libraries start a new
// shard.
const DefaultShardBytes = 5_000_000_000

// TensorSource is a named tensor that can write itself.
type TensorSource = safetensors.Source

// SaveOptions is what a model folder is made from.
type SaveOptions struct {
	Config  []byte         // config.json, required
	Tensors []TensorSource // in model order; shards are cut in this order

	// MaxShardSize is the most bytes of tensors in one file, 0 for
	// DefaultShardBytes. A larger tensor gets a file of its own.
	MaxShardSize int64

	// Chat says that the model follows the chat format, which
	// generation_config.json then describes. GenerationConfig, when not nil,
	// is written instead.
	Chat             bool
	GenerationConfig []byte

	// Tokenizer is tokenizer.model; nil leaves the tokenizer's files out.
	// TokenizerConfig, when not nil, replaces the released tokenizer_config.json.
	Tokenizer       []byte
	TokenizerConfig []byte

	// Extra holds further files by name, such as the released Python files.
	Extra map[string][]byte

	// Overwrite allows SaveModel to replace files of a model already there.
	Overwrite bool

	fsys vfs.FS // nil for the real one
}

// SaveModel writes a Hugging Face model folder. A dir that does not exist
// appears whole or not at all. In an existing folder other files are left
// alone; all new files are on disk before the first is moved into place, and
// until the last is, OpenModel finds no model there. Files in the way are an
// error unless Overwrite is set.
func SaveModel(dir string, o SaveOptions) error {
	if err := saveModel(dir, o); err != nil {
		return fmt.Errorf("checkpoint: save model to %s: %w", dir, err)
	}
	return nil
}

func saveModel(dir string, o SaveOptions) (err error) {
	if o.fsys == nil {
		o.fsys = vfs.OS{}
	}
	plan, err := planModel(o)
	if err != nil {
		return err
	}
	dir = filepath.Clean(dir)
	final, inPlace := dir, false
	switch info, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		if err := o.fsys.MkdirAll(filepath.Dir(dir)); err != nil {
			return cause(err)
		}
	case err != nil:
		return cause(err)
	case !info.IsDir():
		return errors.New("it is a file; give a folder")
	default:
		final, inPlace = filepath.Join(dir, "model"), true
	}
	parent := filepath.Dir(final)
	var remove []string
	if inPlace {
		if remove, err = inTheWay(dir, plan, o.Overwrite); err != nil {
			return err
		}
	}
	if err := atomicfile.Clean(o.fsys, parent, func(b string) bool { return b == filepath.Base(final) }); err != nil {
		return err
	}
	return withSpace(o.fsys, parent, plan.size(), func() error {
		d, err := atomicfile.Begin(o.fsys, final)
		if err != nil {
			return err
		}
		if err = plan.write(context.Background(), d); err == nil && inPlace {
			err = d.CommitInto(dir, remove...)
		} else if err == nil {
			err = d.Commit()
		}
		if err != nil {
			err = errors.Join(err, d.Abort())
		}
		return err
	})
}

// inTheWay returns the files of an older model in dir that must go before the
// new ones are moved in: first those without which OpenModel sees nothing.
func inTheWay(dir string, plan *modelPlan, overwrite bool) (remove []string, err error) {
	var found []string
	for _, f := range plan.files() {
		if exists(filepath.Join(dir, f)) {
			found = append(found, f)
		}
	}
	old := []string{singleFile, indexFile}
	shards, err := filepath.Glob(filepath.Join(escapeGlob(dir), "model-*-of-*.safetensors"))
	if err != nil {
		return nil, err
	}
	for _, s := range shards {
		old = append(old, filepath.Base(s))
	}
	for _, f := range old {
		if exists(filepath.Join(dir, f)) {
			remove = append(remove, f)
			if !slices.Contains(found, f) {
				found = append(found, f)
			}
		}
	}
	if len(found) > 0 && !overwrite {
		return nil, fmt.Errorf("the folder already has %s; choose another folder, or allow overwriting", strings.Join(found, ", "))
	}
	return remove, nil
}

// escapeGlob keeps the characters of a folder's name from being patterns.
func escapeGlob(dir string) string {
	return strings.NewReplacer(`[`, `[[]`, `*`, `[*]`, `?`, `[?]`).Replace(dir)
}
