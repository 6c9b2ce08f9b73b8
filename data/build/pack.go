package build

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"huihai/data"
	"huihai/data/build/record"
	"huihai/data/flow"
	"huihai/data/pack"
	"huihai/data/shard"
)

// packInfo are the counters of a pack task.
type packInfo struct {
	Ledger  pack.Ledger      `json:"ledger"`
	Sources map[string]int64 `json:"sources"`        // rows
	Runs    []data.Run       `json:"runs,omitempty"` // of the training split
}

type packConfig struct {
	Pack      pack.Config
	Seed      uint64
	EOS       int32
	Parts     packParts
	Tokenizer string // fingerprint
	BuildKey  string // stands in the files
}

var packStage = flow.Stage[packConfig, flow.None]{Name: StagePack, Run: packTask}

// pack lays the tokens of each partition into rows. Rows are of one source each,
// and rows of a source lie together, so that sources can be drawn by weight later
// without an index of rows.
func (b *builder) pack(ctx context.Context) (err error) {
	n := b.parts.all()
	b.packed, err = run(ctx, b, packStage, flow.Work[packConfig, flow.None]{
		Config: packConfig{b.cfg.Pack, b.cfg.Seed, b.vocab.EOS, b.parts, b.vocab.Fingerprint, b.buildKey},
		Tasks:  flow.Reduce(b.written, 0, n), Total: int64(n), Memory: documentsMemory,
	})
	return err
}

func (b *builder) packSummary() string {
	var rows int64
	for _, r := range b.packed {
		rows += r.Rows
	}
	return fmt.Sprintf("%d rows of %d tokens", rows, b.cfg.Pack.SequenceLength+1)
}

func packTask(ctx context.Context, t *flow.Task, c packConfig, _ flow.None) error {
	p := rowPacker{info: packInfo{Sources: map[string]int64{}}}
	p.packer = pack.New(c.Pack, c.EOS, p.keep)
	if err := record.EachOf(ctx, t.Records(), p.add); err != nil {
		return err
	}
	if err := p.packer.Flush(); err != nil {
		return err
	}
	p.shuffle(rand.New(rand.NewPCG(c.Seed, uint64(t.Index))), t.Index >= c.Parts.Train)
	p.info.Ledger = p.packer.Ledger()
	t.AddRows(int64(len(p.rows)))
	t.SetInfo(p.info)
	t.Progress(1)
	return p.write(t, c)
}

// shuffle puts the rows of each source into random order and notes the runs. Rows
// of the validation split, which is read in order and often only in part, are mixed
// over all sources.
func (p *rowPacker) shuffle(rng *rand.Rand, mixed bool) {
	for from := 0; from < len(p.rows); {
		to := from + 1
		for to < len(p.rows) && (mixed || p.rows[to].Source == p.rows[from].Source) {
			to++
		}
		run := p.rows[from:to]
		rng.Shuffle(len(run), func(i, j int) { run[i], run[j] = run[j], run[i] })
		if !mixed {
			p.info.Runs = append(p.info.Runs, data.Run{Source: run[0].Source, Rows: int64(len(run))})
		}
		from = to
	}
}

// rowPacker is the state of one pack task.
type rowPacker struct {
	packer *pack.Packer
	info   packInfo
	source string
	rows   []shard.TokenRow
	tokens record.Tokens
}

// add packs one document's record.
func (p *rowPacker) add(rec []byte) error {
	if err := p.tokens.Decode(rec); err != nil {
		return err
	}
	if p.tokens.Source != p.source {
		if err := p.packer.Flush(); err != nil {
			return err
		}
		p.source = p.tokens.Source
	}
	return p.packer.Add(p.tokens.Doc, p.tokens.IDs)
}

func (p *rowPacker) keep(r pack.Row) error {
	p.info.Sources[p.source]++
	p.rows = append(p.rows, shard.TokenRow{
		TokenIDs: slices.Clone(r.Tokens), DocNos: slices.Clone(r.Docs), DocStarts: slices.Clone(r.Starts),
		Source: p.source, Weight: 1,
	})
	return nil
}

// write numbers the rows. Partitions are packed side by side and do not know each
// other's row counts, so the split's partition is the high half of seq_no.
func (p *rowPacker) write(t *flow.Task, c packConfig) error {
	out, err := t.Create(fileShard)
	if err != nil {
		return err
	}
	w := shard.NewTokenWriter(out)
	w.SetMeta(shard.KeyTokenizer, c.Tokenizer)
	w.SetMeta(shard.KeyConfig, c.BuildKey)
	part := t.Index
	if part >= c.Parts.Train {
		part -= c.Parts.Train
	}
	for i, r := range p.rows {
		r.SeqNo = int64(part)<<32 | int64(i)
		if err := w.Write(r); err != nil {
			return err
		}
	}
	return w.Close()
}
