package data

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"sort"

	"huihai/data/dedup"
	"huihai/data/flow"
	"huihai/data/score"
	"huihai/data/shard"
	"huihai/data/substring"
)

// Reasons for dropping that are not rules of package score.
const (
	ReasonExactDuplicate    = "exact_duplicate"
	ReasonNearDuplicate     = "near_duplicate"
	ReasonSemanticDuplicate = "semantic_duplicate"
	ReasonPassages          = "duplicate_passages" // most of the text
	ReasonLittleLeft        = "little_left"        // of the text, after copies were taken out
)

// joined is a document with all that the stages found out about it.
type joined struct {
	doc     int64
	raw     rawDocument
	judged  judgement
	member  dedup.Member // Cluster is -1 when the document is in none
	sem     semantic
	copies  []copies         // of its spans, by level and number
	marks   []substring.Mark // passages that occur elsewhere too
	anchors []uint32         // numbers of segments whose anchors occur elsewhere too
	status  string
	split   string

	// What a trimmer makes of the document.
	text                  string
	removed               []shard.Removed
	paragraphs, sentences []score.Span
}

// shardOf returns the shard that a document is in.
func (b *builder) shardOf(doc int64) int {
	return sort.Search(len(b.offsets)-1, func(i int) bool { return b.offsets[i+1] > doc })
}

// findings are the partitions, one per shard, of what stages found out about
// documents: records that begin with the document's number and a kind.
type findings struct {
	in   *flow.Merge
	next []byte
	end  bool
}

// findingMember is the kind of a place in a cluster of documents; the kinds of
// copies of spans are their levels.
const findingMember = 'm'

// of calls fn for the findings about a document. Documents must be asked for in
// ascending order.
func (f *findings) of(doc int64, fn func(kind byte, rest []byte) error) error {
	for !f.end {
		if f.next == nil {
			rec, err := f.in.Next()
			if errors.Is(err, io.EOF) {
				f.end = true
				return nil
			}
			if err != nil {
				return err
			}
			if len(rec) < 9 {
				return errRecord
			}
			f.next = rec
		}
		at := int64(binary.BigEndian.Uint64(f.next))
		if at > doc {
			return nil
		}
		rec := f.next
		f.next = nil
		if at < doc {
			return fmt.Errorf("data: a finding about document %d, which is not in this shard: %w", at, errRecord)
		}
		if err := fn(rec[8], rec[9:]); err != nil {
			return err
		}
	}
	return nil
}

// finding stores one finding.
func (d *joined) finding(kind byte, rest []byte) (err error) {
	switch kind {
	case findingMember:
		d.member, err = decodeMember(d.doc, rest)
	case findingSemantic:
		err = d.sem.add(rest)
	case findingCopy:
		x := decoder{b: rest}
		d.sem.better = int64(x.u64())
		err = x.finish()
	case findingMark:
		var m substring.Mark
		m, err = decodeMark(d.doc, rest)
		d.marks = append(d.marks, m)
	case findingAnchor:
		x := decoder{b: rest}
		d.anchors = append(d.anchors, x.u32())
		err = x.finish()
	case levelParagraph, levelSentence:
		var c copies
		if c, err = decodeCopies(d.doc, kind, rest); err != nil {
			return err
		}
		if spans := d.spans(kind); int(c.index) >= len(spans) {
			return errRecord
		}
		d.copies = append(d.copies, c)
	default:
		err = errRecord
	}
	return err
}

// spans returns the document's spans of a level.
func (d *joined) spans(level byte) []score.Span {
	if level == levelSentence {
		return d.judged.Sentences
	}
	return d.judged.Paragraphs
}

// eachJudged walks the judgements of a shard with the findings about its
// documents. The texts are not read.
func (b *builder) eachJudged(ctx context.Context, shard int, found *flow.Merge, fn func(*joined) (more bool, err error)) error {
	f := findings{in: found}
	d := joined{doc: b.offsets[shard] - 1}
	stopped := false
	err := eachRecord(b.scored[shard].Path(fileScores), func(rec []byte) (bool, error) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if err := b.judged(&d, rec, &f); err != nil {
			return false, err
		}
		more, err := fn(&d)
		stopped = !more
		return more, err
	})
	if err != nil || stopped {
		return err
	}
	return f.of(d.doc+1, d.finding) // reaches the end, where the records are checked
}

// judged fills d with the next document's judgement and findings.
func (b *builder) judged(d *joined, rec []byte, f *findings) error {
	d.doc++
	d.member, d.sem = dedup.Member{Doc: d.doc, Cluster: -1, Size: 1, Canonical: true}, semantic{cluster: -1, better: -1}
	d.copies, d.marks, d.anchors = d.copies[:0], d.marks[:0], d.anchors[:0]
	if err := d.judged.decode(rec); err != nil {
		return err
	}
	if err := f.of(d.doc, d.finding); err != nil {
		return err
	}
	d.decide(b.decided.Validation, b.cfg.Semantic.Drop)
	return nil
}

// semantic is a document's place among dense clusters.
type semantic struct {
	cluster int32
	sim     float32 // greatest cosine to a better document
	better  int64   // whose copy it is, -1 for none
}

func (s *semantic) add(rest []byte) error {
	d := decoder{b: rest}
	if c := d.u32(); c != math.MaxUint32 {
		s.cluster = int32(c)
	}
	s.sim = max(s.sim, d.float())
	return d.finish()
}

// eachJoined walks the documents of a shard with all that is known of them, and
// with what is left of the texts of kept ones.
func (b *builder) eachJoined(ctx context.Context, shard int, found *flow.Merge, trim *trimmer, fn func(*joined) (more bool, err error)) error {
	return b.eachText(ctx, shard, found, func(d *joined) (bool, error) {
		if err := trim.trim(d); err != nil {
			return false, err
		}
		return fn(d)
	})
}

// eachText walks the documents of a shard as they were cleaned, with all that is
// known of them.
func (b *builder) eachText(ctx context.Context, shard int, found *flow.Merge, fn func(*joined) (more bool, err error)) error {
	texts, err := openRecords(b.gathered[shard].Path(fileDocuments))
	if err != nil {
		return err
	}
	defer texts.Close()
	return b.eachJudged(ctx, shard, found, func(d *joined) (bool, error) {
		rec, err := texts.Next()
		if errors.Is(err, io.EOF) {
			return false, fmt.Errorf("data: fewer documents than judgements: %w", errRecord)
		}
		if err != nil {
			return false, err
		}
		if err := d.raw.decode(rec); err != nil {
			return false, err
		}
		return fn(d)
	})
}

// decide sets status and split.
func (d *joined) decide(validationBelow uint64, dropSemantic bool) {
	d.status, d.split = d.judged.Reason, ""
	if !d.member.Canonical {
		d.status = ReasonNearDuplicate
		if d.member.Exact {
			d.status = ReasonExactDuplicate
		}
	} else if d.status == score.Kept && dropSemantic && d.sem.better >= 0 {
		d.status = ReasonSemanticDuplicate
	}
	if d.status != score.Kept {
		return
	}
	d.split = Train
	if d.judged.SplitHash < validationBelow {
		d.split = Validation
	}
}
