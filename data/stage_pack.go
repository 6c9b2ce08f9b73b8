package data

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"slices"

	"huihai/data/flow"
	"huihai/data/pack"
	"huihai/data/shard"
)

// packInfo are the counters of a pack task.
type packInfo struct {
	Ledger  pack.Ledger      `json:"ledger"`
	Sources map[string]int64 `json:"sources"`        // rows
	Runs    []Run            `json:"runs,omitempty"` // of the training split
}

// pack lays the tokens of each partition into rows. Rows are of one source each,
// and rows of a source lie together, so that sources can be drawn by weight later
// without an index of rows.
func (b *builder) pack(ctx context.Context) error {
	st := flow.Stage{Name: StagePack, Code: "4", Total: int64(b.packParts + b.heldParts), Config: b.buildKey, Memory: documentsMemory}
	var err error
	b.packed, err = b.engine.Reduce(ctx, st, b.packParts+b.heldParts, b.written, flow.Spec{Inputs: []flow.Input{b.tokenizerFile}}, b.packTask)
	return err
}

func (b *builder) packTask(ctx context.Context, t *flow.Task, in *flow.Merge) error {
	p := packTask{info: packInfo{Sources: map[string]int64{}}}
	p.packer = pack.New(b.cfg.Pack, b.encoder.EOS(), p.keep)
	for n := 0; ; n++ {
		rec, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if n%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := p.add(rec); err != nil {
			return err
		}
	}
	if err := p.packer.Flush(); err != nil {
		return err
	}
	p.shuffle(rand.New(rand.NewPCG(b.cfg.Seed, uint64(t.Index))), t.Index >= b.packParts)
	p.info.Ledger = p.packer.Ledger()
	t.AddRows(int64(len(p.rows)))
	t.SetInfo(p.info)
	t.Progress(1)
	return p.write(t, b)
}

// shuffle puts the rows of each source into random order and notes the runs. Rows
// of the validation split, which is read in order and often only in part, are mixed
// over all sources.
func (p *packTask) shuffle(rng *rand.Rand, mixed bool) {
	for from := 0; from < len(p.rows); {
		to := from + 1
		for to < len(p.rows) && (mixed || p.rows[to].Source == p.rows[from].Source) {
			to++
		}
		run := p.rows[from:to]
		rng.Shuffle(len(run), func(i, j int) { run[i], run[j] = run[j], run[i] })
		if !mixed {
			p.info.Runs = append(p.info.Runs, Run{run[0].Source, int64(len(run))})
		}
		from = to
	}
}

type packTask struct {
	packer *pack.Packer
	info   packInfo
	source string
	rows   []shard.TokenRow
	tokens []int32
}

// add packs one document's record.
func (p *packTask) add(rec []byte) error {
	end := bytes.IndexByte(rec, 0)
	if end < 0 {
		return errRecord
	}
	if source := string(rec[:end]); source != p.source {
		if err := p.packer.Flush(); err != nil {
			return err
		}
		p.source = source
	}
	d := decoder{b: rec[end+1:]}
	d.u64()
	doc := int64(d.u64())
	p.tokens = p.tokens[:0]
	for len(d.b) > 0 {
		p.tokens = append(p.tokens, int32(d.uint()))
	}
	if d.err != nil {
		return d.err
	}
	return p.packer.Add(doc, p.tokens)
}

func (p *packTask) keep(r pack.Row) error {
	p.info.Sources[p.source]++
	p.rows = append(p.rows, shard.TokenRow{
		TokenIDs: slices.Clone(r.Tokens), DocNos: slices.Clone(r.Docs), DocStarts: slices.Clone(r.Starts),
		Source: p.source, Weight: 1,
	})
	return nil
}

// write numbers the rows. Partitions are packed side by side and do not know each
// other's row counts, so the split's partition is the high half of seq_no.
func (p *packTask) write(t *flow.Task, b *builder) error {
	out, err := t.Create(fileShard)
	if err != nil {
		return err
	}
	w := shard.NewTokenWriter(out)
	w.SetMeta(shard.KeyTokenizer, b.encoder.Fingerprint())
	w.SetMeta(shard.KeyConfig, b.buildKey)
	part := t.Index
	if part >= b.packParts {
		part -= b.packParts
	}
	for i, r := range p.rows {
		r.SeqNo = int64(part)<<32 | int64(i)
		if err := w.Write(r); err != nil {
			return err
		}
	}
	return w.Close()
}
