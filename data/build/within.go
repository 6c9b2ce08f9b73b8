package build

import (
	"context"
	"errors"
	"fmt"

	"huihai/data/build/record"
	"huihai/data/dense"
	"huihai/data/flow"
)

const fileCopies = "copies.rec" // within: documents and better ones

type withinConfig struct {
	Dense   dense.Config
	Offsets []int64
}

var withinStage = flow.Stage[withinConfig, flow.None]{Name: StageWithin, Run: withinTask}

// within compares the members of each cluster.
func (b *builder) within(ctx context.Context) (err error) {
	n := len(b.assigned[0].Emitted)
	b.neighbours, err = run(ctx, b, withinStage, flow.Work[withinConfig, flow.None]{
		Config: withinConfig{b.cfg.Semantic.Config, b.offsets}, Tasks: flow.Reduce(b.assigned, 0, n), Total: int64(n),
		Partitions: len(b.gathered), Memory: 64 << 20,
	})
	if err != nil {
		return err
	}
	return eachInfo(b.neighbours, func(c dense.Counts) { b.dense.Counts.Add(c) })
}

func (b *builder) withinSummary() string {
	return fmt.Sprintf("%d members compared", b.dense.Counts.Members)
}

func withinTask(ctx context.Context, t *flow.Task, c withinConfig, _ flow.None) error {
	out, err := t.Create(fileCopies)
	if err != nil {
		return err
	}
	w := clusterWalk{t: t, c: c, out: flow.NewRecordWriter(out), home: map[int64]bool{}}
	err = record.EachOf(ctx, t.Records(), w.add)
	err = errors.Join(err, w.end(), w.out.Close())
	t.SetInfo(w.counts)
	t.Progress(1)
	return err
}

// clusterWalk is a cluster of vectors, being read.
type clusterWalk struct {
	t       *flow.Task
	c       withinConfig
	out     *flow.RecordWriter
	cluster uint32
	members []dense.Member
	home    map[int64]bool
	counts  dense.Counts
	enc     record.Encoder
}

func (w *clusterWalk) add(rec []byte) error {
	a := record.Assigned{Vector: record.Vector{Values: make([]float32, w.c.Dense.Dim)}}
	if err := a.Decode(rec); err != nil {
		return err
	}
	if a.Cluster != w.cluster {
		if err := w.end(); err != nil {
			return err
		}
		w.cluster = a.Cluster
	}
	w.home[a.Doc] = a.Home
	w.members = append(w.members, dense.Member{Doc: a.Doc, Quality: a.Quality, Vector: a.Values})
	return nil
}

func (w *clusterWalk) end() error {
	matches, edges := dense.Within(w.c.Dense.Epsilon, w.members, &w.counts)
	for _, m := range matches {
		s := record.Semantic{Cluster: -1, Sim: m.Sim} // a neighbour's cluster
		if w.home[m.Doc] {
			s.Cluster = int32(w.cluster)
		}
		s.Encode(&w.enc, m.Doc)
		if err := w.t.Emit(shardOf(w.c.Offsets, m.Doc), w.enc.Bytes()); err != nil {
			return err
		}
	}
	for _, e := range edges {
		record.Copy{Doc: e.Doc, Better: e.Better}.Encode(&w.enc)
		if err := w.out.Write(w.enc.Bytes()); err != nil {
			return err
		}
	}
	w.members = w.members[:0]
	clear(w.home)
	return nil
}
