package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Flags read digits as the configuration does.
func TestDecimalFlags(t *testing.T) {
	for text, want := range map[string]int{
		"0100": 100, "089": 89, "-010": -10, "0": 0, "000": 0, "0x10": 16, "0o10": 8, "12": 12, "1_000": -1, "0x": -1, "": -1, "01a": -1,
	} {
		got := 0
		child := &cobra.Command{Use: "child", RunE: func(*cobra.Command, []string) error { return nil }}
		child.Flags().IntVar(&got, "n", 0, "")
		root := &cobra.Command{Use: "root", SilenceErrors: true, SilenceUsage: true}
		root.AddCommand(child)
		decimalFlags(root)
		root.SetArgs([]string{"child", "--n=" + text})
		if err := root.Execute(); err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("--n=%s is %d, want %d", text, got, want)
		}
	}
}

// No verb has a whole-number flag that is read as Go source.
func TestEveryFlagIsDecimal(t *testing.T) {
	wrapped := 0
	var look func(cmd *cobra.Command)
	look = func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if _, ok := f.Value.(decimalValue); ok {
				wrapped++
			} else if kind := f.Value.Type(); strings.HasPrefix(kind, "int") || strings.HasPrefix(kind, "uint") {
				t.Errorf("%s --%s of type %s is not decimal", cmd.CommandPath(), f.Name, kind)
			}
		})
		for _, c := range cmd.Commands() {
			look(c)
		}
	}
	look(newRootCmd())
	if wrapped < 20 {
		t.Errorf("%d flags are decimal", wrapped)
	}
}
