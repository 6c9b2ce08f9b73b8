package data

import (
	"context"
	"strconv"

	"huihai/data/flow"
	"huihai/data/score"
	"huihai/data/shard"
	"huihai/data/substring"
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
	Status        map[string]Tally   `json:"status"`    // all documents
	Cut           map[string]Tally   `json:"cut"`       // pieces of kept documents, by reason
	Languages     map[string]Tally   `json:"languages"` // all documents
	Sources       map[string]Tally   `json:"sources"`   // all documents
	KeptLanguages map[string]Tally   `json:"kept_languages"`
	KeptSources   map[string]Tally   `json:"kept_sources"`
	Splits        map[string]Tally   `json:"splits"` // kept ones
	Tokens        map[string]int64   `json:"tokens"` // of kept documents, by split
	Sampled       map[string]Sampled `json:"sampled"`
	Passages      substring.Counts   `json:"passages"`
	Survey        *Survey            `json:"survey"`
}

// Sampled is what sampling made of a split's documents.
type Sampled struct {
	Copies        int64 `json:"copies"` // documents in rows, repeated ones counted again
	Tokens        int64 `json:"tokens"` // of them
	LeftOut       Tally `json:"left_out"`
	LeftOutTokens int64 `json:"left_out_tokens"`
}

func (s Sampled) plus(o Sampled) Sampled {
	return Sampled{s.Copies + o.Copies, s.Tokens + o.Tokens, s.LeftOut.plus(o.LeftOut), s.LeftOutTokens + o.LeftOutTokens}
}

// writeDocuments writes every document with what is known of it, and sends the
// tokens of the kept ones to the partitions of pack.
func (b *builder) writeDocuments(ctx context.Context) error {
	// The last partitions are the validation split's.
	b.packParts = int(1 + b.read.TextBytes/b.packBytes)
	b.heldParts = int(1 + b.cfg.ValidationFraction*float64(b.read.TextBytes)/float64(b.packBytes))
	st := flow.Stage{Name: StageDocuments, Code: "9", Total: b.read.TextBytes, Partitions: b.packParts + b.heldParts, Config: b.buildKey, Memory: documentsMemory}
	specs := make([]flow.Spec, len(b.gathered))
	for i := range b.gathered {
		specs[i].Inputs = []flow.Input{b.gathered[i].Input(fileDocuments), b.scored[i].Input(fileScores), b.tokenizerFile}
		specs[i].Params = []any{b.offsets[i], b.decided.Validation}
	}
	var err error
	b.written, err = b.engine.Join(ctx, st, specs, b.found, b.documentsTask)
	return err
}

func (b *builder) documentsTask(ctx context.Context, t *flow.Task, found *flow.Merge) error {
	out, err := t.Create(fileShard)
	if err != nil {
		return err
	}
	from, to := b.offsets[t.Index], b.offsets[t.Index+1]
	d := documentsTask{b: b, t: t, w: shard.NewDocumentWriter(out), eos: b.encoder.EOS(), info: documentsInfo{
		Status: map[string]Tally{}, Cut: map[string]Tally{}, Languages: map[string]Tally{}, Sources: map[string]Tally{}, KeptLanguages: map[string]Tally{}, KeptSources: map[string]Tally{},
		Splits: map[string]Tally{}, Tokens: map[string]int64{}, Sampled: map[string]Sampled{}, Survey: newSurvey(),
	}}
	d.unigram[0], d.unigram[1] = make([]int64, b.encoder.VocabSize()), make([]int64, b.encoder.VocabSize())
	trim := newTrimmer(b.cfg)
	if err := b.eachJoined(ctx, t.Index, found, trim, d.document); err != nil {
		return err
	}
	d.info.Passages = trim.passages
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
	rows    rowMaker
	tokens  []int32
	unigram [2][]int64
	enc     encoder
}

func (d *documentsTask) document(j *joined) (bool, error) {
	size := len(j.raw.Text)
	d.t.Progress(int64(size))
	for _, r := range j.removed {
		count(d.info.Cut, r.Reason, len(r.Text))
	}
	row := d.rows.row(j)
	kept := j.status == score.Kept
	count(d.info.Status, j.status, size)
	count(d.info.Languages, j.judged.Language, size)
	count(d.info.Sources, j.raw.Source, size)
	if kept {
		cfg := d.b.cfg.Sample
		w := cfg.weight(row.Source, float64(row.Quality), d.b.decided.MeanQuality, row.ClusterSize)
		row.SampleWeight, row.Copies = float32(w), int32(copiesOf(w, row.ID, d.b.cfg.Seed))
		left := len(j.text)
		count(d.info.KeptLanguages, j.judged.Language, left)
		count(d.info.KeptSources, j.raw.Source, left)
		count(d.info.Splits, j.split, left)
		if err := d.tokenise(j, int(row.Copies)); err != nil {
			return false, err
		}
		row.TokenCount = int32(len(d.tokens))
	}
	d.info.Survey.add(&row, kept, j.detail())
	return true, d.w.Write(row)
}

func count(m map[string]Tally, key string, bytes int) {
	v := m[key]
	v.add(bytes)
	m[key] = v
}

// tokenise encodes the text, closes it with EOS and emits it as often as it is
// to stand in the rows. A record sorts by source, then in shuffled order.
func (d *documentsTask) tokenise(j *joined, copies int) error {
	d.tokens = append(d.b.encoder.AppendEncode(d.tokens[:0], j.text), d.eos)
	s := d.info.Sampled[j.split]
	s.Copies += int64(copies)
	s.Tokens += int64(copies) * int64(len(d.tokens))
	if copies == 0 {
		s.LeftOut.add(len(j.text))
		s.LeftOutTokens += int64(len(d.tokens))
	}
	d.info.Sampled[j.split] = s
	d.info.Tokens[j.split] += int64(len(d.tokens))
	for i := range copies {
		if err := d.emit(j, i); err != nil {
			return err
		}
	}
	which := 0
	if j.split == Validation {
		which = 1
	}
	for _, id := range d.tokens {
		d.unigram[which][id]++
	}
	return nil
}

// emit sends one copy to the partition that its shuffle hash says; the last ones
// are the validation split's.
func (d *documentsTask) emit(j *joined, copy int) error {
	id := j.raw.ID
	if copy > 0 {
		id += "#" + strconv.Itoa(copy)
	}
	key := shuffleHash(id, d.b.cfg.Seed)
	part := int(key % uint64(d.b.packParts))
	if j.split == Validation {
		part = d.b.packParts + int(key%uint64(d.b.heldParts))
	}
	d.enc.reset()
	d.enc.raw([]byte(j.raw.Source))
	d.enc.byte(0)
	d.enc.u64(key)
	d.enc.u64(uint64(j.doc))
	for _, id := range d.tokens {
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
