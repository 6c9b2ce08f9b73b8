package build

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"huihai/data/build/record"
	"huihai/data/dedup"
	"huihai/data/flow"
)

type candidatesConfig struct{ Offsets []int64 }

var candidatesStage = flow.Stage[candidatesConfig, flow.None]{Name: StageCandidates, Run: candidatesTask}

// candidates joins all pairs to components, in which clusters are found apart
// from each other, and tells the documents of which component they are.
func (b *builder) candidates(ctx context.Context) (err error) {
	spec := flow.Spec[flow.None]{}
	for _, r := range b.compared {
		spec.Inputs = append(spec.Inputs, r.Input(fileEdges))
	}
	b.paired, err = runOne(ctx, b, candidatesStage, flow.Work[candidatesConfig, flow.None]{
		Config: candidatesConfig{b.offsets}, Tasks: []flow.Spec[flow.None]{spec}, Partitions: len(b.gathered), Memory: b.candidatesMemory(),
	})
	if err != nil {
		return err
	}
	return b.clusters.addAll(b.paired)
}

func (b *builder) candidatesSummary() string {
	return fmt.Sprintf("%d components of near and exact pairs", b.clusters.Components)
}

// pairBuffer is how many pairs are held to sort out repetitions: a pair comes once
// for every band that it shares.
const pairBuffer = 1 << 20

// candidatesMemory is what the stage holds: two sets and two marks for every
// document, and pairs.
func (b *builder) candidatesMemory() int64 { return 18*b.documents() + 16*pairBuffer }

func candidatesTask(ctx context.Context, t *flow.Task, c candidatesConfig, _ flow.None) error {
	n := c.Offsets[len(c.Offsets)-1]
	p := pairEmitter{t: t, offsets: c.Offsets, same: dedup.NewSets(n), all: dedup.NewSets(n), compared: make([]bool, n), copied: make([]bool, n)}
	// Exact copies first: of them one is enough to compare.
	err := eachEdge(ctx, t.Inputs, record.CandidateExact, func(e record.Edge) error {
		p.same.Union(e.A, e.B)
		return nil
	})
	if err != nil {
		return err
	}
	if err := eachEdge(ctx, t.Inputs, record.CandidateNear, p.add); err != nil {
		return err
	}
	if err := p.flush(); err != nil {
		return err
	}
	for d := range n {
		if first := p.same.Find(d); first != d {
			p.copied[first] = true
		}
	}
	for d := range n {
		if d%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := p.document(d); err != nil {
			return err
		}
	}
	t.SetInfo(clusterInfo{Components: p.components})
	return nil
}

// eachEdge walks the pairs of a kind.
func eachEdge(ctx context.Context, inputs []flow.Input, kind byte, fn func(record.Edge) error) error {
	for _, in := range inputs {
		err := record.Each(ctx, in.Path, func(rec []byte) (bool, error) {
			var e record.Edge
			if err := e.Decode(rec); err != nil || e.Kind != kind {
				return err == nil, err
			}
			err := fn(e)
			return err == nil, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// pairEmitter tells documents of their component and of their pairs.
type pairEmitter struct {
	t          *flow.Task
	offsets    []int64
	same, all  *dedup.Sets
	compared   []bool // has a near pair
	copied     []bool // is the first of several equal texts
	pairs      []dedup.Edge
	components int64
	enc        record.Encoder
}

// add takes a near pair; of exact copies the first stands for all.
func (p *pairEmitter) add(e record.Edge) error {
	e.A, e.B = p.same.Find(e.A), p.same.Find(e.B)
	if e.A == e.B {
		return nil
	}
	p.pairs = append(p.pairs, dedup.Edge{A: min(e.A, e.B), B: max(e.A, e.B)})
	if len(p.pairs) < pairBuffer {
		return nil
	}
	p.pairs = compactEdges(p.pairs)
	if len(p.pairs) < pairBuffer/2 {
		return nil
	}
	return p.flush()
}

// flush joins the pairs that are held and sends them on. Those that come again
// later are sent again.
func (p *pairEmitter) flush() error {
	for _, e := range compactEdges(p.pairs) {
		p.all.Union(e.A, e.B)
		p.compared[e.A], p.compared[e.B] = true, true
		record.Other{Kind: record.KindNear, Doc: e.B}.Encode(&p.enc, e.A)
		if err := p.emit(e.A); err != nil {
			return err
		}
	}
	p.pairs = p.pairs[:0]
	return nil
}

// document tells of an exact copy of an earlier document, and of the component of
// any document that has pairs.
func (p *pairEmitter) document(d int64) error {
	first := p.same.Find(d)
	component := p.all.Find(first)
	if first != d {
		record.Other{Kind: record.KindExact, Doc: first}.Encode(&p.enc, d)
		if err := p.emit(d); err != nil {
			return err
		}
	}
	if first == d && !p.compared[d] && !p.copied[d] {
		return nil
	}
	if component == d {
		p.components++
	}
	record.Component{Component: uint64(component), Needed: p.compared[d]}.Encode(&p.enc, d)
	return p.emit(d)
}

func (p *pairEmitter) emit(doc int64) error { return p.t.Emit(shardOf(p.offsets, doc), p.enc.Bytes()) }

func compactEdges(e []dedup.Edge) []dedup.Edge {
	slices.SortFunc(e, func(x, y dedup.Edge) int { return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B)) })
	return slices.Compact(e)
}
