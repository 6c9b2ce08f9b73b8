package build

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"huihai/data"
	"huihai/data/datatest"
	"huihai/data/flow"
)

// A build by shares, each of which knows only the folder, makes the same files
// as one process.
func TestSharesBuildTheSame(t *testing.T) {
	one, two := datatest.Corpus(t, 1), datatest.Corpus(t, 2)
	cfg := small(t, "one="+one, "two="+two)
	cfg.ValidationFraction, cfg.KeepWork = 0.1, true
	everything(t, &cfg)
	build(t, cfg)
	want := files(t, cfg.Output)

	shared := cfg
	shared.Output = filepath.Join(t.TempDir(), "set")
	ctx := context.Background()
	share := func(stage string, index, count int) (*ShareReport, error) {
		return RunShare(ctx, shared, flow.Part{Stage: stage, Index: index, Count: count}, nil, WithFS(unsynced{}), WithSpill(2000))
	}
	var early *flow.NotReady
	if _, err := share(StageScore, 0, 1); !errors.As(err, &early) || early.Stage != StageList {
		t.Fatalf("a share before its inputs: %v", err)
	}
	for _, s := range shared.ShareStages() {
		stage := s.Stage
		for i := range 3 {
			if r, err := share(stage, i, 3); err != nil || r.Stage != stage {
				t.Fatalf("stage %s, share %d: %v", stage, i, err)
			}
		}
	}
	var ran []string
	if _, err := Run(ctx, shared, func(e Event) {
		if e.Done > 0 && !e.Finished {
			ran = append(ran, e.Stage)
		}
	}, WithFS(unsynced{})); err != nil || len(ran) > 0 {
		t.Fatalf("after all shares %v ran: %v", ran, err)
	}
	sameFiles(t, "shares", want, files(t, shared.Output))
	sameManifests(t, cfg.Output, shared.Output)
}

func TestShareRefusals(t *testing.T) {
	cfg := small(t, datatest.Corpus(t, 1))
	for _, tc := range []struct {
		part flow.Part
		max  int64
		want string
	}{
		{flow.Part{Stage: "nonsense", Count: 1}, 0, "gather"},
		{flow.Part{Stage: StageScore, Index: 2, Count: 2}, 0, "index"},
		{flow.Part{Stage: StageScore, Count: 1}, 100, "max_bytes"},
	} {
		cfg.MaxBytes = tc.max
		if _, err := RunShare(context.Background(), cfg, tc.part, nil); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%+v: %v does not say %q", tc.part, err, tc.want)
		}
	}
	// Another configuration than the list's.
	cfg.MaxBytes = 0
	list := flow.Part{Stage: StageList, Count: 1}
	if _, err := RunShare(context.Background(), cfg, list, nil); err != nil {
		t.Fatal(err)
	}
	cfg.Seed++
	if _, err := RunShare(context.Background(), cfg, flow.Part{Stage: StageGather, Count: 1}, nil); err == nil || !strings.Contains(err.Error(), "another configuration") {
		t.Errorf("another configuration: %v", err)
	}
}

// sameManifests compares the manifests of all tasks of two builds whose working
// files were kept.
func sameManifests(t *testing.T, a, b string) {
	t.Helper()
	read := func(dir string) map[string]string {
		all := files(t, filepath.Join(dir, data.DirWork))
		for name := range all {
			if filepath.Base(name) != "manifest.json" {
				delete(all, name)
			}
		}
		return all
	}
	want, got := read(a), read(b)
	if len(want) < 10 {
		t.Fatalf("only %d manifests", len(want))
	}
	sameFiles(t, "manifests", want, got)
}
