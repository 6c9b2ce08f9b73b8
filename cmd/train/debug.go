package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"huihai/checkpoint"
	"huihai/checkpoint/safetensors"
	"huihai/eval"
	"huihai/kernels"
	"huihai/model"
)

func newDebugCmd() *cobra.Command {
	return group("debug", "Look inside: gradients of given sequences", newDebugGradsCmd())
}

func newDebugGradsCmd() *cobra.Command {
	var dir, input, output string
	var zLoss float64
	var dev deviceFlags
	c := &cobra.Command{
		Use:   "grads --model DIR --input F.jsonl --z-loss W --output G.safetensors",
		Short: "Loss and gradients of a batch",
		Long: "All lines {\"input_ids\":[...],\"labels\":[...]?,\"segments\":[...]?} are one batch. labels name\n" +
			"the token at their own position (-100: ignored) and default to input_ids. Prints the\n" +
			"loss and writes float32 gradients under the Hugging Face tensor names.",
		Args: noArgs,
	}
	c.Flags().StringVar(&dir, "model", "", "model folder")
	c.Flags().StringVar(&input, "input", "", "JSON Lines file, or - for standard input")
	c.Flags().StringVar(&output, "output", "", "safetensors file to write")
	c.Flags().Float64Var(&zLoss, "z-loss", 0, "weight of the max-z loss")
	dev.register(c)
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := errors.Join(requireFlag("debug grads", "model", dir), requireFlag("debug grads", "input", input),
			requireFlag("debug grads", "output", output)); err != nil {
			return err
		}
		if zLoss < 0 {
			return usagef("--z-loss is %v; it must not be negative", zLoss)
		}
		return dev.with(func(d kernels.Device) error {
			f, err := openFolder(cmd, d, dir, true)
			if err != nil {
				return err
			}
			defer f.Close()
			var rows []eval.Sequence
			if err := eachLine(cmd, input, func(line []byte, _ bool) error {
				s, err := parseSequence(line, f)
				rows = append(rows, eval.Sequence{InputIDs: s.InputIDs, Labels: s.Labels, Segments: s.Segments})
				return err
			}); err != nil {
				return err
			}
			g, err := eval.Gradients(cmd.Context(), d, f.Config, f.Weights, rows, zLoss)
			if err != nil {
				return fmt.Errorf("%s: %w", input, err)
			}
			defer g.Close()
			if err := writeGradients(output, f.Weights.Tensors(), g); err != nil {
				return err
			}
			return printJSON(cmd.OutOrStdout(), map[string]any{
				"loss": g.Stats.Loss(zLoss), "cross_entropy": g.Stats.CrossEntropy(),
				"mean_max_logit_sq": g.Stats.MeanMaxLogitSq(), "supervised_tokens": g.Stats.Supervised,
			})
		})
	}
	return c
}

// writeGradients streams the gradients to a file, one tensor in memory at a time.
func writeGradients(path string, ts []model.Tensor, g *eval.Batch) error {
	var src []checkpoint.TensorSource
	for _, t := range ts {
		src = append(src, checkpoint.TensorSource{Name: t.Name, DType: safetensors.F32, Shape: t.Shape,
			WriteTo: func(w io.Writer) error {
				v := make([]float32, t.Len())
				if err := g.Read(t.Name, v); err != nil {
					return err
				}
				return safetensors.WriteFloat32s(w, safetensors.F32, v)
			},
		})
	}
	return checkpoint.WriteTensors(path, src)
}
