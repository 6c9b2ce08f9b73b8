package build

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/zeebo/xxh3"

	"huihai/data/build/record"
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

type scoreConfig struct {
	Score      score.Config
	Perplexity map[string]flow.Input
	Classifier map[string]classifierFile
	Tokenizer  flow.Input    // no path without one
	Safety     safety.Config // its lexicons are Lexicons
	Lexicons   []flow.Input
	Action     string // against evaluation items
	Signals    bool
	Dedup      dedup.Config
	Paragraphs dedup.SpanConfig
	Sentences  dedup.SpanConfig
	Seed       uint64
}

// scoreShard is what differs between tasks. Input 0 holds the documents, input 1 the
// index of evaluation items where there is one.
type scoreShard struct{ First int64 }

var scoreStage = flow.Stage[scoreConfig, scoreShard]{Name: StageScore, Run: scoreTask}

// score judges all documents and emits what dedup compares.
func (b *builder) score(ctx context.Context) (err error) {
	work := flow.Work[scoreConfig, scoreShard]{
		Config: scoreConfig{
			b.cfg.Score, b.given.Perplexity, b.given.Classifier, b.given.Tokenizer, b.cfg.Safety, b.given.Lexicons,
			b.cfg.Decontam.Action, b.cfg.Signals, b.cfg.Dedup, b.cfg.Paragraphs, b.cfg.Sentences, b.cfg.Seed,
		},
		Tasks: make([]flow.Spec[scoreShard], len(b.gathered)), Total: b.read.TextBytes, Memory: 64 << 20,
		// About 200,000 documents, 15 records each, are compared at a time.
		Partitions: int(min(256, 1+b.documents()/200_000)),
	}
	work.Config.Safety.Lexicons = nil
	for i, r := range b.gathered {
		work.Tasks[i] = flow.Spec[scoreShard]{Inputs: []flow.Input{r.Input(fileDocuments)}, Params: scoreShard{b.offsets[i]}}
		if b.evals != nil {
			work.Tasks[i].Inputs = append(work.Tasks[i].Inputs, b.evals.Input(fileEvals))
		}
	}
	if b.scored, err = run(ctx, b, scoreStage, work); err != nil {
		return err
	}
	b.scoring = newScoreInfo()
	return eachInfo(b.scored, func(info scoreInfo) { b.scoring.add(&info) })
}

func (b *builder) scoreSummary() string { return fmt.Sprintf("%d documents judged", b.documents()) }

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

func scoreTask(ctx context.Context, t *flow.Task, c scoreConfig, p scoreShard) error {
	all, err := flow.Shared(t, func() (*judges, error) { return openJudges(c, t.Inputs[1:]) })
	if err != nil {
		return err
	}
	own, err := all.judge(c)
	if err != nil {
		return err
	}
	scorer, err := score.New(c.Score)
	if err != nil {
		return err
	}
	s := scorerTask{c: c, t: t, scorer: scorer, judge: own, languages: lang.New(languageConfig()), signer: dedup.NewSigner(c.Dedup), doc: p.First, info: newScoreInfo()}
	scores, err := t.Create(fileScores)
	if err != nil {
		return err
	}
	quality, err := t.Create(fileQuality)
	if err != nil {
		return err
	}
	s.scores, s.quality = flow.NewRecordWriter(scores), flow.NewRecordWriter(quality)
	var raw record.Document
	err = record.Each(ctx, t.Inputs[0].Path, func(rec []byte) (bool, error) {
		if err := raw.Decode(rec); err != nil {
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

// scorerTask is the state of one score task.
type scorerTask struct {
	c               scoreConfig
	t               *flow.Task
	scorer          *score.Scorer
	languages       *lang.Identifier
	judge           *judge
	signer          *dedup.Signer
	scores, quality *flow.RecordWriter
	doc             int64
	enc             record.Encoder
	keys            []uint64
	signals         []score.Signal
	judged          record.Judgement
	info            scoreInfo
}

func (s *scorerTask) document(raw *record.Document) error {
	j := &s.judged
	s.measure(raw, j)
	j.Exact, j.SplitHash = dedup.ExactHash(raw.Text), splitHash(raw.ID, s.c.Seed)
	j.Encode(&s.enc, s.c.Paragraphs, s.c.Sentences)
	if err := s.scores.Write(s.enc.Bytes()); err != nil {
		return err
	}
	record.Quality(j.Quality).Encode(&s.enc)
	if err := s.quality.Write(s.enc.Bytes()); err != nil {
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
func (s *scorerTask) measure(raw *record.Document, j *record.Judgement) {
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
	if s.c.Signals {
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
func (s *scorerTask) emit(doc int64, text string, j *record.Judgement) error {
	send := func(hash uint64) error {
		return s.t.Emit(int(hash%uint64(s.t.Partitions())), s.enc.Bytes())
	}
	if s.c.Dedup.Exact {
		record.EncodeExact(&s.enc, j.Exact, doc)
		if err := send(binary.BigEndian.Uint64(j.Exact[:])); err != nil {
			return err
		}
	}
	if s.c.Dedup.Near {
		s.keys = s.signer.BandKeys(s.keys[:0], s.signer.Signature(text))
		for band, key := range s.keys {
			record.EncodeBand(&s.enc, band, key, doc)
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
