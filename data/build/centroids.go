package build

import (
	"context"
	"fmt"

	"huihai/data/build/record"
	"huihai/data/dense"
	"huihai/data/flow"
)

const fileModel = "model.bin" // centroids: the clusters

type centroidsConfig struct {
	Dense   dense.Config
	Vectors int64 // of all documents
}

var centroidsStage = flow.Stage[centroidsConfig, flow.None]{Name: StageCentroids, Run: centroidsTask}

// centroids trains the clusters on the sample.
func (b *builder) centroids(ctx context.Context) (err error) {
	work := flow.Work[centroidsConfig, flow.None]{
		Config: centroidsConfig{Dense: b.cfg.Semantic.Config}, Tasks: make([]flow.Spec[flow.None], 1), Memory: b.cfg.Semantic.sampleBytes(),
	}
	for _, r := range b.embedded {
		work.Tasks[0].Inputs = append(work.Tasks[0].Inputs, r.Input(fileSample))
		work.Config.Vectors += r.Rows
	}
	if b.model, err = runOne(ctx, b, centroidsStage, work); err != nil {
		return err
	}
	return eachInfo([]*flow.Result{b.model}, func(fit dense.Fit) { b.dense.Fit = fit })
}

func (b *builder) centroidsSummary() string { return fmt.Sprintf("%d clusters", b.dense.Fit.Clusters) }

func centroidsTask(ctx context.Context, t *flow.Task, c centroidsConfig, _ flow.None) error {
	var points []float32
	v := record.Vector{Values: make([]float32, c.Dense.Dim)}
	for _, in := range t.Inputs {
		err := record.Each(ctx, in.Path, func(rec []byte) (bool, error) {
			err := v.Decode(rec)
			points = append(points, v.Values...)
			return len(points) < c.Dense.Sample*c.Dense.Dim, err
		})
		if err != nil {
			return err
		}
	}
	m := &dense.Model{Dim: c.Dense.Dim}
	var fit dense.Fit
	if len(points) > 0 {
		var err error
		if m, fit, err = dense.Train(ctx, c.Dense, c.Dense.ClustersFor(c.Vectors), points, t.Workers()); err != nil {
			return err
		}
	}
	out, err := t.Create(fileModel)
	if err != nil {
		return err
	}
	t.SetInfo(fit)
	_, err = out.Write(m.Append(nil))
	return err
}
