package build

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"huihai/data"
	"huihai/data/flow"
	"huihai/internal/vfs"
)

// publish puts the finished files into place: the new files beside the old, under the
// names that a reader of the new manifest looks for; then the manifest in one step;
// then the files get their own names. So a reader finds the old data set whole until
// the manifest is there and the new one from then on, whatever ends the build.
func (b *builder) publish(ctx context.Context) error {
	if err := b.fetchResults(ctx); err != nil {
		return err
	}
	report, err := b.makeReport(ctx)
	if err != nil {
		return err
	}
	for _, dir := range []string{data.DirDocuments, data.DirTokens, data.DirValidation} {
		if err := refuseForeign(filepath.Join(b.cfg.Output, dir)); err != nil {
			return err
		}
	}
	model, err := os.ReadFile(b.tokenizerFile.Path)
	if err != nil {
		return err
	}
	m := &data.Manifest{
		Format: data.FormatVersion, BuildKey: b.buildKey, SequenceLength: b.cfg.Pack.SequenceLength,
		VocabSize: b.vocab.VocabSize, EOS: b.vocab.EOS, Tokenizer: b.vocab.Fingerprint,
	}
	shards, err := b.placeShards(m)
	if err != nil {
		return err
	}
	m.Files = append(m.Files, data.ManifestFile{Path: data.NameTokenizer, Kind: "tokenizer", Bytes: int64(len(model)), SHA256: b.vocab.Fingerprint})
	if err := m.Sign(); err != nil {
		return err
	}
	report.Fingerprint = m.Fingerprint
	b.report = report
	if err := b.placePending(m, shards, model); err != nil {
		return err
	}
	if err := writeJSON(b.fs(), filepath.Join(b.cfg.Output, data.NameManifest), m); err != nil {
		return err
	}
	return settle(b.fs(), b.cfg.Output)
}

func (b *builder) published() string { return b.cfg.Output }

// placedShard is a file of a stage and its path in the data set.
type placedShard struct{ from, rel string }

// placeShards lists the Parquet files of the last stages in the manifest.
func (b *builder) placeShards(m *data.Manifest) ([]placedShard, error) {
	var placed []placedShard
	numbers := map[string]int{}
	place := func(dir, kind string, r *flow.Result, runs []data.Run) {
		if r.Rows == 0 {
			return
		}
		rel := fmt.Sprintf("%s/%s-%05d.parquet", dir, dir, numbers[dir])
		numbers[dir]++
		placed = append(placed, placedShard{r.Path(fileShard), rel})
		for _, o := range r.Outputs {
			if o.Name == fileShard {
				m.Files = append(m.Files, data.ManifestFile{Path: rel, Kind: kind, Rows: r.Rows, Bytes: o.Bytes, SHA256: o.SHA256, Runs: runs})
			}
		}
	}
	for _, r := range b.written {
		place(data.DirDocuments, data.KindDocuments, r, nil)
	}
	for i, r := range b.packed {
		var info packInfo
		if err := r.DecodeInfo(&info); err != nil {
			return nil, err
		}
		dir, kind := data.DirTokens, data.KindTokens
		if i >= b.parts.Train {
			dir, kind = data.DirValidation, data.KindValidation
		}
		place(dir, kind, r, info.Runs)
	}
	return placed, nil
}

// placePending puts all files of the data set but its manifest under the names that
// they have until that is there.
func (b *builder) placePending(m *data.Manifest, shards []placedShard, model []byte) error {
	out, fsys := b.cfg.Output, b.fs()
	folders := map[string]bool{out: true}
	for _, s := range shards {
		next := data.PendingPath(out, s.rel, m.Fingerprint)
		folder := filepath.Dir(next)
		folders[folder] = true
		if err := fsys.MkdirAll(folder); err != nil {
			return err
		}
		if err := fsys.RemoveAll(next); err != nil {
			return err
		}
		if err := fsys.Link(s.from, next); err != nil {
			return err
		}
	}
	contents := map[string][]byte{data.NameTokenizer: model}
	var err error
	if contents[data.NameReport], err = jsonOf(b.report); err != nil {
		return err
	}
	if contents[data.NamePage], err = b.report.html(filepath.Base(out)); err != nil {
		return err
	}
	if contents[data.NameConfig], err = yaml.Marshal(map[string]Config{"data": b.cfg}); err != nil {
		return err
	}
	if contents[data.NameRejects], err = b.rejects(); err != nil {
		return err
	}
	for _, name := range sortedKeys(contents) {
		if err := flow.ReplaceFile(fsys, data.PendingPath(out, name, m.Fingerprint), contents[name]); err != nil {
			return err
		}
	}
	for _, folder := range sortedKeys(folders) {
		if err := fsys.SyncDir(folder); err != nil {
			return err
		}
	}
	return nil
}

// ReadConfig reads the configuration that made the data set in dir.
func ReadConfig(dir string) (Config, error) {
	path := publishedPath(dir, data.NameConfig)
	content, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("data: %w", err)
	}
	c := map[string]Config{"data": Default()}
	if err := yaml.Unmarshal(content, &c); err != nil {
		return Config{}, fmt.Errorf("data: %s: %w", path, err)
	}
	return c["data"], nil
}

func jsonOf(v any) ([]byte, error) {
	content, err := json.MarshalIndent(v, "", "  ")
	return append(content, '\n'), err
}

func writeJSON(fsys vfs.FS, path string, v any) error {
	content, err := jsonOf(v)
	if err != nil {
		return err
	}
	return flow.ReplaceFile(fsys, path, content)
}

var (
	ourShard = regexp.MustCompile(`^(documents|tokens|validation)-\d{5}\.parquet$`)
	// pendingFile is what data.PendingPath makes of the name of a file.
	pendingFile = regexp.MustCompile(`^(.+)\.([0-9a-f]{12})\.next$`)
)

// refuseForeign ends the build where a folder of shards holds other files: tools that
// take the whole folder would read them together with ours.
func refuseForeign(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !ourShard.MatchString(e.Name()) && !pendingFile.MatchString(e.Name()) {
			return fmt.Errorf("%s holds %s, which is not from a build; move it away or choose another output folder", dir, e.Name())
		}
	}
	return nil
}

// settle gives the files of the data set in out their own names and removes those of
// data sets before it, and of builds that never got as far as their manifest. It can
// be done again after a kill at any moment, and does nothing to a data set that is
// settled.
func settle(fsys vfs.FS, out string) error {
	m, err := data.ReadManifest(out)
	if err != nil {
		m = nil // no data set, or none that is ours to touch: only what is pending goes
	}
	for _, dir := range []string{"", data.DirDocuments, data.DirTokens, data.DirValidation} {
		if err := settleFolder(fsys, out, dir, m); err != nil {
			return err
		}
	}
	return nil
}

func settleFolder(fsys vfs.FS, out, dir string, m *data.Manifest) error {
	folder := filepath.Join(out, dir)
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	changed, left := false, len(entries)
	for _, e := range entries {
		path := filepath.Join(folder, e.Name())
		if name := pendingFile.FindStringSubmatch(e.Name()); name != nil {
			changed = true
			if m == nil || !strings.HasPrefix(m.Fingerprint, name[2]) {
				err = fsys.RemoveAll(path)
				left--
			} else {
				err = place(fsys, path, filepath.Join(folder, name[1]))
			}
		} else if m != nil && dir != "" && ourShard.MatchString(e.Name()) && !m.Names(dir+"/"+e.Name()) {
			changed, left = true, left-1
			err = fsys.RemoveAll(path)
		}
		if err != nil {
			return err
		}
	}
	if !changed {
		return nil
	}
	if left == 0 && dir != "" {
		return fsys.RemoveAll(folder)
	}
	return fsys.SyncDir(folder)
}

// place gives a pending file its name. An empty one says that there is none.
func place(fsys vfs.FS, pending, path string) error {
	st, err := os.Stat(pending)
	if err != nil {
		return err
	}
	if st.Size() == 0 {
		if err := fsys.RemoveAll(path); err != nil {
			return err
		}
		return fsys.RemoveAll(pending)
	}
	// POSIX leaves both names of one file where the one is renamed to the other.
	if old, err := os.Stat(path); err == nil && os.SameFile(st, old) {
		return fsys.RemoveAll(pending)
	}
	return fsys.Rename(pending, path)
}

// rejects joins the samples of rejected records.
func (b *builder) rejects() ([]byte, error) {
	var content []byte
	for _, r := range b.gathered {
		part, err := os.ReadFile(r.Path(fileRejects))
		if err != nil {
			return nil, err
		}
		content = append(content, part...)
	}
	return content, nil
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
		data.NameManifest: true, data.NameReport: true, data.NamePage: true, data.NameConfig: true, data.NameRejects: true, data.NameTokenizer: true,
		data.DirWork: true, data.DirDocuments: true, data.DirTokens: true, data.DirValidation: true,
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
