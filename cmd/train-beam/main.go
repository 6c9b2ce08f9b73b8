// Command train-beam builds a data set as train data build does, with the work
// done by Apache Beam:
//
//	train-beam --config data.yaml --runner flink --endpoint HOST:8099 --environment_type DOCKER --environment_config IMAGE
//
// It takes the configuration file of train data build, and all flags of Beam's Go
// SDK; see docs/cluster.md. The same binary is driver and worker: when the SDK
// starts it as a worker, it serves the runner and none of its own flags count.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	sdk "github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx" // all runners

	"huihai/cmd/train-beam/internal/beam"
	"huihai/configs"
	"huihai/data/build"
)

// Exit codes.
const (
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	own := addFlags(flag.CommandLine)
	flag.Parse()
	sdk.Init() // a worker stays in here
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := own.run(ctx, os.Stdout, os.Stderr)
	stop()
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "train-beam:", err)
	var usage usageError
	if errors.As(err, &usage) {
		os.Exit(exitUsage)
	}
	os.Exit(exitFailure)
}

// usageError marks a mistake on the command line or in the configuration.
type usageError struct{ error }

// flags are the program's own, beside those of the SDK.
type flags struct {
	config, preset, output, tokenizer string
	inputs, set                       words
	shares                            int
	keepWork, verbose                 bool
}

// words is a flag that may be repeated.
type words []string

// String implements flag.Value.
func (w *words) String() string { return strings.Join(*w, " ") }

// Set implements flag.Value.
func (w *words) Set(s string) error { *w = append(*w, s); return nil }

func addFlags(f *flag.FlagSet) *flags {
	o := &flags{}
	f.StringVar(&o.config, "config", "", "configuration file (YAML), as of train data build")
	f.StringVar(&o.preset, "preset", "", "preset to start from")
	f.Var(&o.set, "set", "override one setting, as in --set data.vocab_size=32000; may be repeated")
	f.Var(&o.inputs, "input", "file, folder or pattern to read; may be repeated; name=path names the data set")
	f.StringVar(&o.output, "output", "", "folder for the data set, on a file system that all workers share")
	f.StringVar(&o.tokenizer, "tokenizer", "", "SentencePiece model file to use")
	f.BoolVar(&o.keepWork, "keep-work", false, "keep the working files below the output's .work")
	f.IntVar(&o.shares, "shares", 0, "most elements that a stage is cut into (0: one for each task)")
	f.BoolVar(&o.verbose, "verbose", false, "show what the SDK and the runner say")
	return o
}

// load returns section data of the configuration.
func (o *flags) load() (build.Config, error) {
	var over []configs.Override
	add := func(flag, key string, value any, given bool) {
		if given {
			over = append(over, configs.Override{Key: "data." + key, Value: value, Flag: "--" + flag})
		}
	}
	add("input", "inputs", []string(o.inputs), len(o.inputs) > 0)
	add("output", "output", o.output, o.output != "")
	add("tokenizer", "tokenizer", o.tokenizer, o.tokenizer != "")
	add("keep-work", "keep_work", true, o.keepWork)
	c, _, err := configs.Load(configs.Options{
		File: o.config, Preset: o.preset, Set: o.set, Overrides: over, Environ: os.Environ(), Sections: []string{"data"},
	})
	var mistakes *configs.Error
	if errors.As(err, &mistakes) {
		return build.Config{}, usageError{err}
	}
	if err != nil {
		return build.Config{}, err
	}
	return c.Data, nil
}

func (o *flags) run(ctx context.Context, stdout, stderr io.Writer) error {
	if flag.NArg() > 0 {
		return usageError{fmt.Errorf("stray word %q; see: train-beam --help", flag.Arg(0))}
	}
	cfg, err := o.load()
	if err != nil {
		return err
	}
	if !o.verbose {
		log.SetupLogging("error", "text")
	}
	if err := ownBinary(); err != nil {
		return err
	}
	clean, err := ownTemp()
	if err != nil {
		return err
	}
	defer clean()
	runner := *runners.Runner
	if runner == "" {
		runner = "prism"
	}
	report, err := beam.Build(ctx, cfg, beam.Options{Runner: runner, Shares: o.shares}, func(e build.Event) {
		if e.Finished {
			fmt.Fprintf(stderr, "%-10s %7.2fs  %s\n", e.Stage, e.Seconds, e.Summary)
		}
	})
	if err != nil {
		return err
	}
	enc := json.NewEncoder(stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(report)
}

// ownBinary has the SDK send this very file to the workers, in place of building
// the package anew for every stage. It suits workers of the same system only.
func ownBinary() error {
	if *jobopts.WorkerBinary != "" || runtime.GOOS != "linux" {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program for the workers: %w; give it with --worker_binary", err)
	}
	*jobopts.WorkerBinary = self
	return nil
}

// ownTemp gives the SDK a folder for temporary files: it leaves one behind for
// every job.
func ownTemp() (clean func(), err error) {
	dir, err := os.MkdirTemp("", "train-beam-")
	if err != nil {
		return nil, err
	}
	if err := os.Setenv("TMPDIR", dir); err != nil {
		return nil, err
	}
	return func() { _ = os.RemoveAll(dir) }, nil
}
