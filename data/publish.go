package data

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"go.yaml.in/yaml/v3"

	"huihai/data/flow"
	"huihai/internal/vfs"
)

// publish moves the finished files into place. The old manifest goes first and
// the new one comes last, so that at no time a manifest names files that are not
// there.
func (b *builder) publish(report *Report) error {
	out, fsys := b.cfg.Output, b.fs()
	if err := fsys.RemoveAll(filepath.Join(out, manifestFile)); err != nil {
		return err
	}
	for _, dir := range []string{dirDocuments, dirTokens, dirValidation} {
		if err := clearOld(fsys, filepath.Join(out, dir)); err != nil {
			return err
		}
	}
	m := &Manifest{
		Format: formatVersion, BuildKey: b.buildKey, SequenceLength: b.cfg.Pack.SequenceLength,
		VocabSize: b.encoder.VocabSize(), EOS: b.encoder.EOS(), Tokenizer: b.encoder.Fingerprint(),
	}
	if err := b.moveShards(m); err != nil {
		return err
	}
	if err := flow.ReplaceFile(fsys, filepath.Join(out, fileTokenizer), b.tokenizerBytes); err != nil {
		return err
	}
	m.Files = append(m.Files, ManifestFile{
		Path: fileTokenizer, Kind: "tokenizer", Bytes: int64(len(b.tokenizerBytes)), SHA256: b.encoder.Fingerprint(),
	})
	if err := m.sign(); err != nil {
		return err
	}
	if err := b.publishRejects(); err != nil {
		return err
	}
	report.Fingerprint = m.Fingerprint
	if err := writeJSON(fsys, filepath.Join(out, reportFile), report); err != nil {
		return err
	}
	if err := b.publishPage(report); err != nil {
		return err
	}
	if err := b.publishConfig(); err != nil {
		return err
	}
	return writeJSON(fsys, filepath.Join(out, manifestFile), m)
}

// publishConfig leaves the configuration that made the data set, in the form that
// train data build --config takes.
func (b *builder) publishConfig() error {
	content, err := yaml.Marshal(map[string]BuildConfig{"data": b.cfg})
	if err != nil {
		return err
	}
	return flow.ReplaceFile(b.fs(), filepath.Join(b.cfg.Output, configFile), content)
}

// ReadConfig reads the configuration that made the data set in dir.
func ReadConfig(dir string) (BuildConfig, error) {
	path := filepath.Join(dir, configFile)
	content, err := os.ReadFile(path)
	if err != nil {
		return BuildConfig{}, fmt.Errorf("data: %w", err)
	}
	c := map[string]BuildConfig{"data": DefaultBuild()}
	if err := yaml.Unmarshal(content, &c); err != nil {
		return BuildConfig{}, fmt.Errorf("data: %s: %w", path, err)
	}
	return c["data"], nil
}

func writeJSON(fsys vfs.FS, path string, v any) error {
	content, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return flow.ReplaceFile(fsys, path, append(content, '\n'))
}

// moveShards renames the Parquet files of the last stages into the data set.
func (b *builder) moveShards(m *Manifest) error {
	move := func(dir, kind string, n int, r *flow.Result, runs []Run) error {
		folder := filepath.Join(b.cfg.Output, dir)
		if err := b.fs().MkdirAll(folder); err != nil {
			return err
		}
		name := fmt.Sprintf("%s-%05d.parquet", dir, n)
		if err := b.fs().Rename(r.Path(fileShard), filepath.Join(folder, name)); err != nil {
			return err
		}
		for _, o := range r.Outputs {
			if o.Name == fileShard {
				m.Files = append(m.Files, ManifestFile{
					Path: dir + "/" + name, Kind: kind, Rows: r.Rows, Bytes: o.Bytes, SHA256: o.SHA256, Runs: runs,
				})
			}
		}
		return b.fs().SyncDir(folder)
	}
	numbers := map[string]int{}
	place := func(dir, kind string, r *flow.Result, runs []Run) error {
		if r.Rows == 0 {
			return nil
		}
		n := numbers[dir]
		numbers[dir]++
		return move(dir, kind, n, r, runs)
	}
	for _, r := range b.written {
		if err := place(dirDocuments, KindDocuments, r, nil); err != nil {
			return err
		}
	}
	for i, r := range b.packed {
		var info packInfo
		if err := r.DecodeInfo(&info); err != nil {
			return err
		}
		dir, kind := dirTokens, KindTokens
		if i >= b.packParts {
			dir, kind = dirValidation, KindValidation
		}
		if err := place(dir, kind, r, info.Runs); err != nil {
			return err
		}
	}
	return nil
}

var ourShard = regexp.MustCompile(`^(documents|tokens|validation)-\d{5}\.parquet$`)

// clearOld removes the shards of an earlier build from dir. Files that are not
// ours would be read together with ours by tools that take the whole folder, so
// they end the build.
func clearOld(fsys vfs.FS, dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !ourShard.MatchString(e.Name()) {
			return fmt.Errorf("%s holds %s, which is not from a build; move it away or choose another output folder", dir, e.Name())
		}
	}
	for _, e := range entries {
		if err := fsys.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return fsys.RemoveAll(dir)
}

// publishRejects joins the samples of rejected records into one file.
func (b *builder) publishRejects() error {
	path := filepath.Join(b.cfg.Output, rejectsFile)
	var content []byte
	for _, r := range b.gathered {
		part, err := os.ReadFile(r.Path(fileRejects))
		if err != nil {
			return err
		}
		content = append(content, part...)
	}
	if len(content) == 0 {
		return b.fs().RemoveAll(path)
	}
	return flow.ReplaceFile(b.fs(), path, content)
}

// checkOutput refuses a folder that holds something else than a build.
func checkOutput(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("output: %w", err)
	}
	known := map[string]bool{
		manifestFile: true, reportFile: true, pageFile: true, configFile: true, rejectsFile: true, fileTokenizer: true, workDir: true,
		dirDocuments: true, dirTokens: true, dirValidation: true,
	}
	for _, e := range entries {
		if known[e.Name()] {
			return nil
		}
	}
	if len(entries) > 0 {
		return fmt.Errorf("output folder %s is not empty and holds no data set; choose another one", dir)
	}
	return nil
}
