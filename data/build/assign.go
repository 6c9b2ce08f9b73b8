package build

import (
	"context"
	"os"

	"huihai/data/build/record"
	"huihai/data/dense"
	"huihai/data/flow"
)

type assignConfig struct{ Dense dense.Config }

// Input 0 of a task holds vectors, input 1 the clusters.
var assignStage = flow.Stage[assignConfig, flow.None]{Name: StageAssign, Run: assignTask}

// assign sends every vector to its clusters.
func (b *builder) assign(ctx context.Context) (err error) {
	work := flow.Work[assignConfig, flow.None]{
		Config: assignConfig{b.cfg.Semantic.Config}, Tasks: make([]flow.Spec[flow.None], len(b.embedded)), Total: b.documents(),
		Partitions: int(min(256, 1+b.documents()/50_000)),
	}
	for i, r := range b.embedded {
		work.Tasks[i].Inputs = []flow.Input{r.Input(fileVectors), b.model.Input(fileModel)}
	}
	b.assigned, err = run(ctx, b, assignStage, work)
	return err
}

func (b *builder) assignSummary() string { return b.vectorsSummary() + " in clusters" }

func assignTask(ctx context.Context, t *flow.Task, c assignConfig, _ flow.None) error {
	content, err := os.ReadFile(t.Inputs[1].Path)
	if err != nil {
		return err
	}
	m, err := dense.ParseModel(content)
	if err != nil {
		return err
	}
	if m.Clusters() == 0 {
		return nil
	}
	v, dst := record.Vector{Values: make([]float32, c.Dense.Dim)}, make([]float32, c.Dense.Dim)
	var clusters []int32
	var enc record.Encoder
	return record.Each(ctx, t.Inputs[0].Path, func(rec []byte) (bool, error) {
		t.Progress(1)
		if err := v.Decode(rec); err != nil {
			return false, err
		}
		clusters = m.Assign(dst, v.Values, c.Dense.Margin, clusters[:0])
		for i, cluster := range clusters {
			a := record.Assigned{Cluster: uint32(cluster), Home: i == 0, Vector: record.Vector{Doc: v.Doc, Quality: v.Quality, Values: dst}}
			a.Encode(&enc)
			if err := t.Emit(int(uint32(cluster)%uint32(t.Partitions())), enc.Bytes()); err != nil {
				return false, err
			}
		}
		return true, nil
	})
}
