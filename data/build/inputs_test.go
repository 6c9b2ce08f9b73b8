package build

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"huihai/data/datatest"
	"huihai/data/shard"
)

const onePage = `{"text":"Mountain yellow story family forest quiet stone forest careful harbour stone light history mountain and more of it."}` + "\n"

// tree makes a folder with links, names and files as they come.
func tree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	datatest.Write(t, in("real/a.jsonl"), []byte(onePage))
	datatest.Write(t, in("lp/b.jsonl"), []byte(strings.Replace(onePage, "Mountain", "River", 1)))
	datatest.Write(t, in("hv/lang=en/x.jsonl"), []byte(strings.Replace(onePage, "Mountain", "English", 1)))
	datatest.Write(t, in("hv/en/y.jsonl"), []byte(strings.Replace(onePage, "Mountain", "WRONG", 1)))
	datatest.Write(t, in("fn/bad\xff\xfename.txt"), []byte("Some text of a file with a Latin-1 name, long enough to stay.\n"))
	for link, to := range map[string]string{"lp/sub": "../real", "lp/again": "../real", "lp/loop": "..", "lp/dang.jsonl": "/nonexistent/x.jsonl"} {
		if err := os.Symlink(to, in(link)); err != nil {
			t.Skip("no links here: ", err)
		}
	}
	return dir
}

// What should be read and cannot be ends the build, unless that is allowed; then the
// report names it.
func TestMissingInputs(t *testing.T) {
	dir := tree(t)
	cfg := small(t, filepath.Join(dir, "lp"))
	cfg.Source.MaxBadFiles = 0
	var notes []string
	_, err := Run(context.Background(), cfg, func(e Event) {
		if e.Note != "" {
			notes = append(notes, e.Note)
		}
	})
	if err == nil || !strings.Contains(err.Error(), "dang.jsonl") || !strings.Contains(err.Error(), "max_bad_files") || len(notes) != 1 {
		t.Errorf("a dangling link: %v, told %q", err, notes)
	}
	cfg.Source.MaxBadFiles = 1
	r := build(t, cfg)
	if len(r.BadFiles) != 1 || !strings.HasSuffix(r.BadFiles[0].File, "dang.jsonl") || r.Files < 4 {
		t.Errorf("allowed: %+v of %d files", r.BadFiles, r.Files)
	}
	docs := readDocuments(t, cfg.Output)
	count := func(word string) (n int) {
		for _, d := range docs {
			if strings.HasPrefix(d.Text, word) {
				n++
			}
		}
		return n
	}
	if count("Mountain") != 1 || count("River") != 1 {
		t.Errorf("links to folders are read %d times, want once", count("Mountain"))
	}
	if i := slices.IndexFunc(docs, func(d shard.Document) bool { return strings.Contains(d.FilePath, `bad\xff\xfename.txt`) }); i < 0 {
		t.Error("the file whose name is not UTF-8 is lost")
	}
}

// A folder of Hive is no name of a data set.
func TestHiveFolders(t *testing.T) {
	t.Chdir(filepath.Join(tree(t), "hv"))
	cfg := small(t, "lang=en/*.jsonl")
	build(t, cfg)
	docs := readDocuments(t, cfg.Output)
	if len(docs) != 1 || !strings.HasPrefix(docs[0].Text, "English") {
		t.Errorf("%+v", docs)
	}
}

// A file that changes or vanishes between being hashed and being read ends the build by
// name; run again, it makes what is there now.
func TestInputsThatChange(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"changed": func(p string) error {
			return os.WriteFile(p, []byte(strings.Replace(onePage, "Mountain", "Another", 1)), 0o644)
		},
		"vanished": os.Remove,
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "b.jsonl")
		datatest.Write(t, filepath.Join(dir, "a.jsonl"), []byte(strings.Repeat(onePage, 3)))
		datatest.Write(t, path, []byte(onePage))
		cfg := small(t, dir)
		done := false
		_, err := Run(context.Background(), cfg, func(e Event) {
			if e.Stage == StageGather && !done {
				done = true
				if err := change(path); err != nil {
					t.Error(err)
				}
			}
		})
		if err == nil || !strings.Contains(err.Error(), "b.jsonl") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		build(t, cfg)
		for _, d := range readDocuments(t, cfg.Output) {
			if strings.HasSuffix(d.FilePath, "b.jsonl") != strings.HasPrefix(d.Text, "Another") {
				t.Errorf("%s: %s holds %.20q", name, d.FilePath, d.Text)
			}
		}
	}
}
