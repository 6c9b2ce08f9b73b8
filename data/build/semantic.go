package build

import (
	"context"
	"fmt"

	"huihai/data/build/record"
	"huihai/data/dense"
	"huihai/data/flow"
)

// SemanticConfig chooses copies by vectors of vocabulary: texts in another order
// or with other words between, which share no shingles.
type SemanticConfig struct {
	// Find looks for them and gives every document its cluster.
	Find bool `yaml:"find" mapstructure:"find"`
	// Drop drops them; otherwise clusters and similarities are columns only.
	Drop         bool `yaml:"drop" mapstructure:"drop"`
	dense.Config `yaml:",inline" mapstructure:",squash"`
}

// sampleBytes is the size of the vectors that clusters are trained on.
func (c SemanticConfig) sampleBytes() int64 { return int64(c.Sample) * int64(c.Dim) * 4 }

// semanticInfo is what dense clustering came to.
type semanticInfo struct {
	Fit    dense.Fit    `json:"training"`
	Counts dense.Counts `json:"comparison"`
	Copies int64        `json:"copies"`
}

type semanticConfig struct{ Offsets []int64 }

// semanticInputs tells the files of the only task apart: those of pairs come first,
// those of quality behind.
type semanticInputs struct{ Copies int }

var semanticStage = flow.Stage[semanticConfig, semanticInputs]{Name: StageSemantic, Run: semanticTask}

// semantic decides who goes, from the best document on.
func (b *builder) semantic(ctx context.Context) error {
	spec := flow.Spec[semanticInputs]{Params: semanticInputs{len(b.neighbours)}}
	for _, r := range b.neighbours {
		spec.Inputs = append(spec.Inputs, r.Input(fileCopies))
	}
	for _, r := range b.scored {
		spec.Inputs = append(spec.Inputs, r.Input(fileQuality))
	}
	copied, err := runOne(ctx, b, semanticStage, flow.Work[semanticConfig, semanticInputs]{
		Config: semanticConfig{b.offsets}, Tasks: []flow.Spec[semanticInputs]{spec}, Partitions: len(b.gathered), Memory: 5 * b.documents(),
	})
	if err != nil {
		return err
	}
	b.add(append(b.neighbours, copied)...)
	return eachInfo([]*flow.Result{copied}, func(info semanticInfo) { b.dense.Copies = info.Copies })
}

func (b *builder) semanticSummary() string {
	return fmt.Sprintf("%d copies in %d clusters of %d vectors", b.dense.Copies, b.dense.Fit.Clusters, b.dense.Counts.Members)
}

func semanticTask(ctx context.Context, t *flow.Task, c semanticConfig, p semanticInputs) error {
	var edges []dense.Edge
	for _, in := range t.Inputs[:p.Copies] {
		err := record.Each(ctx, in.Path, func(rec []byte) (bool, error) {
			var x record.Copy
			err := x.Decode(rec)
			edges = append(edges, dense.Edge{Doc: x.Doc, Better: x.Better})
			return true, err
		})
		if err != nil {
			return err
		}
	}
	quality := make([]float32, 0, c.Offsets[len(c.Offsets)-1])
	for _, in := range t.Inputs[p.Copies:] {
		err := record.Each(ctx, in.Path, func(rec []byte) (bool, error) {
			var q record.Quality
			err := q.Decode(rec)
			quality = append(quality, float32(q))
			return true, err
		})
		if err != nil {
			return err
		}
	}
	gone, err := dense.Copies(edges, quality)
	if err != nil {
		return err
	}
	t.SetInfo(semanticInfo{Copies: int64(len(gone))})
	var enc record.Encoder
	for _, e := range gone {
		record.Other{Kind: record.KindCopy, Doc: e.Better}.Encode(&enc, e.Doc)
		if err := t.Emit(shardOf(c.Offsets, e.Doc), enc.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
