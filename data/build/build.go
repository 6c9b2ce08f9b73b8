package build

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"huihai/data"
)

// Run makes a data set from text files: it reads, cleans, scores and deduplicates
// them, trains a tokenizer unless one is given, tokenises the kept documents and
// packs them into rows. progress may be nil; its calls do not overlap.
//
// The result depends on the inputs' contents and on the configuration, never on
// the number of workers. A build that was stopped goes on where it was when run
// again, whatever was changed in between: what the change does not touch is kept.
// One that is complete and unchanged is left alone, once every file was compared with
// its checksum. The folder is a data set once it has a manifest; an older data set in
// it can be read until then, and the new one from then on.
func Run(ctx context.Context, cfg Config, progress func(Event), opts ...Option) (*Report, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if err := checkOutput(cfg.Output); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	b := newBuilder(cfg, progress, opts)
	free, err := b.lock()
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	defer free()
	if err := settle(b.fs(), cfg.Output); err != nil {
		return nil, fmt.Errorf("data: put the files of the last build into place: %w", err)
	}
	report, err := b.build(ctx)
	if err == nil || ctx.Err() == nil {
		return report, err
	}
	if errors.Is(err, ctx.Err()) {
		return nil, fmt.Errorf("data: stopped; finished parts are kept in %s and the same build goes on from them: %w", b.engine.Dir, ctx.Err())
	}
	return nil, err
}

func (b *builder) build(ctx context.Context) (*Report, error) {
	for _, s := range stages() {
		if !s.when(&b.cfg) {
			continue
		}
		if err := b.step(ctx, s); err != nil {
			return nil, fmt.Errorf("data: %w", err)
		}
		if s.name != StageList || b.engine.Part != nil {
			continue
		}
		if r, err := b.unchanged(ctx); err != nil || r != nil {
			return r, errors.Join(err, b.clearWork())
		}
	}
	return b.report, b.clearWork()
}

// clearWork removes the working files of a finished build.
func (b *builder) clearWork() error {
	if b.cfg.KeepWork {
		return nil
	}
	if err := b.fs().RemoveAll(b.engine.Dir); err != nil {
		return fmt.Errorf("data: the data set is whole, but its working files remain: %w", err)
	}
	return nil
}

// unchanged returns the report of the data set in place if it is what this build
// would make, to the byte. A file that is damaged is named, and all is made again.
func (b *builder) unchanged(ctx context.Context) (*Report, error) {
	m, err := data.ReadManifest(b.cfg.Output)
	if err != nil || m.BuildKey != b.buildKey {
		return nil, nil
	}
	damaged, err := m.Damaged(ctx, b.cfg.Output, b.engine.Workers)
	if err != nil {
		return nil, err
	}
	for _, path := range damaged {
		b.tell(Event{Stage: StageList, Note: fmt.Sprintf("%s is missing or damaged; the data set is built again", path)})
	}
	r, err := ReadReport(b.cfg.Output)
	if err != nil {
		b.tell(Event{Stage: StageList, Note: fmt.Sprintf("%v; the data set is built again", err)})
	}
	if err != nil || len(damaged) > 0 {
		return nil, nil
	}
	r.Unchanged = true
	return r, nil
}

// ReadReport reads report.json of the data set in dir.
func ReadReport(dir string) (*Report, error) {
	path := publishedPath(dir, data.NameReport)
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	r := &Report{}
	if err := json.Unmarshal(content, r); err != nil {
		return nil, fmt.Errorf("data: %s is damaged: %w", path, err)
	}
	return r, nil
}

// publishedPath returns where a file of the data set in dir lies.
func publishedPath(dir, name string) string {
	if m, err := data.ReadManifest(dir); err == nil {
		return m.Path(dir, name)
	}
	return filepath.Join(dir, name)
}
