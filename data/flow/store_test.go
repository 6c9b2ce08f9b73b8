package flow

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sync/errgroup"

	"huihai/internal/objstore"
	"huihai/internal/objstore/s3"
	"huihai/internal/objstore/s3/s3test"
)

func bucket(t *testing.T, srv *s3test.Server) *s3.Store {
	t.Helper()
	s, err := s3.Open("s3://"+s3test.Bucket+"/build", srv.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// on runs a share, or all with a nil part, on a machine that has dir.
func on(dir string, s objstore.Store, part *Part, spill int64) error {
	var ran atomic.Int64
	e := &Engine{Dir: dir, FS: unsynced{}, Part: part, SpillBytes: spill, Workers: 2, Store: s}
	_, _, err := wordCount(e, partTexts, 3, &ran)
	if _, ok := IsPartDone(err); ok {
		return nil
	}
	return err
}

// wholeEntries fails unless every entry of the store names objects that are there.
func wholeEntries(t *testing.T, srv *s3test.Server) (entries int) {
	t.Helper()
	objects := srv.Objects()
	there := func(sum string) {
		if content, ok := objects["build/"+storedBlobs+sum]; !ok || fmt.Sprintf("%x", sha256.Sum256([]byte(content))) != sum {
			t.Errorf("an entry names %s, which is not there or another", sum)
		}
	}
	for key, content := range objects {
		name, ok := strings.CutPrefix(key, "build/"+storedTasks)
		if !ok {
			continue
		}
		entries++
		s := decodeStored([]byte(content), strings.Split(name, ".")[1])
		if s == nil {
			t.Fatalf("%s is damaged", key)
		}
		for _, o := range s.Manifest.Outputs {
			there(o.SHA256)
		}
		for _, r := range s.Runs {
			there(r.SHA256)
		}
	}
	return entries
}

// Machines with nothing in common but a store make what one process makes.
func TestStoreMakesTheWhole(t *testing.T) {
	srv := s3test.Start(t)
	s := bucket(t, srv)
	var early *NotReady
	if err := on(t.TempDir(), s, &Part{"count", 0, 1}, 10); !errors.As(err, &early) || early.Stage != "split" {
		t.Fatalf("a share before its inputs: %v", err)
	}
	for i := range 2 {
		if err := on(t.TempDir(), s, &Part{"split", i, 2}, 10); err != nil {
			t.Fatal(err)
		}
	}
	reducer := t.TempDir()
	if err := on(reducer, s, &Part{"count", 1, 3}, 10); err != nil {
		t.Fatal(err)
	}
	for name := range tree(t, reducer) { // partition 1 and no whole spill file
		if strings.Contains(name, "blocks-") && !strings.HasSuffix(name, ".bin.00001") {
			t.Errorf("%s was fetched for nothing", name)
		}
	}
	for _, i := range []int{0, 2} {
		if err := on(t.TempDir(), s, &Part{"count", i, 3}, 10); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	var ran atomic.Int64
	e := &Engine{Dir: dir, FS: unsynced{}, Store: s}
	counts, _, err := wordCount(e, partTexts, 3, &ran)
	if err != nil || ran.Load() > 0 || counts["a"] != 2 || counts["dd"] != 2 {
		t.Fatalf("after all shares %d tasks ran, %v: %v", ran.Load(), counts, err)
	}
	if d := cmp.Diff(whole(t), manifests(t, dir)); d != "" {
		t.Error(d)
	}
	if n := wholeEntries(t, srv); n != 8 {
		t.Errorf("%d entries", n)
	}
}

// Machines that run the same share at once, and cut their spill files elsewhere,
// do not harm each other; nor do processes on one machine.
func TestStoreSameShareTwice(t *testing.T) {
	srv := s3test.Start(t)
	s := bucket(t, srv)
	var g errgroup.Group
	for i := range 4 {
		g.Go(func() error { return on(t.TempDir(), s, &Part{"split", 0, 1}, int64(1+10*i)) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	wholeEntries(t, srv)
	dir := t.TempDir()
	for i := range 4 {
		g.Go(func() error { return on(dir, s, &Part{"count", i % 3, 3}, 10) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := on(dir, s, nil, 10); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(whole(t), manifests(t, dir)); d != "" {
		t.Error(d)
	}
}

// A machine that dies at any request leaves no entry without its objects, and
// running again, there or elsewhere, ends well.
func TestStoreDeathAtEveryRequest(t *testing.T) {
	for at := 0; ; at++ {
		srv := s3test.Start(t)
		reached := false
		srv.Before = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			if n < at {
				return false
			}
			reached = true
			s3test.Refuse(w, http.StatusForbidden, "AccessDenied")
			return true
		}
		s, dir := bucket(t, srv), t.TempDir()
		e := &Engine{Dir: dir, FS: unsynced{}, SpillBytes: 10, Store: s}
		_, _, err := wordCount(e, partTexts, 3, new(atomic.Int64))
		wholeEntries(t, srv)
		if !reached {
			if err != nil || at < 20 {
				t.Fatalf("after %d requests: %v", at, err)
			}
			return
		}
		if err == nil || !strings.Contains(err.Error(), "s3://"+s3test.Bucket) || !strings.Contains(err.Error(), "credentials") {
			t.Fatalf("failure of request %d: %v", at, err)
		}
		srv.Before = nil
		if at%2 == 0 {
			dir = t.TempDir()
		}
		if err := on(dir, s, nil, 1000); err != nil {
			t.Fatalf("again after request %d: %v", at, err)
		}
		if n := wholeEntries(t, srv); n != 8 {
			t.Errorf("after request %d and again: %d entries", at, n)
		}
		if d := cmp.Diff(whole(t), manifests(t, dir)); d != "" {
			t.Error(d)
		}
	}
}

// Damage in the store is noticed, by whom it concerns.
func TestStoreDamage(t *testing.T) {
	srv := s3test.Start(t)
	s := bucket(t, srv)
	if err := on(t.TempDir(), s, &Part{"split", 0, 1}, 1000); err != nil {
		t.Fatal(err)
	}
	for key, content := range srv.Objects() {
		for _, bad := range []string{"", content[:len(content)-1], "?" + content[1:]} {
			forget(t, s, "count")
			srv.Set(key, bad)
			blob := strings.Contains(key, storedBlobs)
			var failures []error
			for i := range 3 {
				if err := on(t.TempDir(), s, &Part{"count", i, 3}, 10); err != nil {
					failures = append(failures, err)
				}
			}
			var early *NotReady
			err := errors.Join(failures...)
			switch {
			case blob && len(bad) == len(content)-1 && err == nil: // the table at the end, which sections do without
			case blob && (err == nil || !strings.Contains(err.Error(), "delete s3://") || !strings.Contains(err.Error(), "run stage split again")):
				t.Errorf("%d of %d bytes of %s: %v", len(bad), len(content), key, err)
			case !blob && !errors.As(err, &early):
				t.Errorf("%s: %v", key, err)
			}
		}
		srv.Set(key, content)
	}
	if err := on(t.TempDir(), s, nil, 1000); err != nil {
		t.Fatal(err)
	}
}

// forget removes the entries of a stage.
func forget(t *testing.T, s objstore.Store, stage string) {
	t.Helper()
	keys, err := s.List(context.Background(), storedTasks+stage+"/")
	for _, k := range keys {
		err = errors.Join(err, s.Delete(context.Background(), k))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A folder that was filled without a store is put into it, and clearing leaves
// what is not an engine's.
func TestStoreLater(t *testing.T) {
	dir, s := t.TempDir(), objstore.Folder(t.TempDir())
	if err := on(dir, nil, nil, 10); err != nil {
		t.Fatal(err)
	}
	var ran atomic.Int64
	for _, dir := range []string{dir, t.TempDir()} {
		e := &Engine{Dir: dir, FS: unsynced{}, Store: s}
		if _, _, err := wordCount(e, partTexts, 3, &ran); err != nil || ran.Load() > 0 {
			t.Fatalf("%d tasks ran: %v", ran.Load(), err)
		}
	}
	if err := os.WriteFile(filepath.Join(string(s), "mine"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, foreign := range []string{"blobs/sha256-of-an-image", "blobs/sub/" + strings.Repeat("a", 64), "tasks/notes.json"} {
		if err := s.Put(context.Background(), foreign, strings.NewReader("x"), 1, sumOf([]byte("x"))); err != nil {
			t.Fatal(err)
		}
	}
	if err := ClearStore(context.Background(), s); err != nil {
		t.Fatal(err)
	}
	if keys, err := s.List(context.Background(), ""); err != nil || len(keys) != 4 {
		t.Errorf("%v are left: %v", keys, err)
	}
}

// An entry that is read is written the same.
func FuzzStored(f *testing.F) {
	f.Add([]byte(`{"manifest":{"stage":"split","key":"k","outputs":[{"name":"a","bytes":1,"sha256":"00"}],"info":{"n":1}},"runs":[{"sha256":"11","bytes":9,"sections":[{"partition":2,"offset":0,"bytes":5,"sha256":"22"}]}]}`))
	f.Add([]byte(`{"manifest":{"key":"k"}}`))
	f.Fuzz(func(t *testing.T, entry []byte) {
		b, err := json.Marshal(sealed{sumOf(entry), entry})
		if err != nil {
			return // no JSON
		}
		s := decodeStored(b, "k")
		if s == nil {
			return
		}
		again, err := s.encode()
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(s, decodeStored(again, "k"), cmpopts.EquateEmpty()); d != "" {
			t.Error(d)
		}
		again[len(again)/2] ^= 1
		if decodeStored(again, "k") != nil {
			t.Error("a damaged entry was taken")
		}
	})
}
