package build

import (
	"context"
	"errors"
	"fmt"
	"math"

	"huihai/data/build/record"
	"huihai/data/dense"
	"huihai/data/flow"
)

const (
	fileVectors = "vectors.rec"
	fileSample  = "sample.rec" // vectors to train on
)

type vectorsConfig struct {
	Dense dense.Config
	Below uint64 // documents whose mixed split hash is at most this are the sample
}

var vectorsStage = flow.Stage[vectorsConfig, walkShard]{Name: StageVectors, Run: vectorsTask}

// vectors embeds the documents that are kept so far.
func (b *builder) vectors(ctx context.Context) (err error) {
	cfg := vectorsConfig{Dense: b.cfg.Semantic.Config, Below: math.MaxUint64}
	if n := b.documents(); n > int64(cfg.Dense.Sample) {
		cfg.Below = uint64(float64(cfg.Dense.Sample) / float64(n) * math.MaxUint64)
	}
	b.embedded, err = run(ctx, b, vectorsStage, flow.Work[vectorsConfig, walkShard]{
		Config: cfg, Tasks: b.judgedWork(b.found, true), Total: b.read.TextBytes, Memory: 32 << 20,
	})
	return err
}

func (b *builder) vectorsSummary() string {
	var n int64
	for _, r := range b.embedded {
		n += r.Rows
	}
	return fmt.Sprintf("%d vectors", n)
}

func vectorsTask(ctx context.Context, t *flow.Task, c vectorsConfig, p walkShard) error {
	all, err := t.Create(fileVectors)
	if err != nil {
		return err
	}
	sample, err := t.Create(fileSample)
	if err != nil {
		return err
	}
	w, s, e := flow.NewRecordWriter(all), flow.NewRecordWriter(sample), dense.NewEmbedder(c.Dense)
	var enc record.Encoder
	err = eachKeptText(ctx, t, walkConfig{}, p, func(d *joined) error {
		v := record.Vector{Doc: d.doc, Quality: d.judged.Quality, Values: e.Embed(d.raw.Text)}
		if v.Values == nil {
			return nil
		}
		v.Encode(&enc)
		t.AddRows(1)
		if mixHash(d.judged.SplitHash) <= c.Below {
			if err := s.Write(enc.Bytes()); err != nil {
				return err
			}
		}
		return w.Write(enc.Bytes())
	})
	return errors.Join(err, w.Close(), s.Close())
}
