package main

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"

	"huihai/checkpoint"
	"huihai/checkpoint/safetensors"
	"huihai/eval"
	"huihai/infer"
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
		if !(zLoss >= 0) || math.IsInf(zLoss, 0) {
			return usagef("--z-loss is %v; it must be a number that is not negative", zLoss)
		}
		return dev.with(func(d kernels.Device) error {
			f, err := openFolder(cmd, d, dir, true)
			if err != nil {
				return err
			}
			defer f.Close()
			rows, err := readRows(cmd, input, f)
			if err != nil {
				return err
			}
			g, err := eval.Gradients(cmd.Context(), d, f.Config, f.Weights, rows, zLoss)
			if err != nil {
				return fmt.Errorf("%s: %w", input, err)
			}
			defer g.Close()
			if err := checkFinite(cmd, d, f, rows, g, zLoss); err != nil {
				return fmt.Errorf("%s: %w; nothing was written", input, err)
			}
			if g.Unpredicted > 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "train: note: %d labels stand at the first token of a document, where nothing before predicts them; they have no part in the loss (the first: row %d, token %d)\n",
					g.Unpredicted, g.First.Row+1, g.First.Token)
			}
			if err := writeGradients(output, f.Weights.Tensors(), g); err != nil {
				return err
			}
			return printJSON(cmd.OutOrStdout(), map[string]any{
				"loss": g.Stats.Loss(zLoss), "cross_entropy": g.Stats.CrossEntropy(),
				"mean_max_logit_sq": g.Stats.MeanMaxLogitSq(), "supervised_tokens": g.Stats.Supervised,
				"labels_without_context": g.Unpredicted,
			})
		})
	}
	return c
}

// readRows reads all lines of the input as the rows of a batch.
func readRows(cmd *cobra.Command, input string, f *infer.Folder) (rows []eval.Sequence, err error) {
	err = eachLine(cmd, input, func(line []byte, _ bool) error {
		s, err := parseSequence(line, f)
		rows = append(rows, eval.Sequence{InputIDs: s.InputIDs, Labels: s.Labels, Segments: s.Segments})
		return err
	})
	return rows, err
}

// checkFinite refuses a loss or a gradient that is not finite, before anything
// is written.
func checkFinite(cmd *cobra.Command, d kernels.Device, f *infer.Folder, rows []eval.Sequence, g *eval.Batch, zLoss float64) error {
	if loss := g.Stats.Loss(zLoss); !finite(loss) {
		return fmt.Errorf("the loss is %v%s", loss, worstRow(cmd, d, f, rows))
	}
	for _, t := range f.Weights.Tensors() {
		v := make([]float32, t.Len())
		if err := g.Read(t.Name, v); err != nil {
			return err
		}
		for i, x := range v {
			if !finite(float64(x)) {
				return fmt.Errorf("the gradient of %s is not finite: element %d of %v is %v", t.Name, i, t.Shape, x)
			}
		}
	}
	return nil
}

// worstRow names the first row and token whose log-probability is not finite.
func worstRow(cmd *cobra.Command, d kernels.Device, f *infer.Folder, rows []eval.Sequence) string {
	scorer := eval.NewScorer(d, f.Config, f.Weights)
	defer scorer.Close()
	for i, r := range rows {
		lps, err := scorer.LogProbs(cmd.Context(), r.InputIDs, r.Segments)
		if err != nil {
			return ""
		}
		for t, lp := range lps {
			if !finite(lp) {
				return fmt.Sprintf(": in row %d the log-probability of token %d (id %d) is %v; the model's numbers overflow, so its weights are damaged or its training had failed", i+1, t+1, r.InputIDs[t+1], lp)
			}
		}
	}
	return ""
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

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
