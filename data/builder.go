package data

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"huihai/data/flow"
	"huihai/data/source"
)

// Option changes how a build runs without changing what it makes.
type Option func(*builder)

// WithFS writes through another file system; tests make it fail.
func WithFS(fs flow.FS) Option { return func(b *builder) { b.engine.FS = fs } }

// WithMemoryBudget bounds the records that a task holds before it spills them.
func WithMemoryBudget(bytes int64) Option {
	return func(b *builder) { b.engine.MemoryBudget = bytes }
}

// builder is the state of one build: what each stage found, for the next.
type builder struct {
	cfg      BuildConfig
	engine   *flow.Engine
	progress func(Event)
	buildKey string
	seconds  map[string]float64

	listing *source.Listing
	shards  [][]source.File
	hashes  map[string]string // of input files, by path

	gathered []*flow.Result
	read     gatherInfo
	offsets  []int64 // first document number of each shard, and the end

	dedupParts int
	scored     []*flow.Result
	compared   []*flow.Result
	clustered  *flow.Result
	clusters   clusterInfo

	tokenizerFile  flow.Input
	encoder        Encoder
	trained        bool
	tokenizerBytes []byte

	packParts int
	written   []*flow.Result
	packed    []*flow.Result
}

func newBuilder(cfg BuildConfig, progress func(Event), opts []Option) *builder {
	workers := cfg.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	b := &builder{cfg: cfg, progress: progress, seconds: map[string]float64{}}
	b.engine = &flow.Engine{Dir: filepath.Join(cfg.Output, workDir), Workers: workers}
	b.engine.OnProgress = func(stage string, done, total int64) {
		if progress != nil {
			progress(Event{Stage: stage, Done: done, Total: total})
		}
	}
	for _, o := range opts {
		o(b)
	}
	return b
}

func (b *builder) fs() flow.FS {
	if b.engine.FS == nil {
		return flow.OS{}
	}
	return b.engine.FS
}

// step runs one stage, times it and tells of its end.
func (b *builder) step(ctx context.Context, stage string, fn func(context.Context) error, summary func() string) error {
	start := time.Now()
	if b.progress != nil {
		b.progress(Event{Stage: stage})
	}
	if err := fn(ctx); err != nil {
		return fmt.Errorf("stage %s: %w", stage, err)
	}
	b.seconds[stage] = time.Since(start).Seconds()
	if b.progress != nil {
		b.progress(Event{Stage: stage, Finished: true, Seconds: b.seconds[stage], Summary: summary()})
	}
	return nil
}

// list finds the input files, hashes them and cuts them into shards.
func (b *builder) list(ctx context.Context) error {
	var err error
	if b.listing, err = source.Discover(b.cfg.Inputs, b.cfg.Output); err != nil {
		return err
	}
	if len(b.listing.Files) == 0 {
		return fmt.Errorf("nothing to read: %s", b.skippedText())
	}
	if err := b.hashInputs(ctx); err != nil {
		return err
	}
	b.shards = cutShards(b.listing.Files)
	return b.sign(ctx)
}

// skippedText says what a walk passed over.
func (b *builder) skippedText() string {
	if len(b.listing.Skipped) == 0 {
		return strings.Join(b.cfg.Inputs, ", ") + " holds no files"
	}
	text := "the inputs hold only files of kinds that are not read as text:"
	for _, ext := range sortedKeys(b.listing.Skipped) {
		text += fmt.Sprintf(" %s (%d)", ext, b.listing.Skipped[ext])
	}
	return text + "; name a file itself to read it whatever its kind"
}

// hashInputs hashes the files' contents, several at a time. An unreadable file
// is left to the gather stage, which names it and goes on.
func (b *builder) hashInputs(ctx context.Context) error {
	hashes := make([]string, len(b.listing.Files))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, b.engine.Workers))
	for i, f := range b.listing.Files {
		g.Go(func() error {
			h, err := flow.HashFile(ctx, f.Path)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				h = "unreadable: " + err.Error()
			}
			hashes[i] = h
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	b.hashes = make(map[string]string, len(hashes))
	for i, f := range b.listing.Files {
		b.hashes[f.Path] = hashes[i]
	}
	return nil
}

// cutShards groups files, in order, into shards of about an eighth of the whole,
// between 1 and 128 MiB: enough tasks for a few workers, few enough files. It
// depends on the files only, never on the number of workers.
func cutShards(files []source.File) [][]source.File {
	var total int64
	for _, f := range files {
		total += f.Size
	}
	target := min(max(total/8, 1<<20), 128<<20)
	var shards [][]source.File
	var held int64
	start := 0
	for i, f := range files {
		held += f.Size
		if held >= target || i == len(files)-1 {
			shards = append(shards, files[start:i+1])
			start, held = i+1, 0
		}
	}
	return shards
}

// sign computes the key of everything the result depends on.
func (b *builder) sign(ctx context.Context) error {
	cfg := b.cfg
	cfg.Inputs, cfg.Output, cfg.Workers, cfg.KeepWork = nil, "", 0, false
	tok := ""
	if cfg.Tokenizer != "" {
		var err error
		if tok, err = flow.HashFile(ctx, cfg.Tokenizer); err != nil {
			return fmt.Errorf("tokenizer %s: %w", cfg.Tokenizer, err)
		}
		if _, err := loadEncoder(cfg.Tokenizer); err != nil { // now, not after an hour of scoring
			return err
		}
		b.tokenizerFile = flow.Input{Path: cfg.Tokenizer, Hash: tok}
		cfg.Tokenizer = ""
	}
	files := make([][4]string, len(b.listing.Files))
	for i, f := range b.listing.Files {
		files[i] = [4]string{f.Logical, f.Source, string(f.Format), b.hashes[f.Path]}
	}
	key, err := flow.Hash([]any{formatVersion, cfg, tok, files})
	b.buildKey = key
	return err
}
