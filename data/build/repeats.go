package build

import (
	"context"
	"fmt"

	"huihai/data/build/record"
	"huihai/data/flow"
)

type repeatsConfig struct{ Offsets []int64 }

var repeatsStage = flow.Stage[repeatsConfig, flow.None]{Name: StageRepeats, Run: repeatsTask}

// repeats passes on the anchors that occur more than once.
func (b *builder) repeats(ctx context.Context) (err error) {
	n := len(b.anchored[0].Emitted)
	b.repeated, err = run(ctx, b, repeatsStage, flow.Work[repeatsConfig, flow.None]{
		Config: repeatsConfig{b.offsets}, Tasks: flow.Reduce(b.anchored, 0, n), Total: int64(n), Partitions: len(b.gathered),
	})
	return err
}

func (b *builder) repeatsSummary() string {
	return fmt.Sprintf("%d anchors occur elsewhere too", emitted(b.repeated))
}

func repeatsTask(ctx context.Context, t *flow.Task, c repeatsConfig, _ flow.None) error {
	var first record.Anchor
	some, held := false, false // an anchor was read; it waits for a second one
	var enc record.Encoder
	emit := func(a record.Anchor) error {
		record.EncodeAnchor(&enc, a.Doc, a.Index)
		return t.Emit(shardOf(c.Offsets, a.Doc), enc.Bytes())
	}
	defer t.Progress(1)
	return record.EachOf(ctx, t.Records(), func(rec []byte) error {
		var a record.Anchor
		if err := a.Decode(rec); err != nil {
			return err
		}
		if !some || a.Hash != first.Hash {
			first, some, held = a, true, true
			return nil
		}
		if held {
			held = false
			if err := emit(first); err != nil {
				return err
			}
		}
		return emit(a)
	})
}
