package build

import (
	"bytes"
	"context"
	"fmt"

	"huihai/data/build/record"
	"huihai/data/flow"
)

const fileEdges = "edges.rec" // dedup: pairs

var dedupStage = flow.Stage[flow.None, flow.None]{Name: StageDedup, Run: dedupTask}

// dedup compares the documents that fall into the same partition.
func (b *builder) dedup(ctx context.Context) (err error) {
	n := len(b.scored[0].Emitted)
	b.compared, err = run(ctx, b, dedupStage, flow.Work[flow.None, flow.None]{Tasks: flow.Reduce(b.scored, 0, n), Total: int64(n)})
	return err
}

func (b *builder) dedupSummary() string {
	return fmt.Sprintf("%d partitions compared", len(b.compared))
}

// dedupTask walks groups of records that agree in all but their document.
func dedupTask(ctx context.Context, t *flow.Task, _, _ flow.None) error {
	edges, err := t.Create(fileEdges)
	if err != nil {
		return err
	}
	g := grouper{edges: flow.NewRecordWriter(edges)}
	if err := record.EachOf(ctx, t.Records(), g.add); err != nil {
		return err
	}
	if err := g.endGroup(); err != nil {
		return err
	}
	if err := g.edges.Close(); err != nil {
		return err
	}
	t.AddRows(g.count)
	t.Progress(1)
	return nil
}

type grouper struct {
	edges *flow.RecordWriter
	enc   record.Encoder
	key   []byte // kind and key of the group
	docs  []int64
	count int64
}

// add puts a record into the current group, or ends that and starts another.
func (g *grouper) add(rec []byte) error {
	key, doc, err := record.Candidate(rec)
	if err != nil {
		return err
	}
	if !bytes.Equal(key, g.key) {
		if err := g.endGroup(); err != nil {
			return err
		}
		g.key = append(g.key[:0], key...)
	}
	g.docs = append(g.docs, doc)
	return nil
}

// fullGroup is the size up to which all pairs of a group are compared.
const fullGroup = 12

func (g *grouper) endGroup() error {
	defer func() { g.docs = g.docs[:0] }()
	// Of a large group each is paired with the first and with the one before: when
	// verification finds the first unlike the others, these still meet.
	near := len(g.docs) > 1 && g.key[0] == record.CandidateNear
	for i := 1; i < len(g.docs); i++ {
		if err := g.edge(g.docs[0], g.docs[i]); err != nil {
			return err
		}
		from := i - 1
		if !near {
			from = i
		} else if len(g.docs) <= fullGroup {
			from = 1
		}
		for k := max(1, from); k < i; k++ {
			if err := g.edge(g.docs[k], g.docs[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *grouper) edge(a, b int64) error {
	record.Edge{Kind: g.key[0], A: a, B: b}.Encode(&g.enc)
	g.count++
	return g.edges.Write(g.enc.Bytes())
}
