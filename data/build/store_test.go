package build

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"huihai/data/datatest"
	"huihai/data/flow"
	"huihai/internal/objstore"
)

// Shares on machines that have only a store in common make the files and the
// manifests of one process.
func TestSharesOverStore(t *testing.T) {
	one, two := datatest.Corpus(t, 1), datatest.Corpus(t, 2)
	cfg := small(t, "one="+one, "two="+two)
	cfg.ValidationFraction, cfg.KeepWork = 0.1, true
	everything(t, &cfg)
	build(t, cfg)
	want := files(t, cfg.Output)

	ctx, store := context.Background(), objstore.Folder(t.TempDir())
	machines := []string{t.TempDir(), t.TempDir(), t.TempDir()}
	shared := cfg
	share := func(stage string, index, count int) error {
		shared.Output = filepath.Join(machines[index], "set")
		r, err := RunShare(ctx, shared, flow.Part{Stage: stage, Index: index, Count: count}, nil, WithFS(unsynced{}), WithSpill(2000), WithStore(store))
		if err == nil && r.Stage != stage {
			t.Errorf("share of stage %s did %+v", stage, r)
		}
		return err
	}
	var early *flow.NotReady
	if err := share(StageScore, 0, 1); !errors.As(err, &early) || early.Stage != StageList {
		t.Fatalf("a share before its inputs: %v", err)
	}
	for _, s := range shared.ShareStages() {
		for i := range machines {
			if err := share(s.Stage, i, len(machines)); err != nil {
				t.Fatalf("stage %s, share %d: %v", s.Stage, i, err)
			}
		}
	}
	shared.Output = filepath.Join(t.TempDir(), "set") // a fourth machine publishes
	var ran []string
	progress := func(e Event) {
		if e.Done > 0 && !e.Finished {
			ran = append(ran, e.Stage)
		}
	}
	if _, err := Run(ctx, shared, progress, WithFS(unsynced{}), WithStore(store)); err != nil || len(ran) > 0 {
		t.Fatalf("after all shares %v ran: %v", ran, err)
	}
	sameFiles(t, "shares", want, files(t, shared.Output))
	sameManifests(t, cfg.Output, shared.Output)

	shared.Seed++
	if err := share(StageGather, 0, 1); err == nil || !strings.Contains(err.Error(), "another configuration") || !strings.Contains(err.Error(), "file://") {
		t.Errorf("another configuration: %v", err)
	}
	if err := ClearStore(ctx, store); err != nil {
		t.Fatal(err)
	}
	if keys, err := store.List(ctx, ""); err != nil || len(keys) > 0 {
		t.Errorf("%d objects are left: %v", len(keys), err)
	}
}

// A build that stops on one machine goes on from the store on another.
func TestStoppedBuildGoesOnElsewhere(t *testing.T) {
	cfg := small(t, datatest.Corpus(t, 1))
	build(t, cfg)
	want := files(t, cfg.Output)
	store := objstore.Folder(t.TempDir())
	ctx, stop := context.WithCancel(context.Background())
	cfg.Output = filepath.Join(t.TempDir(), "set")
	_, err := Run(ctx, cfg, func(e Event) {
		if e.Stage == StageCluster {
			stop()
		}
	}, WithFS(unsynced{}), WithStore(store))
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	cfg.Output = filepath.Join(t.TempDir(), "set")
	ran := map[string]bool{}
	_, err = Run(context.Background(), cfg, func(e Event) {
		if e.Done > 0 && !e.Finished {
			ran[e.Stage] = true
		}
	}, WithFS(unsynced{}), WithStore(store))
	if err != nil || ran[StageGather] || ran[StageScore] || !ran[StagePack] {
		t.Fatalf("%v ran: %v", ran, err)
	}
	sameFiles(t, "elsewhere", want, files(t, cfg.Output))
}
