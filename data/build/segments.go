package build

import (
	"context"
	"fmt"
	"slices"

	"huihai/data/build/record"
	"huihai/data/flow"
	"huihai/data/substring"
)

type segmentsConfig struct {
	Substring substring.Config
	Walk      walkConfig
	Shards    int // marks inside a document go to its shard, segments to the partitions behind
}

var segmentsStage = flow.Stage[segmentsConfig, walkShard]{Name: StageSegments, Run: segmentsTask}

// segments gathers the text around anchors that occur elsewhere too.
func (b *builder) segments(ctx context.Context) (err error) {
	b.segmented, err = run(ctx, b, segmentsStage, flow.Work[segmentsConfig, walkShard]{
		Config: segmentsConfig{b.cfg.Passages.Config, b.walk(), len(b.gathered)},
		Tasks:  b.judgedWork(append(slices.Clip(b.found), b.repeated...), true), Total: b.read.TextBytes,
		Partitions: len(b.gathered) + len(b.repeated), Memory: 32 << 20,
	})
	return err
}

func (b *builder) segmentsSummary() string {
	return fmt.Sprintf("%d segments and repeats", emitted(b.segmented))
}

// segmentsTask emits the segments whose anchors occur elsewhere too, and marks
// what repeats itself within a document.
func segmentsTask(ctx context.Context, t *flow.Task, c segmentsConfig, p walkShard) error {
	s := substring.NewSegmenter(c.Substring)
	parts := uint64(t.Partitions() - c.Shards)
	var enc record.Encoder
	var seg []byte
	return eachKeptText(ctx, t, c.Walk, p, func(d *joined) error {
		if len(d.anchors) == 0 {
			return nil
		}
		segs, local := s.Segments(d.raw.Text)
		for _, x := range local {
			record.EncodeMark(&enc, substring.Mark{Doc: d.doc, Span: x})
			if err := t.Emit(t.Index, enc.Bytes()); err != nil {
				return err
			}
		}
		for _, i := range d.anchors {
			if int(i) >= len(segs) {
				return record.ErrDamaged
			}
			x := segs[i]
			seg = substring.AppendSegment(seg[:0], x, d.raw.Text, d.doc, d.judged.Quality)
			if err := t.Emit(c.Shards+int(mixHash(x.Hash)%parts), seg); err != nil {
				return err
			}
		}
		return nil
	})
}
