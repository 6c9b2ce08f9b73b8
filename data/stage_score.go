package data

import (
	"context"
	"encoding/binary"

	"github.com/zeebo/xxh3"

	"huihai/data/dedup"
	"huihai/data/flow"
	"huihai/data/score"
	"huihai/data/source"
)

const (
	fileScores  = "scores.rec"  // score: judgement records
	fileQuality = "quality.rec" // score: kept, quality and split hash of each document, for clustering
)

// Kinds of records that the score stage emits for dedup; they sort by kind.
const (
	recordExact = 'e' // hash 16, doc 8
	recordBand  = 'n' // band 1, key 8, doc 8
)

// score judges all documents and emits what dedup compares.
func (b *builder) score(ctx context.Context) error {
	// About 200,000 documents, 15 records each, are compared at a time.
	b.dedupParts = int(min(256, 1+b.documents()/200_000))
	st := flow.Stage{Name: StageScore, Code: "2", Total: b.read.TextBytes, Partitions: b.dedupParts, Config: struct {
		Score score.Config
		Dedup dedup.Config
		Seed  uint64
	}{b.cfg.Score, b.cfg.Dedup, b.cfg.Seed}}
	specs := make([]flow.Spec, len(b.gathered))
	for i, r := range b.gathered {
		specs[i] = flow.Spec{Inputs: []flow.Input{r.Input(fileDocuments)}, Params: b.offsets[i]}
	}
	var err error
	b.scored, err = b.engine.Map(ctx, st, specs, b.scoreTask)
	return err
}

func (b *builder) scoreTask(ctx context.Context, t *flow.Task) error {
	scorer, err := score.New(b.cfg.Score)
	if err != nil {
		return err
	}
	s := scoreTask{b: b, t: t, scorer: scorer, signer: dedup.NewSigner(b.cfg.Dedup), doc: t.Params.(int64)}
	scores, err := t.Create(fileScores)
	if err != nil {
		return err
	}
	quality, err := t.Create(fileQuality)
	if err != nil {
		return err
	}
	s.scores, s.quality = flow.NewRecordWriter(scores), flow.NewRecordWriter(quality)
	var raw rawDocument
	err = eachRecord(t.Inputs[0].Path, func(rec []byte) (bool, error) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if err := raw.decode(rec); err != nil {
			return false, err
		}
		t.Progress(int64(len(raw.Text)))
		return true, s.document(&raw)
	})
	if err != nil {
		return err
	}
	if err := s.scores.Close(); err != nil {
		return err
	}
	return s.quality.Close()
}

type scoreTask struct {
	b               *builder
	t               *flow.Task
	scorer          *score.Scorer
	signer          *dedup.Signer
	scores, quality *flow.RecordWriter
	doc             int64
	enc             encoder
	keys            []uint64
}

func (s *scoreTask) document(raw *rawDocument) error {
	r := s.scorer.Score(raw.Text, source.IsCode(raw.FilePath))
	f := r.Features
	j := judgement{
		Reason: r.Reason, Language: string(r.Guess.Language), Script: r.Guess.Script,
		LanguageScore: r.Guess.Score, HanRatio: r.HanRatio, Quality: r.Quality, Units: int32(f.Units),
		DupNGram: float32(f.DupNGram[5]), DupLine: float32(share(f.DupLines, f.Lines)),
		Exact: dedup.ExactHash(raw.Text), SplitHash: splitHash(raw.ID, s.b.cfg.Seed), Paragraphs: r.Paragraphs,
	}
	s.enc.reset()
	j.encode(&s.enc)
	if err := s.scores.Write(s.enc.b); err != nil {
		return err
	}
	kept := byte(0)
	if j.Reason == score.Kept {
		kept = 1
	}
	s.enc.reset()
	s.enc.byte(kept)
	s.enc.float(j.Quality)
	s.enc.u64(j.SplitHash)
	if err := s.quality.Write(s.enc.b); err != nil {
		return err
	}
	s.t.AddRows(1)
	doc := s.doc
	s.doc++
	if kept == 0 {
		return nil
	}
	return s.emit(doc, raw.Text, &j)
}

// emit sends a kept document's hashes to the partitions of dedup.
func (s *scoreTask) emit(doc int64, text string, j *judgement) error {
	cfg := s.b.cfg.Dedup
	send := func(hash uint64) error {
		return s.t.Emit(int(hash%uint64(s.b.dedupParts)), s.enc.b)
	}
	if cfg.Exact {
		s.enc.reset()
		s.enc.byte(recordExact)
		s.enc.raw(j.Exact[:])
		s.enc.u64(uint64(doc))
		if err := send(binary.BigEndian.Uint64(j.Exact[:])); err != nil {
			return err
		}
	}
	if cfg.Near {
		s.keys = s.signer.BandKeys(s.keys[:0], s.signer.Signature(text))
		for band, key := range s.keys {
			s.enc.reset()
			s.enc.byte(recordBand)
			s.enc.byte(byte(band))
			s.enc.u64(key)
			s.enc.u64(uint64(doc))
			if err := send(key); err != nil {
				return err
			}
		}
	}
	return nil
}

// splitHash decides which split a document falls into.
func splitHash(id string, seed uint64) uint64 { return xxh3.HashStringSeed("split:"+id, seed) }

// shuffleHash decides where a document stands in its split.
func shuffleHash(id string, seed uint64) uint64 { return xxh3.HashStringSeed("shuffle:"+id, seed) }

func share(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
