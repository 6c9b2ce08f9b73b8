package data

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"slices"

	"huihai/data/dedup"
	"huihai/data/flow"
)

// clusterInfo is what clustering found.
type clusterInfo struct {
	Candidates int64 `json:"candidate_pairs"` // near pairs from LSH, each once, exact copies taken as one
	Components int64 `json:"components"`
	Verified   int64 `json:"verified_pairs"` // near pairs at least threshold alike
	Clusters   int64 `json:"clusters"`
	Members    int64 `json:"clustered_documents"`
}

// addAll adds what the tasks of a stage counted.
func (c *clusterInfo) addAll(results []*flow.Result) error {
	for _, r := range results {
		var info clusterInfo
		if err := r.DecodeInfo(&info); err != nil {
			return err
		}
		c.Candidates += info.Candidates
		c.Components += info.Components
		c.Verified += info.Verified
		c.Clusters += info.Clusters
		c.Members += info.Members
	}
	return nil
}

// cluster decides in every component who stays.
func (b *builder) cluster(ctx context.Context) error {
	st := flow.Stage{Name: StageCluster, Code: "3", Total: int64(b.clusterParts), Partitions: len(b.gathered), Memory: 128 << 20, Config: struct {
		Dedup   dedup.Config
		Offsets []int64
	}{b.cfg.Dedup, b.offsets}}
	var err error
	b.clustered, err = b.engine.Reduce(ctx, st, b.clusterParts, b.shingled, flow.Spec{}, b.clusterTask)
	if err != nil {
		return err
	}
	b.found = append(b.found, b.clustered...)
	return b.clusters.addAll(b.clustered)
}

func (b *builder) clusterTask(ctx context.Context, t *flow.Task, in *flow.Merge) error {
	c := component{cfg: b.cfg.Dedup, emit: func(m dedup.Member, enc *encoder) error {
		enc.reset()
		encodeMember(enc, m)
		return t.Emit(b.shardOf(m.Doc), enc.b)
	}}
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
		if err := c.add(rec); err != nil {
			return err
		}
	}
	err := c.end()
	t.SetInfo(c.info)
	t.Progress(1)
	return err
}

// component is a set of documents that pairs connect, being read.
type component struct {
	cfg   dedup.Config
	emit  func(dedup.Member, *encoder) error
	info  clusterInfo
	key   [9]byte // component and kind of the last record
	docs  []int64 // ascending
	qual  []float32
	first []int64 // of equal text, by places: its shingles are theirs
	start []int   // of each document's shingles in sets
	sets  []uint32
	pairs *dedup.Clustering // by places in docs
	enc   encoder
}

func (c *component) add(rec []byte) error {
	if len(rec) < 17 {
		return errRecord
	}
	if [8]byte(rec) != [8]byte(c.key[:8]) {
		if err := c.end(); err != nil {
			return err
		}
	}
	c.key = [9]byte(rec)
	d := decoder{b: rec[9:]}
	doc := int64(d.u64())
	if rec[8] == recordDocument {
		c.docs, c.qual, c.start = append(c.docs, doc), append(c.qual, d.float()), append(c.start, len(c.sets))
		for len(d.b) > 0 && d.err == nil {
			c.sets = append(c.sets, d.u32())
		}
		return d.finish()
	}
	if c.pairs == nil {
		c.start = append(c.start, len(c.sets))
		for i := range c.docs {
			c.first = append(c.first, int64(i))
		}
		c.pairs = dedup.NewClustering(int64(len(c.docs)))
	}
	i, ok := slices.BinarySearch(c.docs, doc)
	j, ok2 := slices.BinarySearch(c.docs, int64(d.u64()))
	if !ok || !ok2 || d.err != nil {
		return errRecord
	}
	switch rec[8] {
	case recordSame:
		c.first[i] = int64(j)
		c.pairs.Exact(int64(j), int64(i))
	case recordNear:
		if !c.cfg.Verify || c.alike(int64(i), int64(j)) {
			c.info.Verified++
			c.pairs.Near(int64(i), int64(j))
		}
	default:
		return errRecord
	}
	return d.finish()
}

// alike compares the shingles of two documents, by places.
func (c *component) alike(i, j int64) bool {
	i, j = c.first[i], c.first[j]
	return dedup.AtLeast(c.sets[c.start[i]:c.start[i+1]], c.sets[c.start[j]:c.start[j+1]], c.cfg.Threshold)
}

// end decides the component that was read.
func (c *component) end() error {
	if c.pairs == nil {
		c.reset()
		return nil
	}
	var members iter.Seq[dedup.Member]
	if c.cfg.Chain == dedup.Canonical && c.cfg.Verify {
		members = slices.Values(c.pairs.Leaders(c.qual, c.alike))
	} else {
		members = c.pairs.Members(c.qual)
	}
	for m := range members {
		if m.Cluster == m.Doc {
			c.info.Clusters++
		}
		c.info.Members++
		m.Doc, m.Cluster = c.docs[m.Doc], c.docs[m.Cluster]
		if err := c.emit(m, &c.enc); err != nil {
			return err
		}
	}
	c.reset()
	return nil
}

func (c *component) reset() {
	c.docs, c.qual, c.first, c.start, c.sets, c.pairs = c.docs[:0], c.qual[:0], c.first[:0], c.start[:0], c.sets[:0], nil
}

// encodeMember writes a finding of kind member.
func encodeMember(e *encoder, m dedup.Member) {
	e.b = binary.BigEndian.AppendUint64(e.b, uint64(m.Doc))
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
