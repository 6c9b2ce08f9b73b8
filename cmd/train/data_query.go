package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"huihai/data/query"
)

// oneFolder is the argument check of verbs that take a data set.
func oneFolder(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != len(names) {
			return usagef("%s takes %s, got %d arguments; see: %s --help", cmd.CommandPath(), strings.Join(names, " and "), len(args), cmd.CommandPath())
		}
		return nil
	}
}

func newDataStatsCmd() *cobra.Command {
	var by []string
	cmd := &cobra.Command{
		Use: "stats DIR", Short: "Sum up documents by source, language, status ... as JSON",
		Long: "Counts documents, bytes and tokens of a data set, with quantiles of the scores, for\n" +
			"each combination of the columns of --by.",
		Args: oneFolder("one folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := query.Stats(cmd.Context(), args[0], by)
			if err != nil {
				return err
			}
			return printJSON(cmd.OutOrStdout(), t)
		},
	}
	cmd.Flags().StringSliceVar(&by, "by", []string{"status"}, "columns to group by: source, language, language_script, status, split, contam_task")
	return cmd
}

func newDataSearchCmd() *cobra.Command {
	var f query.Filter
	cmd := &cobra.Command{
		Use: "search DIR [TEXT]", Short: "Find documents by text and scores, as JSON Lines",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usagef("%s takes a folder and at most one text, got %d arguments; see: %s --help", cmd.CommandPath(), len(args), cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 {
				f.Text = args[1]
			}
			enc := json.NewEncoder(cmd.OutOrStdout())
			enc.SetEscapeHTML(false)
			n := 0
			err := query.Search(cmd.Context(), args[0], f, func(h query.Hit) error {
				n++
				return enc.Encode(h)
			})
			if err == nil && n == 0 {
				fmt.Fprintln(cmd.ErrOrStderr(), "no document matches")
			}
			return err
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.Regexp, "regexp", "", "regular expression (Go's syntax) in place of a text")
	fl.StringVar(&f.Status, "status", "", "only documents of this status: kept, or a reason for dropping")
	fl.StringVar(&f.Source, "source", "", "only documents of this source")
	fl.StringVar(&f.Language, "language", "", "only documents of this language")
	fl.Float64Var(&f.MinQuality, "min-quality", 0, "only documents of at least this quality")
	fl.Float64Var(&f.MaxQuality, "max-quality", 0, "only documents of at most this quality (0: no bound)")
	fl.IntVar(&f.Limit, "limit", 20, "hits at most (0: all)")
	return cmd
}

func newDataExplainCmd() *cobra.Command {
	return &cobra.Command{
		Use: "explain DIR ID", Short: "Tell all that is known of a document, as JSON",
		Long: "Tells where a document came from, its scores, its copies, why it was kept or dropped,\n" +
			"what was cut out of it, and in which rows its tokens are. ID is its id or the\n" +
			"beginning of it; train data search finds ids.",
		Args: oneFolder("a folder", "an id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := query.Explain(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			return printJSON(cmd.OutOrStdout(), s)
		},
	}
}
