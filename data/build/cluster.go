package build

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"slices"

	"huihai/data/build/record"
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
func (c *clusterInfo) addAll(results ...*flow.Result) error {
	return eachInfo(results, func(info clusterInfo) {
		c.Candidates += info.Candidates
		c.Components += info.Components
		c.Verified += info.Verified
		c.Clusters += info.Clusters
		c.Members += info.Members
	})
}

type clusterConfig struct {
	Dedup   dedup.Config
	Offsets []int64
}

var clusterStage = flow.Stage[clusterConfig, flow.None]{Name: StageCluster, Run: clusterTask}

// cluster decides in every component who stays.
func (b *builder) cluster(ctx context.Context) error {
	n := len(b.shingled[0].Emitted)
	clustered, err := run(ctx, b, clusterStage, flow.Work[clusterConfig, flow.None]{
		Config: clusterConfig{b.cfg.Dedup, b.offsets}, Tasks: flow.Reduce(b.shingled, 0, n), Total: int64(n), Partitions: len(b.gathered), Memory: 128 << 20,
	})
	if err != nil {
		return err
	}
	b.add(clustered...)
	return b.clusters.addAll(clustered...)
}

func (b *builder) clusterSummary() string {
	return fmt.Sprintf("%d of the near pairs are true, %d documents in %d clusters",
		b.clusters.Verified, b.clusters.Members, b.clusters.Clusters)
}

func clusterTask(ctx context.Context, t *flow.Task, c clusterConfig, _ flow.None) error {
	x := component{cfg: c.Dedup, emit: func(m dedup.Member, enc *record.Encoder) error {
		record.EncodeMember(enc, m)
		return t.Emit(shardOf(c.Offsets, m.Doc), enc.Bytes())
	}}
	if err := record.EachOf(ctx, t.Records(), x.add); err != nil {
		return err
	}
	err := x.end()
	t.SetInfo(x.info)
	t.Progress(1)
	return err
}

// component is a set of documents that pairs connect, being read.
type component struct {
	cfg   dedup.Config
	emit  func(dedup.Member, *record.Encoder) error
	info  clusterInfo
	key   [record.ComponentHead]byte // component and kind of the last record
	docs  []int64                    // ascending
	qual  []float32
	first []int64 // of equal text, by places: its shingles are theirs
	start []int   // of each document's shingles in sets
	sets  []uint32
	nums  [][]uint32        // of each document
	pairs *dedup.Clustering // by places in docs
	parts [][2]int64        // a part and what it is a part of, by places
	enc   record.Encoder
}

func (c *component) add(rec []byte) error {
	if len(rec) < record.ComponentHead {
		return record.ErrDamaged
	}
	if [8]byte(rec) != [8]byte(c.key[:8]) {
		if err := c.end(); err != nil {
			return err
		}
	}
	c.key = [record.ComponentHead]byte(rec)
	kind, rest := rec[record.ComponentHead-1], rec[record.ComponentHead:]
	if kind == record.ComponentNode {
		n := record.Node{Shingles: c.sets}
		err := n.Decode(rest)
		c.docs, c.qual, c.start = append(c.docs, n.Doc), append(c.qual, n.Quality), append(c.start, len(c.sets))
		c.sets, c.nums = n.Shingles, append(c.nums, n.Numbers)
		return err
	}
	if c.pairs == nil {
		c.start = append(c.start, len(c.sets))
		for i := range c.docs {
			c.first = append(c.first, int64(i))
		}
		c.pairs = dedup.NewClustering(int64(len(c.docs)))
	}
	a, b, err := record.DecodePair(rest)
	if err != nil {
		return err
	}
	i, ok := slices.BinarySearch(c.docs, a)
	j, ok2 := slices.BinarySearch(c.docs, b)
	if !ok || !ok2 {
		return record.ErrDamaged
	}
	switch kind {
	case record.ComponentSame:
		c.first[i] = int64(j)
		c.pairs.Exact(int64(j), int64(i))
	case record.ComponentNear:
		if !c.cfg.Verify || c.alike(int64(i), int64(j)) {
			c.info.Verified++
			c.part(int64(i), int64(j))
			c.pairs.Near(int64(i), int64(j))
		}
	default:
		return record.ErrDamaged
	}
	return nil
}

// set returns the shingles of a document, by place.
func (c *component) set(i int64) []uint32 {
	i = c.first[i]
	return c.sets[c.start[i]:c.start[i+1]]
}

// alike compares two documents, by places.
func (c *component) alike(i, j int64) bool {
	a, b := c.set(i), c.set(j)
	i, j = c.first[i], c.first[j]
	return (dedup.AtLeast(a, b, c.cfg.Threshold) || c.contains(a, b)) && dedup.SameNumbers(c.nums[i], c.nums[j], max(len(a), len(b)), c.cfg.Numbers)
}

func (c *component) contains(a, b []uint32) bool {
	return c.cfg.Containment > 0 && dedup.Contained(a, b, c.cfg.Containment)
}

// part notes two documents of which one is but a part of the other.
func (c *component) part(i, j int64) {
	a, b := c.set(i), c.set(j)
	if !c.contains(a, b) || dedup.AtLeast(a, b, c.cfg.Threshold) {
		return
	}
	if len(a) > len(b) {
		i, j = j, i
	}
	c.parts = append(c.parts, [2]int64{i, j})
}

// prefer sees to it that of a document and a part of it the whole one stays, whatever
// their quality. The shortest parts come first, so that what they are parts of is
// settled before it is itself a part.
func (c *component) prefer() {
	slices.SortFunc(c.parts, func(a, b [2]int64) int {
		return cmp.Or(cmp.Compare(len(c.set(a[0])), len(c.set(b[0]))), slices.Compare(a[:], b[:]))
	})
	for _, p := range c.parts {
		if part := c.qual[p[0]]; c.qual[p[1]] <= part {
			c.qual[p[1]] = math.Nextafter32(part, math.MaxFloat32)
		}
	}
	c.parts = c.parts[:0]
}

// end decides the component that was read.
func (c *component) end() error {
	if c.pairs == nil {
		c.reset()
		return nil
	}
	c.prefer()
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
	c.docs, c.qual, c.first, c.start, c.sets, c.nums, c.pairs = c.docs[:0], c.qual[:0], c.first[:0], c.start[:0], c.sets[:0], c.nums[:0], nil
}
