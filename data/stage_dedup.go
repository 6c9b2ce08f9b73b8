package data

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"

	"huihai/data/flow"
)

const fileEdges = "edges.rec" // dedup: kind 1, doc 8, doc 8

// dedup compares the documents that fall into the same partition.
func (b *builder) dedup(ctx context.Context) error {
	st := flow.Stage{Name: StageDedup, Code: "1", Total: int64(b.dedupParts), Config: b.cfg.Dedup}
	var err error
	b.compared, err = b.engine.Reduce(ctx, st, b.dedupParts, b.scored, flow.Spec{}, dedupTask)
	return err
}

// dedupTask walks groups of records that agree in all but their document.
func dedupTask(ctx context.Context, t *flow.Task, in *flow.Merge) error {
	edges, err := t.Create(fileEdges)
	if err != nil {
		return err
	}
	g := grouper{edges: flow.NewRecordWriter(edges)}
	for n := 0; ; n++ {
		rec, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if n%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := g.add(rec); err != nil {
			return err
		}
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
	enc   encoder
	key   []byte // kind and key of the group
	docs  []int64
	count int64
}

// add puts a record into the current group, or ends that and starts another.
func (g *grouper) add(rec []byte) error {
	if len(rec) <= 8 {
		return errRecord
	}
	key, doc := rec[:len(rec)-8], rec[len(rec)-8:]
	if !bytes.Equal(key, g.key) {
		if err := g.endGroup(); err != nil {
			return err
		}
		g.key = append(g.key[:0], key...)
	}
	g.docs = append(g.docs, int64(binary.BigEndian.Uint64(doc)))
	return nil
}

func (g *grouper) endGroup() error {
	defer func() { g.docs = g.docs[:0] }()
	// Each against the first and against the one before: when verification
	// finds the first unlike the others, these still meet.
	for i := 1; i < len(g.docs); i++ {
		if err := g.edge(g.docs[0], g.docs[i]); err != nil {
			return err
		}
		if i > 1 && g.key[0] == recordBand {
			if err := g.edge(g.docs[i-1], g.docs[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *grouper) edge(a, b int64) error {
	g.enc.reset()
	g.enc.byte(g.key[0])
	g.enc.u64(uint64(a))
	g.enc.u64(uint64(b))
	g.count++
	return g.edges.Write(g.enc.b)
}
