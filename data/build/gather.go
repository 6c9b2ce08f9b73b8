package build

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"huihai/data/build/record"
	"huihai/data/clean"
	"huihai/data/flow"
	"huihai/data/pii"
	"huihai/data/source"
)

// The working files that the stages hand on.
const (
	fileDocuments = "documents.rec" // gather: documents
	fileRejects   = "rejects.jsonl" // gather: samples of rejected records
)

// gatherInfo are the counters of a gather task.
type gatherInfo struct {
	Files     int64            `json:"files"`
	FileBytes int64            `json:"file_bytes"`
	ReadBytes int64            `json:"read_bytes"` // of document texts as read
	TextBytes int64            `json:"text_bytes"` // after cleaning
	Rejected  map[string]int64 `json:"rejected"`
	RejBytes  map[string]int64 `json:"rejected_bytes"`
	BadFiles  []BadFile        `json:"bad_files"`
	Full      bool             `json:"full"` // ended by the limit
	Clean     clean.Counts     `json:"clean"`
	// Encodings and PassedOver are those of [source.Stats].
	Encodings  map[string]int64 `json:"encodings"`
	PassedOver map[string]int64 `json:"passed_over"`
	PII        pii.Counts       `json:"pii"`        // found
	PIIMasked  pii.Counts       `json:"pii_masked"` // of them
}

// BadFile is an input file that could not be read, or not to its end.
type BadFile struct {
	File      string `json:"file"`
	Reason    string `json:"reason"`
	Documents int64  `json:"documents"` // kept from before the damage
}

type gatherConfig struct {
	Source source.Config
	Clean  clean.Config
	PII    pii.Config
}

// gatherShard are the files of a shard; input i of the task holds file i.
type gatherShard struct {
	Files []gatherFile
	Limit int64 // bytes of text to read at most; 0 means all, unread none
}

// gatherFile is a file or a part of one.
type gatherFile struct {
	Logical, Source string
	Format          source.Format
	Size            int64
	Offset, Length  int64
}

// reading is the configuration of the readers without what only ends a build.
func reading(c source.Config) source.Config {
	c.MaxRejected, c.MaxBadFiles = 0, 0
	return c
}

var gatherStage = flow.Stage[gatherConfig, gatherShard]{Name: StageGather, Run: gatherTask}

// gatherMemory is what a task that reads may hold: a record in JSON and twice the text
// in it, or a page of Parquet.
const gatherMemory = 128 << 20

// gather reads and cleans the documents of all shards.
func (b *builder) gather(ctx context.Context) error {
	work := flow.Work[gatherConfig, gatherShard]{
		Config: gatherConfig{reading(b.cfg.Source), b.cfg.Clean, b.cfg.PII},
		Tasks:  make([]flow.Spec[gatherShard], len(b.shards)), Memory: gatherMemory,
	}
	for i, files := range b.shards {
		spec := &work.Tasks[i]
		for _, f := range files {
			work.Total += f.Size
			spec.Params.Files = append(spec.Params.Files, gatherFile{f.Logical, f.Source, f.Format, f.Size, f.Offset, f.Length})
			spec.Inputs = append(spec.Inputs, flow.Input{Path: f.Path, Hash: b.inputs[f.Path].Hash, Changed: b.changed(f.Path)})
		}
	}
	read := func(limits []int64) (err error) {
		for i := range work.Tasks {
			work.Tasks[i].Params.Limit = limits[i]
		}
		b.gathered, err = run(ctx, b, gatherStage, work)
		return err
	}
	limits := make([]int64, len(b.shards))
	var err error
	if b.cfg.MaxBytes > 0 {
		err = b.gatherWithin(limits, read)
	} else {
		err = read(limits)
	}
	if err != nil {
		return err
	}
	return b.countGathered()
}

// unread is the limit of a shard that is not read at all.
const unread = -1

// gatherWithin reads shards in order until max_bytes are used up. Shards are
// read a few at a time, each up to what is left before them; then the first one
// that went too far is read again with exactly what was left, and those behind
// it not at all. The outcome is that of reading one shard after the other.
func (b *builder) gatherWithin(limits []int64, run func([]int64) error) error {
	const wave = 8
	for i := range limits {
		limits[i] = unread
	}
	left, next := b.cfg.MaxBytes, 0
	for next < len(limits) {
		end := min(next+wave, len(limits))
		for i := next; i < end; i++ {
			limits[i] = left
		}
		if err := run(limits); err != nil {
			return err
		}
		stopped := false
		for ; next < end; next++ {
			var info gatherInfo
			if err := b.gathered[next].DecodeInfo(&info); err != nil {
				return err
			}
			if stopped {
				limits[next] = unread
				continue
			}
			if stopped = info.Full || info.ReadBytes > left; stopped {
				limits[next] = left
			}
			left -= info.ReadBytes
		}
		if stopped {
			return run(limits)
		}
	}
	return nil
}

func gatherTask(ctx context.Context, t *flow.Task, c gatherConfig, p gatherShard) error {
	masker, err := pii.New(c.PII)
	if err != nil {
		return err
	}
	g := gatherer{t: t, cleaner: clean.New(c.Clean), masker: masker, limit: p.Limit, info: newGatherInfo()}
	out, err := t.Create(fileDocuments)
	if err != nil {
		return err
	}
	g.out = flow.NewRecordWriter(out)
	if g.rejects, err = t.Create(fileRejects); err != nil {
		return err
	}
	for i, f := range p.Files {
		if p.Limit == unread {
			break
		}
		in := source.File{Path: t.Inputs[i].Path, Logical: f.Logical, Source: f.Source, Format: f.Format, Size: f.Size, Offset: f.Offset, Length: f.Length}
		if err := g.file(ctx, in, c.Source); err != nil {
			return err
		}
		t.Progress(f.Size)
		if g.info.Full {
			break
		}
	}
	if err := g.out.Close(); err != nil {
		return err
	}
	g.info.Clean = g.cleaner.Counts()
	t.SetInfo(g.info)
	return nil
}

// gatherer is the state of one gather task.
type gatherer struct {
	t       *flow.Task
	cleaner *clean.Cleaner
	masker  *pii.Masker
	out     *flow.RecordWriter
	rejects *flow.Output
	enc     record.Encoder
	info    gatherInfo
	limit   int64
}

func (g *gatherer) file(ctx context.Context, f source.File, cfg source.Config) error {
	var writeErr error
	stats, err := source.Read(ctx, f, cfg, source.Handler{
		Document: g.document,
		Reject: func(r source.Reject) {
			line, err := json.Marshal(r)
			if err == nil {
				_, err = g.rejects.Write(append(line, '\n'))
			}
			writeErr = errors.Join(writeErr, err)
		},
	})
	g.info.Files++
	g.info.FileBytes += f.Size
	addCounts(g.info.Rejected, stats.Rejected)
	addCounts(g.info.RejBytes, stats.RejBytes)
	addCounts(g.info.Encodings, stats.Encodings)
	addCounts(g.info.PassedOver, stats.PassedOver)
	var bad *source.FileError
	if errors.As(err, &bad) {
		g.info.BadFiles = append(g.info.BadFiles, BadFile{f.Logical, bad.Err.Error(), stats.Documents})
		err = nil
	}
	return errors.Join(err, writeErr)
}

func (g *gatherer) document(d source.Document) error {
	if g.limit > 0 && g.info.ReadBytes+int64(len(d.Text)) > g.limit {
		g.info.Full = true
		return source.ErrStop
	}
	sum := sha256.Sum256([]byte(d.Text))
	private := g.masker.Apply(g.cleaner.Clean(d.Text))
	g.info.PII.Add(private.Found)
	g.info.PIIMasked.Add(private.Masked)
	r := record.Document{
		ID: d.ID, SourceID: d.SourceID, Source: d.Source, FilePath: d.FilePath, URL: d.URL, Meta: d.Meta, ByteOffset: d.ByteOffset,
		Text: private.Text, RawSHA: [16]byte(sum[:16]), PII: private.Found.Total(), Reason: private.Reason,
	}
	g.info.ReadBytes += int64(len(d.Text))
	g.info.TextBytes += int64(len(r.Text))
	g.t.AddRows(1)
	r.Encode(&g.enc)
	return g.out.Write(g.enc.Bytes())
}

// countGathered numbers the documents and refuses to go on with none.
func (b *builder) countGathered() error {
	b.offsets = make([]int64, len(b.gathered)+1)
	b.read = newGatherInfo()
	for i, r := range b.gathered {
		b.offsets[i+1] = b.offsets[i] + r.Rows
		var info gatherInfo
		if err := r.DecodeInfo(&info); err != nil {
			return err
		}
		b.read.add(info)
	}
	for _, p := range b.listing.Problems {
		b.read.BadFiles = append(b.read.BadFiles, BadFile{File: p.Path, Reason: p.Reason})
	}
	if b.documents() > 0 {
		read := b.documents()
		for _, n := range b.read.Rejected {
			read += n
		}
		if err := b.cfg.Source.CheckLimits(read, read-b.documents(), int64(len(b.read.BadFiles))); err != nil {
			return fmt.Errorf("%w%s", err, b.badFiles())
		}
		return b.checkMemory()
	}
	msg := fmt.Sprintf("%s: nothing readable in %d files", strings.Join(b.cfg.Inputs, ", "), b.read.Files)
	msg += b.badFiles()
	for _, reason := range sortedKeys(b.read.Rejected) {
		msg += fmt.Sprintf("; %d records rejected: %s", b.read.Rejected[reason], reason)
	}
	if b.cfg.MaxBytes > 0 {
		msg += fmt.Sprintf("; max_bytes is %d, which may be less than the first document", b.cfg.MaxBytes)
	}
	return errors.New(msg)
}

// badFiles names the first bad files.
func (b *builder) badFiles() (text string) {
	for i, bad := range b.read.BadFiles {
		if i == 5 {
			return text + fmt.Sprintf("; and %d more", len(b.read.BadFiles)-i)
		}
		text += fmt.Sprintf("; %s: %s", bad.File, bad.Reason)
	}
	return text
}

// checkMemory refuses, before the long stages, a budget in which what is held of
// every document does not fit.
func (b *builder) checkMemory() error {
	least := b.candidatesMemory() + flow.LeastRecords
	if budget := b.engine.MemoryBudget; budget == 0 || budget >= least {
		return nil
	}
	return fmt.Errorf("memory is %s; joining the pairs of %d documents needs %s, 18 bytes for each: give at least that much, or leave it empty for no bound",
		b.cfg.Memory, b.documents(), mebibytes(least))
}

func (g *gatherInfo) add(o gatherInfo) {
	g.Files += o.Files
	g.FileBytes += o.FileBytes
	g.ReadBytes += o.ReadBytes
	g.TextBytes += o.TextBytes
	g.BadFiles = append(g.BadFiles, o.BadFiles...)
	g.Clean.Add(o.Clean)
	addCounts(g.Rejected, o.Rejected)
	addCounts(g.RejBytes, o.RejBytes)
	addCounts(g.Encodings, o.Encodings)
	addCounts(g.PassedOver, o.PassedOver)
	g.PII.Add(o.PII)
	g.PIIMasked.Add(o.PIIMasked)
}

func newGatherInfo() gatherInfo {
	return gatherInfo{Rejected: map[string]int64{}, RejBytes: map[string]int64{}, Encodings: map[string]int64{}, PassedOver: map[string]int64{}}
}

func addCounts(to, from map[string]int64) {
	for k, n := range from {
		to[k] += n
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
func (b *builder) gatherSummary() string {
	s := fmt.Sprintf("%d documents, %.1f MB", b.documents(), float64(b.read.TextBytes)/1e6)
	var rejected int64
	for _, n := range b.read.Rejected {
		rejected += n
	}
	if rejected > 0 {
		s += fmt.Sprintf(", %d records rejected", rejected)
	}
	if n := len(b.read.BadFiles); n > 0 {
		s += fmt.Sprintf(", %d bad files", n)
	}
	return s
}
