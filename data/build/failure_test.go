package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/parquet-go/parquet-go"

	"huihai/data"
	"huihai/data/build/record"
	"huihai/data/datatest"
	"huihai/internal/vfs"
)

func buildError(t *testing.T, cfg Config) error {
	t.Helper()
	_, err := Run(context.Background(), cfg, nil)
	return err
}

func unwrapAll(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// Inputs that hold nothing end with an error that says what was found instead.
func TestNothingToRead(t *testing.T) {
	dir := t.TempDir()
	datatest.Write(t, filepath.Join(dir, "binaries", "a.bin"), []byte{0, 1, 2})
	datatest.Write(t, filepath.Join(dir, "binaries", "b.txt"), []byte("x\x00y"))
	datatest.Write(t, filepath.Join(dir, "onlybin", "a.png"), []byte{0, 1, 2})
	datatest.Write(t, filepath.Join(dir, "empty.txt"), nil)
	datatest.Write(t, filepath.Join(dir, "broken.jsonl"), []byte("{\n[\n"))
	datatest.Write(t, filepath.Join(dir, "tiny.txt"), []byte("."))
	datatest.Write(t, filepath.Join(dir, "nogzip.txt.gz"), []byte("plain"))
	datatest.Write(t, filepath.Join(dir, "numbers.parquet"), parquetOf(t, []struct {
		Body string `parquet:"body"`
		N    int64  `parquet:"n"`
	}{{"hello", 1}}))
	if err := os.MkdirAll(filepath.Join(dir, "void"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"binaries":        "NUL byte",
		"onlybin":         ".png (1)",
		"empty.txt":       "nothing readable",
		"broken.jsonl":    "broken_json",
		"void":            "no files",
		"missing":         "no such file",
		"*.nothing":       "matches no file",
		"tiny.txt":        "general_too_short (1)",
		"nogzip.txt.gz":   "not a gzip file",
		"numbers.parquet": "body, n",
	} {
		cfg := small(t, filepath.Join(dir, name))
		err := buildError(t, cfg)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v does not say %q", name, err, want)
		}
		if _, err := os.Stat(filepath.Join(cfg.Output, data.NameManifest)); err == nil {
			t.Errorf("%s: a manifest was written", name)
		}
	}
}

func parquetOf[T any](t *testing.T, rows []T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.parquet")
	if err := parquet.WriteFile(path, rows); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Damaged files do not stop a run, and what came before the damage is kept.
func TestDamagedFiles(t *testing.T) {
	dir := t.TempDir()
	text := func(n int) string { return fmt.Sprintf("The story number %d of the garden and the river.", n) }
	var lines strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&lines, "{\"text\": %q}\n", text(i))
	}
	whole := datatest.Gzipped(t, []byte(lines.String()))
	datatest.Write(t, filepath.Join(dir, "cut.jsonl.gz"), whole[:len(whole)/2])
	datatest.Write(t, filepath.Join(dir, "good.txt"), []byte(text(-1)))
	datatest.Write(t, filepath.Join(dir, "nocolumn.parquet"), parquetOf(t, []struct {
		Body string `parquet:"body"`
	}{{"hello"}}))
	datatest.Write(t, filepath.Join(dir, "notparquet.parquet"), []byte("PAR1 but no more"))
	r := build(t, small(t, dir))
	reasons := map[string]BadFile{}
	for _, b := range r.BadFiles {
		reasons[filepath.Base(b.File)] = b
	}
	if b := reasons["cut.jsonl.gz"]; !strings.Contains(b.Reason, "truncated") || b.Documents < 500 || b.Documents > 2900 {
		t.Errorf("truncated file: %+v", b)
	}
	if b := reasons["nocolumn.parquet"]; !strings.Contains(b.Reason, "body") {
		t.Errorf("file without a text column: %+v", b)
	}
	if b := reasons["notparquet.parquet"]; b.Reason == "" {
		t.Errorf("no Parquet file: %+v", b)
	}
	if r.Read.Documents != reasons["cut.jsonl.gz"].Documents+1 {
		t.Errorf("%d documents read", r.Read.Documents)
	}
}

// fullDisk fails with ENOSPC once a number of bytes is written.
type fullDisk struct {
	unsynced
	left *atomic.Int64
}

type fullFile struct {
	vfs.File
	left *atomic.Int64
}

func (d fullDisk) Create(name string) (vfs.File, error) {
	f, err := d.unsynced.Create(name)
	if err != nil {
		return nil, err
	}
	return fullFile{f, d.left}, nil
}

func (f fullFile) Write(p []byte) (int, error) {
	if f.left.Add(-int64(len(p))) < 0 {
		return 0, syscall.ENOSPC
	}
	return f.File.Write(p)
}

// Wherever the disk runs full, the build says so and no data set is left; with
// space again it ends with the same bytes.
func TestDiskFull(t *testing.T) {
	in := datatest.Corpus(t, 4)
	cfg := small(t, in)
	build(t, cfg)
	want := files(t, cfg.Output)
	failures := 0
	for size := int64(100); ; size = size*2 + 1000 {
		c := small(t, in)
		left := &atomic.Int64{}
		left.Store(size)
		_, err := Run(context.Background(), c, nil, WithFS(fullDisk{left: left}))
		if err == nil {
			break
		}
		failures++
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "free some space") {
			t.Errorf("disk of %d bytes: %v", size, err)
		}
		if _, err := data.Open(c.Output, data.DefaultLoader()); err == nil {
			t.Errorf("disk of %d bytes: the folder opens as a data set", size)
		}
		build(t, c)
		sameFiles(t, fmt.Sprintf("after a full disk of %d bytes", size), want, files(t, c.Output))
	}
	if failures < 5 {
		t.Errorf("only %d sizes of disk were too small", failures)
	}
}

func TestOutputFolderOfOthersIsRefused(t *testing.T) {
	cfg := small(t, datatest.Corpus(t, 1))
	datatest.Write(t, filepath.Join(cfg.Output, "thesis.txt"), []byte("precious"))
	if err := buildError(t, cfg); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("a folder of other files: %v", err)
	}
	cfg = small(t, datatest.Corpus(t, 1))
	build(t, cfg)
	datatest.Write(t, filepath.Join(cfg.Output, data.DirTokens, "mine.parquet"), []byte("precious"))
	cfg.Seed = 9
	if err := buildError(t, cfg); err == nil || !strings.Contains(err.Error(), "mine.parquet") {
		t.Errorf("a strange file among the shards: %v", err)
	}
	if b, err := os.ReadFile(filepath.Join(cfg.Output, data.DirTokens, "mine.parquet")); err != nil || string(b) != "precious" {
		t.Error("the strange file is lost")
	}
}

// The folder of the result may lie inside the input.
func TestOutputInsideInput(t *testing.T) {
	in := datatest.Corpus(t, 1)
	cfg := small(t, in)
	cfg.Output = filepath.Join(in, "out")
	first := build(t, cfg)
	cfg.Seed = 2
	if second := build(t, cfg); second.Read != first.Read {
		t.Errorf("the second run read %+v, the first %+v", second.Read, first.Read)
	}
}

// max_bytes reads the documents that come first, whatever the workers.
func TestMaxBytes(t *testing.T) {
	dir := t.TempDir()
	for i := range 40 { // several shards of a megabyte
		text := strings.Repeat(fmt.Sprintf("Sentence %d of many that fill the page.\n", i), 3000)
		datatest.Write(t, filepath.Join(dir, fmt.Sprintf("%02d.txt", i)), []byte(text))
	}
	var want map[string]string
	for _, workers := range []int{1, 3} {
		cfg := small(t, dir)
		cfg.MaxBytes, cfg.Workers = 2_500_000, workers
		cfg.Score.Profile, cfg.Dedup.Near = "none", false
		r := build(t, cfg)
		if r.RawBytes > cfg.MaxBytes || r.RawBytes < cfg.MaxBytes-70_000 {
			t.Errorf("%d bytes read of at most %d", r.RawBytes, cfg.MaxBytes)
		}
		if want == nil {
			want = files(t, cfg.Output)
		}
		sameFiles(t, fmt.Sprintf("%d workers", workers), want, files(t, cfg.Output))
	}
	cfg := small(t, dir)
	cfg.MaxBytes = 10
	if err := buildError(t, cfg); err == nil || !strings.Contains(err.Error(), "max_bytes") {
		t.Errorf("max_bytes of 10: %v", err)
	}
}

func TestConfigNamesEveryMistake(t *testing.T) {
	if err := (Config{}).Validate(); err == nil {
		t.Fatal("an empty configuration is taken")
	}
	cfg := Default()
	cfg.VocabSize, cfg.ValidationFraction, cfg.MaxBytes, cfg.Workers = 1, 1, -1, -1
	cfg.Pack.SequenceLength, cfg.Score.Profile, cfg.Dedup.Bands = 0, "x", 0
	err := cfg.Validate()
	for _, key := range []string{"inputs", "output", "vocab_size", "validation_fraction", "max_bytes", "workers", "sequence_length", "profile", "bands"} {
		if !strings.Contains(err.Error(), key) {
			t.Errorf("the error does not name %s: %v", key, err)
		}
	}
}

// Bad records and files end a build only beyond the limits that were set.
func TestLimits(t *testing.T) {
	in := datatest.Corpus(t, 3)
	for _, tc := range []struct {
		what string
		set  func(*Config)
		want string // empty: the build goes through
	}{
		{"no limits", func(*Config) {}, ""},
		{"as many bad files as there are", func(c *Config) { c.Source.MaxBadFiles = 1 }, ""},
		{"no bad file", func(c *Config) { c.Source.MaxBadFiles = 0 }, "max_bad_files"},
		{"few rejected records", func(c *Config) { c.Source.MaxRejected = 0.01 }, "max_rejected"},
	} {
		cfg := small(t, in)
		tc.set(&cfg)
		_, err := Run(context.Background(), cfg, nil, WithFS(unsynced{}))
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %v", tc.what, err)
		}
	}
}

// Standard input is an input like a file of the same content.
func TestStandardInput(t *testing.T) {
	path := filepath.Join(datatest.Corpus(t, 4), "a.jsonl")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cfg := small(t, "mine=-")
	for _, want := range []bool{false, true} { // the same again is nothing new
		r, err := Run(context.Background(), cfg, nil, WithStdin(bytes.NewReader(content)))
		if err != nil || r.Unchanged != want {
			t.Fatalf("unchanged %v, want %v: %v", r != nil && r.Unchanged, want, err)
		}
	}
	byFile := small(t, "mine="+path)
	build(t, byFile)
	a, b := readDocuments(t, cfg.Output), readDocuments(t, byFile.Output)
	if len(a) != len(b) || len(a) == 0 {
		t.Fatalf("%d documents from standard input, %d from the file", len(a), len(b))
	}
	for i := range a {
		if a[i].Text != b[i].Text || a[i].Source != "mine" {
			t.Fatalf("document %d differs", i)
		}
	}
	if _, err := Run(context.Background(), small(t, "-"), nil); err == nil || !strings.Contains(err.Error(), "standard input") {
		t.Errorf("without standard input: %v", err)
	}
}

// A budget in which a stage cannot work is refused at once, and one in which what is
// held of every document has no room before the documents are scored.
func TestSmallBudgets(t *testing.T) {
	cfg := small(t, datatest.Corpus(t, 1))
	cfg.Memory = "100MiB"
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "273MiB") {
		t.Errorf("100MiB: %v", err)
	}
	cfg.Memory, cfg.Passages.Find = "300MiB", true
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "317MiB") {
		t.Errorf("300MiB with passages: %v", err)
	}
	cfg.Passages.Find = false
	if err := cfg.Validate(); err != nil {
		t.Error(err)
	}
	b := newBuilder(cfg, nil, nil)
	b.offsets = []int64{0, 10 << 20}
	if err := b.checkMemory(); err != nil {
		t.Error(err)
	}
	b.offsets = []int64{0, 20 << 20}
	if err := b.checkMemory(); err == nil || !strings.Contains(err.Error(), "393MiB") {
		t.Errorf("20 million documents in 300MiB: %v", err)
	}
}

// A near pair that comes again, as it may when many do, counts once.
func TestRepeatedPairsCountOnce(t *testing.T) {
	var s shingler
	var e record.Encoder
	record.Component{Component: 1, Needed: true}.Encode(&e, 1)
	findings := [][]byte{slices.Clone(e.Bytes())}
	for _, other := range []int64{5, 5, 9} {
		record.Other{Kind: record.KindNear, Doc: other}.Encode(&e, 1)
		findings = append(findings, slices.Clone(e.Bytes()))
	}
	var err error
	for _, f := range findings {
		_, kind, rest, parseErr := record.ParseFinding(f)
		err = errors.Join(err, parseErr, s.finding(kind, rest))
	}
	if err != nil || s.near != 2 || len(s.pairs) != 3 {
		t.Errorf("%d pairs, %d to send: %v", s.near, len(s.pairs), err)
	}
}
