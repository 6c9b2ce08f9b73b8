package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"huihai/cmd/train/internal/runs"
	"huihai/configs"
	"huihai/data/build"
	"huihai/data/decontam"
	"huihai/data/query"
	"huihai/internal/bytesize"
	"huihai/telemetry"
)

func newDataCmd() *cobra.Command {
	return group("data", "Make and look at data sets", newDataBuildCmd(), newDataStageCmd(),
		newDataInspectCmd(), newDataStatsCmd(), newDataSearchCmd(), newDataExplainCmd(), newDataClassifierCmd(), newDataLMCmd(), newDataExportCmd())
}

func newDataBuildCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "build --input PATH... --output DIR",
		Short: "Make a data set: clean, score, deduplicate, tokenise and pack text",
		Long: "Reads text from files, folders and standard input (.txt, .md, source code, .jsonl,\n" +
			".json, .html, .warc, .wet, .parquet; also .gz and .zst), and writes documents, token\n" +
			"rows, the tokenizer and a report to DIR. Stopped and run again, it goes on where it was; unchanged, it does nothing.\n" +
			"All settings are in section data of the configuration; the flags name the usual ones.",
	}
	shared := addConfigFlags(cmd)
	own := addDataFlags(cmd)
	store := addStoreFlags(cmd)
	cmd.Flags().BoolVar(&store.clear, "clear-store", false, "remove the working files from --store once the data set is published")
	cmd.Args = moreInputs(&own.cfg.Inputs)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		shared.overrides = own.overrides(cmd)
		c, _, err := shared.load("data")
		if err != nil {
			return err
		}
		return store.with(cmd.Context(), func(opts ...build.Option) error { return runDataBuild(cmd, c.Data, opts...) })
	}
	return cmd
}

// limitMemory makes the collector keep what the stages do not plan, such as
// buffers of readers, within the budget. Without one it may let garbage lie longer:
// the stages hold a few hundred megabytes, and a twentieth of the time is saved.
func limitMemory(cfg build.Config) {
	if n, err := bytesize.Parse(cfg.Memory); err == nil {
		debug.SetMemoryLimit(n)
		return
	}
	debug.SetGCPercent(400)
}

func runDataBuild(cmd *cobra.Command, cfg build.Config, opts ...build.Option) error {
	limitMemory(cfg)
	w := cmd.ErrOrStderr()
	screen := telemetry.ScreenOf(w, os.Getenv)
	progress := telemetry.NewProgress(w, screen, time.Now)
	report, err := build.Run(cmd.Context(), cfg, runs.StageLines(progress, time.Now), append(opts, build.WithStdin(cmd.InOrStdin()))...)
	if closeErr := progress.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	fmt.Fprint(w, runs.DataPage(cfg.Output, report, screen))
	return printJSON(cmd.OutOrStdout(), report)
}

// dataFlags are the flags of data build: each stands for a key of the
// configuration.
type dataFlags struct {
	cfg   build.Config
	evals []string
	keys  []dataFlag
}

type dataFlag struct {
	name, key string
	value     func() any
}

func addDataFlags(cmd *cobra.Command) *dataFlags {
	d := &dataFlags{cfg: build.Default()}
	c, f := &d.cfg, cmd.Flags()
	flag := func(name, key string, value func() any) {
		d.keys = append(d.keys, dataFlag{name, "data." + key, value})
	}
	text := func(p *string, name, key, usage string) {
		f.StringVar(p, name, *p, usage)
		flag(name, key, func() any { return *p })
	}
	integer := func(p *int, name, key, usage string) {
		f.IntVar(p, name, *p, usage)
		flag(name, key, func() any { return *p })
	}
	number := func(p *float64, name, key, usage string) {
		f.Float64Var(p, name, *p, usage)
		flag(name, key, func() any { return *p })
	}
	toggle := func(p *bool, name, key, usage string) {
		f.BoolVar(p, name, *p, usage)
		flag(name, key, func() any { return *p })
	}
	f.StringArrayVar(&c.Inputs, "input", nil, "file, folder or pattern to read, - for standard input; may be repeated; name=path names the data set")
	flag("input", "inputs", func() any { return c.Inputs })
	text(&c.Output, "output", "output", "folder for the data set")
	text(&c.Tokenizer, "tokenizer", "tokenizer", "SentencePiece model file to use; without it one is trained on the kept text")
	integer(&c.VocabSize, "vocab-size", "vocab_size", "vocabulary size of a tokenizer to train")
	integer(&c.Pack.SequenceLength, "sequence-length", "pack.sequence_length", "inputs per row")
	text(&c.Pack.Method, "packing", "pack.method", "how documents become rows: concat or best_fit")
	number(&c.ValidationFraction, "validation-fraction", "validation_fraction", "share of documents held out for evaluation")
	integer(&c.Workers, "workers", "workers", "tasks at a time (0: one per CPU); never changes the result")
	text(&c.Memory, "memory", "memory", "memory of the stages together, such as 4GiB (default no bound); never changes the result")
	f.Uint64Var(&c.Seed, "seed", c.Seed, "seed of the shuffle and of the held-out documents")
	flag("seed", "seed", func() any { return c.Seed })
	f.Int64Var(&c.MaxBytes, "max-bytes", c.MaxBytes, "read at most this much text (0: all)")
	flag("max-bytes", "max_bytes", func() any { return c.MaxBytes })
	text(&c.Source.TextField, "text-field", "source.text_field", "JSON field or Parquet column that holds the text")
	text(&c.Score.Profile, "profile", "score.profile", "rules for dropping: general, web or none")
	number(&c.Score.MinQuality, "min-quality", "score.min_quality", "drop documents of lower quality (0: none)")
	f.StringSliceVar(&c.Score.Languages, "languages", nil, "keep only these: tags such as en, zh and ja, code, other (default all)")
	flag("languages", "score.languages", func() any { return c.Score.Languages })
	toggle(&c.Dedup.Exact, "exact-dedup", "dedup.exact", "drop exact copies")
	toggle(&c.Dedup.Near, "near-dedup", "dedup.near", "drop near copies found by MinHash")
	text(&c.Paragraphs.Action, "paragraph-dedup", "paragraphs.action", "copies of paragraphs among kept documents: off, count or remove")
	text(&c.Sentences.Action, "sentence-dedup", "sentences.action", "copies of sentences among kept documents: off, count or remove")
	f.StringArrayVar(&d.evals, "decontaminate", nil, "evaluation set (JSON Lines, JSON; gzip, zstd; pattern) whose items drop documents; may be repeated")
	flag("decontaminate", "decontam.sets", func() any {
		var sets []decontam.Set
		for _, path := range d.evals {
			sets = append(sets, decontam.Set{Path: path})
		}
		return sets
	})
	toggle(&c.Passages.Find, "passage-dedup", "passages.find", "remove passages that repeat byte for byte, cut at sentences")
	toggle(&c.Semantic.Find, "semantic-clusters", "semantic.find", "cluster documents by dense vectors of their vocabulary")
	toggle(&c.KeepWork, "keep-work", "keep_work", "keep the working files below DIR/.work")
	return d
}

// overrides returns the settings of the flags that were given.
func (d *dataFlags) overrides(cmd *cobra.Command) []configs.Override {
	var out []configs.Override
	for _, k := range d.keys {
		if cmd.Flags().Changed(k.name) {
			out = append(out, configs.Override{Key: k.key, Value: k.value(), Flag: "--" + k.name})
		}
	}
	return out
}

func newDataInspectCmd() *cobra.Command {
	return &cobra.Command{
		Use: "inspect DIR", Short: "Describe a data set as JSON",
		Args: oneFolder("one folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			info, err := query.Inspect(args[0])
			if err != nil {
				return err
			}
			return printJSON(cmd.OutOrStdout(), info)
		},
	}
}
