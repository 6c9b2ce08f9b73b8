package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"huihai/cmd/train/internal/runs"
	"huihai/telemetry"
)

// stepArgs are RUN STEP.
func stepArgs(cmd *cobra.Command, args []string) error {
	if len(args) != 2 {
		return usagef("%s takes a run's folder and a step; see: %s --help", cmd.CommandPath(), cmd.CommandPath())
	}
	if _, err := strconv.Atoi(args[1]); err != nil {
		return usagef("%s: %q is no step; give a number from 1", cmd.CommandPath(), args[1])
	}
	return nil
}

// repeatFlags are shared by the verbs that do steps of a run again.
type repeatFlags struct {
	data    string
	threads int
}

func (f *repeatFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.data, "data", "", "the data set's folder now, if it has moved")
	c.Flags().IntVar(&f.threads, "threads", 0, "CPU workers; 0 is one per core (never changes a result)")
}

func (f *repeatFlags) repeat(cmd *cobra.Command, args []string) (*runs.Repeat, error) {
	if f.threads < 0 {
		return nil, usagef("--threads is %d; give 0 or more", f.threads)
	}
	step, _ := strconv.Atoi(args[1])
	return &runs.Repeat{Options: surroundings(cmd), RunDir: args[0], Step: step, Dataset: f.data, Threads: f.threads}, nil
}

// newStepCmd makes a verb that does a step of a run again.
func newStepCmd(use, short, long string, run func(*cobra.Command, *runs.Repeat) error) *cobra.Command {
	var f repeatFlags
	cmd := &cobra.Command{Use: use, Short: short, Long: long, Args: stepArgs}
	f.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		p, err := f.repeat(cmd, args)
		if err != nil {
			return err
		}
		return run(cmd, p)
	}
	return cmd
}

func newReplayCmd() *cobra.Command {
	return newStepCmd("replay RUN STEP", "Do a step of a run again, to the bit",
		"Goes on from the nearest checkpoint before the step and prints its loss and gradient\n"+
			"norm beside those in the run's log. They have the same bits, or the exit code is 1. A step\n"+
			"that was not finite is led back to its op, layer and document once more. Nothing is written.",
		replay)
}

func replay(cmd *cobra.Command, p *runs.Repeat) error {
	out, err := p.Replay(cmd.Context())
	if err != nil {
		return err
	}
	if err := printJSON(cmd.OutOrStdout(), out); err != nil {
		return err
	}
	switch {
	case out.Fault != "":
		fmt.Fprintf(cmd.ErrOrStderr(), "train: %s\n", telemetry.Printable(out.Fault))
	case out.Recorded == nil:
		fmt.Fprintf(cmd.ErrOrStderr(), "train: note: the run's log has no step %d to compare with\n", out.Step)
	case !out.Equal:
		return fmt.Errorf("step %d: loss %v and gradient norm %v, but the log has %v and %v", out.Step, out.Loss, out.GradNorm, out.Recorded.Loss, out.Recorded.GradNorm)
	}
	return nil
}

func newExplainCmd() *cobra.Command {
	return newStepCmd("explain RUN STEP", "Documents, spans and losses of a step of a run",
		"Does the step again from the nearest checkpoint and lists the documents in its rows with\n"+
			"the loss of each, the highest first: as a table on standard error, whole as JSON.",
		func(cmd *cobra.Command, p *runs.Repeat) error {
			out, err := p.Explain(cmd.Context())
			if err != nil {
				return err
			}
			fmt.Fprint(cmd.ErrOrStderr(), out.Page(p.Screen()))
			return printJSON(cmd.OutOrStdout(), out)
		})
}

func newRerunCmd() *cobra.Command {
	var f repeatFlags
	var output string
	cmd := &cobra.Command{
		Use:   "rerun RUN --output DIR",
		Short: "Repeat a whole run from its own record and compare the files",
		Long: "Trains again in another folder with the settings, data and weights of RUN's record, then\n" +
			"compares the last checkpoints file by file. Exit code 0 means that every file is the same.\n" +
			"Stopped and run again, it goes on where it was.",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("%s takes one run's folder; see: %s --help", cmd.CommandPath(), cmd.CommandPath())
			}
			return nil
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&output, "output", "", "folder for the repetition")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := requireFlag("rerun", "output", output); err != nil {
			return err
		}
		p := &runs.Rerun{Options: surroundings(cmd), RunDir: args[0], Output: output, Dataset: f.data, Threads: f.threads}
		out, err := p.Run(cmd.Context())
		if err != nil {
			return err
		}
		if err := printSummary(cmd, p.Options, out.Summary, out); err != nil || out.Interrupted {
			return err
		}
		if !out.Equal {
			return fmt.Errorf("the repetition differs from %s in %v", out.Original, out.Differs)
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "Every file of %s equals that of %s.\n", out.Checkpoint, out.Original)
		return nil
	}
	return cmd
}
