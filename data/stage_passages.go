package data

import (
	"context"
	"encoding/binary"
	"errors"
	"io"

	"huihai/data/flow"
	"huihai/data/score"
	"huihai/data/substring"
)

// PassagesConfig chooses what happens to passages that occur more than once in
// kept documents, byte for byte.
type PassagesConfig struct {
	// Find looks for them.
	Find             bool `yaml:"find" mapstructure:"find"`
	substring.Config `yaml:",inline" mapstructure:",squash"`
}

// Kinds of findings about passages.
const (
	findingMark   = 'k' // a range of repeated windows: start 4, end 4, whether it stays 1
	findingAnchor = 'a' // number of a segment whose anchor occurs elsewhere too 4
)

// passages finds repeated passages: anchors that occur once are left alone, and
// the segments around the others are compared by suffix arrays.
func (b *builder) passages(ctx context.Context) error {
	parts := int(min(1024, 1+b.read.TextBytes/(128<<20)))
	texts := make([]flow.Spec, len(b.gathered))
	for i := range texts {
		texts[i] = flow.Spec{Inputs: []flow.Input{b.gathered[i].Input(fileDocuments), b.scored[i].Input(fileScores)}, Params: []any{b.offsets[i], b.decided.Validation}}
	}
	cfg := b.cfg.Passages.Config
	st := flow.Stage{Name: StageAnchors, Code: "1", Total: b.read.TextBytes, Partitions: parts, Config: cfg, Memory: 32 << 20}
	anchored, err := b.engine.Join(ctx, st, texts, b.found, b.anchorsTask)
	if err != nil {
		return err
	}
	st = flow.Stage{Name: StageRepeats, Code: "1", Total: int64(parts), Partitions: len(b.gathered), Config: []any{cfg, b.offsets}}
	repeated, err := b.engine.Reduce(ctx, st, parts, anchored, flow.Spec{}, b.repeatsTask)
	if err != nil {
		return err
	}
	// Marks inside a document go to its shard, segments to the partitions behind.
	st = flow.Stage{Name: StageSegments, Code: "1", Total: b.read.TextBytes, Partitions: len(b.gathered) + parts, Config: []any{cfg, b.offsets}, Memory: 32 << 20}
	found := append(b.found[:len(b.found):len(b.found)], repeated...)
	segmented, err := b.engine.Join(ctx, st, texts, found, b.segmentsTask)
	if err != nil {
		return err
	}
	st = flow.Stage{Name: StagePassages, Code: "1", Total: int64(parts), First: len(b.gathered), Partitions: len(b.gathered), Config: []any{cfg, b.offsets}, Memory: passagesMemory}
	matched, err := b.engine.Reduce(ctx, st, parts, segmented, flow.Spec{}, b.matchTask)
	if err != nil {
		return err
	}
	b.found = append(append(b.found, segmented...), matched...)
	for _, r := range matched {
		var info substring.MatchCounts
		if err := r.DecodeInfo(&info); err != nil {
			return err
		}
		b.matches.Add(info)
	}
	return nil
}

// anchorsTask emits the anchors of kept documents to the partition of their hash.
func (b *builder) anchorsTask(ctx context.Context, t *flow.Task, found *flow.Merge) error {
	s := substring.NewSegmenter(b.cfg.Passages.Config)
	var rec []byte
	return b.eachKeptText(ctx, t, found, func(d *joined) error {
		segs, _ := s.Segments(d.raw.Text)
		for i, x := range segs {
			rec = substring.AppendAnchor(rec[:0], x, d.doc, i)
			if err := t.Emit(int(mixHash(x.Hash)%uint64(t.Partitions())), rec); err != nil {
				return err
			}
		}
		return nil
	})
}

// eachKeptText walks the cleaned texts of the kept documents of a shard.
func (b *builder) eachKeptText(ctx context.Context, t *flow.Task, found *flow.Merge, fn func(*joined) error) error {
	return b.eachText(ctx, t.Index, found, func(d *joined) (bool, error) {
		t.Progress(int64(len(d.raw.Text)))
		if d.status != score.Kept {
			return true, nil
		}
		err := fn(d)
		return err == nil, err
	})
}

const anchorRecord = 8 + 8 + 4 // hash, document, number

// repeatsTask passes on the anchors that occur more than once.
func (b *builder) repeatsTask(ctx context.Context, t *flow.Task, in *flow.Merge) error {
	var first [anchorRecord]byte
	held := false
	var enc encoder
	emit := func(rec []byte) error {
		doc := binary.BigEndian.Uint64(rec[8:])
		enc.reset()
		enc.u64(doc)
		enc.byte(findingAnchor)
		enc.raw(rec[16:])
		return t.Emit(b.shardOf(int64(doc)), enc.b)
	}
	defer t.Progress(1)
	return eachMerged(ctx, in, func(rec []byte) error {
		if len(rec) != anchorRecord {
			return errRecord
		}
		if [8]byte(rec) != [8]byte(first[:8]) || first == [anchorRecord]byte{} {
			first, held = [anchorRecord]byte(rec), true
			return nil
		}
		if held {
			held = false
			if err := emit(first[:]); err != nil {
				return err
			}
		}
		return emit(rec)
	})
}

// eachMerged calls fn for all records.
func eachMerged(ctx context.Context, in *flow.Merge, fn func([]byte) error) error {
	for n := 0; ; n++ {
		rec, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if n%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := fn(rec); err != nil {
			return err
		}
	}
}

// segmentsTask emits the segments whose anchors occur elsewhere too, and marks
// what repeats itself within a document.
func (b *builder) segmentsTask(ctx context.Context, t *flow.Task, found *flow.Merge) error {
	s := substring.NewSegmenter(b.cfg.Passages.Config)
	parts := uint64(t.Partitions() - len(b.gathered))
	var enc encoder
	return b.eachKeptText(ctx, t, found, func(d *joined) error {
		if len(d.anchors) == 0 {
			return nil
		}
		segs, local := s.Segments(d.raw.Text)
		for _, x := range local {
			enc.reset()
			encodeMark(&enc, substring.Mark{Doc: d.doc, Span: x})
			if err := t.Emit(t.Index, enc.b); err != nil {
				return err
			}
		}
		for _, i := range d.anchors {
			if int(i) >= len(segs) {
				return errRecord
			}
			x := segs[i]
			enc.b = substring.AppendSegment(enc.b[:0], x, d.raw.Text, d.doc, d.judged.Quality)
			if err := t.Emit(len(b.gathered)+int(mixHash(x.Hash)%parts), enc.b); err != nil {
				return err
			}
		}
		return nil
	})
}

// matchTask compares segments around equal anchors and tells the documents.
func (b *builder) matchTask(ctx context.Context, t *flow.Task, in *flow.Merge) error {
	var enc encoder
	m := substring.NewMatcher(b.cfg.Passages.Config, func(x substring.Mark) error {
		enc.reset()
		encodeMark(&enc, x)
		return t.Emit(b.shardOf(x.Doc), enc.b)
	})
	defer t.Progress(1)
	if err := eachMerged(ctx, in, m.Add); err != nil {
		return err
	}
	err := m.Close()
	t.SetInfo(m.Counts())
	return err
}

func encodeMark(e *encoder, m substring.Mark) {
	e.u64(uint64(m.Doc))
	e.byte(findingMark)
	e.u32(uint32(m.Start))
	e.u32(uint32(m.End))
	kept := byte(0)
	if m.Kept {
		kept = 1
	}
	e.byte(kept)
}

func decodeMark(doc int64, rest []byte) (substring.Mark, error) {
	d := decoder{b: rest}
	m := substring.Mark{Doc: doc, Span: substring.Span{Start: int32(d.u32()), End: int32(d.u32())}, Kept: d.byte() == 1}
	return m, d.finish()
}
