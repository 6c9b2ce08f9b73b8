package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"huihai/data/linear"
	"huihai/data/source"
)

func newDataClassifierCmd() *cobra.Command {
	return group("classifier", "Train and use linear text classifiers, in fastText's format",
		newClassifierTrainCmd(), newClassifierScoreCmd(), newClassifierEvalCmd())
}

// classifierInput reads texts, and labels where a field is named.
type classifierInput struct {
	textField, labelField, groupField string
}

// classifierRead says what was read and what could not be.
type classifierRead struct {
	Files    int              `json:"files"`
	BadFiles []string         `json:"bad_files,omitempty"`
	Rejected map[string]int64 `json:"rejected,omitempty"` // records by reason
	NoLabel  int64            `json:"no_label,omitempty"` // records without the field of labels
}

func (in *classifierInput) textFlag(c *cobra.Command) {
	c.Flags().StringVar(&in.textField, "text-field", "text", "JSON field or Parquet column that holds the text")
}

func (in *classifierInput) labelFlag(c *cobra.Command) {
	c.Flags().StringVar(&in.labelField, "label-field", "", "JSON field or Parquet column that holds the label: a string, a number, true or false, or a list of these")
}

// each calls f with every document of the inputs. Bad records and files are
// counted, bad files also named on standard error.
func (in *classifierInput) each(cmd *cobra.Command, inputs []string, read *classifierRead, f func(d source.Document, labels []string) error) error {
	list, err := source.Discover(inputs, "")
	if err != nil {
		return err
	}
	cfg := source.Default()
	// The reader hands on two fields beside the text as they are.
	cfg.TextField, cfg.MetaField, cfg.URLField = in.textField, in.labelField, in.groupField
	for _, file := range list.Files {
		read.Files++
		stats, err := source.Read(cmd.Context(), file, cfg, source.Handler{Document: func(d source.Document) error {
			labels, err := parseLabels(d.Meta)
			if err != nil {
				return fmt.Errorf("%s at %d: field %q: %w", file.Path, d.ByteOffset, in.labelField, err)
			}
			if in.labelField != "" && len(labels) == 0 {
				read.NoLabel++
				return nil
			}
			return f(d, labels)
		}})
		for reason, n := range stats.Rejected {
			if read.Rejected == nil {
				read.Rejected = map[string]int64{}
			}
			read.Rejected[reason] += n
		}
		var bad *source.FileError
		if errors.As(err, &bad) {
			fmt.Fprintf(cmd.ErrOrStderr(), "train: %v; the rest of this file is left out\n", bad)
			read.BadFiles = append(read.BadFiles, file.Logical)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// parseLabels reads the JSON of a field of labels; Parquet columns hold bare
// strings. What is empty or null has no label.
func parseLabels(raw string) ([]string, error) {
	var v any
	dec := json.NewDecoder(strings.NewReader(raw))
	dec.UseNumber()
	if raw == "" {
		return nil, nil
	}
	if dec.Decode(&v) != nil || dec.More() {
		return []string{raw}, nil
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var labels []string
	for _, l := range list {
		switch l := l.(type) {
		case string:
			labels = append(labels, l)
		case json.Number:
			labels = append(labels, l.String())
		case bool:
			labels = append(labels, fmt.Sprint(l))
		case nil:
		default:
			return nil, errors.New("not a string, a number, true or false, or a list of these; name a field of labels with --label-field")
		}
	}
	return slices.DeleteFunc(labels, func(l string) bool { return l == "" }), nil
}

func newClassifierTrainCmd() *cobra.Command {
	cfg := linear.Default()
	var in classifierInput
	var inputs, positive, negative []string
	var output, tokens string
	var folds int
	var quantize bool
	c := &cobra.Command{
		Use:   "train (--positive PATH --negative PATH | --input PATH --label-field NAME) --output FILE",
		Short: "Learn to tell texts apart",
		Long: "Learns from two sets of texts (labels positive and negative) or from one whose records\n" +
			"name their labels, in any format that data build reads. Writes a model that fastText\n" +
			"reads too, and prints a report as JSON. The same command gives the same model.",
		Args: moreInputs(&inputs),
	}
	f := c.Flags()
	f.StringArrayVar(&positive, "positive", nil, "file, folder or pattern of good texts; may be repeated")
	f.StringArrayVar(&negative, "negative", nil, "file, folder or pattern of bad texts; may be repeated")
	f.StringArrayVar(&inputs, "input", nil, "file, folder or pattern of labelled texts; more may follow")
	f.StringVar(&output, "output", "", "model file to write")
	in.textFlag(c)
	in.labelFlag(c)
	f.StringVar(&in.groupField, "group-field", "", "field whose equal values are held out together by --folds")
	f.IntVar(&folds, "folds", 0, "first measure by cross-validation with so many folds (0: do not)")
	f.StringVar(&tokens, "tokens", string(cfg.Tokens), "units (any language) or spaces (as fastText)")
	f.StringVar(&cfg.Loss, "loss", cfg.Loss, "softmax (one label a text) or ova (any number)")
	f.IntVar(&cfg.Dim, "dim", cfg.Dim, "length of the vectors")
	f.IntVar(&cfg.Epoch, "epoch", cfg.Epoch, "passes over the texts")
	f.Float64Var(&cfg.LR, "lr", cfg.LR, "learning rate at the start; it falls to 0")
	f.IntVar(&cfg.WordNgrams, "word-ngrams", cfg.WordNgrams, "longest run of tokens that is a feature")
	f.IntVar(&cfg.MinN, "minn", cfg.MinN, "shortest run of characters that is a feature")
	f.IntVar(&cfg.MaxN, "maxn", cfg.MaxN, "longest run of characters that is a feature (0: none)")
	f.IntVar(&cfg.MinCount, "min-count", cfg.MinCount, "leave out rarer words")
	f.IntVar(&cfg.Bucket, "bucket", cfg.Bucket, "rows that n-grams share")
	f.BoolVar(&cfg.KnownOnly, "known-only", false, "n-grams that no text has say nothing")
	f.BoolVar(&quantize, "quantize", false, "write one byte a row, as fastText's .ftz files (two labels)")
	f.Uint64Var(&cfg.Seed, "seed", cfg.Seed, "seed of the order and of the first vectors")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg.Tokens = linear.Tokens(tokens)
		pairs := len(positive) > 0 && len(negative) > 0 && len(inputs) == 0 && in.labelField == ""
		labelled := len(inputs) > 0 && in.labelField != "" && len(positive)+len(negative) == 0
		if output == "" || !pairs && !labelled {
			return usagef("classifier train needs --output and either --positive and --negative, or --input and --label-field; see: %s --help", cmd.CommandPath())
		}
		if err := cfg.Validate(); err != nil {
			return usageError{err}
		}
		start := time.Now()
		t, err := linear.NewTrainer(cfg)
		if err != nil {
			return err
		}
		var examples []linear.Example // kept only to be measured on
		var read classifierRead
		add := func(paths []string, names ...string) error {
			return in.each(cmd, paths, &read, func(d source.Document, labels []string) error {
				labels = append(labels, names...)
				if folds != 0 {
					examples = append(examples, linear.Example{Text: d.Text, Labels: labels, Group: d.URL})
				}
				return t.Add(d.Text, labels...)
			})
		}
		if pairs {
			err = errors.Join(add(positive, "positive"), add(negative, "negative"))
		} else {
			err = add(inputs)
		}
		if err != nil {
			return err
		}
		return trainClassifier(cmd, t, cfg, examples, folds, quantize, output, read, start)
	}
	return c
}

func trainClassifier(cmd *cobra.Command, t *linear.Trainer, cfg linear.Config, examples []linear.Example, folds int, quantize bool, output string, read classifierRead, start time.Time) error {
	var cross *linear.Quality
	if folds != 0 {
		q, err := linear.CrossValidate(cmd.Context(), cfg, examples, folds)
		if err != nil {
			return err
		}
		cross = &q
	}
	m, report, err := t.Train(cmd.Context())
	if err != nil {
		return err
	}
	if last := report.Loss[len(report.Loss)-1]; last > 0.9*report.Loss[0] {
		fmt.Fprintf(cmd.ErrOrStderr(), "train: the loss only fell from %.3f to %.3f: the classifier has hardly learnt; raise --epoch or --lr\n", report.Loss[0], last)
	}
	if m = m.Compact(); quantize {
		if m, err = m.Quantize(); err != nil {
			return err
		}
	}
	if err := m.Save(output); err != nil {
		return err
	}
	return printJSON(cmd.OutOrStdout(), struct {
		Output string `json:"output"`
		classifierRead
		linear.Report
		Config          linear.Config   `json:"config"`
		CrossValidation *linear.Quality `json:"cross_validation,omitempty"`
		Seconds         float64         `json:"seconds"`
	}{output, read, report, cfg, cross, time.Since(start).Seconds()})
}

// openClassifier reads a model; one with few labels becomes small and fast.
func openClassifier(path string) (*linear.Model, error) {
	m, err := linear.Open(path)
	if err != nil {
		return nil, err
	}
	return m.Compact(), nil
}

func newClassifierScoreCmd() *cobra.Command {
	var in classifierInput
	var inputs []string
	var model, label string
	var top int
	c := &cobra.Command{
		Use:   "score --model FILE --input PATH [PATH ...]",
		Short: "Probabilities of labels for every text",
		Long: "Writes a line {\"id\":...,\"file_path\":...,\"byte_offset\":...,\"predictions\":[{\"label\":...,\n" +
			"\"probability\":...}]} for every text, in the order of the files. FILE is a model of\n" +
			"data classifier train or of fastText (.bin, .ftz).",
		Args: moreInputs(&inputs),
	}
	f := c.Flags()
	f.StringVar(&model, "model", "", "model file")
	f.StringArrayVar(&inputs, "input", nil, "file, folder or pattern to read; more may follow")
	f.StringVar(&label, "label", "", "give the probability of this label only")
	f.IntVar(&top, "top", 1, "give so many of the most probable labels (0: all)")
	in.textFlag(c)
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if model == "" || len(inputs) == 0 {
			return usagef("classifier score needs --model and --input; see: %s --help", cmd.CommandPath())
		}
		m, err := openClassifier(model)
		if err != nil {
			return err
		}
		only := -1
		if label != "" {
			if only, err = m.Label(label); err != nil {
				return usageError{err}
			}
		}
		return scoreTexts(cmd, m, in, inputs, only, top)
	}
	return c
}

func scoreTexts(cmd *cobra.Command, m *linear.Model, in classifierInput, inputs []string, only, top int) error {
	out, s := bufio.NewWriterSize(cmd.OutOrStdout(), 1<<16), m.NewScorer()
	predictions := []linear.Prediction{}
	err := in.each(cmd, inputs, &classifierRead{}, func(d source.Document, _ []string) error {
		if only >= 0 {
			predictions = append(predictions[:0], linear.Prediction{Label: m.Labels()[only], Probability: s.Score(d.Text, only)})
		} else {
			predictions = s.Predict(d.Text, top, 0, predictions[:0])
		}
		return printJSON(out, struct {
			ID          string              `json:"id"`
			FilePath    string              `json:"file_path"`
			ByteOffset  int64               `json:"byte_offset"`
			Predictions []linear.Prediction `json:"predictions"`
		}{d.ID, d.FilePath, d.ByteOffset, predictions})
	})
	return errors.Join(err, out.Flush())
}

func newClassifierEvalCmd() *cobra.Command {
	var in classifierInput
	var inputs []string
	var model, positive string
	c := &cobra.Command{
		Use:   "eval --model FILE --input PATH --label-field NAME",
		Short: "Compare a model with labelled texts: AUC, precision, recall, F1",
		Long: "Prints JSON: for each label of the model the area under the ROC curve of its probability\n" +
			"and what its decisions are worth. Labels of texts must be named as in the model; with\n" +
			"--positive VALUE, texts labelled VALUE count as positive and all others as negative.",
		Args: moreInputs(&inputs),
	}
	f := c.Flags()
	f.StringVar(&model, "model", "", "model file")
	f.StringArrayVar(&inputs, "input", nil, "file, folder or pattern of labelled texts; more may follow")
	f.StringVar(&positive, "positive", "", "label of texts that the model calls positive")
	in.textFlag(c)
	in.labelFlag(c)
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if model == "" || len(inputs) == 0 || in.labelField == "" {
			return usagef("classifier eval needs --model, --input and --label-field; see: %s --help", cmd.CommandPath())
		}
		m, err := openClassifier(model)
		if err != nil {
			return err
		}
		names, known := m.Labels(), false
		eval, s := linear.NewEvaluation(names), m.NewScorer()
		var read classifierRead
		err = in.each(cmd, inputs, &read, func(d source.Document, labels []string) error {
			if positive != "" {
				labels = []string{map[bool]string{true: "positive", false: "negative"}[slices.Contains(labels, positive)]}
			}
			known = known || slices.ContainsFunc(labels, func(l string) bool { return slices.Contains(names, l) })
			eval.Add(s, d.Text, labels)
			return nil
		})
		if err != nil {
			return err
		}
		if !known {
			return fmt.Errorf("no text has a label of the model (%.200s); name the right field with --label-field, or with --positive the value that means positive", strings.Join(names, ", "))
		}
		return printJSON(cmd.OutOrStdout(), struct {
			Model string `json:"model"`
			classifierRead
			linear.Quality
		}{model, read, eval.Quality()})
	}
	return c
}
