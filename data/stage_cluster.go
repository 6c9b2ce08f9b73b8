package data

import (
	"context"
	"errors"
	"fmt"
	"math"

	"huihai/data/dedup"
	"huihai/data/flow"
)

// clusterInfo is what clustering found, and how the documents are split.
type clusterInfo struct {
	Candidates int64 `json:"candidate_pairs"` // near pairs from LSH, each once
	Verified   int64 `json:"verified_pairs"`  // of them, those at least threshold alike
	Clusters   int64 `json:"clusters"`
	Members    int64 `json:"clustered_documents"`
	// Validation is the bound below which a kept document's split hash holds
	// it out.
	Validation uint64 `json:"validation_below"`
	Kept       int64  `json:"kept"`
	// MeanQuality is that of the kept documents.
	MeanQuality float64 `json:"mean_quality"`
}

// cluster joins the pairs and chooses who stays and who is held out.
func (b *builder) cluster(ctx context.Context) error {
	var spec flow.Spec
	for _, r := range b.compared {
		spec.Inputs = append(spec.Inputs, r.Input(fileEdges))
	}
	for i := range b.scored {
		spec.Inputs = append(spec.Inputs, b.scored[i].Input(fileQuality), b.gathered[i].Input(fileDocuments))
	}
	st := flow.Stage{Name: StageCluster, Code: "2", Partitions: len(b.gathered), Config: struct {
		Dedup    dedup.Config
		Fraction float64
	}{b.cfg.Dedup, b.cfg.ValidationFraction}}
	res, err := b.engine.Single(ctx, st, spec, b.clusterTask)
	if err != nil {
		return err
	}
	b.clustered = res
	if err := res.DecodeInfo(&b.clusters); err != nil {
		return err
	}
	if b.clusters.Kept == 0 {
		return b.nothingKept()
	}
	return nil
}

// nothingKept says by which rules all documents were dropped.
func (b *builder) nothingKept() error {
	reasons := map[string]int64{}
	for _, r := range b.scored {
		err := eachRecord(r.Path(fileScores), func(rec []byte) (bool, error) {
			d := decoder{b: rec}
			reasons[d.string()]++
			return true, d.err
		})
		if err != nil {
			return err
		}
	}
	msg := fmt.Sprintf("all %d documents were dropped:", b.documents())
	for _, reason := range sortedKeys(reasons) {
		msg += fmt.Sprintf(" %s (%d)", reason, reasons[reason])
	}
	return errors.New(msg + "; choose another profile or change the rules' bounds")
}

func (b *builder) clusterTask(ctx context.Context, t *flow.Task) error {
	exact, near, err := edgesOf(b.compared)
	if err != nil {
		return err
	}
	info := clusterInfo{Candidates: int64(len(near))}
	if b.cfg.Dedup.Verify {
		if near, err = b.verify(ctx, near); err != nil {
			return err
		}
	}
	info.Verified = int64(len(near))
	d, err := b.loadDecisions()
	if err != nil {
		return err
	}
	var enc encoder
	for _, m := range dedup.Clusters(b.documents(), exact, near, d.quality) {
		if m.Cluster == m.Doc {
			info.Clusters++
		}
		info.Members++
		if !m.Canonical {
			d.kept[m.Doc] = false
		}
		enc.reset()
		encodeMember(&enc, m)
		if err := t.Emit(b.shardOf(m.Doc), enc.b); err != nil {
			return err
		}
	}
	info.Validation, info.Kept = d.split(b.cfg.ValidationFraction)
	info.MeanQuality = d.meanQuality()
	t.SetInfo(info)
	return nil
}

// encodeMember writes a finding of kind member.
func encodeMember(e *encoder, m dedup.Member) {
	e.u64(uint64(m.Doc))
	e.byte(findingMember)
	e.u64(uint64(m.Cluster))
	e.uint(uint64(m.Size))
	flags := byte(0)
	if m.Canonical {
		flags |= 1
	}
	if m.Exact {
		flags |= 2
	}
	e.byte(flags)
}

// decodeMember reads what follows document and kind.
func decodeMember(doc int64, rest []byte) (dedup.Member, error) {
	d := decoder{b: rest}
	m := dedup.Member{Doc: doc, Cluster: int64(d.u64()), Size: int64(d.uint())}
	flags := d.byte()
	m.Canonical, m.Exact = flags&1 != 0, flags&2 != 0
	return m, d.finish()
}

// decisions are what clustering needs to know of every document: 13 bytes each.
type decisions struct {
	kept    []bool
	quality []float32
	hash    []uint64
}

func (b *builder) loadDecisions() (*decisions, error) {
	n := b.documents()
	d := &decisions{make([]bool, 0, n), make([]float32, 0, n), make([]uint64, 0, n)}
	for _, r := range b.scored {
		err := eachRecord(r.Path(fileQuality), func(rec []byte) (bool, error) {
			dec := decoder{b: rec}
			d.kept = append(d.kept, dec.byte() == 1)
			d.quality = append(d.quality, dec.float())
			d.hash = append(d.hash, dec.u64())
			return true, dec.finish()
		})
		if err != nil {
			return nil, err
		}
	}
	return d, nil
}

// split returns the bound for the asked-for fraction, moved where it would leave
// one of the splits empty though there are documents for both.
func (d *decisions) split(fraction float64) (below uint64, kept int64) {
	least, most := uint64(math.MaxUint64), uint64(0)
	for i, h := range d.hash {
		if d.kept[i] {
			kept++
			least, most = min(least, h), max(most, h)
		}
	}
	if fraction <= 0 || kept < 2 {
		return 0, kept
	}
	below = uint64(fraction*(1<<32)) << 32
	return min(max(below, least+1), most), kept
}

// meanQuality of the kept documents, summed in their order.
func (d *decisions) meanQuality() float64 {
	sum, n := 0.0, 0
	for i, q := range d.quality {
		if d.kept[i] {
			sum += float64(q)
			n++
		}
	}
	return sum / float64(max(n, 1))
}

// verify keeps the pairs whose shingle sets are at least Threshold alike. It
// reads the shards once and holds the sets of the documents in question.
func (b *builder) verify(ctx context.Context, pairs []dedup.Edge) ([]dedup.Edge, error) {
	sets := map[int64][]uint32{}
	for _, e := range pairs {
		sets[e.A], sets[e.B] = nil, nil
	}
	signer := dedup.NewSigner(b.cfg.Dedup)
	var raw rawDocument
	for i, r := range b.gathered {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		doc := b.offsets[i] - 1
		err := eachRecord(r.Path(fileDocuments), func(rec []byte) (bool, error) {
			doc++
			if _, wanted := sets[doc]; !wanted {
				return true, nil
			}
			if err := raw.decode(rec); err != nil {
				return false, err
			}
			sets[doc] = append([]uint32(nil), signer.Shingles(raw.Text)...)
			return true, nil
		})
		if err != nil {
			return nil, err
		}
	}
	alike := pairs[:0]
	for _, e := range pairs {
		if dedup.Jaccard(sets[e.A], sets[e.B]) >= b.cfg.Dedup.Threshold {
			alike = append(alike, e)
		}
	}
	return alike, nil
}
