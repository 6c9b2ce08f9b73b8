package build

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"huihai/data/flow"
	"huihai/data/source"
)

// fileList is what stage list leaves for shares of later stages, which neither
// walk the inputs nor hash them again.
const fileList = "list.json"

type savedList struct {
	BuildKey string         `json:"build_key"`
	Files    []savedFile    `json:"files"`
	Skipped  source.Skipped `json:"skipped"`
}

type savedFile struct {
	source.File
	Hash string `json:"hash"`
}

// list finds the input files, hashes them and cuts them into shards.
func (b *builder) list(ctx context.Context) error {
	part := b.engine.Part
	if part != nil && part.Stage != StageList {
		return b.loadList(ctx)
	}
	if part != nil && part.Index > 0 { // one task, which the first share does
		return &flow.PartDone{Part: *part, Tasks: 1}
	}
	var err error
	opts := source.Options{Exclude: b.cfg.Output}
	if slices.ContainsFunc(b.cfg.Inputs, source.IsStdin) {
		if opts.Stdin, err = b.spool(); err != nil {
			return err
		}
	}
	if b.listing, err = source.Find(b.cfg.Inputs, opts); err != nil {
		return err
	}
	if len(b.listing.Files) == 0 {
		return fmt.Errorf("nothing to read: %s", b.skippedText())
	}
	if err := b.hashInputs(ctx); err != nil {
		return err
	}
	b.shards = cutShards(b.listing.Files)
	if err := b.sign(ctx); err != nil {
		return err
	}
	if err := b.saveList(ctx); err != nil || part == nil {
		return err
	}
	return &flow.PartDone{Part: *part, Tasks: 1, Ran: 1}
}

// spool keeps what comes on standard input, so that a build that was stopped can
// go on when it is given the same again.
func (b *builder) spool() (string, error) {
	if b.stdin == nil {
		return "", errors.New(`the input "-" is standard input, which is not at hand here; name a file`)
	}
	return source.Spool(b.stdin, filepath.Join(b.engine.Dir, "stdin"))
}

func (b *builder) saveList(ctx context.Context) error {
	l := savedList{BuildKey: b.buildKey, Skipped: b.listing.Skipped}
	for _, f := range b.listing.Files {
		hash := b.hashes[f.Path]
		if abs, err := filepath.Abs(f.Path); err == nil {
			f.Path = abs // shares may start in other folders
		}
		l.Files = append(l.Files, savedFile{f, hash})
	}
	if err := b.fs().MkdirAll(b.engine.Dir); err != nil {
		return err
	}
	if err := writeJSON(b.fs(), filepath.Join(b.engine.Dir, fileList), l); err != nil || b.engine.Store == nil {
		return err
	}
	return b.pushList(ctx)
}

// loadList takes the files from stage list's result.
func (b *builder) loadList(ctx context.Context) error {
	path, content, err := b.readList(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return &flow.NotReady{Stage: StageList, Missing: []int{0}, Count: 1}
	}
	if err != nil {
		return err
	}
	var l savedList
	if err := json.Unmarshal(content, &l); err != nil {
		return fmt.Errorf("%s is damaged: %w; run stage list again", path, err)
	}
	b.listing, b.hashes = &source.Listing{Skipped: l.Skipped}, map[string]string{}
	for _, f := range l.Files {
		b.listing.Files = append(b.listing.Files, f.File)
		b.hashes[f.Path] = f.Hash
	}
	b.shards = cutShards(b.listing.Files)
	if err := b.sign(ctx); err != nil {
		return err
	}
	if b.buildKey != l.BuildKey {
		return fmt.Errorf("%s was made with another configuration or tokenizer: give this share the same flags, or run stage list again", path)
	}
	return nil
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

// cutShards cuts large files into parts and groups them, in order, into shards of
// about an eighth of the whole, between 1 and 128 MiB: enough tasks for a few
// workers, few enough files. It depends on the files only, never on the number of
// workers.
func cutShards(files []source.File) [][]source.File {
	var total int64
	for _, f := range files {
		total += f.Size
	}
	target := min(max(total/8, 1<<20), 128<<20)
	files = source.Cut(files, target)
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

// listed says what was found.
func (b *builder) listed() string {
	return fmt.Sprintf("%d files in %d shards", len(b.listing.Files), len(b.shards))
}
