package build

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"huihai/data/flow"
	"huihai/data/source"
)

// fileList is what stage list leaves for shares of later stages, which neither
// walk the inputs nor hash them again.
const fileList = "list.json"

type savedList struct {
	BuildKey string           `json:"build_key"`
	Files    []savedFile      `json:"files"`
	Skipped  source.Skipped   `json:"skipped"`
	Problems []source.Problem `json:"problems,omitempty"`
}

type savedFile struct {
	source.File
	Bytes []byte     `json:"bytes,omitempty"` // of a path that is not UTF-8
	Input inputState `json:"input"`
}

// inputState is what an input was when it was hashed.
type inputState struct {
	Hash  string    `json:"hash"`
	Size  int64     `json:"size"`
	MTime time.Time `json:"mtime"`
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
	if err := b.hashInputs(ctx); err != nil {
		return err
	}
	for _, p := range b.listing.Problems {
		b.tell(Event{Stage: StageList, Note: fmt.Sprintf("%s is not read: %s", p.Path, p.Reason)})
	}
	if len(b.listing.Files) == 0 {
		return fmt.Errorf("nothing to read: %s", b.skippedText())
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
	l := savedList{BuildKey: b.buildKey, Skipped: b.listing.Skipped, Problems: b.listing.Problems}
	for _, f := range b.listing.Files {
		saved := savedFile{Input: b.inputs[f.Path]}
		if abs, err := filepath.Abs(f.Path); err == nil {
			f.Path = abs // shares may start in other folders
		}
		if saved.File = f; !utf8.ValidString(f.Path) {
			saved.Bytes = []byte(f.Path)
		}
		l.Files = append(l.Files, saved)
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
	b.listing, b.inputs = &source.Listing{Skipped: l.Skipped, Problems: l.Problems}, map[string]inputState{}
	for _, f := range l.Files {
		if len(f.Bytes) > 0 {
			f.Path = string(f.Bytes)
		}
		b.listing.Files = append(b.listing.Files, f.File)
		b.inputs[f.Path] = f.Input
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
	if n := len(b.listing.Problems); n > 0 {
		p := b.listing.Problems[0]
		return fmt.Sprintf("%d of the inputs cannot be read, the first is %s: %s", n, p.Path, p.Reason)
	}
	if len(b.listing.Skipped) == 0 {
		return strings.Join(b.cfg.Inputs, ", ") + " holds no files"
	}
	text := "the inputs hold only files of kinds that are not read as text:"
	for _, ext := range sortedKeys(b.listing.Skipped) {
		text += fmt.Sprintf(" %s (%d)", ext, b.listing.Skipped[ext])
	}
	return text + "; name a file itself to read it whatever its kind"
}

// hashInputs hashes the files' contents, several at a time. A file that cannot be read
// is a problem of the listing.
func (b *builder) hashInputs(ctx context.Context) error {
	files := b.listing.Files
	states, failed := make([]inputState, len(files)), make([]error, len(files))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, b.engine.Workers))
	for i, f := range files {
		g.Go(func() error {
			states[i], failed[i] = readState(ctx, f.Path)
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	b.inputs = make(map[string]inputState, len(files))
	b.listing.Files = nil
	for i, f := range files {
		if failed[i] != nil {
			b.listing.Problems = append(b.listing.Problems, source.Problem{Path: f.Path, Reason: failed[i].Error()})
			continue
		}
		b.listing.Files = append(b.listing.Files, f)
		b.inputs[f.Path] = states[i]
	}
	return nil
}

// readState hashes a file. What it is called and when it was written is looked at
// before, so that a change while it is hashed shows.
func readState(ctx context.Context, path string) (inputState, error) {
	st, err := os.Stat(path)
	if err != nil {
		return inputState{}, err
	}
	sum, err := flow.HashFile(ctx, path)
	return inputState{sum, st.Size(), st.ModTime()}, err
}

// changed returns what asks whether an input still is what it was when it was hashed: by
// size and time, and where these differ by its content, since a copy on another machine
// may have another time.
func (b *builder) changed(path string) func(context.Context) error {
	was := b.inputs[path]
	return func(ctx context.Context) error {
		st, err := os.Stat(path)
		if err == nil && st.Size() == was.Size && st.ModTime().Equal(was.MTime) {
			return nil
		}
		if err == nil {
			var sum string
			if sum, err = flow.HashFile(ctx, path); err == nil && sum == was.Hash {
				return nil
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("input %s vanished while it was read: %w: put it back, or run the build again without it", path, err)
		}
		return fmt.Errorf("input %s was changed while it was read, between being hashed and now: run the build again, which hashes it anew", path)
	}
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
