package checkpoint

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// OpenVerifiedModel is [OpenModel] followed by [Model.Verify]: everyone who
// computes with a saved model opens it so, as a flipped bit in weights changes
// results and nothing else would tell.
//
// judge, which may be nil, is given config.json before the weights are read, so
// that a model of the wrong kind is refused at once; its error is returned
// together with what is found damaged.
func OpenVerifiedModel(ctx context.Context, dir string, judge func(config []byte) error) (*Model, error) {
	m, err := OpenModel(dir)
	if err != nil {
		// Damage may be the reason why it does not open.
		return nil, errors.Join(err, verifyModel(ctx, dir, isModelFile))
	}
	if judge != nil {
		if err := judge(m.Config); err != nil {
			m.Close()
			return nil, errors.Join(err, verifyModel(ctx, dir, func(name string) bool { return name == configFile }))
		}
	}
	if err := m.Verify(ctx); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// Verify compares the model's files (config.json, weights, tokenizer) with the
// sizes and SHA-256 that complete.json has for them; a folder without
// complete.json has none and passes. It reads all of them once, as many at a
// time as there are processors: one to two GB a second and processor with SHA
// instructions, so 15 GB in three shards take about four seconds on three
// processors when the disk keeps up. The error names each file that differs. A
// weight file that complete.json does not list is an error too; other files
// that a person put there are not.
func (m *Model) Verify(ctx context.Context) error {
	if !exists(filepath.Join(m.Dir, markerFile)) {
		return nil
	}
	read := m.readFrom()
	wanted := func(name string) bool { return isModelFile(name) || slices.Contains(read, name) }
	if err := verifyModel(ctx, m.Dir, wanted); err != nil {
		return err
	}
	mark, err := readMarker(m.Dir)
	if err == nil {
		err = mark.listsAll(read)
	}
	if err != nil {
		return fmt.Errorf("checkpoint: model %s: %w", m.Dir, err)
	}
	m.keepSums(mark.Files)
	return nil
}

// isModelFile reports whether a file of a checkpoint belongs to its model, and
// not to the training that goes on from it.
func isModelFile(name string) bool {
	return slices.Contains([]string{configFile, generationFile, tokenizerFile, tokenizerConfigFile, indexFile}, name) ||
		strings.HasPrefix(name, "model") && strings.HasSuffix(name, ".safetensors")
}

// verifyModel compares those files of a folder that complete.json lists and
// wanted takes.
func verifyModel(ctx context.Context, dir string, wanted func(name string) bool) error {
	if !exists(filepath.Join(dir, markerFile)) {
		return nil
	}
	mark, err := readMarker(dir)
	if err == nil {
		files := slices.DeleteFunc(slices.Clone(mark.Files), func(f markedFile) bool { return !wanted(f.Name) })
		err = verifyFiles(ctx, dir, files)
	}
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("checkpoint: model %s is not as it was saved:\n%w\nuse another checkpoint or copy these files again; if you changed one on purpose, remove %s: nothing is compared then, and the folder is no checkpoint to resume any more",
		dir, err, markerFile)
}

// listsAll returns an error for the first of the files that the marker does not
// list: what was not verified must not be used.
func (m *marker) listsAll(names []string) error {
	for _, name := range names {
		if !m.lists(name) {
			return fmt.Errorf("%s is not listed in %s; it was added after saving: remove it", name, markerFile)
		}
	}
	return nil
}

// readFrom returns the names of config.json and the weight files, sorted.
func (m *Model) readFrom() []string {
	names := []string{configFile}
	for _, f := range m.files {
		names = append(names, filepath.Base(f.Path()))
	}
	slices.Sort(names)
	return names
}

// keepSums remembers verified hashes.
func (m *Model) keepSums(files []markedFile) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sums = map[string]string{}
	for _, f := range files {
		m.sums[f.Name] = f.SHA256
	}
}

// Fingerprint returns a hash in hexadecimal over what the model is read from:
// the names and SHA-256 of config.json and of every weight file. Hashes that
// were verified when the model was opened are used, the other files are read
// once. Equal fingerprints mean equal weights and settings; the same weights
// cut into other shards have another one.
func (m *Model) Fingerprint(ctx context.Context) (string, error) {
	names := m.readFrom()
	m.mu.Lock()
	defer m.mu.Unlock()
	var paths, missing []string
	for _, name := range names {
		if m.sums[name] == "" {
			missing, paths = append(missing, name), append(paths, filepath.Join(m.Dir, name))
		}
	}
	sums, errs := hashFiles(ctx, paths)
	if err := errors.Join(errs...); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return "", fmt.Errorf("checkpoint: fingerprint of %s: %w", m.Dir, err)
	}
	if m.sums == nil {
		m.sums = map[string]string{}
	}
	for i, name := range missing {
		m.sums[name] = sums[i]
	}
	h := sha256.New()
	for _, name := range names {
		io.WriteString(h, m.sums[name]+"  "+name+"\n")
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
