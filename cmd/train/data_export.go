package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"huihai/data"
	"huihai/data/export"
	"huihai/telemetry"
)

func newDataExportCmd() *cobra.Command {
	o := export.Options{}
	cmd := &cobra.Command{
		Use:   "export DIR --format F --output PATH",
		Short: "Write a data set for Megatron-LM, or as JSON Lines",
		Long: "Format megatron writes PATH.bin and PATH.idx, for Megatron's --data-path PATH: each\n" +
			"document is a sequence, as often as it stands in the rows, closed with EOS; with\n" +
			"--unit rows each packed row is one. Format jsonl writes the kept documents with their\n" +
			"source and scores to the file PATH. Nothing is overwritten.",
		Args: oneFolder("one folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.Validate(); err != nil {
				return usagef("%s: %v; see: %s --help", cmd.CommandPath(), err, cmd.CommandPath())
			}
			s, err := export.Export(cmd.Context(), args[0], o)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "%s sequences, %s tokens\n", telemetry.Grouped(s.Sequences), telemetry.Grouped(s.Tokens))
			return printJSON(cmd.OutOrStdout(), s)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Format, "format", "", "megatron or jsonl")
	f.StringVar(&o.Output, "output", "", "path without .bin and .idx, or the file of JSON Lines")
	f.StringVar(&o.Unit, "unit", export.Documents, "what a sequence of Megatron is: documents or rows")
	f.StringVar(&o.Split, "split", data.Train, "train, validation or all")
	f.IntVar(&o.Workers, "workers", 0, "documents encoded at a time (0: one per CPU); never changes the result")
	return cmd
}
