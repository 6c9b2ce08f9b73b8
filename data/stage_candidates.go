package data

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"huihai/data/dedup"
	"huihai/data/flow"
)

// Kinds of findings for the shingles stage, about documents with candidate pairs.
const (
	findingComponent = 'c' // component 8, whether its shingles are needed 1
	findingExact     = 'x' // the first document of equal text 8
	findingNear      = 'n' // other document 8
)

// candidates joins all pairs to components, in which clusters are found apart
// from each other, and tells the documents of which component they are.
func (b *builder) candidates(ctx context.Context) error {
	var spec flow.Spec
	for _, r := range b.compared {
		spec.Inputs = append(spec.Inputs, r.Input(fileEdges))
	}
	st := flow.Stage{Name: StageCandidates, Code: "2", Partitions: len(b.gathered), Config: b.offsets, Memory: b.candidatesMemory()}
	res, err := b.engine.Single(ctx, st, spec, b.candidatesTask)
	if err != nil {
		return err
	}
	b.paired = res
	return b.clusters.addAll([]*flow.Result{res})
}

// pairBuffer is how many pairs are held to sort out repetitions: a pair comes once
// for every band that it shares.
const pairBuffer = 1 << 20

// candidatesMemory is what the stage holds: two sets and two marks for every
// document, and pairs.
func (b *builder) candidatesMemory() int64 { return 18*b.documents() + 16*pairBuffer }

func (b *builder) candidatesTask(_ context.Context, t *flow.Task) error {
	p := pairEmitter{b: b, t: t, same: dedup.NewSets(b.documents()), all: dedup.NewSets(b.documents()),
		compared: make([]bool, b.documents()), copied: make([]bool, b.documents())}
	// Exact copies first: of them one is enough to compare.
	err := b.eachEdge(recordExact, func(e dedup.Edge) error {
		p.same.Union(e.A, e.B)
		return nil
	})
	if err != nil {
		return err
	}
	if err := b.eachEdge(recordBand, p.add); err != nil {
		return err
	}
	if err := p.flush(); err != nil {
		return err
	}
	for d := range b.documents() {
		if first := p.same.Find(d); first != d {
			p.copied[first] = true
		}
	}
	for d := range b.documents() {
		if err := p.document(d); err != nil {
			return err
		}
	}
	t.SetInfo(clusterInfo{Components: p.components})
	return nil
}

// eachEdge walks the pairs of a kind.
func (b *builder) eachEdge(kind byte, fn func(dedup.Edge) error) error {
	for _, r := range b.compared {
		err := eachRecord(r.Path(fileEdges), func(rec []byte) (bool, error) {
			d := decoder{b: rec}
			k, e := d.byte(), dedup.Edge{A: int64(d.u64()), B: int64(d.u64())}
			if err := d.finish(); err != nil || k != kind {
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
	b          *builder
	t          *flow.Task
	same, all  *dedup.Sets
	compared   []bool // has a near pair
	copied     []bool // is the first of several equal texts
	pairs      []dedup.Edge
	components int64
	enc        encoder
}

// add takes a near pair; of exact copies the first stands for all.
func (p *pairEmitter) add(e dedup.Edge) error {
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
		p.start(e.A, findingNear)
		p.enc.u64(uint64(e.B))
		if err := p.t.Emit(p.b.shardOf(e.A), p.enc.b); err != nil {
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
		p.start(d, findingExact)
		p.enc.u64(uint64(first))
		if err := p.t.Emit(p.b.shardOf(d), p.enc.b); err != nil {
			return err
		}
	}
	if first == d && !p.compared[d] && !p.copied[d] {
		return nil
	}
	if component == d {
		p.components++
	}
	p.start(d, findingComponent)
	p.enc.u64(uint64(component))
	needed := byte(0)
	if p.compared[d] {
		needed = 1
	}
	p.enc.byte(needed)
	return p.t.Emit(p.b.shardOf(d), p.enc.b)
}

func (p *pairEmitter) start(doc int64, kind byte) {
	p.enc.reset()
	p.enc.u64(uint64(doc))
	p.enc.byte(kind)
}

func compactEdges(e []dedup.Edge) []dedup.Edge {
	slices.SortFunc(e, func(x, y dedup.Edge) int { return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B)) })
	return slices.Compact(e)
}

// shingles gathers what the clusters of each component are decided by: its
// documents with quality and shingle sets, and its pairs.
func (b *builder) shingles(ctx context.Context) error {
	// Components of about 100,000 documents are decided at a time.
	b.clusterParts = int(min(256, 1+b.documents()/100_000))
	st := flow.Stage{Name: StageShingles, Code: "2", Total: b.read.TextBytes, Partitions: b.clusterParts, Config: b.cfg.Dedup, Memory: 32 << 20}
	specs := make([]flow.Spec, len(b.gathered))
	for i := range specs {
		specs[i] = flow.Spec{Inputs: []flow.Input{b.gathered[i].Input(fileDocuments), b.scored[i].Input(fileQuality)}, Params: b.offsets[i]}
	}
	var err error
	b.shingled, err = b.engine.Join(ctx, st, specs, []*flow.Result{b.paired}, b.shinglesTask)
	if err != nil {
		return err
	}
	return b.clusters.addAll(b.shingled)
}

// Kinds of records for the cluster stage; they sort by component, then by kind.
const (
	recordDocument = 'd' // document 8, quality 4, shingles 4 each
	recordNear     = 'e' // two documents, 8 each
	recordSame     = 'x' // document 8, the first of equal text 8
)

func (b *builder) shinglesTask(ctx context.Context, t *flow.Task, found *flow.Merge) error {
	quality, err := openRecords(b.scored[t.Index].Path(fileQuality))
	if err != nil {
		return err
	}
	defer quality.Close()
	f := findings{in: found}
	s := shingler{t: t, signer: dedup.NewSigner(b.cfg.Dedup), verify: b.cfg.Dedup.Verify, doc: b.offsets[t.Index] - 1}
	err = eachRecord(b.gathered[t.Index].Path(fileDocuments), func(rec []byte) (bool, error) {
		s.doc++
		if s.doc%1024 == 0 && ctx.Err() != nil {
			return false, ctx.Err()
		}
		t.Progress(int64(len(rec)))
		q, err := quality.Next()
		if err != nil {
			return false, errors.Join(errRecord, err)
		}
		s.pairs = s.pairs[:0]
		if err := f.of(s.doc, s.finding); err != nil || len(s.pairs) == 0 {
			return err == nil, err
		}
		d := decoder{b: q}
		return true, s.emit(rec, d.float())
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
	component uint64
	needed    bool
	pairs     []pairOf
	near      int64 // pairs, each once
	enc       encoder
	raw       rawDocument
}

type pairOf struct {
	kind  byte
	other uint64
}

func (s *shingler) finding(kind byte, rest []byte) error {
	d := decoder{b: rest}
	switch kind {
	case findingComponent:
		s.component, s.needed = d.u64(), d.byte() == 1
		s.pairs = append(s.pairs, pairOf{kind: recordDocument})
	case findingExact:
		s.pairs = append(s.pairs, pairOf{recordSame, d.u64()})
	case findingNear: // equal ones follow each other
		if p := (pairOf{recordNear, d.u64()}); !slices.Contains(s.pairs[max(0, len(s.pairs)-1):], p) {
			s.pairs = append(s.pairs, p)
			s.near++
		}
	default:
		return errRecord
	}
	return d.finish()
}

func (s *shingler) emit(rec []byte, quality float32) error {
	part := int(mixHash(s.component) % uint64(s.t.Partitions()))
	for _, p := range s.pairs {
		s.enc.reset()
		s.enc.u64(s.component)
		s.enc.byte(p.kind)
		s.enc.u64(uint64(s.doc))
		if p.kind != recordDocument {
			s.enc.u64(p.other)
		} else {
			s.enc.float(quality)
			if s.needed && s.verify {
				if err := s.raw.decode(rec); err != nil {
					return err
				}
				for _, x := range s.signer.Shingles(s.raw.Text) {
					s.enc.u32(x)
				}
			}
		}
		if err := s.t.Emit(part, s.enc.b); err != nil {
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
