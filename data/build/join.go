package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sort"

	"huihai/data"
	"huihai/data/build/record"
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
	raw     record.Document
	judged  record.Judgement
	member  dedup.Member // Cluster is -1 when the document is in none
	sem     semantic
	copies  []record.Copies  // of its spans, by kind and number
	marks   []substring.Mark // passages that occur elsewhere too
	anchors []uint32         // numbers of segments whose anchors occur elsewhere too
	status  string
	split   string

	// What a trimmer makes of the document.
	text                  string
	removed               []shard.Removed
	paragraphs, sentences []score.Span
}

// shardOf returns the shard that a document is in; offsets are the numbers of the
// shards' first documents, and the end.
func shardOf(offsets []int64, doc int64) int {
	return sort.Search(len(offsets)-1, func(i int) bool { return offsets[i+1] > doc })
}

// walkConfig is what a stage that walks documents must know to say which are kept.
type walkConfig struct {
	ValidationBelow uint64 // the bound of split hashes, 0 before it is known
	DropSemantic    bool
}

// walkShard is what differs between the tasks of such a stage. Input 0 holds the
// judgements of the shard and, with Texts, input 1 its documents.
type walkShard struct {
	First int64 // number of the shard's first document
	Texts bool
}

// findings are the partitions, one per shard, of what stages found out about
// documents: records that begin with the document's number and a kind.
type findings struct {
	in   *flow.Merge
	next []byte
	end  bool
}

// of calls fn for the findings about a document. Documents must be asked for in
// ascending order.
func (f *findings) of(doc int64, fn func(kind record.Kind, rest []byte) error) error {
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
			f.next = rec
		}
		at, kind, rest, err := record.ParseFinding(f.next)
		if err != nil {
			return err
		}
		if at > doc {
			return nil
		}
		f.next = nil
		if at < doc {
			return fmt.Errorf("data: a finding about document %d, which is not in this shard: %w", at, record.ErrDamaged)
		}
		if err := fn(kind, rest); err != nil {
			return err
		}
	}
	return nil
}

// finding stores one finding.
func (d *joined) finding(kind record.Kind, rest []byte) (err error) {
	switch kind {
	case record.KindMember:
		d.member, err = record.DecodeMember(d.doc, rest)
	case record.KindSemantic:
		var s record.Semantic
		err = s.Decode(rest)
		d.sem.add(s)
	case record.KindCopy:
		var o record.Other
		err = o.Decode(rest)
		d.sem.better = o.Doc
	case record.KindMark:
		var m substring.Mark
		m, err = record.DecodeMark(d.doc, rest)
		d.marks = append(d.marks, m)
	case record.KindAnchor:
		var index uint32
		index, err = record.DecodeAnchor(rest)
		d.anchors = append(d.anchors, index)
	case record.KindParagraph, record.KindSentence:
		c := record.Copies{Kind: kind}
		if err := c.Decode(rest); err != nil {
			return err
		}
		if spans := d.spans(kind); int(c.Index) >= len(spans) {
			return record.ErrDamaged
		}
		d.copies = append(d.copies, c)
	default:
		err = record.ErrDamaged
	}
	return err
}

// spans returns the document's spans of a kind.
func (d *joined) spans(kind record.Kind) []score.Span {
	if kind == record.KindSentence {
		return d.judged.Sentences
	}
	return d.judged.Paragraphs
}

// walkShardOf walks the judgements of a shard with the findings about its
// documents, which in yields, and with texts the documents.
func walkShardOf(ctx context.Context, files []flow.Input, in *flow.Merge, c walkConfig, p walkShard, fn func(*joined) (more bool, err error)) error {
	var texts *record.File
	if p.Texts {
		var err error
		if texts, err = record.Open(files[1].Path); err != nil {
			return err
		}
		defer texts.Close()
	}
	f := findings{in: in}
	d := joined{doc: p.First - 1}
	stopped := false
	err := record.Each(ctx, files[0].Path, func(rec []byte) (bool, error) {
		if err := d.judge(rec, &f, c); err != nil {
			return false, err
		}
		if texts != nil {
			rec, err := texts.Next()
			if errors.Is(err, io.EOF) {
				return false, fmt.Errorf("data: fewer documents than judgements: %w", record.ErrDamaged)
			}
			if err != nil {
				return false, err
			}
			if err := d.raw.Decode(rec); err != nil {
				return false, err
			}
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

// eachJoined walks the shard of a task.
func eachJoined(ctx context.Context, t *flow.Task, c walkConfig, p walkShard, fn func(*joined) error) error {
	return walkShardOf(ctx, t.Inputs, t.Records(), c, p, func(d *joined) (bool, error) {
		err := fn(d)
		return err == nil, err
	})
}

// eachKeptText walks the kept documents of the shard of a task, as they were
// cleaned; progress is in bytes of all.
func eachKeptText(ctx context.Context, t *flow.Task, c walkConfig, p walkShard, fn func(*joined) error) error {
	return eachJoined(ctx, t, c, p, func(d *joined) error {
		t.Progress(int64(len(d.raw.Text)))
		if d.status != score.Kept {
			return nil
		}
		return fn(d)
	})
}

// judge fills d with the next document's judgement and findings.
func (d *joined) judge(rec []byte, f *findings, c walkConfig) error {
	d.doc++
	d.member, d.sem = dedup.Member{Doc: d.doc, Cluster: -1, Size: 1, Canonical: true}, semantic{cluster: -1, better: -1}
	d.copies, d.marks, d.anchors = d.copies[:0], d.marks[:0], d.anchors[:0]
	if err := d.judged.Decode(rec); err != nil {
		return err
	}
	if err := f.of(d.doc, d.finding); err != nil {
		return err
	}
	d.decide(c)
	return nil
}

// semantic is a document's place among dense clusters.
type semantic struct {
	cluster int32
	sim     float32 // greatest cosine to a better document
	better  int64   // whose copy it is, -1 for none
}

func (s *semantic) add(x record.Semantic) {
	if x.Cluster >= 0 {
		s.cluster = x.Cluster
	}
	s.sim = max(s.sim, x.Sim)
}

// decide sets status and split.
func (d *joined) decide(c walkConfig) {
	d.status, d.split = d.judged.Reason, ""
	if !d.member.Canonical {
		d.status = ReasonNearDuplicate
		if d.member.Exact {
			d.status = ReasonExactDuplicate
		}
	} else if d.status == score.Kept && c.DropSemantic && d.sem.better >= 0 {
		d.status = ReasonSemanticDuplicate
	}
	if d.status != score.Kept {
		return
	}
	d.split = data.Train
	if d.judged.SplitHash < c.ValidationBelow {
		d.split = data.Validation
	}
}
