package data

import (
	"context"
	"encoding/binary"
	"strconv"

	"huihai/data/flow"
	"huihai/data/score"
	"huihai/data/shard"
)

const (
	fileShard   = "shard.parquet" // documents and pack
	fileUnigram = "unigram.rec"   // documents: id, count in train, count in validation
)

// Tally counts documents and their cleaned bytes.
type Tally struct {
	Documents int64 `json:"documents"`
	Bytes     int64 `json:"bytes"`
}

func (t *Tally) add(bytes int) {
	t.Documents++
	t.Bytes += int64(bytes)
}

// documentsInfo are the counters of a documents task.
type documentsInfo struct {
	Status    map[string]Tally `json:"status"`    // all documents
	Languages map[string]Tally `json:"languages"` // kept ones
	Sources   map[string]Tally `json:"sources"`   // kept ones
	Splits    map[string]Tally `json:"splits"`    // kept ones
	Tokens    map[string]int64 `json:"tokens"`    // by split
}

// writeDocuments writes every document with what is known of it, and sends the
// tokens of the kept ones to the partitions of pack.
func (b *builder) writeDocuments(ctx context.Context) error {
	// About 256 MiB of text, some 100 million tokens, are packed at a time; the
	// last partition is the validation split.
	b.packParts = int(1 + b.read.TextBytes/(256<<20))
	st := flow.Stage{Name: StageDocuments, Code: "2", Total: b.read.TextBytes, Partitions: b.packParts + 1, Config: b.buildKey, Memory: 256 << 20}
	specs := make([]flow.Spec, len(b.gathered))
	for i := range b.gathered {
		specs[i].Inputs = []flow.Input{b.gathered[i].Input(fileDocuments), b.scored[i].Input(fileScores), b.tokenizerFile}
		specs[i].Params = []any{b.offsets[i], b.clusters.Validation}
	}
	var err error
	b.written, err = b.engine.Join(ctx, st, specs, b.findings(), b.documentsTask)
	return err
}

func (b *builder) documentsTask(ctx context.Context, t *flow.Task, found *flow.Merge) error {
	out, err := t.Create(fileShard)
	if err != nil {
		return err
	}
	from, to := b.offsets[t.Index], b.offsets[t.Index+1]
	d := documentsTask{b: b, t: t, w: shard.NewDocumentWriter(out), eos: b.encoder.EOS(), info: documentsInfo{
		Status: map[string]Tally{}, Languages: map[string]Tally{}, Sources: map[string]Tally{}, Splits: map[string]Tally{}, Tokens: map[string]int64{},
	}}
	d.unigram[0], d.unigram[1] = make([]int64, b.encoder.VocabSize()), make([]int64, b.encoder.VocabSize())
	if err := b.eachJoined(ctx, t.Index, found, d.document); err != nil {
		return err
	}
	d.w.SetMeta(shard.KeyTokenizer, b.encoder.Fingerprint())
	d.w.SetMeta(shard.KeyConfig, b.buildKey)
	if to > from {
		d.w.SetMeta(shard.KeyMinDoc, strconv.FormatInt(from, 10))
		d.w.SetMeta(shard.KeyMaxDoc, strconv.FormatInt(to-1, 10))
	}
	if err := d.w.Close(); err != nil {
		return err
	}
	t.AddRows(d.w.Rows())
	t.SetInfo(d.info)
	return d.writeUnigram()
}

type documentsTask struct {
	b       *builder
	t       *flow.Task
	w       *shard.Writer[shard.Document]
	eos     int32
	info    documentsInfo
	tokens  []int32
	paras   []shard.Paragraph
	unigram [2][]int64
	enc     encoder
}

func (d *documentsTask) document(j *joined) (bool, error) {
	size := len(j.raw.Text)
	d.t.Progress(int64(size))
	count(d.info.Status, j.status, size)
	d.tokens = d.tokens[:0]
	if j.status == score.Kept {
		count(d.info.Languages, j.judged.Language, size)
		count(d.info.Sources, j.raw.Source, size)
		count(d.info.Splits, j.split, size)
		if err := d.tokenise(j); err != nil {
			return false, err
		}
	}
	row := d.row(j)
	return true, d.w.Write(row)
}

func count(m map[string]Tally, key string, bytes int) {
	v := m[key]
	v.add(bytes)
	m[key] = v
}

// row makes the Parquet row; its paragraphs are reused by the next.
func (d *documentsTask) row(j *joined) shard.Document {
	raw, g := &j.raw, &j.judged
	m := j.member
	row := shard.Document{
		ID: raw.ID, DocNo: j.doc, Text: raw.Text, Source: raw.Source, URL: raw.URL, FilePath: raw.FilePath,
		ByteOffset: raw.ByteOffset, RawSHA: raw.RawSHA, Meta: raw.Meta,
		Language: g.Language, LanguageScript: g.Script, LanguageScore: g.LanguageScore, HanRatio: g.HanRatio,
		Quality: g.Quality, Words: g.Units, DupNGram: g.DupNGram, DupLine: g.DupLine,
		ExactHash: int64(binary.BigEndian.Uint64(g.Exact[:])), ClusterID: m.Cluster, ClusterSize: m.Size, IsCanonical: m.Canonical,
		Status: j.status, Split: j.split, TokenCount: int32(len(d.tokens)),
	}
	if j.status == score.Kept {
		row.SampleWeight = 1
	}
	row.Paragraphs, row.DupParaFrac = d.paragraphs(j)
	return row
}

func (d *documentsTask) paragraphs(j *joined) ([]shard.Paragraph, float32) {
	d.paras = d.paras[:0]
	for _, p := range j.judged.Paragraphs {
		d.paras = append(d.paras, shard.Paragraph{Start: p.Start, End: p.End, Quality: p.Quality, DupCount: 1, Flags: int32(p.Flags)})
	}
	for _, c := range j.copies {
		if c.level != levelParagraph {
			continue
		}
		if int(c.index) >= len(d.paras) {
			return d.paras, 0 // of another build: the records' digests rule it out
		}
		d.paras[c.index].DupCount = int32(c.count)
	}
	dup, all := 0, 0
	for _, p := range d.paras {
		all += int(p.End - p.Start)
		if p.DupCount > 1 {
			dup += int(p.End - p.Start)
		}
	}
	return d.paras, float32(share(dup, all))
}

// tokenise encodes the text, closes it with EOS and emits it. The record sorts
// by source, then in shuffled order.
func (d *documentsTask) tokenise(j *joined) error {
	d.tokens = append(d.b.encoder.AppendEncode(d.tokens, j.raw.Text), d.eos)
	d.info.Tokens[j.split] += int64(len(d.tokens))
	key := shuffleHash(j.raw.ID, d.b.cfg.Seed)
	part, which := int(key%uint64(d.b.packParts)), 0
	if j.split == Validation {
		part, which = d.b.packParts, 1
	}
	d.enc.reset()
	d.enc.raw([]byte(j.raw.Source))
	d.enc.byte(0)
	d.enc.u64(key)
	d.enc.u64(uint64(j.doc))
	d.enc.float(1)
	for _, id := range d.tokens {
		d.unigram[which][id]++
		d.enc.uint(uint64(id))
	}
	return d.t.Emit(part, d.enc.b)
}

func (d *documentsTask) writeUnigram() error {
	out, err := d.t.Create(fileUnigram)
	if err != nil {
		return err
	}
	w := flow.NewRecordWriter(out)
	for id := range d.unigram[0] {
		train, validation := d.unigram[0][id], d.unigram[1][id]
		if train == 0 && validation == 0 {
			continue
		}
		d.enc.reset()
		d.enc.uint(uint64(id))
		d.enc.uint(uint64(train))
		d.enc.uint(uint64(validation))
		if err := w.Write(d.enc.b); err != nil {
			return err
		}
	}
	return w.Close()
}
