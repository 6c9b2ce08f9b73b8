package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"huihai/tokenizer"
)

func newTokenizerTrainCmd() *cobra.Command {
	cfg := tokenizer.DefaultTrainConfig()
	var inputs []string
	var output, field string
	c := &cobra.Command{
		Use:   "train --output M --vocab-size N --input PATH [PATH ...]",
		Short: "Learn a BPE model from text",
		Long: "Reads .txt and .jsonl files (also .gz), or all of them below a folder, and writes a\n" +
			"SentencePiece model. The defaults are the settings of Baichuan 2. Prints a JSON summary.",
		Args: moreInputs(&inputs),
	}
	f := c.Flags()
	f.StringArrayVar(&inputs, "input", nil, "text file or folder; more may follow; - is standard input (plain text)")
	f.StringVar(&output, "output", "", "model file to write")
	f.StringVar(&field, "text-field", "text", "field of JSON lines that holds the text")
	tokenizerTrainFlags(c, &cfg)
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if len(inputs) == 0 || output == "" || !cmd.Flags().Changed("vocab-size") {
			return usagef("train tokenizer train needs --input, --output and --vocab-size; see: train tokenizer train --help")
		}
		if err := cfg.Validate(); err != nil {
			return usageError{err}
		}
		files, err := textFiles(inputs)
		if err != nil {
			return err
		}
		if info, err := os.Stat(output); err == nil && info.IsDir() {
			output = filepath.Join(output, tokenizer.FileName)
		}
		if err := os.MkdirAll(filepath.Dir(output), 0o755); err != nil {
			return fmt.Errorf("make the output folder: %w", err)
		}
		return trainTokenizer(cmd, cfg, files, field, output)
	}
	return c
}

func tokenizerTrainFlags(c *cobra.Command, cfg *tokenizer.TrainConfig) {
	f := c.Flags()
	f.IntVar(&cfg.VocabSize, "vocab-size", cfg.VocabSize, "number of pieces, special ones included (required)")
	f.Float64Var(&cfg.CharacterCoverage, "character-coverage", cfg.CharacterCoverage, "share of the characters that get pieces of their own")
	f.Float64Var(&cfg.MaxAlphabetShare, "max-alphabet-share", cfg.MaxAlphabetShare, "bound on the share of the vocabulary for single characters, with byte fallback")
	f.StringVar(&cfg.RequiredChars, "required-chars", cfg.RequiredChars, "characters to have in any case")
	f.IntVar(&cfg.MaxSentencepieceLength, "max-sentencepiece-length", cfg.MaxSentencepieceLength, "longest piece, in characters")
	f.StringArrayVar(&cfg.UserDefinedSymbols, "user-defined-symbol", nil, "piece that is always matched whole; may be repeated")
	f.StringArrayVar(&cfg.ControlSymbols, "control-symbol", nil, "piece that text never produces; may be repeated")
	f.BoolVar(&cfg.BaichuanSymbols, "baichuan-symbols", cfg.BaichuanSymbols, "put the user-defined pieces of Baichuan 2 first")
	f.BoolVar(&cfg.SplitByUnicodeScript, "split-by-unicode-script", cfg.SplitByUnicodeScript, "no piece holds two scripts")
	f.BoolVar(&cfg.SplitByNumber, "split-by-number", cfg.SplitByNumber, "digits are a script of their own")
	f.BoolVar(&cfg.SplitByWhitespace, "split-by-whitespace", cfg.SplitByWhitespace, "no piece crosses a space")
	f.BoolVar(&cfg.SplitDigits, "split-digits", cfg.SplitDigits, "every digit is its own piece")
	f.BoolVar(&cfg.TreatWhitespaceAsSuffix, "treat-whitespace-as-suffix", cfg.TreatWhitespaceAsSuffix, "a space belongs to the word before it")
	f.BoolVar(&cfg.AllowWhitespaceOnlyPieces, "allow-whitespace-only-pieces", cfg.AllowWhitespaceOnlyPieces, "learn runs of spaces")
	f.BoolVar(&cfg.ByteFallback, "byte-fallback", cfg.ByteFallback, "spell unknown characters in bytes")
	f.BoolVar(&cfg.AddDummyPrefix, "add-dummy-prefix", cfg.AddDummyPrefix, "put a space before every text")
	f.BoolVar(&cfg.RemoveExtraWhitespaces, "remove-extra-whitespaces", cfg.RemoveExtraWhitespaces, "drop leading, trailing and repeated spaces")
	f.BoolVar(&cfg.HardVocabLimit, "hard-vocab-limit", cfg.HardVocabLimit, "fail when the text cannot fill the vocabulary")
	f.IntVar(&cfg.MaxDistinctWords, "max-distinct-words", cfg.MaxDistinctWords, "bound on memory: different words held at once")
	f.IntVar(&cfg.NumThreads, "threads", cfg.NumThreads, "threads, 0 for one per processor; the result does not depend on it")
}

// trainTokenizer trains, saves and prints the summary.
func trainTokenizer(cmd *cobra.Command, cfg tokenizer.TrainConfig, files []string, field, output string) error {
	start := time.Now()
	var readErr error
	tok, report, err := tokenizer.TrainWithReport(cmd.Context(), cfg, func(yield func(string) bool) {
		for _, path := range files {
			more, err := readTexts(cmd.InOrStdin(), path, field, yield)
			if err != nil {
				readErr = err
			}
			if err != nil || !more {
				return
			}
		}
	})
	if readErr != nil {
		return readErr
	}
	if err != nil {
		return err
	}
	if err := tok.Save(output); err != nil {
		return err
	}
	if s := report.Shortage(cfg); s != "" {
		fmt.Fprintln(cmd.ErrOrStderr(), "train: note:", s)
	}
	return printJSON(cmd.OutOrStdout(), struct {
		Output      string  `json:"output"`
		Fingerprint string  `json:"fingerprint"`
		VocabSize   int     `json:"vocab_size"`
		Files       int     `json:"files"`
		Seconds     float64 `json:"seconds"`
		tokenizer.TrainReport
	}{output, tok.Fingerprint(), tok.VocabSize(), len(files), time.Since(start).Seconds(), report})
}

// textFiles expands folders, in the order of their paths.
func textFiles(inputs []string) ([]string, error) {
	var files []string
	for _, in := range inputs {
		if in == "-" {
			files = append(files, in)
			continue
		}
		info, err := os.Stat(in)
		if err != nil {
			return nil, fmt.Errorf("read input: %w", err)
		}
		if !info.IsDir() {
			if !isTextFile(in) {
				return nil, fmt.Errorf("%s: not a .txt or .jsonl file (or one of these with .gz)", in)
			}
			files = append(files, in)
			continue
		}
		before := len(files)
		err = filepath.WalkDir(in, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && isTextFile(path) {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read input: %w", err)
		}
		if len(files) == before {
			return nil, fmt.Errorf("%s: the folder holds no .txt or .jsonl file (or one of these with .gz)", in)
		}
	}
	return files, nil
}

func isTextFile(path string) bool {
	path = strings.TrimSuffix(path, ".gz")
	return strings.HasSuffix(path, ".txt") || strings.HasSuffix(path, ".jsonl")
}

// readTexts calls yield with every line of plain text (a tokenizer learns from
// lines) or the text of every JSON line. more is false when yield wants no more.
func readTexts(stdin io.Reader, path, field string, yield func(string) bool) (more bool, err error) {
	in := stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return false, fmt.Errorf("read input: %w", err)
		}
		defer file.Close()
		in = file
		if strings.HasSuffix(path, ".gz") {
			zr, err := gzip.NewReader(bufio.NewReader(file))
			if err != nil {
				return false, fmt.Errorf("%s: not a gzip file: %w", path, err)
			}
			in = zr
		}
	}
	isJSON := strings.HasSuffix(strings.TrimSuffix(path, ".gz"), ".jsonl")
	lines := bufio.NewReaderSize(in, 1<<20)
	for n := 1; ; n++ {
		line, err := lines.ReadString('\n')
		if err != nil && err != io.EOF {
			return false, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		end := err == io.EOF
		if isJSON || n == 1 { // a mark may begin any line of files that were put together
			line = strings.TrimPrefix(line, "\ufeff")
		}
		if text := strings.TrimSuffix(line, "\n"); text != "" {
			if isJSON {
				if text, err = jsonText(text, field); err != nil {
					return false, fmt.Errorf("%s:%d: %w", path, n, err)
				}
			}
			if !yield(text) {
				return false, nil
			}
		}
		if end {
			return true, nil
		}
	}
}

// jsonText returns a field of a JSON object that must be a string.
func jsonText(line, field string) (string, error) {
	if strings.TrimSpace(line) == "" {
		return "", nil
	}
	var record map[string]json.RawMessage
	if err := json.Unmarshal([]byte(line), &record); err != nil {
		return "", fmt.Errorf("not a JSON object: %w", err)
	}
	raw, ok := record[field]
	if !ok {
		return "", fmt.Errorf("the line has no %q", field)
	}
	var text *string
	if err := json.Unmarshal(raw, &text); err != nil || text == nil {
		return "", errors.New(field + " is not a string")
	}
	return *text, nil
}
