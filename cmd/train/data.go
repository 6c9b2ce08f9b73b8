package main

import (
	"fmt"
	"io"
	"sort"
	"time"

	"github.com/spf13/cobra"

	"huihai/data"
)

func newDataCmd() *cobra.Command {
	return group("data", "Make and look at data sets", newDataBuildCmd(), newDataInspectCmd())
}

func newDataBuildCmd() *cobra.Command {
	cfg := data.DefaultBuild()
	cmd := &cobra.Command{
		Use:   "build --input PATH... --output DIR",
		Short: "Make a data set: clean, score, deduplicate, tokenise and pack text",
		Long: "Reads text from files and folders (.txt, .md, source code, .jsonl, .json, .parquet;\n" +
			"also .gz and .zst), and writes documents, token rows, the tokenizer and a report\n" +
			"to DIR. Stopped and run again, it goes on where it was; unchanged, it does nothing.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := cfg.Validate(); err != nil {
				return usagef("data build: %w", err)
			}
			report, err := data.Build(cmd.Context(), cfg, printStages(cmd.ErrOrStderr()))
			if err != nil {
				return err
			}
			printFunnel(cmd.ErrOrStderr(), cfg.Output, report)
			return printJSON(cmd.OutOrStdout(), report)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&cfg.Inputs, "input", nil, "file, folder or pattern to read; may be repeated; name=path names the data set")
	f.StringVar(&cfg.Output, "output", "", "folder for the data set")
	f.StringVar(&cfg.Tokenizer, "tokenizer", "", "SentencePiece model file to use; without it one is trained on the kept text")
	f.IntVar(&cfg.VocabSize, "vocab-size", cfg.VocabSize, "vocabulary size of a tokenizer to train")
	f.IntVar(&cfg.Pack.SequenceLength, "sequence-length", cfg.Pack.SequenceLength, "inputs per row")
	f.StringVar(&cfg.Pack.Method, "packing", cfg.Pack.Method, "how documents become rows: concat or best_fit")
	f.Float64Var(&cfg.ValidationFraction, "validation-fraction", cfg.ValidationFraction, "share of documents held out for evaluation")
	f.IntVar(&cfg.Workers, "workers", cfg.Workers, "tasks at a time (0: one per CPU); never changes the result")
	f.Uint64Var(&cfg.Seed, "seed", cfg.Seed, "seed of the shuffle and of the held-out documents")
	f.Int64Var(&cfg.MaxBytes, "max-bytes", cfg.MaxBytes, "read at most this much text (0: all)")
	f.StringVar(&cfg.Source.TextField, "text-field", cfg.Source.TextField, "JSON field or Parquet column that holds the text")
	f.StringVar(&cfg.Score.Profile, "profile", cfg.Score.Profile, "rules for dropping: general, web or none")
	f.Float64Var(&cfg.Score.MinQuality, "min-quality", cfg.Score.MinQuality, "drop documents of lower quality (0: none)")
	f.StringSliceVar(&cfg.Score.Languages, "languages", nil, "keep only these: en, zh, code, other (default all)")
	f.BoolVar(&cfg.Dedup.Near, "near-dedup", cfg.Dedup.Near, "drop near copies found by MinHash")
	f.BoolVar(&cfg.Dedup.Exact, "exact-dedup", cfg.Dedup.Exact, "drop exact copies")
	f.BoolVar(&cfg.KeepWork, "keep-work", cfg.KeepWork, "keep the working files below DIR/.work")
	return cmd
}

func newDataInspectCmd() *cobra.Command {
	return &cobra.Command{
		Use: "inspect DIR", Short: "Describe a data set as JSON",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("%s takes one folder, got %d arguments; see: %s --help", cmd.CommandPath(), len(args), cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			info, err := data.Inspect(args[0])
			if err != nil {
				return err
			}
			return printJSON(cmd.OutOrStdout(), info)
		},
	}
}

// printStages returns a callback that writes one line per finished stage.
func printStages(w io.Writer) func(data.Event) {
	return func(e data.Event) {
		if e.Finished {
			fmt.Fprintf(w, "%-10s %7.2fs  %s\n", e.Stage, e.Seconds, e.Summary)
		}
	}
}

// printFunnel writes what became of the text, for people.
func printFunnel(w io.Writer, dir string, r *data.Report) {
	line := func(what string, documents, bytes int64) {
		fmt.Fprintf(w, "  %-34s %10d  %10.2f MB  %5.1f%%\n", what, documents, float64(bytes)/1e6, percent(bytes, r.Read.Bytes))
	}
	if r.Unchanged {
		fmt.Fprintf(w, "%s is up to date; nothing was done\n", dir)
	}
	fmt.Fprintf(w, "\n  %-34s %10s  %13s  %6s\n", "", "documents", "text", "share")
	line("read", r.Read.Documents, r.Read.Bytes)
	var reasons []string
	for reason := range r.Dropped {
		reasons = append(reasons, reason)
	}
	sort.Slice(reasons, func(i, j int) bool {
		a, b := r.Dropped[reasons[i]], r.Dropped[reasons[j]]
		return a.Bytes > b.Bytes || a.Bytes == b.Bytes && reasons[i] < reasons[j]
	})
	for _, reason := range reasons {
		line("- "+reason, r.Dropped[reason].Documents, r.Dropped[reason].Bytes)
	}
	line("kept", r.Kept.Documents, r.Kept.Bytes)
	for _, s := range r.Splits {
		if s.Rows > 0 {
			fmt.Fprintf(w, "  %-10s %d tokens in %d rows, %.2f bytes per token\n", s.Name, s.Tokens, s.Rows, float64(s.Bytes)/float64(max(1, s.Tokens-s.Documents)))
		}
	}
	for _, bad := range r.BadFiles {
		fmt.Fprintf(w, "  bad file %s: %s (%d documents kept from it)\n", bad.File, bad.Reason, bad.Documents)
	}
	for reason, t := range r.Rejected {
		fmt.Fprintf(w, "  rejected %d records: %s (samples in rejects.jsonl)\n", t.Documents, reason)
	}
	seconds := 0.0
	for _, s := range r.Seconds {
		seconds += s
	}
	fmt.Fprintf(w, "  %s in %v\n", dir, time.Duration(seconds*float64(time.Second)).Round(10*time.Millisecond))
}

func percent(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}
