package data

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"

	"huihai/data/flow"
	"huihai/data/score"
	"huihai/tokenizer"
)

// fileTokenizer is the model file, in a task's folder and in the result.
const fileTokenizer = tokenizer.FileName

// tokenizer takes the given model file or trains one on the kept text.
func (b *builder) tokenizer(ctx context.Context) error {
	if b.cfg.Tokenizer == "" {
		if err := b.trainTokenizer(ctx); err != nil {
			return err
		}
	}
	err := b.engine.Fetch(ctx, b.tokenizerFile)
	if err != nil {
		return err
	}
	if b.encoder == nil { // a given one was loaded at the start
		if b.encoder, err = loadEncoder(b.tokenizerFile.Path); err != nil {
			return err
		}
	}
	b.tokenizerBytes, err = os.ReadFile(b.tokenizerFile.Path)
	return err
}

func (b *builder) trainTokenizer(ctx context.Context) error {
	cfg := tokenizer.DefaultTrainConfig()
	cfg.VocabSize = b.cfg.VocabSize
	cfg.HardVocabLimit = false // a small text makes a small vocabulary
	cfg.NumThreads = b.engine.Workers
	if err := cfg.Validate(); err != nil {
		return err
	}
	hashed := cfg
	hashed.NumThreads = 0
	st := flow.Stage{Name: StageTokenizer, Code: "2", Total: b.read.TextBytes, Config: struct {
		Train tokenizer.TrainConfig
		Bytes int64
		Seed  uint64
	}{hashed, b.cfg.TokenizerBytes, b.cfg.Seed}}
	spec := flow.Spec{Params: b.decided.Validation}
	for _, r := range b.found {
		spec.Inputs = append(spec.Inputs, r.EmittedInput())
	}
	for i := range b.gathered {
		spec.Inputs = append(spec.Inputs, b.gathered[i].Input(fileDocuments), b.scored[i].Input(fileScores))
	}
	res, err := b.engine.Single(ctx, st, spec, func(ctx context.Context, t *flow.Task) error {
		docs, failed := b.trainingText(ctx, t)
		model, err := tokenizer.Train(ctx, cfg, docs)
		if err := errors.Join(*failed, err); err != nil {
			return fmt.Errorf("train a tokenizer of %d pieces: %w", cfg.VocabSize, err)
		}
		out, err := t.Create(fileTokenizer)
		if err != nil {
			return err
		}
		_, err = out.Write(model.Marshal())
		return err
	})
	if err != nil {
		return err
	}
	b.trained = true
	b.tokenizerFile = res.Input(fileTokenizer)
	return nil
}

// trainingText yields the kept texts of the training split, sampled by their
// hash when they exceed the bound. failed tells of reading errors afterwards.
func (b *builder) trainingText(ctx context.Context, t *flow.Task) (iter.Seq[string], *error) {
	failed := new(error)
	portion := 1.0
	if n := b.cfg.TokenizerBytes; n > 0 && b.read.TextBytes > n {
		portion = float64(n) / float64(b.read.TextBytes)
	}
	below := uint64(portion * (1 << 32))
	return func(yield func(string) bool) {
		for i := range b.gathered {
			more := true
			found, err := t.OpenRecords(b.found, i)
			if err == nil {
				err = b.eachJoined(ctx, i, found, newTrimmer(b.cfg), func(d *joined) (bool, error) {
					t.Progress(int64(len(d.raw.Text)))
					if d.status == score.Kept && d.split == Train && shuffleHash(d.raw.ID, b.cfg.Seed+1)>>32 < below {
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

// tokenizerText says how large the tokenizer is, and why it may be smaller than
// asked.
func (b *builder) tokenizerText() string {
	n := b.encoder.VocabSize()
	if b.cfg.Tokenizer == "" && n < b.cfg.VocabSize {
		return fmt.Sprintf("%d pieces: the text has no more for the %d asked", n, b.cfg.VocabSize)
	}
	return fmt.Sprintf("%d pieces", n)
}
