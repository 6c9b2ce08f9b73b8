package atomicfile_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"huihai/internal/atomicfile"
	"huihai/internal/vfs"
	"huihai/internal/vfs/vfstest"
)

func content(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// tree returns all files under dir by relative path.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		out[rel] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func put(t *testing.T, path, data string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

func all(string) bool { return true }

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.json")
	for _, text := range []string{"one", strings.Repeat("two", 1<<20), ""} {
		info, err := atomicfile.WriteFile(vfs.OS{}, path, content(text))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(text))
		if info.Name != "a.json" || info.Size != int64(len(text)) || info.SHA256 != hex.EncodeToString(sum[:]) {
			t.Errorf("info = %+v", info)
		}
		if got := tree(t, filepath.Dir(path)); len(got) != 1 || got["a.json"] != text {
			t.Errorf("folder holds %d files", len(got))
		}
	}
}

// walk runs use with operation 0, 1, ... failing until none fails.
func walk(t *testing.T, forever bool, use func(t *testing.T, fsys *vfstest.Faulty)) {
	t.Helper()
	for at := 0; at < 200; at++ {
		f := vfstest.New(at, forever)
		use(t, f)
		if !f.Hit() {
			if at < 4 {
				t.Fatalf("only %d operations", at)
			}
			return
		}
	}
	t.Fatal("never succeeded")
}

func TestWriteFileKeepsTheOldOnFailure(t *testing.T) {
	for _, forever := range []bool{false, true} {
		walk(t, forever, func(t *testing.T, fsys *vfstest.Faulty) {
			dir := t.TempDir()
			path := filepath.Join(dir, "a")
			put(t, path, "old")
			_, err := atomicfile.WriteFile(fsys, path, content(strings.Repeat("n", 3<<20)))
			if (err != nil) != fsys.Hit() {
				t.Errorf("failing %d of %q: error %v", fsys.FailAt, fsys.Ops(), err)
			}
			got := tree(t, dir)
			whole := got["a"] == strings.Repeat("n", 3<<20)
			last := len(fsys.Ops()) - 1
			if whole != (err == nil || strings.HasPrefix(fsys.Ops()[last], "syncdir")) || !whole && got["a"] != "old" || len(got) != 1 {
				t.Errorf("failing %d of %q: folder holds %d files, a is whole: %v", fsys.FailAt, fsys.Ops(), len(got), whole)
			}
			if err != nil && (!errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), dir)) {
				t.Errorf("error hides its cause or place: %v", err)
			}
		})
	}
}

func TestWriteFilePassesOnTheSourcesError(t *testing.T) {
	dir, boom := t.TempDir(), errors.New("boom")
	_, err := atomicfile.WriteFile(vfs.OS{}, filepath.Join(dir, "a"), func(io.Writer) error { return boom })
	if !errors.Is(err, boom) || len(tree(t, dir)) != 0 {
		t.Errorf("%v, left %v", err, tree(t, dir))
	}
}

func build(fsys vfs.FS, final string, files map[string]string) error {
	d, err := atomicfile.Begin(fsys, final)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if _, err = d.WriteFile(name, content(files[name])); err != nil {
			break
		}
	}
	if err == nil {
		err = d.Commit()
	}
	if err != nil && !d.Committed() {
		err = errors.Join(err, d.Abort())
	}
	return err
}

// Whatever fails, the old folder or the new one can be found whole, under its
// name or, after Clean, under its name again.
func TestFolderIsOldOrNew(t *testing.T) {
	older := map[string]string{"x": "old x", "y": "old y"}
	newer := map[string]string{"x": "new x", "z": strings.Repeat("z", 2<<20)}
	for _, before := range []map[string]string{nil, older} {
		for _, forever := range []bool{false, true} {
			walk(t, forever, func(t *testing.T, fsys *vfstest.Faulty) {
				root := t.TempDir()
				final := filepath.Join(root, "d")
				for name, data := range before {
					put(t, filepath.Join(final, name), data)
				}
				err := build(fsys, final, newer)
				if err == nil && fsys.Hit() {
					t.Errorf("failing %d of %q: no error", fsys.FailAt, fsys.Ops())
				}
				if err := atomicfile.Clean(vfs.OS{}, root, all); err != nil {
					t.Fatal(err)
				}
				got := tree(t, root)
				stands, want := before, map[string]string{}
				if _, isNew := got[filepath.Join("d", "z")]; isNew || err == nil {
					stands = newer
				}
				for name, data := range stands {
					want[filepath.Join("d", name)] = data
				}
				if !maps.Equal(got, want) {
					t.Errorf("failing %d of %q (%v): left %q", fsys.FailAt, fsys.Ops(), err, slices.Sorted(maps.Keys(got)))
				}
			})
		}
	}
}

func TestCommitInto(t *testing.T) {
	walk(t, false, func(t *testing.T, fsys *vfstest.Faulty) {
		dir := t.TempDir()
		put(t, filepath.Join(dir, "other"), "other")
		put(t, filepath.Join(dir, "index"), "old index")
		put(t, filepath.Join(dir, "part"), "old part")
		d, err := atomicfile.Begin(fsys, filepath.Join(dir, "model"))
		if err == nil {
			for _, name := range []string{"part", "index"} {
				if err == nil {
					_, err = d.WriteFile(name, content("new "+name))
				}
			}
			if err == nil {
				err = d.CommitInto(dir, "index")
			}
			_ = d.Abort()
		}
		got := tree(t, dir)
		if (err != nil) != fsys.Hit() || got["other"] != "other" {
			t.Errorf("failing %d of %q: %v, left %v", fsys.FailAt, fsys.Ops(), err, got)
		}
		if got["index"] == "new index" && got["part"] != "new part" || got["index"] == "old index" && got["part"] != "old part" {
			t.Errorf("failing %d of %q: a mixture: %v", fsys.FailAt, fsys.Ops(), got)
		}
		if err == nil && (got["index"] != "new index" || len(got) != 3) {
			t.Errorf("left %v", got)
		}
	})
}

const tag = "0123456789abcdef"

func TestCleanTidiesWhatAKilledProcessLeft(t *testing.T) {
	root := t.TempDir()
	put(t, filepath.Join(root, "a.tmp-"+tag), "half a file")
	put(t, filepath.Join(root, "d.tmp-"+tag, "x"), "half a folder")
	put(t, filepath.Join(root, "e.old-"+tag, "x"), "replaced")
	put(t, filepath.Join(root, "e", "x"), "its replacement")
	put(t, filepath.Join(root, "f.old-"+tag, "x"), "about to be replaced")
	put(t, filepath.Join(root, "mine.tmp-"+tag), "not matched")
	put(t, filepath.Join(root, "g.tmp-short"), "no temporary of ours")
	put(t, filepath.Join(root, "h.tmp-0123456789ABCDEF"), "nor this")
	put(t, filepath.Join(root, ".tmp-"+tag), "nor this")
	if err := atomicfile.Clean(vfs.OS{}, root, func(b string) bool { return b != "mine" }); err != nil {
		t.Fatal(err)
	}
	want := []string{".tmp-" + tag, "e/x", "f/x", "g.tmp-short", "h.tmp-0123456789ABCDEF", "mine.tmp-" + tag}
	got := tree(t, root)
	if !slices.Equal(slices.Sorted(maps.Keys(got)), want) || got["e/x"] != "its replacement" {
		t.Errorf("left %v", got)
	}
	if err := atomicfile.Clean(vfs.OS{}, filepath.Join(root, "absent"), all); err != nil {
		t.Errorf("absent folder: %v", err)
	}
}

func TestCleanLeavesTheWorkOfTheLiving(t *testing.T) {
	if _, err := (vfs.OS{}).Free("."); errors.Is(err, errors.ErrUnsupported) {
		t.Skip("this system has no file locks")
	}
	root := t.TempDir()
	d, err := atomicfile.Begin(vfs.OS{}, filepath.Join(root, "d"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.WriteFile("x", content("x")); err != nil {
		t.Fatal(err)
	}
	_, err = atomicfile.WriteFile(vfs.OS{}, filepath.Join(root, "f"), func(w io.Writer) error {
		if err := atomicfile.Clean(vfs.OS{}, root, all); err != nil {
			return err
		}
		return content("f")(w)
	})
	if err != nil {
		t.Fatalf("a file being written was cleaned away: %v", err)
	}
	if err := d.Commit(); err != nil {
		t.Fatalf("a folder being written was cleaned away: %v", err)
	}
	if err := d.Abort(); err != nil || tree(t, root)["d/x"] != "x" || tree(t, root)["f"] != "f" {
		t.Errorf("left %v (%v)", tree(t, root), err)
	}
}

func TestRemoveAndNames(t *testing.T) {
	root := t.TempDir()
	put(t, filepath.Join(root, "d", "x"), "x")
	if err := atomicfile.Remove(vfs.OS{}, filepath.Join(root, "d")); err != nil || len(tree(t, root)) != 0 {
		t.Errorf("%v, left %v", err, tree(t, root))
	}
	if err := atomicfile.Remove(vfs.OS{}, filepath.Join(root, "d")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("removing what is absent: %v", err)
	}
	d, err := atomicfile.Begin(vfs.OS{}, filepath.Join(root, "d"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Abort()
	if base, ok := atomicfile.IsTemp(filepath.Base(d.Path())); !ok || base != "d" {
		t.Errorf("%s is not recognised", d.Path())
	}
	for _, name := range []string{"", ".", "..", "a/b", "../a", "/a"} {
		if _, err := d.WriteFile(name, content("")); err == nil {
			t.Errorf("name %q accepted", name)
		}
	}
	if free, err := (vfs.OS{}).Free(root); err == nil && free <= 0 {
		t.Errorf("free space is %d", free)
	}
	if !bytes.Contains([]byte(d.Path()), []byte(root)) {
		t.Error("the temporary is not beside its place")
	}
}

// When only the rename of the new folder fails, the old one is back under its
// name at once, not only after the next Clean.
func TestFailedReplacementPutsTheOldFolderBack(t *testing.T) {
	for at := range 100 {
		root := t.TempDir()
		final := filepath.Join(root, "d")
		put(t, filepath.Join(final, "x"), "old")
		fsys := vfstest.New(at, false)
		err := build(fsys, final, map[string]string{"x": "new"})
		if !fsys.Hit() {
			t.Fatal("the rename was never reached")
		}
		if name, isRename := strings.CutPrefix(fsys.Ops()[at], "rename "+final+".tmp-"); !isRename || name == "" {
			continue
		}
		if got := tree(t, root); err == nil || !maps.Equal(got, map[string]string{"d/x": "old"}) {
			t.Errorf("failing %q: %v, left %v", fsys.Ops()[at], err, got)
		}
		return
	}
}
