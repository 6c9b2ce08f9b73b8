package data

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"

	"huihai/data/dedup"
	"huihai/data/flow"
	"huihai/data/score"
)

// The levels of spans, as they stand in records.
const (
	levelParagraph = 'p'
	levelSentence  = 's'
)

// spansInfo counts spans among the kept documents.
type spansInfo struct {
	Paragraphs          int64 `json:"paragraphs"`
	Sentences           int64 `json:"sentences"`
	DuplicateParagraphs int64 `json:"duplicate_paragraphs"` // that occur elsewhere too
	DuplicateSentences  int64 `json:"duplicate_sentences"`
}

func (s *spansInfo) add(o spansInfo) {
	s.Paragraphs += o.Paragraphs
	s.Sentences += o.Sentences
	s.DuplicateParagraphs += o.DuplicateParagraphs
	s.DuplicateSentences += o.DuplicateSentences
}

// countSpans counts the copies of the paragraphs and sentences of kept documents.
// Only now, when it is known which documents stay: a paragraph whose best copy
// lies in a dropped document must not be lost with it.
func (b *builder) countSpans(ctx context.Context) error {
	parts := int(min(1024, 1+b.read.TextBytes/(64<<20)))
	cfg := [2]dedup.SpanConfig{b.cfg.Paragraphs, b.cfg.Sentences}
	st := flow.Stage{Name: StageSpans, Code: "2", Total: b.documents(), Partitions: parts, Config: cfg, Memory: 16 << 20}
	specs := make([]flow.Spec, len(b.gathered))
	for i := range specs {
		specs[i] = flow.Spec{Inputs: []flow.Input{b.scored[i].Input(fileScores)}, Params: b.offsets[i]}
	}
	emitted, err := b.engine.Join(ctx, st, specs, b.found, b.spansTask)
	if err != nil {
		return err
	}
	st = flow.Stage{Name: StageCopies, Code: "2", Total: int64(parts), Partitions: len(b.gathered), Config: []any{cfg, b.offsets}, Memory: 64 << 20}
	counted, err := b.engine.Reduce(ctx, st, parts, emitted, flow.Spec{}, b.copiesTask)
	if err != nil {
		return err
	}
	b.found = append(b.found, counted...)
	for _, r := range append(emitted, counted...) {
		var info spansInfo
		if err := r.DecodeInfo(&info); err != nil {
			return err
		}
		b.spans.add(info)
	}
	return nil
}

// spansTask emits, for every window of spans of a kept document that is to be
// compared: level, hash, quality from high to low, document, number of the span.
func (b *builder) spansTask(ctx context.Context, t *flow.Task, found *flow.Merge) error {
	s := spanEmitter{t: t, parts: uint64(t.Partitions())}
	trim := newTrimmer(b.cfg) // for its policies
	err := b.eachJudged(ctx, t.Index, found, func(d *joined) (bool, error) {
		t.Progress(1)
		if d.status != score.Kept {
			return true, nil
		}
		s.info.Paragraphs += int64(len(d.judged.Paragraphs))
		s.info.Sentences += int64(len(d.judged.Sentences))
		err := errors.Join(
			s.emit(d, levelParagraph, b.cfg.Paragraphs, trim.paragraphs, trim.spansOf(d.judged.Paragraphs)),
			s.emit(d, levelSentence, b.cfg.Sentences, trim.sentences, trim.spansOf(d.judged.Sentences)))
		return err == nil, err
	})
	t.SetInfo(s.info)
	return err
}

type spanEmitter struct {
	t     *flow.Task
	parts uint64
	info  spansInfo
	keys  []dedup.SpanKey
	enc   encoder
}

func (s *spanEmitter) emit(d *joined, level byte, cfg dedup.SpanConfig, policy *dedup.SpanPolicy, spans []dedup.Span) error {
	if cfg.Action == dedup.ActionOff {
		return nil
	}
	rank := uint32(0) // of the document; with keep first, documents go by number
	if cfg.Keep == "best" {
		rank = math.MaxUint32 - math.Float32bits(d.judged.Quality)
	}
	s.keys = policy.Keys(s.keys[:0], spans)
	for _, k := range s.keys {
		s.enc.reset()
		s.enc.byte(level)
		s.enc.u64(k.Hash)
		s.enc.u32(rank)
		s.enc.u64(uint64(d.doc))
		s.enc.u32(k.Index)
		if err := s.t.Emit(int(k.Hash%s.parts), s.enc.b); err != nil {
			return err
		}
	}
	return nil
}

const (
	spanKey    = 9          // level and hash
	spanRecord = 9 + 4 + 12 // and quality, document, number
)

// occurrence is one place of a span.
type occurrence struct {
	doc   int64
	index uint32
}

// copiesTask walks the groups of equal spans. The first of a group is in the
// document of the highest quality: it is the one that stays.
func (b *builder) copiesTask(ctx context.Context, t *flow.Task, in *flow.Merge) error {
	var key [spanKey]byte
	var group []occurrence
	var info spansInfo
	var enc encoder
	end := func() error {
		if len(group) < 2 {
			group = group[:0]
			return nil
		}
		for i, o := range group {
			enc.reset()
			encodeCopies(&enc, copies{doc: o.doc, level: key[0], index: o.index, count: uint32(len(group)), canonical: i == 0})
			if err := t.Emit(b.shardOf(o.doc), enc.b); err != nil {
				return err
			}
		}
		if key[0] == levelParagraph {
			info.DuplicateParagraphs += int64(len(group))
		} else {
			info.DuplicateSentences += int64(len(group))
		}
		group = group[:0]
		return nil
	}
	for n := 0; ; n++ {
		rec, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if len(rec) != spanRecord {
			return errRecord
		}
		if n%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if [spanKey]byte(rec) != key {
			if err := end(); err != nil {
				return err
			}
			key = [spanKey]byte(rec)
		}
		group = append(group, occurrence{int64(binary.BigEndian.Uint64(rec[13:])), binary.BigEndian.Uint32(rec[21:])})
	}
	t.Progress(1)
	err := end()
	t.SetInfo(info)
	return err
}

// copies says how often a span occurs in the kept documents.
type copies struct {
	doc       int64
	level     byte
	index     uint32
	count     uint32
	canonical bool // the occurrence that stays
}

func encodeCopies(e *encoder, c copies) {
	e.u64(uint64(c.doc))
	e.byte(c.level)
	e.u32(c.index)
	e.u32(c.count)
	flag := byte(0)
	if c.canonical {
		flag = 1
	}
	e.byte(flag)
}

// decodeCopies reads what follows document and level.
func decodeCopies(doc int64, level byte, rest []byte) (copies, error) {
	d := decoder{b: rest}
	c := copies{doc: doc, level: level, index: d.u32(), count: d.u32()}
	c.canonical = d.byte() == 1
	return c, d.finish()
}
