package data

import (
	"context"
	"errors"
	"fmt"
	"io"

	"huihai/data/dedup"
	"huihai/data/flow"
	"huihai/data/score"
)

// Reasons for dropping that are not rules of package score.
const (
	ReasonExactDuplicate = "exact_duplicate"
	ReasonNearDuplicate  = "near_duplicate"
)

// joined is a document with all that the stages found out about it.
type joined struct {
	doc    int64
	raw    rawDocument
	judged judgement
	member *dedup.Member // nil when the document is in no cluster
	status string
	split  string
}

// eachJoined walks the documents of a shard with their judgement and cluster.
func (b *builder) eachJoined(ctx context.Context, shard int, fn func(*joined) (more bool, err error)) error {
	members, err := membersOf(b.clustered, b.offsets[shard], b.offsets[shard+1])
	if err != nil {
		return err
	}
	scores, c, err := records(b.scored[shard].Path(fileScores))
	if err != nil {
		return err
	}
	defer c.Close()
	d := joined{doc: b.offsets[shard] - 1}
	return eachRecord(b.gathered[shard].Path(fileDocuments), func(rec []byte) (bool, error) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if err := d.raw.decode(rec); err != nil {
			return false, err
		}
		if err := d.next(scores); err != nil {
			return false, err
		}
		d.member = nil
		if len(members) > 0 && members[0].Doc == d.doc {
			d.member, members = &members[0], members[1:]
		}
		d.decide(b.cfg.Seed, b.clusters.Validation)
		return fn(&d)
	})
}

// next reads the judgement of the next document.
func (d *joined) next(scores *flow.RecordReader) error {
	d.doc++
	rec, err := scores.Next()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("data: fewer judgements than documents: %w", errRecord)
	}
	if err != nil {
		return err
	}
	return d.judged.decode(rec)
}

// decide sets status and split.
func (d *joined) decide(seed, validationBelow uint64) {
	d.status, d.split = d.judged.Reason, ""
	if d.member != nil && !d.member.Canonical {
		d.status = ReasonNearDuplicate
		if d.member.Exact {
			d.status = ReasonExactDuplicate
		}
	}
	if d.status != score.Kept {
		return
	}
	d.split = Train
	if splitHash(d.raw.ID, seed) < validationBelow {
		d.split = Validation
	}
}

// membersOf reads the cluster members among documents from..to-1.
func membersOf(clustered *flow.Result, from, to int64) ([]dedup.Member, error) {
	var members []dedup.Member
	err := eachRecord(clustered.Path(fileMembers), func(rec []byte) (bool, error) {
		m, err := decodeMember(rec)
		if err != nil {
			return false, err
		}
		if m.Doc >= from && m.Doc < to {
			members = append(members, m)
		}
		return m.Doc < to, nil
	})
	return members, err
}

// copiesOf reads how often the paragraphs of documents from..to-1 occur, by
// document and paragraph.
func copiesOf(compared []*flow.Result, from, to int64) (map[int64]map[uint32]uint32, error) {
	copies := map[int64]map[uint32]uint32{}
	for _, r := range compared {
		err := eachRecord(r.Path(fileParagraphs), func(rec []byte) (bool, error) {
			d := decoder{b: rec}
			doc, index, n := int64(d.u64()), d.u32(), d.u32()
			if doc >= from && doc < to {
				if copies[doc] == nil {
					copies[doc] = map[uint32]uint32{}
				}
				copies[doc][index] = n
			}
			return doc < to, d.finish()
		})
		if err != nil {
			return nil, err
		}
	}
	return copies, nil
}
