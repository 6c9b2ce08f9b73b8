package build

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/parquet-go/parquet-go"

	"huihai/data/dedup"
	"huihai/data/shard"
)

// memberRow is what tells who stays of a cluster.
type memberRow struct {
	ClusterID   int64 `parquet:"minhash_cluster_id"`
	IsCanonical bool  `parquet:"is_canonical"`
}

// findTwins gives the examples of dropped copies the copy that stays, which lies in
// any shard: two narrow columns are read to find it, then its row alone.
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
	for _, r := range b.written {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := eachCanonical(r.Path(fileShard), wanted, func(d *shard.Document) {
			for _, e := range wanted[d.ClusterID] {
				e.Twin = twinOf(signer, e, d)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func twinOf(signer *dedup.Signer, e *Example, d *shard.Document) *Twin {
	mine := append([]uint32(nil), signer.Shingles(e.Text)...)
	text := beginning(d.Text, exampleBytes)
	return &Twin{
		ID: strings.Clone(d.ID), FilePath: strings.Clone(d.FilePath), Quality: d.Quality,
		Similarity: dedup.Jaccard(mine, signer.Shingles(text)), Text: strings.Clone(text),
	}
}

// eachCanonical calls fn for the documents of a file that stay of the wanted clusters.
func eachCanonical(path string, wanted map[int64][]*Example, fn func(*shard.Document)) error {
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
			if wanted[m.ClusterID] == nil || !m.IsCanonical {
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
