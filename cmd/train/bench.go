package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"huihai/cmd/train/internal/bench"
	"huihai/model"
)

func newBenchCmd() *cobra.Command {
	return group("bench", "Measure this machine: training steps", newBenchStepCmd())
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
