package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"huihai/checkpoint/safetensors"
	"huihai/internal/atomicfile"
	"huihai/internal/vfs"
)

// Save writes root/checkpoint-N, N being the state's global step, replacing one
// of the same number. Whatever fails, checkpoints saved earlier stay whole and
// nothing unfinished looks finished. For want of space the error holds a
// *SpaceError. Older checkpoints are removed by [Prune].
//
// When ctx ends, the save is given up; to save because of an interrupt, pass a
// context that the interrupt does not cancel. path is not empty when the
// checkpoint is in place, which it can be although err is not nil: then only
// flushing its name to disk or removing the one it replaced failed.
func Save(ctx context.Context, root string, st State) (path string, err error) {
	if st.Model.fsys == nil {
		st.Model.fsys = vfs.OS{}
	}
	path, err = save(ctx, st.Model.fsys, root, st)
	if err != nil {
		return path, fmt.Errorf("checkpoint: save step %d to %s: %w", st.Trainer.GlobalStep, root, err)
	}
	return path, nil
}

func save(ctx context.Context, fsys vfs.FS, root string, st State) (string, error) {
	plan, err := planState(st)
	if err != nil {
		return "", err
	}
	if err := context.Cause(ctx); err != nil {
		return "", err
	}
	if err := fsys.MkdirAll(root); err != nil {
		return "", fmt.Errorf("make the folder: %w", cause(err))
	}
	if err := atomicfile.Clean(fsys, root, isCheckpointName); err != nil {
		// Leftovers cost space only; they are no reason not to save.
		slog.Warn("checkpoint: what an earlier process left could not be tidied", "problem", err)
	}
	path := filepath.Join(root, folderName(st.Trainer.GlobalStep))
	inPlace := false
	err = withSpace(fsys, root, plan.size(), func() (err error) {
		inPlace, err = plan.commit(ctx, fsys, path)
		return err
	})
	switch {
	case err != nil && !inPlace:
		return "", err
	case err != nil:
		return path, err
	}
	return path, nil
}

// Size returns the bytes that saving the state takes on disk, but for a few
// kilobytes of complete.json.
func (st State) Size() (int64, error) {
	p, err := planState(st)
	if err != nil {
		return 0, fmt.Errorf("checkpoint: size of a checkpoint: %w", err)
	}
	return p.size(), nil
}

// statePlan is a checkpoint folder before it is written.
type statePlan struct {
	step      int
	model     *modelPlan
	state     []byte
	optimizer *shardPlan // nil to leave it out
}

func planState(st State) (*statePlan, error) {
	var err error
	p := &statePlan{step: st.Trainer.GlobalStep}
	if p.state, err = st.Trainer.encode(); err != nil {
		return nil, err
	}
	if p.model, err = planModel(st.Model); err != nil {
		return nil, err
	}
	if len(st.Optimizer) > 0 {
		p.optimizer = &shardPlan{name: optimizerFile, sources: slices.Clone(st.Optimizer)}
		if err := p.optimizer.layOut(); err != nil {
			return nil, fmt.Errorf("%s: %w", optimizerFile, err)
		}
	}
	return p, nil
}

// size returns the bytes of all files but the marker.
func (p *statePlan) size() int64 {
	n := p.model.size() + int64(len(p.state))
	if p.optimizer != nil {
		n += p.optimizer.bytes
	}
	return n
}

// commit writes the folder and puts it in place. inPlace says whether it is.
func (p *statePlan) commit(ctx context.Context, fsys vfs.FS, path string) (inPlace bool, err error) {
	d, err := atomicfile.Begin(fsys, path)
	if err != nil {
		return false, err
	}
	if err = p.write(ctx, d); err == nil {
		err = d.Commit()
	}
	if inPlace = d.Committed(); err != nil && !inPlace {
		err = errors.Join(err, d.Abort())
	}
	return inPlace, err
}

func (p *statePlan) write(ctx context.Context, d *atomicfile.Dir) error {
	if err := p.model.write(ctx, d); err != nil {
		return err
	}
	if p.optimizer != nil {
		if err := p.optimizer.write(ctx, d); err != nil {
			return err
		}
	}
	if err := writeBytes(d, stateFile, p.state); err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	data, err := encodeJSON(newMarker(p.step, d.Files()))
	if err != nil {
		return err
	}
	return writeBytes(d, markerFile, data)
}

// CompanionFiles reads what a released model folder holds beside its weights
// and the files that saving makes itself: the Python files that trust_remote_code
// needs and special_tokens_map.json. It is meant for SaveOptions.Extra.
func CompanionFiles(dir string) (map[string][]byte, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: read folder %s: %w", dir, cause(err))
	}
	out := map[string][]byte{}
	for _, e := range entries {
		name := e.Name()
		if !strings.HasSuffix(name, ".py") && name != "special_tokens_map.json" {
			continue
		}
		// The downloads of Hugging Face tools are links, hence Stat.
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || !info.Mode().IsRegular() {
			continue
		}
		if out[name], err = readSmall(filepath.Join(dir, name)); err != nil {
			return nil, fmt.Errorf("checkpoint: read %s: %w", filepath.Join(dir, name), err)
		}
	}
	return out, nil
}

// WriteTensors writes one safetensors file that appears at once, in the order
// of the reference writer.
func WriteTensors(path string, sources []TensorSource) error {
	s := shardPlan{name: filepath.Base(path), sources: slices.Clone(sources)}
	err := s.layOut()
	if err == nil {
		fsys := vfs.OS{}
		err = withSpace(fsys, filepath.Dir(path), s.bytes, func() error {
			_, err := atomicfile.WriteFile(fsys, path, func(w io.Writer) error {
				return safetensors.WriteAll(w, s.sources, fileMetadata())
			})
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("checkpoint: write %s: %w", path, err)
	}
	return nil
}
