package build

import (
	"encoding/binary"
	"fmt"
	"slices"

	"huihai/data/build/record"
	"huihai/data/decontam"
	"huihai/data/score"
	"huihai/data/shard"
)

// rowMaker makes the rows of documents/; a row's lists are reused by the next.
type rowMaker struct {
	paragraphs, sentences []shard.Span
}

// row holds all but what sampling and tokenising add.
func (m *rowMaker) row(j *joined) shard.Document {
	raw, g, c := &j.raw, &j.judged, j.member
	row := shard.Document{
		ID: raw.ID, SourceID: raw.SourceID, DocNo: j.doc, Text: j.text, Removed: j.removed, Source: raw.Source, URL: raw.URL, FilePath: raw.FilePath,
		ByteOffset: raw.ByteOffset, RawSHA: raw.RawSHA, Meta: raw.Meta,
		Language: g.Language, LanguageScript: g.Script, LanguageScore: g.LanguageScore, HanRatio: g.HanRatio, Scripts: g.Scripts,
		Perplexity: g.Perplexity, Classifier: g.Classifier, Safety: g.Safety, Signals: g.Signals,
		PIICount: int32(raw.PII), ContamTask: g.Task, ContamItem: g.Item, ContamScore: g.Contaminated,
		Quality: g.Quality, Words: g.Units, DupNGram: g.DupNGram, DupLine: g.DupLine,
		ExactHash: int64(binary.BigEndian.Uint64(g.Exact[:])), ClusterID: c.Cluster, ClusterSize: c.Size, IsCanonical: c.Canonical,
		SemCluster: j.sem.cluster, SemSim: j.sem.sim, Status: j.status, Split: j.split,
	}
	m.paragraphs = appendSpans(m.paragraphs[:0], j.paragraphs)
	m.sentences = appendSpans(m.sentences[:0], j.sentences)
	for _, c := range j.copies {
		spans := m.paragraphs
		if c.Kind == record.KindSentence {
			spans = m.sentences
		}
		spans[c.Index].DupCount = int32(c.Count)
	}
	m.paragraphs, m.sentences = withoutEmpty(m.paragraphs), withoutEmpty(m.sentences)
	row.Paragraphs, row.Sentences = m.paragraphs, m.sentences
	dup, all := 0, 0
	for _, p := range m.paragraphs {
		all += int(p.End - p.Start)
		if p.DupCount > 1 {
			dup += int(p.End - p.Start)
		}
	}
	row.DupParaFrac = float32(share(dup, all))
	return row
}

// withoutEmpty drops the spans of which cutting left nothing.
func withoutEmpty(spans []shard.Span) []shard.Span {
	return slices.DeleteFunc(spans, func(s shard.Span) bool { return s.End == s.Start })
}

func appendSpans(dst []shard.Span, spans []score.Span) []shard.Span {
	for _, p := range spans {
		dst = append(dst, shard.Span{Start: p.Start, End: p.End, Quality: p.Quality, DupCount: 1, Flags: int32(p.Flags)})
	}
	return dst
}

// detail says in words why a document was dropped, beyond the reason's name.
func (j *joined) detail() string {
	switch j.status {
	case ReasonExactDuplicate, ReasonNearDuplicate:
		return fmt.Sprintf("one of %d copies; the cluster is %d", j.member.Size, j.member.Cluster)
	case decontam.Reason:
		return fmt.Sprintf("%s, item %s, score %.2f", j.judged.Task, j.judged.Item, j.judged.Contaminated)
	case ReasonSemanticDuplicate:
		return fmt.Sprintf("a copy of document %d; cosine %.3f", j.sem.better, j.sem.sim)
	}
	return ""
}
