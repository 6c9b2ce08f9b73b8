package data

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Build makes a data set from text files: it reads, cleans, scores and
// deduplicates them, trains a tokenizer unless one is given, tokenises the kept
// documents and packs them into rows. progress may be nil; its calls do not
// overlap.
//
// The result depends on the inputs' contents and on the configuration, never on
// the number of workers. A build that was stopped goes on where it was when run
// again; one that is complete and unchanged is left alone. The folder is a data
// set once it has a manifest, which is written last.
func Build(ctx context.Context, cfg BuildConfig, progress func(Event), opts ...Option) (*Report, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if err := checkOutput(cfg.Output); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	b := newBuilder(cfg, progress, opts)
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
	err := b.step(ctx, StageList, b.list, func() string {
		return fmt.Sprintf("%d files in %d shards", len(b.listing.Files), len(b.shards))
	})
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if r := b.unchanged(); r != nil && b.engine.Part == nil {
		return r, b.clearWork()
	}
	for _, s := range []struct {
		name    string
		fn      func(context.Context) error
		summary func() string
	}{
		{StageGather, b.gather, b.gatherSummary},
		{StageScore, b.score, func() string { return fmt.Sprintf("%d documents judged", b.documents()) }},
		{StageDedup, b.dedup, func() string { return fmt.Sprintf("%d partitions compared", b.dedupParts) }},
		{StageCandidates, b.candidates, func() string {
			return fmt.Sprintf("%d components of near and exact pairs", b.clusters.Components)
		}},
		{StageShingles, b.shingles, func() string { return fmt.Sprintf("%d near pairs", b.clusters.Candidates) }},
		{StageCluster, b.cluster, b.clusterSummary},
		{StageSemantic, b.semantic, func() string {
			return fmt.Sprintf("%d copies in %d clusters of %d vectors", b.dense.Copies, b.dense.Fit.Clusters, b.dense.Counts.Members)
		}},
		{StageDecide, b.decide, func() string { return fmt.Sprintf("%d documents stay", b.decided.Kept) }},
		{StageSpans, b.countSpans, b.spansSummary},
		{StagePassages, b.passages, func() string { return fmt.Sprintf("%d segments compared", b.matches.Segments) }},
		{StageTokenizer, b.tokenizer, b.tokenizerText},
		{StageDocuments, b.writeDocuments, func() string { return fmt.Sprintf("%d shards", len(b.written)) }},
		{StagePack, b.pack, b.packSummary},
	} {
		if s.name == StageSemantic && !b.cfg.Semantic.Find || s.name == StagePassages && !b.cfg.Passages.Find {
			continue
		}
		if err := b.step(ctx, s.name, s.fn, s.summary); err != nil {
			return nil, fmt.Errorf("data: %w", err)
		}
	}
	if err := b.fetchResults(ctx); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	report, err := b.report()
	if err != nil {
		return nil, err
	}
	err = b.step(ctx, StagePublish, func(context.Context) error { return b.publish(report) }, func() string { return b.cfg.Output })
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	return report, b.clearWork()
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
// would make.
func (b *builder) unchanged() *Report {
	m, err := ReadManifest(b.cfg.Output)
	if err != nil || m.BuildKey != b.buildKey || !m.complete(b.cfg.Output) {
		return nil
	}
	r, err := ReadReport(b.cfg.Output)
	if err != nil {
		return nil
	}
	r.Unchanged = true
	return r
}

// ReadReport reads report.json of the data set in dir.
func ReadReport(dir string) (*Report, error) {
	content, err := os.ReadFile(filepath.Join(dir, reportFile))
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	r := &Report{}
	if err := json.Unmarshal(content, r); err != nil {
		return nil, fmt.Errorf("data: %s: %w", reportFile, err)
	}
	return r, nil
}

func (b *builder) gatherSummary() string {
	s := fmt.Sprintf("%d documents, %.1f MB", b.documents(), float64(b.read.TextBytes)/1e6)
	var rejected int64
	for _, n := range b.read.Rejected {
		rejected += n
	}
	if rejected > 0 {
		s += fmt.Sprintf(", %d records rejected", rejected)
	}
	if n := len(b.read.BadFiles); n > 0 {
		s += fmt.Sprintf(", %d bad files", n)
	}
	return s
}

func (b *builder) clusterSummary() string {
	return fmt.Sprintf("%d of the near pairs are true, %d documents in %d clusters",
		b.clusters.Verified, b.clusters.Members, b.clusters.Clusters)
}

func (b *builder) spansSummary() string {
	return fmt.Sprintf("%d of %d paragraphs and %d of %d sentences occur elsewhere too",
		b.spans.DuplicateParagraphs, b.spans.Paragraphs, b.spans.DuplicateSentences, b.spans.Sentences)
}

func (b *builder) packSummary() string {
	var rows int64
	for _, r := range b.packed {
		rows += r.Rows
	}
	return fmt.Sprintf("%d rows of %d tokens", rows, b.cfg.Pack.SequenceLength+1)
}
