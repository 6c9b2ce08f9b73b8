package build

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"huihai/data/dedup"
	"huihai/data/shard"
)

// memberRow is what tells who stays of a cluster.
type memberRow struct {
	ID          string `parquet:"id"`
	ClusterID   int64  `parquet:"minhash_cluster_id"`
	IsCanonical bool   `parquet:"is_canonical"`
}

// findTwins gives the examples of dropped copies the copy that stays. Both lie in any
// shard: narrow columns are read to find them, then their rows alone, since the example
// is but the beginning of its text.
func (b *builder) findTwins(ctx context.Context, s *Survey) error {
	wanted := map[int64][]*Example{}
	for _, reason := range []string{ReasonExactDuplicate, ReasonNearDuplicate} {
		for i := range s.Examples[reason] {
			e := &s.Examples[reason][i]
			wanted[e.Cluster] = append(wanted[e.Cluster], e)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	signer := dedup.NewSigner(b.cfg.Dedup)
	own, twins := map[*Example][]uint32{}, map[*Example][]uint32{}
	for _, r := range b.written {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := eachMember(r.Path(fileShard), wanted, func(d *shard.Document) {
			shingles := append([]uint32(nil), signer.Shingles(d.Original())...)
			for _, e := range wanted[d.ClusterID] {
				switch {
				case d.IsCanonical:
					e.Twin, twins[e] = twinOf(d), shingles
				case d.ID == e.ID:
					own[e] = shingles
				}
			}
		})
		if err != nil {
			return err
		}
	}
	for e, shingles := range own {
		if e.Twin != nil {
			e.Twin.Similarity = dedup.Jaccard(shingles, twins[e])
		}
	}
	return nil
}

func twinOf(d *shard.Document) *Twin {
	return &Twin{
		ID: strings.Clone(d.ID), FilePath: strings.Clone(d.FilePath), Quality: d.Quality,
		Text: strings.Clone(beginning(d.Text, exampleBytes)),
	}
}

// eachMember calls fn for the documents of a file that stay of the wanted clusters, and
// for the examples themselves.
func eachMember(path string, wanted map[int64][]*Example, fn func(*shard.Document)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	file, err := parquet.OpenFile(f, st.Size())
	if err != nil {
		return err
	}
	members := parquet.NewGenericReader[memberRow](file)
	defer members.Close()
	documents := parquet.NewGenericReader[shard.Document](file)
	defer documents.Close()
	rows := make([]memberRow, 1024)
	for at := int64(0); ; {
		n, err := members.Read(rows)
		for i, m := range rows[:n] {
			is := func(e *Example) bool { return e.ID == m.ID }
			if examples := wanted[m.ClusterID]; examples == nil || !m.IsCanonical && !slices.ContainsFunc(examples, is) {
				continue
			}
			if err := documents.SeekToRow(at + int64(i)); err != nil {
				return err
			}
			d := make([]shard.Document, 1)
			if _, err := documents.Read(d); err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			fn(&d[0])
		}
		at += int64(n)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
