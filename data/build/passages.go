package build

import (
	"context"
	"fmt"

	"huihai/data/build/record"
	"huihai/data/flow"
	"huihai/data/substring"
)

// PassagesConfig chooses what happens to passages that occur more than once in
// kept documents, byte for byte.
type PassagesConfig struct {
	// Find looks for them.
	Find             bool `yaml:"find" mapstructure:"find"`
	substring.Config `yaml:",inline" mapstructure:",squash"`
}

type passagesConfig struct {
	Substring substring.Config
	Offsets   []int64
}

var passagesStage = flow.Stage[passagesConfig, flow.None]{Name: StagePassages, Run: passagesTask}

// passages compares the segments around equal anchors and tells the documents.
func (b *builder) passages(ctx context.Context) error {
	n := len(b.repeated)
	matched, err := run(ctx, b, passagesStage, flow.Work[passagesConfig, flow.None]{
		Config: passagesConfig{b.cfg.Passages.Config, b.offsets}, Tasks: flow.Reduce(b.segmented, len(b.gathered), n),
		Total: int64(n), Partitions: len(b.gathered), Memory: passagesMemory,
	})
	if err != nil {
		return err
	}
	b.add(append(b.segmented, matched...)...)
	return eachInfo(matched, b.matches.Add)
}

func (b *builder) passagesSummary() string {
	return fmt.Sprintf("%d segments compared", b.matches.Segments)
}

func passagesTask(ctx context.Context, t *flow.Task, c passagesConfig, _ flow.None) error {
	var enc record.Encoder
	m := substring.NewMatcher(c.Substring, func(x substring.Mark) error {
		record.EncodeMark(&enc, x)
		return t.Emit(shardOf(c.Offsets, x.Doc), enc.Bytes())
	})
	defer t.Progress(1)
	if err := record.EachOf(ctx, t.Records(), m.Add); err != nil {
		return err
	}
	err := m.Close()
	t.SetInfo(m.Counts())
	return err
}
