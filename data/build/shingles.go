package build

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"huihai/data/build/record"
	"huihai/data/dedup"
	"huihai/data/flow"
)

type shinglesConfig struct{ Dedup dedup.Config }

// shinglesShard is what differs between tasks. Input 0 holds the documents, input 1
// their quality.
type shinglesShard struct{ First int64 }

var shinglesStage = flow.Stage[shinglesConfig, shinglesShard]{Name: StageShingles, Run: shinglesTask}

// shingles gathers what the clusters of each component are decided by: its
// documents with quality and shingle sets, and its pairs.
func (b *builder) shingles(ctx context.Context) (err error) {
	work := flow.Work[shinglesConfig, shinglesShard]{
		Config: shinglesConfig{b.cfg.Dedup}, Tasks: make([]flow.Spec[shinglesShard], len(b.gathered)), Total: b.read.TextBytes, Memory: 32 << 20,
		// Components of about 100,000 documents are decided at a time.
		Partitions: int(min(256, 1+b.documents()/100_000)),
	}
	for i := range work.Tasks {
		work.Tasks[i] = flow.Spec[shinglesShard]{
			Inputs: []flow.Input{b.gathered[i].Input(fileDocuments), b.scored[i].Input(fileQuality)}, Params: shinglesShard{b.offsets[i]},
			From: []*flow.Result{b.paired}, Partition: i,
		}
	}
	if b.shingled, err = run(ctx, b, shinglesStage, work); err != nil {
		return err
	}
	return b.clusters.addAll(b.shingled...)
}

func (b *builder) shinglesSummary() string {
	return fmt.Sprintf("%d near pairs", b.clusters.Candidates)
}

func shinglesTask(ctx context.Context, t *flow.Task, c shinglesConfig, p shinglesShard) error {
	quality, err := record.Open(t.Inputs[1].Path)
	if err != nil {
		return err
	}
	defer quality.Close()
	f := findings{in: t.Records()}
	s := shingler{t: t, signer: dedup.NewSigner(c.Dedup), verify: c.Dedup.Verify, doc: p.First - 1}
	err = record.Each(ctx, t.Inputs[0].Path, func(rec []byte) (bool, error) {
		s.doc++
		t.Progress(int64(len(rec)))
		next, err := quality.Next()
		if err != nil {
			return false, errors.Join(record.ErrDamaged, err)
		}
		s.pairs = s.pairs[:0]
		if err := f.of(s.doc, s.finding); err != nil || len(s.pairs) == 0 {
			return err == nil, err
		}
		var q record.Quality
		if err := q.Decode(next); err != nil {
			return false, err
		}
		return true, s.emit(rec, float32(q))
	})
	if err != nil {
		return err
	}
	t.SetInfo(clusterInfo{Candidates: s.near})
	return f.of(s.doc+1, s.finding)
}

// shingler emits what one document brings to its component.
type shingler struct {
	t         *flow.Task
	signer    *dedup.Signer
	verify    bool
	doc       int64
	component record.Component
	pairs     []pairOf
	near      int64 // pairs, each once
	enc       record.Encoder
	raw       record.Document
}

// pairOf is a record for the document's component.
type pairOf struct {
	kind  byte
	other int64
}

func (s *shingler) finding(kind record.Kind, rest []byte) error {
	other := record.Other{Kind: kind}
	switch kind {
	case record.KindComponent:
		s.pairs = append(s.pairs, pairOf{kind: record.ComponentNode})
		return s.component.Decode(rest)
	case record.KindExact:
		err := other.Decode(rest)
		s.pairs = append(s.pairs, pairOf{record.ComponentSame, other.Doc})
		return err
	case record.KindNear: // equal ones follow each other
		err := other.Decode(rest)
		if p := (pairOf{record.ComponentNear, other.Doc}); !slices.Contains(s.pairs[max(0, len(s.pairs)-1):], p) {
			s.pairs = append(s.pairs, p)
			s.near++
		}
		return err
	}
	return record.ErrDamaged
}

func (s *shingler) emit(rec []byte, quality float32) error {
	id := s.component.Component
	part := int(mixHash(id) % uint64(s.t.Partitions()))
	for _, p := range s.pairs {
		if p.kind != record.ComponentNode {
			record.EncodePair(&s.enc, id, p.kind, s.doc, p.other)
		} else {
			node := record.Node{Doc: s.doc, Quality: quality}
			if s.component.Needed && s.verify {
				if err := s.raw.Decode(rec); err != nil {
					return err
				}
				node.Shingles, node.Numbers = s.signer.Shingles(s.raw.Text), s.signer.Numbers(s.raw.Text)
			}
			node.Encode(&s.enc, id)
		}
		if err := s.t.Emit(part, s.enc.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// mixHash spreads document numbers over partitions.
func mixHash(x uint64) uint64 {
	x *= 0x9e3779b97f4a7c15
	return x ^ x>>32
}
