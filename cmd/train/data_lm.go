package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"huihai/data/clean"
	"huihai/data/ngram"
	"huihai/data/source"
	"huihai/internal/bytesize"
	"huihai/tokenizer"
)

func newDataLMCmd() *cobra.Command {
	return group("lm", "N-gram language models: perplexity of texts", newDataLMTrainCmd(), newDataLMImportCmd(), newDataLMScoreCmd())
}

// lmFlags are the flags that the verbs of data lm share.
type lmFlags struct {
	inputs, calibrate        []string
	output, model, arpa      string
	tokenizer, field, memory string
	cfg                      ngram.Config
	workers                  int
}

// texts reads every document of the inputs, cleaned as data build cleans them;
// damaged files are named on standard error and counted.
func (l *lmFlags) texts(cmd *cobra.Command, inputs []string, workers int, each func(worker int, d source.Document) error) (damaged int, err error) {
	list, err := source.Discover(inputs, "")
	if err != nil {
		return 0, err
	}
	cfg := source.Default()
	cfg.TextField = l.field
	files := make(chan source.File)
	bad := make([]int, workers)
	g, ctx := errgroup.WithContext(cmd.Context())
	g.Go(func() error {
		defer close(files)
		for _, f := range list.Files {
			select {
			case files <- f:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for i := range workers {
		g.Go(func() error {
			cleaner := clean.New(clean.Default())
			for f := range files {
				if err := readTextsOf(ctx, cmd, f, cfg, &bad[i], func(d source.Document) error {
					d.Text = cleaner.Clean(d.Text)
					return each(i, d)
				}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err = g.Wait()
	for _, n := range bad {
		damaged += n
	}
	return damaged, err
}

// readTextsOf reads one file. That it is damaged is told and is no error.
func readTextsOf(ctx context.Context, cmd *cobra.Command, f source.File, cfg source.Config, bad *int, each func(source.Document) error) error {
	stats, err := source.Read(ctx, f, cfg, source.Handler{Document: each})
	var damage *source.FileError
	if errors.As(err, &damage) {
		fmt.Fprintf(cmd.ErrOrStderr(), "train: %v; the %d documents before the damage were read\n", damage, stats.Documents)
		*bad++
		return nil
	}
	for _, reason := range []string{source.ReasonNoText, source.ReasonBrokenJSON, source.ReasonInvalidUTF8, source.ReasonTooLong} {
		if n := stats.Rejected[reason]; n > 0 {
			fmt.Fprintf(cmd.ErrOrStderr(), "train: %s: %d records left out: %s\n", f.Path, n, reason)
		}
	}
	return err
}

// encoder loads the tokenizer that was named, if any.
func (l *lmFlags) encoder() (ngram.Encoder, error) {
	if l.tokenizer == "" {
		return nil, nil
	}
	return tokenizer.Load(l.tokenizer)
}

func newDataLMTrainCmd() *cobra.Command {
	l := &lmFlags{cfg: ngram.Default()}
	c := &cobra.Command{
		Use:   "train --input PATH... --output FILE",
		Short: "Estimate a modified Kneser-Ney model of texts",
		Long: "Reads text from files and folders as data build does, cleans it, and writes a model\n" +
			"file. Prints a JSON report. The result does not depend on memory or workers.",
		Args: moreInputs(&l.inputs),
	}
	f, cfg := c.Flags(), &l.cfg
	f.StringArrayVar(&l.inputs, "input", nil, "file, folder or pattern to read; may be repeated")
	f.StringVar(&l.arpa, "arpa", "", "also write the model as an ARPA file (.gz: compressed)")
	f.IntVar(&cfg.Order, "order", cfg.Order, "length of the longest n-grams, 2 to 6")
	f.Int64SliceVar(&cfg.Prune, "prune", nil, "threshold per order, as in 0,0,1: n-grams seen that often or less are left out")
	f.IntVar(&cfg.VocabLimit, "vocab-limit", 0, "keep this many of the most frequent words (0: all)")
	f.Int64Var(&cfg.MinWordCount, "min-word-count", cfg.MinWordCount, "words seen less often are unknown")
	f.BoolVar(&cfg.DiscountFallback, "discount-fallback", cfg.DiscountFallback, "use fixed discounts where a tiny text gives none")
	f.Float64Var(&cfg.HeldOut, "held-out", cfg.HeldOut, "share of the documents held out for the scores' quantiles (0 with --calibrate)")
	f.IntVar(&l.workers, "workers", 0, "files read at a time (0: one per CPU)")
	lmModelFlags(c, l)
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if len(l.inputs) == 0 || l.output == "" {
			return usagef("train data lm train needs --input and --output; see: train data lm train --help")
		}
		if len(l.calibrate) > 0 && !cmd.Flags().Changed("held-out") {
			cfg.HeldOut = 0
		}
		if err := l.check(); err != nil {
			return err
		}
		return l.train(cmd)
	}
	return c
}

// lmModelFlags are those of every verb that makes a model.
func lmModelFlags(c *cobra.Command, l *lmFlags) {
	f, cfg := c.Flags(), &l.cfg
	f.StringVar(&l.output, "output", "", "model file to write")
	f.StringArrayVar(&l.calibrate, "calibrate", nil, "texts whose perplexities are the scores' quantiles; may be repeated")
	f.StringVar(&cfg.Units, "units", cfg.Units, "mixed (Han by character, words elsewhere), whitespace, or pieces")
	f.BoolVar(&cfg.Fold, "fold", cfg.Fold, "make letters lower case and digits 0 (not for pieces)")
	f.StringVar(&l.tokenizer, "tokenizer", "", "SentencePiece model whose pieces are the units")
	f.BoolVar(&cfg.Quantize, "quantize", false, "8 bits for each probability and backoff: half the size")
	f.StringVar(&l.memory, "memory", "1GiB", "bound on the memory for sorting; the words are kept beside it")
	f.StringVar(&cfg.TempDir, "temp-dir", "", "folder for temporary files")
	f.StringVar(&l.field, "text-field", "text", "JSON field or Parquet column that holds the text")
}

// check completes and checks the configuration.
func (l *lmFlags) check() (err error) {
	if l.cfg.MemoryBytes, err = bytesize.Parse(l.memory); err != nil {
		return usagef("--memory: %w", err)
	}
	if l.tokenizer != "" {
		l.cfg.Units = ngram.UnitsPieces
	} else if l.cfg.Units == ngram.UnitsPieces {
		return usagef("--units pieces needs --tokenizer FILE")
	}
	if l.workers < 0 {
		return usagef("--workers is %d; it cannot be negative", l.workers)
	}
	if l.workers == 0 {
		l.workers = runtime.GOMAXPROCS(0)
	}
	if err := l.cfg.Validate(); err != nil {
		return usageError{err}
	}
	if info, err := os.Stat(l.output); err == nil && info.IsDir() {
		return usagef("--output %s is a folder; name the model file", l.output)
	}
	if err := os.MkdirAll(filepath.Dir(l.output), 0o755); err != nil {
		return fmt.Errorf("make the output folder: %w", err)
	}
	return nil
}

func (l *lmFlags) train(cmd *cobra.Command) (err error) {
	start := time.Now()
	enc, err := l.encoder()
	if err != nil {
		return err
	}
	t, err := ngram.NewTrainer(l.cfg, enc)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	workers := make([]*ngram.Worker, l.workers)
	for i := range workers {
		if workers[i], err = t.Worker(); err != nil {
			return err
		}
	}
	damaged, err := l.texts(cmd, l.inputs, l.workers, func(i int, d source.Document) error { return workers[i].Add(d.Text) })
	if err != nil {
		return err
	}
	if len(l.calibrate) > 0 {
		n, err := l.texts(cmd, l.calibrate, l.workers, func(i int, d source.Document) error { return workers[i].AddHeldOut(d.Text) })
		if damaged += n; err != nil {
			return err
		}
	}
	b, err := t.Estimate(cmd.Context())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	return l.save(cmd, b, damaged, start)
}

// save writes what was asked for and prints the report.
func (l *lmFlags) save(cmd *cobra.Command, b *ngram.Built, damaged int, start time.Time) error {
	if err := b.Save(l.output); err != nil {
		return err
	}
	if l.arpa != "" {
		if err := b.SaveARPA(l.arpa); err != nil {
			return err
		}
	}
	info, err := os.Stat(l.output)
	if err != nil {
		return err
	}
	return printJSON(cmd.OutOrStdout(), struct {
		Output       string  `json:"output"`
		Bytes        int64   `json:"bytes"` // of the model file
		DamagedFiles int     `json:"damaged_files"`
		Seconds      float64 `json:"seconds"`
		ngram.Report
	}{l.output, info.Size(), damaged, time.Since(start).Seconds(), b.Report()})
}

func newDataLMImportCmd() *cobra.Command {
	l := &lmFlags{cfg: ngram.Default()}
	c := &cobra.Command{
		Use:   "import --arpa FILE --output FILE",
		Short: "Make a model file of an ARPA file, such as KenLM's",
		Long: "Units and fold must be those that the text of the ARPA file was cut with.\n" +
			"Scores need quantiles: give texts with --calibrate.",
		Args: noArgs,
	}
	c.Flags().StringVar(&l.arpa, "arpa", "", "ARPA file to read, compressed or not")
	lmModelFlags(c, l)
	c.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if l.arpa == "" || l.output == "" {
			return usagef("train data lm import needs --arpa and --output; see: train data lm import --help")
		}
		if err := l.check(); err != nil {
			return err
		}
		return l.importARPA(cmd)
	}
	return c
}

func (l *lmFlags) importARPA(cmd *cobra.Command) (err error) {
	start := time.Now()
	enc, err := l.encoder()
	if err != nil {
		return err
	}
	b, err := ngram.ImportARPA(cmd.Context(), l.arpa, l.cfg, enc)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	damaged := 0
	if len(l.calibrate) > 0 {
		s, err := b.Model().NewScorer(enc)
		if err != nil {
			return err
		}
		damaged, err = l.texts(cmd, l.calibrate, 1, func(_ int, d source.Document) error {
			r, err := s.Score(d.Text)
			if r.Tokens > 0 {
				b.AddHeldOut(r.Perplexity)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	l.arpa = "" // it was read, not asked for
	return l.save(cmd, b, damaged, start)
}

func newDataLMScoreCmd() *cobra.Command {
	l := &lmFlags{}
	c := &cobra.Command{
		Use:   "score --model FILE --input PATH...",
		Short: "Perplexity and score of every document",
		Long: "Prints a line of JSON per document: id, tokens, unknown, sentences, log10, perplexity,\n" +
			"score (1 less the share of the model's held-out documents of lower perplexity; -1\n" +
			"without quantiles or units) and bucket (head, middle, tail).",
		Args: moreInputs(&l.inputs),
	}
	f := c.Flags()
	f.StringArrayVar(&l.inputs, "input", nil, "file, folder or pattern to read; may be repeated")
	f.StringVar(&l.model, "model", "", "model file")
	f.StringVar(&l.tokenizer, "tokenizer", "", "SentencePiece model, for a model of its pieces")
	f.StringVar(&l.field, "text-field", "text", "JSON field or Parquet column that holds the text")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if len(l.inputs) == 0 || l.model == "" {
			return usagef("train data lm score needs --model and --input; see: train data lm score --help")
		}
		return l.score(cmd)
	}
	return c
}

func (l *lmFlags) score(cmd *cobra.Command) (err error) {
	enc, err := l.encoder()
	if err != nil {
		return err
	}
	m, err := ngram.Open(l.model)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	if units := m.Info().Units; (units == ngram.UnitsPieces) != (enc != nil) {
		return usagef("the model %s has units %s; give --tokenizer FILE for a model of pieces, and only then", l.model, units)
	}
	s, err := m.NewScorer(enc)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(cmd.OutOrStdout(), 1<<16)
	_, err = l.texts(cmd, l.inputs, 1, func(_ int, d source.Document) error {
		r, err := s.Score(d.Text)
		if err != nil {
			return err
		}
		return printJSON(out, struct {
			ID       string `json:"id"`
			FilePath string `json:"file_path"`
			ngram.Result
			Bucket string `json:"bucket,omitempty"`
		}{d.ID, d.FilePath, r, ngram.Bucket(r.Score)})
	})
	if ferr := out.Flush(); ferr != nil {
		err = errors.Join(err, fmt.Errorf("write results: %w", ferr))
	}
	return err
}
