package build

import (
	"context"
	"errors"
	"fmt"

	"huihai/data/build/record"
	"huihai/data/flow"
)

type copiesConfig struct{ Offsets []int64 }

var copiesStage = flow.Stage[copiesConfig, flow.None]{Name: StageCopies, Run: copiesTask}

// copies counts the copies of paragraphs and sentences.
func (b *builder) copies(ctx context.Context) error {
	n := len(b.spanned[0].Emitted)
	counted, err := run(ctx, b, copiesStage, flow.Work[copiesConfig, flow.None]{
		Config: copiesConfig{b.offsets}, Tasks: flow.Reduce(b.spanned, 0, n), Total: int64(n), Partitions: len(b.gathered), Memory: 64 << 20,
	})
	if err != nil {
		return err
	}
	b.add(counted...)
	return eachInfo(counted, b.spans.add)
}

func (b *builder) copiesSummary() string {
	return fmt.Sprintf("%d of %d paragraphs and %d of %d sentences occur elsewhere too",
		b.spans.DuplicateParagraphs, b.spans.Paragraphs, b.spans.DuplicateSentences, b.spans.Sentences)
}

// copiesTask walks the groups of equal spans. The first of a group is in the
// document of the highest quality: it is the one that stays.
func copiesTask(ctx context.Context, t *flow.Task, c copiesConfig, _ flow.None) error {
	g := spanGroup{t: t, offsets: c.Offsets}
	err := record.EachOf(ctx, t.Records(), g.add)
	t.Progress(1)
	err = errors.Join(err, g.end())
	t.SetInfo(g.info)
	return err
}

// spanGroup is a group of equal spans, being read.
type spanGroup struct {
	t       *flow.Task
	offsets []int64
	group   []record.Occurrence
	info    spansInfo
	enc     record.Encoder
}

func (g *spanGroup) add(rec []byte) error {
	var o record.Occurrence
	if err := o.Decode(rec); err != nil {
		return err
	}
	if len(g.group) > 0 && (o.Kind != g.group[0].Kind || o.Hash != g.group[0].Hash) {
		if err := g.end(); err != nil {
			return err
		}
	}
	g.group = append(g.group, o)
	return nil
}

func (g *spanGroup) end() error {
	defer func() { g.group = g.group[:0] }()
	n := len(g.group)
	if n < 2 {
		return nil
	}
	for i, o := range g.group {
		record.Copies{Kind: o.Kind, Index: o.Index, Count: uint32(n), Canonical: i == 0}.Encode(&g.enc, o.Doc)
		if err := g.t.Emit(shardOf(g.offsets, o.Doc), g.enc.Bytes()); err != nil {
			return err
		}
	}
	if g.group[0].Kind == record.KindParagraph {
		g.info.DuplicateParagraphs += int64(n)
	} else {
		g.info.DuplicateSentences += int64(n)
	}
	return nil
}
