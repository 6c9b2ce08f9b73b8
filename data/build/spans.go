package build

import (
	"context"
	"errors"
	"fmt"

	"huihai/data/build/record"
	"huihai/data/dedup"
	"huihai/data/flow"
	"huihai/data/score"
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

type spansConfig struct {
	Paragraphs, Sentences dedup.SpanConfig
	Walk                  walkConfig
}

var spansStage = flow.Stage[spansConfig, walkShard]{Name: StageSpans, Run: spansTask}

// listSpans sends the paragraphs and sentences of kept documents to the partitions
// in which their copies are counted. Only now, when it is known which documents stay:
// a paragraph whose best copy lies in a dropped document must not be lost with it.
func (b *builder) listSpans(ctx context.Context) (err error) {
	b.spanned, err = run(ctx, b, spansStage, flow.Work[spansConfig, walkShard]{
		Config: spansConfig{b.cfg.Paragraphs, b.cfg.Sentences, b.walk()}, Tasks: b.judgedWork(b.found, false), Total: b.documents(),
		Partitions: int(min(1024, 1+b.read.TextBytes/(64<<20))), Memory: 16 << 20,
	})
	if err != nil {
		return err
	}
	return eachInfo(b.spanned, b.spans.add)
}

func (b *builder) listedSpans() string {
	return fmt.Sprintf("%d paragraphs and %d sentences", b.spans.Paragraphs, b.spans.Sentences)
}

// spansTask emits every window of spans of a kept document that is to be compared.
func spansTask(ctx context.Context, t *flow.Task, c spansConfig, p walkShard) error {
	s := spanEmitter{t: t}
	paragraphs, sentences := dedup.NewSpanPolicy(c.Paragraphs), dedup.NewSpanPolicy(c.Sentences)
	err := eachJoined(ctx, t, c.Walk, p, func(d *joined) error {
		t.Progress(1)
		if d.status != score.Kept {
			return nil
		}
		s.info.Paragraphs += int64(len(d.judged.Paragraphs))
		s.info.Sentences += int64(len(d.judged.Sentences))
		return errors.Join(
			s.emit(d, record.KindParagraph, c.Paragraphs, paragraphs),
			s.emit(d, record.KindSentence, c.Sentences, sentences))
	})
	t.SetInfo(s.info)
	return err
}

type spanEmitter struct {
	t     *flow.Task
	info  spansInfo
	spans []dedup.Span
	keys  []dedup.SpanKey
	enc   record.Encoder
}

func (s *spanEmitter) emit(d *joined, kind record.Kind, cfg dedup.SpanConfig, policy *dedup.SpanPolicy) error {
	if cfg.Action == dedup.ActionOff {
		return nil
	}
	o := record.Occurrence{Kind: kind, Doc: d.doc} // with keep first, documents go by number
	if cfg.Keep == "best" {
		o.Rank = record.Rank(d.judged.Quality)
	}
	s.spans = spansOf(s.spans[:0], d.spans(kind))
	s.keys = policy.Keys(s.keys[:0], s.spans)
	for _, k := range s.keys {
		o.Hash, o.Index = k.Hash, k.Index
		o.Encode(&s.enc)
		if err := s.t.Emit(int(k.Hash%uint64(s.t.Partitions())), s.enc.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
