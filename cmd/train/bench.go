package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"

	"github.com/spf13/cobra"

	"huihai/cmd/train/internal/bench"
	"huihai/model"
	"huihai/telemetry"
)

func newBenchCmd() *cobra.Command {
	return group("bench", "Measure this machine: training steps, kernels, kernels beside OpenBLAS",
		newBenchStepCmd(), newBenchKernelsCmd(), newBenchBlasCmd())
}

func newBenchStepCmd() *cobra.Command {
	c := bench.StepConfig{Model: model.Default()}
	position := string(model.RoPE)
	asJSON := false
	cmd := &cobra.Command{
		Use:   "step",
		Short: "Time whole optimizer steps on random tokens",
		Long:  "Runs forward, backward, clipping and AdamW as a training run does and tells the median\nof the counted steps.",
		Args:  noArgs,
	}
	f := cmd.Flags()
	f.IntVar(&c.Model.HiddenSize, "hidden", 512, "hidden size")
	f.IntVar(&c.Model.NumHiddenLayers, "layers", 8, "layers")
	f.IntVar(&c.Model.NumAttentionHeads, "heads", 8, "attention heads")
	f.IntVar(&c.Model.IntermediateSize, "ffn", 1376, "feed-forward size")
	f.IntVar(&c.Model.VocabSize, "vocab", 8192, "vocabulary")
	f.StringVar(&position, "position", position, "rope or alibi")
	f.IntVar(&c.Batch, "batch", 4, "rows in a micro-batch")
	f.IntVar(&c.SeqLen, "seq", 512, "tokens in a row")
	f.BoolVar(&c.Recompute, "recompute", false, "recompute activations in the backward pass")
	f.IntVar(&c.Warmup, "warmup", 1, "steps not counted, first")
	f.IntVar(&c.Steps, "steps", 5, "counted steps")
	f.IntVar(&c.Threads, "threads", 0, "CPU workers; 0 is one per core")
	f.StringVar(&c.Path, "path", "", "code path of the kernels: avx2, avx512 or portable (default: the best that is proven)")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c.Model.Position = model.Position(position)
		c.Model.ModelMaxLength = max(c.Model.ModelMaxLength, c.SeqLen)
		if err := c.Model.Validate(); err != nil {
			return usageError{err}
		}
		if c.Batch < 1 || c.SeqLen < 2 || c.Steps < 1 || c.Warmup < 0 {
			return usagef("--batch and --steps must be at least 1, --seq at least 2, --warmup at least 0")
		}
		r, err := bench.Step(cmd.Context(), c)
		if err != nil {
			return err
		}
		if asJSON {
			return printJSON(cmd.OutOrStdout(), r)
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s, %d parameters: %.0f tokens/s, %.3f s a step (median of %d), %.1f GFLOP/s, %.0f%% of the peak, %.0f MiB planned, %.0f MiB resident\n",
			r.Device, r.Parameters, r.TokensPerSecond, r.StepSeconds, r.Steps, r.GFLOPS, 100*r.PeakShare,
			float64(r.PlannedPeakBytes)/(1<<20), float64(r.PeakRSSBytes)/(1<<20))
		return err
	}
	return cmd
}

// benchFlags are those that the benchmarks of kernels share.
type benchFlags struct {
	path, only string
	seconds    float64
	asJSON     bool
}

func (f *benchFlags) register(cmd *cobra.Command, seconds float64) {
	cmd.Flags().StringVar(&f.path, "path", "", "code path of the kernels: avx2, avx512 or portable (default: the best that is proven)")
	cmd.Flags().StringVar(&f.only, "only", "", "measure only what this regular expression matches, such as '^MatMulNT' or 'bf16'")
	cmd.Flags().Float64Var(&f.seconds, "seconds", seconds, "time to repeat each measurement for")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "print JSON")
}

// filter checks the flags and compiles --only; nil keeps everything.
func (f *benchFlags) filter() (*regexp.Regexp, error) {
	if !(f.seconds > 0 && f.seconds <= 3600) {
		return nil, usagef("--seconds is %v; give more than 0 and at most 3600", f.seconds)
	}
	if f.only == "" {
		return nil, nil
	}
	re, err := regexp.Compile(f.only)
	if err != nil {
		return nil, usagef("--only: %w", err)
	}
	return re, nil
}

// progress tells on standard error what is being measured.
func progress(cmd *cobra.Command) func(done, total int, what string) {
	w := cmd.ErrOrStderr()
	if !telemetry.ScreenOf(w, os.Getenv).Terminal {
		return nil
	}
	return func(done, total int, what string) { fmt.Fprintf(w, "\r\x1b[K%d/%d %s", done+1, total, what) }
}

// endProgress clears the line that progress leaves.
func endProgress(cmd *cobra.Command) {
	if w := cmd.ErrOrStderr(); telemetry.ScreenOf(w, os.Getenv).Terminal {
		fmt.Fprint(w, "\r\x1b[K")
	}
}

func newBenchKernelsCmd() *cobra.Command {
	var c bench.KernelConfig
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "kernels",
		Short: "Time every kernel against what the machine can do",
		Long: "Times every numeric kernel at the shapes of a training step and of decoding, and compares\n" +
			"the median with the machine's measured peak (arithmetic) or bandwidth (memory), whichever\n" +
			"bounds the kernel. Where the operands stay in a cache there is no share.",
		Args: noArgs,
	}
	cmd.Flags().IntVar(&c.Threads, "threads", 0, "CPU workers; 0 is one per core")
	f.register(cmd, 0.2)
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if c.Only, err = f.filter(); err != nil {
			return err
		}
		if c.Threads < 0 {
			return usagef("--threads is %d; give 1 or more, or 0 for one per core", c.Threads)
		}
		c.Path, c.Seconds, c.Progress = f.path, f.seconds, progress(cmd)
		results, device, err := bench.Kernels(cmd.Context(), c)
		endProgress(cmd)
		if errors.Is(err, bench.ErrNothingChosen) {
			return usageError{err}
		}
		if err != nil {
			return err
		}
		if f.asJSON {
			return printJSON(cmd.OutOrStdout(), results)
		}
		_, err = fmt.Fprint(cmd.OutOrStdout(), bench.KernelTable(device, results).Render(telemetry.ScreenOf(cmd.OutOrStdout(), os.Getenv)))
		return err
	}
	return cmd
}

func newBenchBlasCmd() *cobra.Command {
	var c bench.BlasConfig
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "blas",
		Short: "Time matrix products side by side with OpenBLAS",
		Long: "Loads OpenBLAS while running, times the same float32 products by it and by our kernels in\n" +
			"turns, on one thread and on all, and checks that the results agree. " + bench.BlasInstall + ".",
		Args: noArgs,
	}
	cmd.Flags().StringVar(&c.Library, "library", "", "file of the library (default: looked for in the usual places)")
	f.register(cmd, 0.5)
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if c.Only, err = f.filter(); err != nil {
			return err
		}
		c.Path, c.Seconds, c.Progress = f.path, f.seconds, progress(cmd)
		report, err := bench.Blas(cmd.Context(), c)
		endProgress(cmd)
		if errors.Is(err, bench.ErrNothingChosen) {
			return usageError{err}
		}
		if err != nil {
			return err
		}
		if f.asJSON {
			return printJSON(cmd.OutOrStdout(), report)
		}
		_, err = fmt.Fprint(cmd.OutOrStdout(), report.Table().Render(telemetry.ScreenOf(cmd.OutOrStdout(), os.Getenv)))
		return err
	}
	return cmd
}
