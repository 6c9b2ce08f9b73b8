package build

import (
	"context"
	"fmt"
	"strconv"

	"huihai/data"
	"huihai/data/build/record"
	"huihai/data/flow"
	"huihai/data/score"
	"huihai/data/shard"
	"huihai/data/substring"
	"huihai/tokenizer"
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

// packParts are the partitions of rows: those for training, and behind them those
// for validation.
type packParts struct{ Train, Held int }

func (p packParts) all() int { return p.Train + p.Held }

type documentsConfig struct {
	Trim        trimSettings
	Walk        walkConfig
	Sample      SampleConfig
	MeanQuality float64 // of kept documents
	Seed        uint64
	Parts       packParts
	Tokenizer   flow.Input
	BuildKey    string // stands in the files
}

// documentsShard is what differs between tasks.
type documentsShard struct {
	walkShard
	End int64 // number behind the shard's last document
}

var documentsStage = flow.Stage[documentsConfig, documentsShard]{Name: StageDocuments, Run: documentsTask}

// writeDocuments writes every document with what is known of it, and sends the
// tokens of the kept ones to the partitions of pack.
func (b *builder) writeDocuments(ctx context.Context) (err error) {
	b.parts = packParts{
		Train: int(1 + b.read.TextBytes/b.packBytes),
		Held:  int(1 + b.cfg.ValidationFraction*float64(b.read.TextBytes)/float64(b.packBytes)),
	}
	work := flow.Work[documentsConfig, documentsShard]{
		Config: documentsConfig{b.cfg.trimSettings(), b.walk(), b.cfg.Sample, b.decided.MeanQuality, b.cfg.Seed, b.parts, b.tokenizerFile, b.buildKey},
		Total:  b.read.TextBytes, Partitions: b.parts.all(), Memory: documentsMemory,
	}
	for i, s := range b.judgedWork(b.found, true) {
		work.Tasks = append(work.Tasks, flow.Spec[documentsShard]{
			Params: documentsShard{s.Params, b.offsets[i+1]}, From: s.From, Partition: s.Partition, Inputs: append(s.Inputs, b.tokenizerFile),
		})
	}
	b.written, err = run(ctx, b, documentsStage, work)
	return err
}

func (b *builder) documentsSummary() string { return fmt.Sprintf("%d shards", len(b.written)) }

func documentsTask(ctx context.Context, t *flow.Task, c documentsConfig, p documentsShard) error {
	enc, err := flow.Shared(t, func() (*tokenizer.Tokenizer, error) { return loadEncoder(c.Tokenizer.Path) })
	if err != nil {
		return err
	}
	out, err := t.Create(fileShard)
	if err != nil {
		return err
	}
	d := documentWriter{c: c, t: t, encoder: enc, w: shard.NewDocumentWriter(out), info: documentsInfo{
		Status: map[string]Tally{}, Cut: map[string]Tally{}, Languages: map[string]Tally{}, Sources: map[string]Tally{}, KeptLanguages: map[string]Tally{}, KeptSources: map[string]Tally{},
		Splits: map[string]Tally{}, Tokens: map[string]int64{}, Sampled: map[string]Sampled{}, Survey: newSurvey(),
	}}
	d.unigram[0], d.unigram[1] = make([]int64, enc.VocabSize()), make([]int64, enc.VocabSize())
	trim := newTrimmer(c.Trim)
	err = eachJoined(ctx, t, c.Walk, p.walkShard, func(j *joined) error {
		if err := trim.trim(j); err != nil {
			return err
		}
		return d.document(j)
	})
	if err != nil {
		return err
	}
	d.info.Passages = trim.passages
	d.w.SetMeta(shard.KeyTokenizer, enc.Fingerprint())
	d.w.SetMeta(shard.KeyConfig, c.BuildKey)
	if p.End > p.First {
		d.w.SetMeta(shard.KeyMinDoc, strconv.FormatInt(p.First, 10))
		d.w.SetMeta(shard.KeyMaxDoc, strconv.FormatInt(p.End-1, 10))
	}
	if err := d.w.Close(); err != nil {
		return err
	}
	t.AddRows(d.w.Rows())
	t.SetInfo(d.info)
	return d.writeUnigram()
}

// documentWriter is the state of one documents task.
type documentWriter struct {
	c       documentsConfig
	t       *flow.Task
	encoder *tokenizer.Tokenizer
	w       *shard.Writer[shard.Document]
	info    documentsInfo
	rows    rowMaker
	tokens  record.Tokens
	unigram [2][]int64
	enc     record.Encoder
}

func (d *documentWriter) document(j *joined) error {
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
		w := d.c.Sample.weight(row.Source, float64(row.Quality), d.c.MeanQuality, row.ClusterSize)
		row.SampleWeight, row.Copies = float32(w), int32(copiesOf(w, row.ID, d.c.Seed))
		left := len(j.text)
		count(d.info.KeptLanguages, j.judged.Language, left)
		count(d.info.KeptSources, j.raw.Source, left)
		count(d.info.Splits, j.split, left)
		if err := d.tokenise(j, int(row.Copies)); err != nil {
			return err
		}
		row.TokenCount = int32(len(d.tokens.IDs))
	}
	d.info.Survey.add(&row, kept, j.detail())
	return d.w.Write(row)
}

func count(m map[string]Tally, key string, bytes int) {
	v := m[key]
	v.add(bytes)
	m[key] = v
}

// tokenise encodes the text, closes it with EOS and emits it as often as it is
// to stand in the rows. A record sorts by source, then in shuffled order.
func (d *documentWriter) tokenise(j *joined, copies int) error {
	d.tokens.IDs = append(d.encoder.AppendEncodeUser(d.tokens.IDs[:0], j.text), d.encoder.EOS())
	s := d.info.Sampled[j.split]
	s.Copies += int64(copies)
	s.Tokens += int64(copies) * int64(len(d.tokens.IDs))
	if copies == 0 {
		s.LeftOut.add(len(j.text))
		s.LeftOutTokens += int64(len(d.tokens.IDs))
	}
	d.info.Sampled[j.split] = s
	d.info.Tokens[j.split] += int64(len(d.tokens.IDs))
	for i := range copies {
		if err := d.emit(j, i); err != nil {
			return err
		}
	}
	which := 0
	if j.split == data.Validation {
		which = 1
	}
	for _, id := range d.tokens.IDs {
		d.unigram[which][id]++
	}
	return nil
}

// emit sends one copy to the partition that its shuffle hash says; the last ones
// are the validation split's.
func (d *documentWriter) emit(j *joined, copy int) error {
	id := j.raw.ID
	if copy > 0 {
		id += "#" + strconv.Itoa(copy)
	}
	key := shuffleHash(id, d.c.Seed)
	part := int(key % uint64(d.c.Parts.Train))
	if j.split == data.Validation {
		part = d.c.Parts.Train + int(key%uint64(d.c.Parts.Held))
	}
	d.tokens.Source, d.tokens.Key, d.tokens.Doc = j.raw.Source, key, j.doc
	d.tokens.Encode(&d.enc)
	return d.t.Emit(part, d.enc.Bytes())
}

func (d *documentWriter) writeUnigram() error {
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
		record.Unigram{ID: uint64(id), Train: train, Validation: validation}.Encode(&d.enc)
		if err := w.Write(d.enc.Bytes()); err != nil {
			return err
		}
	}
	return w.Close()
}
