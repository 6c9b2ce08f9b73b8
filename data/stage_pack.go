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
	Sources map[string]int64 `json:"sources"` // rows
}

// pack lays the tokens of each partition into rows. Rows are of one source each,
// so that sources can be sampled by weight later.
func (b *builder) pack(ctx context.Context) error {
	st := flow.Stage{Name: StagePack, Code: "2", Total: int64(b.packParts + b.heldParts), Config: b.buildKey, Memory: documentsMemory}
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
	// Sources lie one after the other now; a reader of the file wants a mix.
	rng := rand.New(rand.NewPCG(b.cfg.Seed, uint64(t.Index)))
	rng.Shuffle(len(p.rows), func(i, j int) { p.rows[i], p.rows[j] = p.rows[j], p.rows[i] })
	p.info.Ledger = p.packer.Ledger()
	t.AddRows(int64(len(p.rows)))
	t.SetInfo(p.info)
	t.Progress(1)
	return p.write(t, b)
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
