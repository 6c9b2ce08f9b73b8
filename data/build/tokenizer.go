package build

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"huihai/data"
	"huihai/data/flow"
	"huihai/data/score"
	"huihai/tokenizer"
)

const fileTokenizer = tokenizer.FileName // tokenizer: the model

type tokenizerConfig struct {
	Train   tokenizer.TrainConfig // its threads are the engine's
	Portion float64               // of the documents, by their hash
	Seed    uint64
	Trim    trimSettings
	Walk    walkConfig
	Offsets []int64
}

// Inputs 2i and 2i+1 of the only task hold the judgements and documents of shard i.
var tokenizerStage = flow.Stage[tokenizerConfig, flow.None]{Name: StageTokenizer, Run: tokenizerTask}

// tokenizer takes the given model file or trains one on the kept text.
func (b *builder) tokenizer(ctx context.Context) error {
	if b.cfg.Tokenizer != "" {
		return nil // it was loaded at the start
	}
	res, err := b.trainTokenizer(ctx)
	if err != nil {
		return err
	}
	if err := res.DecodeInfo(&b.learnt); err != nil {
		return err
	}
	b.tokenizerFile = res.Input(fileTokenizer)
	if err := b.engine.Fetch(ctx, b.tokenizerFile); err != nil {
		return err
	}
	b.vocab, err = readTokenizer(b.tokenizerFile.Path)
	return err
}

func (b *builder) trainTokenizer(ctx context.Context) (*flow.Result, error) {
	cfg := tokenizerConfig{
		Train: tokenizer.DefaultTrainConfig(), Portion: 1, Seed: b.cfg.Seed, Trim: b.cfg.trimSettings(), Walk: b.walk(), Offsets: b.offsets,
	}
	cfg.Train.VocabSize = b.cfg.VocabSize
	cfg.Train.HardVocabLimit = false // a small text makes a small vocabulary
	cfg.Train.NumThreads = 0
	if n := b.cfg.TokenizerBytes; n > 0 && b.read.TextBytes > n {
		cfg.Portion = float64(n) / float64(b.read.TextBytes)
	}
	spec := flow.Spec[flow.None]{From: b.found, All: true}
	for i := range b.gathered {
		spec.Inputs = append(spec.Inputs, b.scored[i].Input(fileScores), b.gathered[i].Input(fileDocuments))
	}
	return runOne(ctx, b, tokenizerStage, flow.Work[tokenizerConfig, flow.None]{Config: cfg, Tasks: []flow.Spec[flow.None]{spec}, Total: b.read.TextBytes})
}

func tokenizerTask(ctx context.Context, t *flow.Task, c tokenizerConfig, _ flow.None) error {
	c.Train.NumThreads = t.Workers()
	if err := c.Train.Validate(); err != nil {
		return err
	}
	docs, failed := trainingText(ctx, t, c)
	model, report, err := tokenizer.TrainWithReport(ctx, c.Train, docs)
	if err := errors.Join(*failed, err); err != nil {
		return fmt.Errorf("train a tokenizer of %d pieces: %w", c.Train.VocabSize, err)
	}
	t.SetInfo(report)
	out, err := t.Create(fileTokenizer)
	if err != nil {
		return err
	}
	_, err = out.Write(model.Marshal())
	return err
}

// trainingText yields the kept texts of the training split, sampled by their
// hash when they exceed the bound. failed tells of reading errors afterwards.
func trainingText(ctx context.Context, t *flow.Task, c tokenizerConfig) (iter.Seq[string], *error) {
	failed := new(error)
	below := uint64(c.Portion * (1 << 32))
	return func(yield func(string) bool) {
		for i := range len(t.Inputs) / 2 {
			more := true
			found, err := t.OpenPartition(i)
			if err == nil {
				trim := newTrimmer(c.Trim)
				err = walkShardOf(ctx, t.Inputs[2*i:], found, c.Walk, walkShard{First: c.Offsets[i], Texts: true}, func(d *joined) (bool, error) {
					t.Progress(int64(len(d.raw.Text)))
					if err := trim.trim(d); err != nil {
						return false, err
					}
					if d.status == score.Kept && d.split == data.Train && shuffleHash(d.raw.ID, c.Seed+1)>>32 < below {
						more = yield(d.text)
					}
					return more, nil
				})
				found.Close()
			}
			if err != nil {
				*failed = err
				return
			}
			if !more {
				return
			}
		}
	}, failed
}

// tokenizerText says how large the tokenizer is, why it may be smaller than asked, and
// that characters found no room in it.
func (b *builder) tokenizerText() string {
	n := b.vocab.VocabSize
	text := fmt.Sprintf("%d pieces", n)
	if b.cfg.Tokenizer != "" {
		return text
	}
	if n < b.cfg.VocabSize {
		text += fmt.Sprintf(": the text has no more for the %d asked", b.cfg.VocabSize)
	}
	cfg := tokenizer.DefaultTrainConfig()
	cfg.VocabSize = b.cfg.VocabSize
	if s := b.learnt.Shortage(cfg); s != "" {
		text += "; " + s
	}
	return text
}
