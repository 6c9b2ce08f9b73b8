package build

import (
	"context"
	"fmt"

	"huihai/data/flow"
	"huihai/data/substring"
)

type anchorsConfig struct {
	Substring substring.Config
	Walk      walkConfig
}

var anchorsStage = flow.Stage[anchorsConfig, walkShard]{Name: StageAnchors, Run: anchorsTask}

// anchors sends the anchors of kept documents to the partitions of their hashes.
// Those that occur once are left alone; the segments around the others are compared
// by suffix arrays.
func (b *builder) anchors(ctx context.Context) (err error) {
	b.anchored, err = run(ctx, b, anchorsStage, flow.Work[anchorsConfig, walkShard]{
		Config: anchorsConfig{b.cfg.Passages.Config, b.walk()}, Tasks: b.judgedWork(b.found, true), Total: b.read.TextBytes,
		Partitions: int(min(1024, 1+b.read.TextBytes/(128<<20))), Memory: 32 << 20,
	})
	return err
}

func (b *builder) anchorsSummary() string {
	return fmt.Sprintf("%d anchors", emitted(b.anchored))
}

// emitted counts the records of results.
func emitted(results []*flow.Result) (n int64) {
	for _, r := range results {
		for _, e := range r.Emitted {
			n += e.Records
		}
	}
	return n
}

func anchorsTask(ctx context.Context, t *flow.Task, c anchorsConfig, p walkShard) error {
	s := substring.NewSegmenter(c.Substring)
	var rec []byte
	return eachKeptText(ctx, t, c.Walk, p, func(d *joined) error {
		segs, _ := s.Segments(d.raw.Text)
		for i, x := range segs {
			rec = substring.AppendAnchor(rec[:0], x, d.doc, i)
			if err := t.Emit(int(mixHash(x.Hash)%uint64(t.Partitions())), rec); err != nil {
				return err
			}
		}
		return nil
	})
}
