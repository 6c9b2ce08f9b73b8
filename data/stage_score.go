package data

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"sync"

	"github.com/zeebo/xxh3"

	"huihai/data/decontam"
	"huihai/data/dedup"
	"huihai/data/flow"
	"huihai/data/lang"
	"huihai/data/safety"
	"huihai/data/score"
	"huihai/data/shard"
	"huihai/data/source"
)

const (
	fileScores  = "scores.rec"  // score: judgement records
	fileQuality = "quality.rec" // score: quality of each document, for choosing among copies
)

// Kinds of records that the score stage emits for dedup; they sort by kind.
const (
	recordExact = 'e' // hash 16, doc 8
	recordBand  = 'n' // band 1, key 8, doc 8
)

// score judges all documents and emits what dedup compares.
func (b *builder) score(ctx context.Context) error {
	if err := b.indexEvals(ctx); err != nil {
		return err
	}
	// About 200,000 documents, 15 records each, are compared at a time.
	b.dedupParts = int(min(256, 1+b.documents()/200_000))
	st := flow.Stage{Name: StageScore, Code: "7", Total: b.read.TextBytes, Partitions: b.dedupParts, Memory: 64 << 20, Config: struct {
		Score   score.Config
		Models  ModelsConfig
		Safety  safety.Config
		Action  string
		Signals bool
		Dedup   dedup.Config
		Spans   [2]dedup.SpanConfig
		Seed    uint64
	}{b.cfg.Score, b.cfg.Models, b.cfg.Safety, b.cfg.Decontam.Action, b.cfg.Signals, b.cfg.Dedup, [2]dedup.SpanConfig{b.cfg.Paragraphs, b.cfg.Sentences}, b.cfg.Seed}}
	specs := make([]flow.Spec, len(b.gathered))
	for i, r := range b.gathered {
		specs[i] = flow.Spec{Inputs: append([]flow.Input{r.Input(fileDocuments)}, b.models...), Params: b.offsets[i]}
		if b.evals != nil {
			specs[i].Inputs = append(specs[i].Inputs, b.evals.Input(fileEvals))
		}
	}
	open := sync.OnceValues(b.openJudges) // by the first task that runs
	var err error
	b.scored, err = b.engine.Map(ctx, st, specs, func(ctx context.Context, t *flow.Task) error {
		j, err := open()
		if err != nil {
			return err
		}
		own, err := j.judge(b.cfg, b.modelEncoder)
		if err != nil {
			return err
		}
		return b.scoreTask(ctx, t, own)
	})
	if err != nil {
		return err
	}
	b.scoring = newScoreInfo()
	for _, r := range b.scored {
		var info scoreInfo
		if err := r.DecodeInfo(&info); err != nil {
			return err
		}
		b.scoring.add(&info)
	}
	return nil
}

// scoreInfo are the counters of a score task.
type scoreInfo struct {
	Safety   safety.Counts   `json:"safety"`
	Decontam decontam.Counts `json:"decontamination"`
}

func newScoreInfo() scoreInfo {
	return scoreInfo{Safety: safety.Counts{Hits: map[string]int64{}}, Decontam: decontam.Counts{Tasks: map[string]int64{}}}
}

func (s *scoreInfo) add(o *scoreInfo) {
	s.Safety.Add(o.Safety)
	s.Decontam.Add(o.Decontam)
}

func (b *builder) scoreTask(ctx context.Context, t *flow.Task, own *judge) error {
	scorer, err := score.New(b.cfg.Score)
	if err != nil {
		return err
	}
	s := scoreTask{b: b, t: t, scorer: scorer, judge: own, languages: lang.New(languageConfig()), signer: dedup.NewSigner(b.cfg.Dedup), doc: t.Params.(int64), info: newScoreInfo()}
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
	t.SetInfo(s.info)
	return errors.Join(err, s.scores.Close(), s.quality.Close())
}

// languageConfig looks at three thousand bytes of a text: beyond some two hundred
// words nothing is told apart that was not.
func languageConfig() lang.Config {
	c := lang.Default()
	c.WindowBytes = 1024
	return c
}

type scoreTask struct {
	b               *builder
	t               *flow.Task
	scorer          *score.Scorer
	languages       *lang.Identifier
	judge           *judge
	signer          *dedup.Signer
	scores, quality *flow.RecordWriter
	doc             int64
	enc             encoder
	keys            []uint64
	signals         []score.Signal
	judged          judgement
	info            scoreInfo
}

func (s *scoreTask) document(raw *rawDocument) error {
	j := &s.judged
	s.measure(raw, j)
	j.Exact, j.SplitHash = dedup.ExactHash(raw.Text), splitHash(raw.ID, s.b.cfg.Seed)
	s.enc.reset()
	j.encode(&s.enc, s.b.cfg.Paragraphs, s.b.cfg.Sentences)
	if err := s.scores.Write(s.enc.b); err != nil {
		return err
	}
	s.enc.reset()
	s.enc.float(j.Quality)
	if err := s.quality.Write(s.enc.b); err != nil {
		return err
	}
	s.t.AddRows(1)
	doc := s.doc
	s.doc++
	if j.Reason != score.Kept {
		return nil
	}
	return s.emit(doc, raw.Text, j)
}

// measure fills in what can be said of the text by itself. The first reason for
// dropping counts: personal data, the rules, safety, evaluation items.
func (s *scoreTask) measure(raw *rawDocument, j *judgement) {
	code := source.IsCode(raw.FilePath)
	l := s.languages.Identify(raw.Text, code)
	j.Language, j.Script, j.LanguageScore = l.Language, l.Script, l.Score
	if l.Variant != "" {
		j.Script = l.Variant
	}
	j.Scripts = j.Scripts[:0]
	for _, x := range l.Scripts {
		j.Scripts = append(j.Scripts, shard.Share{Script: x.Script, Share: x.Share})
	}
	safe := s.judge.safety.Score(raw.Text)
	s.judge.safety.Count(&s.info.Safety, safe)
	o := s.judge.ask(raw.Text, l.Language)
	j.Safety, j.Perplexity, j.Classifier = float32(safe.Safety), o.perplexity, float32(o.classifier)
	if math.IsNaN(o.classifier) {
		j.Classifier = 0
	}
	r := s.scorer.ScoreKnown(raw.Text, score.Known{
		Code: code, Guess: &score.Guess{Language: score.Language(l.Language), Script: j.Script, Score: l.Score},
		Extra: score.Extra{Perplexity: o.rank, Classifier: o.classifier, Safety: safe.Safety},
	})
	f := r.Features
	j.HanRatio, j.Quality, j.Units = r.HanRatio, r.Quality, int32(f.Units)
	j.DupNGram, j.DupLine = float32(f.DupNGram[5]), float32(share(f.DupLines, f.Lines))
	j.Paragraphs, j.Sentences = r.Paragraphs, r.Sentences
	j.Signals = j.Signals[:0]
	if s.b.cfg.Signals {
		s.signals = f.AppendSignals(s.signals[:0])
		for _, x := range s.signals {
			j.Signals = append(j.Signals, shard.Signal{Name: x.Name, Value: float32(x.Value)})
		}
	}
	found := s.judge.contamination(raw.Text, j, &s.info.Decontam)
	j.Reason = r.Reason
	switch {
	case raw.Reason != "":
		j.Reason = raw.Reason
	case r.Reason == score.Kept && safe.Reason != "":
		j.Reason = safe.Reason
	case r.Reason == score.Kept && found != "":
		j.Reason = found
	}
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
