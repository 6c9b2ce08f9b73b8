package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"huihai/configs"
	"huihai/internal/atomicfile"
	"huihai/internal/vfs"
)

// configFlags are the flags of every verb that reads a configuration.
type configFlags struct {
	file, preset string
	set          []string
	// overrides are what the verb's own flags say; they win over all.
	overrides []configs.Override
}

// addConfigFlags declares --config, --preset and --set on cmd.
func addConfigFlags(cmd *cobra.Command) *configFlags {
	f := &configFlags{}
	cmd.Flags().StringVar(&f.file, "config", "", "configuration file (YAML)")
	cmd.Flags().StringVar(&f.preset, "preset", "", "preset to start from (see: train config list)")
	cmd.Flags().StringArrayVar(&f.set, "set", nil, "override one setting, as in --set train.max_steps=100; may be repeated")
	return f
}

// load merges the layers and validates the named sections (all when none are
// named). A mistake in the configuration is wrong usage.
func (f *configFlags) load(sections ...string) (*configs.Config, *configs.Provenance, error) {
	c, prov, err := configs.Load(configs.Options{
		File: f.file, Preset: f.preset, Set: f.set, Overrides: f.overrides, Environ: os.Environ(), Sections: sections,
	})
	var mistakes *configs.Error
	if errors.As(err, &mistakes) {
		return nil, nil, usageError{err}
	}
	return c, prov, err
}

func newConfigCmd() *cobra.Command {
	return group("config", "List, show and copy configurations",
		newConfigListCmd(), newConfigShowCmd(), newConfigInitCmd(), newConfigKeysCmd(), newConfigSchemaCmd())
}

func newConfigListCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the presets and recipes shipped with the program", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			type item struct {
				Name    string `json:"name"`
				Kind    string `json:"kind"`
				Summary string `json:"summary"`
			}
			var items []item
			for _, p := range configs.Presets() {
				kind := "shape"
				if p.Recipe {
					kind = "recipe"
				}
				items = append(items, item{p.Name, kind, p.Summary})
			}
			if asJSON {
				return printIndented(cmd.OutOrStdout(), items)
			}
			t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, i := range items {
				fmt.Fprintf(t, "%s\t%s\t%s\n", i.Name, i.Kind, i.Summary)
			}
			return t.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newConfigShowCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show", Short: "Print the merged configuration and where each value is from", Args: noArgs,
		Long: "Print the configuration that a run would use, each value with its origin:\nthe default, a preset, a line of the file, an environment variable or --set.\nThe output is itself a configuration file.",
	}
	flags := addConfigFlags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, prov, err := flags.load()
		if err != nil {
			return err
		}
		if asJSON {
			return printIndented(cmd.OutOrStdout(), configs.Show(c, prov))
		}
		return configs.Render(cmd.OutOrStdout(), c, prov)
	}
	return cmd
}

func newConfigInitCmd() *cobra.Command {
	var output string
	var force bool
	cmd := &cobra.Command{
		Use: "init NAME", Short: "Copy a shipped configuration to a file of your own",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("%s takes the name of one preset; see: train config list", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := configs.PresetByName(args[0])
			if err != nil {
				return usageError{err}
			}
			if output == "" {
				output = p.Name + ".yaml"
			}
			if output == "-" {
				_, err := cmd.OutOrStdout().Write(p.Text)
				return err
			}
			if err := writeNew(output, p.Text, force); err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "train: wrote %s; edit it, then look at the result with: train config show --config %s\n", output, output)
			return printIndented(cmd.OutOrStdout(), map[string]string{"preset": p.Name, "output": output})
		},
	}
	cmd.Flags().StringVar(&output, "output", "", "file to write, - for standard output (default NAME.yaml)")
	cmd.Flags().BoolVar(&force, "force", false, "overwrite the file")
	return cmd
}

// writeNew writes a file whole or not at all; without force an existing file is
// kept.
func writeNew(path string, text []byte, force bool) error {
	if _, err := os.Lstat(path); err == nil && !force {
		return usagef("%s exists; choose another --output or add --force", path)
	}
	_, err := atomicfile.WriteFile(vfs.OS{}, path, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
	return err
}

func newConfigKeysCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "keys [PREFIX]", Short: "List the settings; with a prefix such as optim, explain them",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("%s takes one prefix, but got %d words", cmd.CommandPath(), len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			infos, err := configs.Describe(strings.Join(args, ""))
			if err != nil {
				return usageError{err}
			}
			if asJSON {
				return printIndented(cmd.OutOrStdout(), infos)
			}
			if len(args) > 0 {
				return explainKeys(cmd.OutOrStdout(), infos)
			}
			t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "KEY\tTYPE\tDEFAULT\tENVIRONMENT")
			for _, i := range infos {
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", i.Key, i.Type, i.Default, i.Env)
			}
			return t.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newConfigSchemaCmd() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print a JSON schema of the configuration file, for editors", Args: noArgs,
		Long: "Print a JSON schema. Editors with a YAML language server complete and explain keys when\nthe file begins with the line\n  # yaml-language-server: $schema=huihai.schema.json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return printIndented(cmd.OutOrStdout(), configs.JSONSchema())
		},
	}
}

// explainKeys prints a paragraph for every setting.
func explainKeys(w io.Writer, infos []configs.KeyInfo) error {
	for _, i := range infos {
		if _, err := fmt.Fprintf(w, "%s: %s\n    type %s, environment %s\n", i.Key, i.Default, i.Type, i.Env); err != nil {
			return err
		}
		if i.Help == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "    %s\n", i.Help); err != nil {
			return err
		}
	}
	return nil
}
