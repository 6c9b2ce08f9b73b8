package data

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"

	"huihai/data/dense"
	"huihai/data/flow"
)

// SemanticConfig chooses copies by vectors of vocabulary: texts in another order
// or with other words between, which share no shingles.
type SemanticConfig struct {
	// Find looks for them and gives every document its cluster.
	Find bool `yaml:"find" mapstructure:"find"`
	// Drop drops them; otherwise clusters and similarities are columns only.
	Drop         bool `yaml:"drop" mapstructure:"drop"`
	dense.Config `yaml:",inline" mapstructure:",squash"`
}

// sampleBytes is the size of the vectors that clusters are trained on.
func (c SemanticConfig) sampleBytes() int64 { return int64(c.Sample) * int64(c.Dim) * 4 }

const (
	fileVectors = "vectors.rec" // document 8, quality 4, components 4 each
	fileSample  = "sample.rec"  // vectors to train on, as above
	fileModel   = "model.bin"
	fileCopies  = "copies.rec" // document 8, better document 8
)

// Kinds of findings about dense clusters.
const (
	findingSemantic = 'v' // cluster 4, similarity 4
	findingCopy     = 'w' // the better document 8
)

// semanticInfo is what dense clustering came to.
type semanticInfo struct {
	Fit    dense.Fit    `json:"training"`
	Counts dense.Counts `json:"comparison"`
	Copies int64        `json:"copies"`
}

// semantic clusters the documents that are kept so far by dense vectors.
func (b *builder) semantic(ctx context.Context) error {
	cfg := b.cfg.Semantic.Config
	vectors, err := b.vectors(ctx, cfg)
	if err != nil {
		return err
	}
	model, err := b.centroids(ctx, cfg, vectors)
	if err != nil {
		return err
	}
	within, err := b.withinClusters(ctx, cfg, vectors, model)
	if err != nil {
		return err
	}
	copied, err := b.semanticCopies(ctx, within)
	if err != nil {
		return err
	}
	b.found = append(append(b.found, within...), copied)
	infos := append([]*flow.Result{model, copied}, within...)
	for _, r := range infos {
		var info semanticInfo
		if err := r.DecodeInfo(&info); err != nil {
			return err
		}
		b.dense.Counts.Add(info.Counts)
		b.dense.Copies += info.Copies
		if r == model {
			b.dense.Fit = info.Fit
		}
	}
	return nil
}

// vectors embeds kept documents; those whose split hash is small enough are the
// sample to train on.
func (b *builder) vectors(ctx context.Context, cfg dense.Config) ([]*flow.Result, error) {
	st := flow.Stage{Name: StageVectors, Code: "1", Total: b.read.TextBytes, Config: cfg, Memory: 32 << 20}
	specs := make([]flow.Spec, len(b.gathered))
	for i := range specs {
		specs[i] = flow.Spec{Inputs: []flow.Input{b.gathered[i].Input(fileDocuments), b.scored[i].Input(fileScores)}, Params: b.offsets[i]}
	}
	below := uint64(math.MaxUint64)
	if n := b.documents(); n > int64(cfg.Sample) {
		below = uint64(float64(cfg.Sample) / float64(n) * math.MaxUint64)
	}
	return b.engine.Join(ctx, st, specs, b.found, func(ctx context.Context, t *flow.Task, found *flow.Merge) error {
		all, err := t.Create(fileVectors)
		if err != nil {
			return err
		}
		sample, err := t.Create(fileSample)
		if err != nil {
			return err
		}
		w, s, e := flow.NewRecordWriter(all), flow.NewRecordWriter(sample), dense.NewEmbedder(cfg)
		var enc encoder
		err = b.eachKeptText(ctx, t, found, func(d *joined) error {
			v := e.Embed(d.raw.Text)
			if v == nil {
				return nil
			}
			enc.reset()
			enc.u64(uint64(d.doc))
			enc.float(d.judged.Quality)
			enc.b = dense.AppendVector(enc.b, v)
			t.AddRows(1)
			if mixHash(d.judged.SplitHash) <= below {
				if err := s.Write(enc.b); err != nil {
					return err
				}
			}
			return w.Write(enc.b)
		})
		return errors.Join(err, w.Close(), s.Close())
	})
}

// vectorHead is what stands before a vector in a record.
const vectorHead = 8 + 4

// centroids trains the clusters on the sample.
func (b *builder) centroids(ctx context.Context, cfg dense.Config, vectors []*flow.Result) (*flow.Result, error) {
	var spec flow.Spec
	var n int64
	for _, r := range vectors {
		spec.Inputs = append(spec.Inputs, r.Input(fileSample))
		n += r.Rows
	}
	st := flow.Stage{Name: StageCentroids, Code: "1", Config: []any{cfg, n}, Memory: b.cfg.Semantic.sampleBytes()}
	return b.engine.Single(ctx, st, spec, func(ctx context.Context, t *flow.Task) error {
		var points []float32
		v := make([]float32, cfg.Dim)
		for _, in := range t.Inputs {
			err := eachRecord(in.Path, func(rec []byte) (bool, error) {
				if len(rec) < vectorHead {
					return false, errRecord
				}
				err := dense.ParseVector(v, rec[vectorHead:])
				points = append(points, v...)
				return len(points) < cfg.Sample*cfg.Dim, err
			})
			if err != nil {
				return err
			}
		}
		m := &dense.Model{Dim: cfg.Dim}
		var fit dense.Fit
		if len(points) > 0 {
			var err error
			if m, fit, err = dense.Train(ctx, cfg, cfg.ClustersFor(n), points, b.engine.Workers); err != nil {
				return err
			}
		}
		out, err := t.Create(fileModel)
		if err != nil {
			return err
		}
		t.SetInfo(semanticInfo{Fit: fit})
		_, err = out.Write(m.Append(nil))
		return err
	})
}

// withinClusters sends every vector to its clusters and compares there.
func (b *builder) withinClusters(ctx context.Context, cfg dense.Config, vectors []*flow.Result, model *flow.Result) ([]*flow.Result, error) {
	parts := int(min(256, 1+b.documents()/50_000))
	st := flow.Stage{Name: StageAssign, Code: "1", Total: b.documents(), Partitions: parts, Config: cfg}
	specs := make([]flow.Spec, len(vectors))
	for i, r := range vectors {
		specs[i] = flow.Spec{Inputs: []flow.Input{r.Input(fileVectors), model.Input(fileModel)}}
	}
	assigned, err := b.engine.Map(ctx, st, specs, func(_ context.Context, t *flow.Task) error { return assignTask(t, cfg) })
	if err != nil {
		return nil, err
	}
	st = flow.Stage{Name: StageWithin, Code: "1", Total: int64(parts), Partitions: len(b.gathered), Config: []any{cfg, b.offsets}, Memory: 64 << 20}
	return b.engine.Reduce(ctx, st, parts, assigned, flow.Spec{}, func(ctx context.Context, t *flow.Task, in *flow.Merge) error {
		defer t.Progress(1)
		return b.withinTask(ctx, t, in, cfg)
	})
}

// assignTask emits a vector to each of its clusters: cluster 4, whether it is the
// nearest 1, then the vector's record.
func assignTask(t *flow.Task, cfg dense.Config) error {
	content, err := os.ReadFile(t.Inputs[1].Path)
	if err != nil {
		return err
	}
	m, err := dense.ParseModel(content)
	if err != nil {
		return err
	}
	if m.Clusters() == 0 {
		return nil
	}
	v, dst := make([]float32, cfg.Dim), make([]float32, cfg.Dim)
	var clusters []int32
	var enc encoder
	return eachRecord(t.Inputs[0].Path, func(rec []byte) (bool, error) {
		t.Progress(1)
		if len(rec) < vectorHead {
			return false, errRecord
		}
		if err := dense.ParseVector(v, rec[vectorHead:]); err != nil {
			return false, err
		}
		clusters = m.Assign(dst, v, cfg.Margin, clusters[:0])
		for i, c := range clusters {
			enc.reset()
			enc.u32(uint32(c))
			enc.byte(byte(min(i, 1)))
			enc.raw(rec[:vectorHead])
			enc.b = dense.AppendVector(enc.b, dst)
			if err := t.Emit(int(uint32(c)%uint32(t.Partitions())), enc.b); err != nil {
				return false, err
			}
		}
		return true, nil
	})
}

// withinTask compares the members of each cluster.
func (b *builder) withinTask(ctx context.Context, t *flow.Task, in *flow.Merge, cfg dense.Config) error {
	out, err := t.Create(fileCopies)
	if err != nil {
		return err
	}
	w := flow.NewRecordWriter(out)
	var counts dense.Counts
	var enc encoder
	var members []dense.Member
	home := map[int64]bool{}
	cluster := uint32(0)
	end := func() error {
		matches, edges := dense.Within(cfg.Epsilon, members, &counts)
		for _, m := range matches {
			id := uint32(math.MaxUint32) // a neighbour's cluster
			if home[m.Doc] {
				id = cluster
			}
			enc.reset()
			enc.u64(uint64(m.Doc))
			enc.byte(findingSemantic)
			enc.u32(id)
			enc.float(m.Sim)
			if err := t.Emit(b.shardOf(m.Doc), enc.b); err != nil {
				return err
			}
		}
		for _, e := range edges {
			enc.reset()
			enc.u64(uint64(e.Doc))
			enc.u64(uint64(e.Better))
			if err := w.Write(enc.b); err != nil {
				return err
			}
		}
		members = members[:0]
		clear(home)
		return nil
	}
	err = eachMerged(ctx, in, func(rec []byte) error {
		if len(rec) < 5+vectorHead {
			return errRecord
		}
		if c := binary.BigEndian.Uint32(rec); c != cluster {
			if err := end(); err != nil {
				return err
			}
			cluster = c
		}
		d := decoder{b: rec[5:]}
		m := dense.Member{Doc: int64(d.u64()), Quality: d.float(), Vector: make([]float32, cfg.Dim)}
		home[m.Doc] = rec[4] == 0
		members = append(members, m)
		return dense.ParseVector(m.Vector, d.b)
	})
	err = errors.Join(err, end(), w.Close())
	t.SetInfo(semanticInfo{Counts: counts})
	return err
}

// semanticCopies decides who goes, from the best document on.
func (b *builder) semanticCopies(ctx context.Context, within []*flow.Result) (*flow.Result, error) {
	var spec flow.Spec
	for _, r := range within {
		spec.Inputs = append(spec.Inputs, r.Input(fileCopies))
	}
	for _, r := range b.scored {
		spec.Inputs = append(spec.Inputs, r.Input(fileQuality))
	}
	st := flow.Stage{Name: StageSemantic, Code: "1", Partitions: len(b.gathered), Config: []any{b.cfg.Semantic, b.offsets}, Memory: 5 * b.documents()}
	return b.engine.Single(ctx, st, spec, func(_ context.Context, t *flow.Task) error {
		var edges []dense.Edge
		for _, r := range within {
			err := eachRecord(r.Path(fileCopies), func(rec []byte) (bool, error) {
				d := decoder{b: rec}
				edges = append(edges, dense.Edge{Doc: int64(d.u64()), Better: int64(d.u64())})
				return true, d.finish()
			})
			if err != nil {
				return err
			}
		}
		quality, err := b.qualities()
		if err != nil {
			return err
		}
		gone, err := dense.Copies(edges, quality)
		if err != nil {
			return err
		}
		t.SetInfo(semanticInfo{Copies: int64(len(gone))})
		var enc encoder
		for _, e := range gone {
			enc.reset()
			enc.u64(uint64(e.Doc))
			enc.byte(findingCopy)
			enc.u64(uint64(e.Better))
			if err := t.Emit(b.shardOf(e.Doc), enc.b); err != nil {
				return err
			}
		}
		return nil
	})
}

// qualities returns those of all documents by number.
func (b *builder) qualities() ([]float32, error) {
	q := make([]float32, 0, b.documents())
	for _, r := range b.scored {
		err := eachRecord(r.Path(fileQuality), func(rec []byte) (bool, error) {
			d := decoder{b: rec}
			q = append(q, d.float())
			return true, d.finish()
		})
		if err != nil {
			return nil, err
		}
	}
	return q, nil
}
