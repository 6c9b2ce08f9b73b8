package main

import (
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"huihai/data"
	"huihai/data/build"
	"huihai/internal/objstore/s3/s3test"
)

// Shares that have only a bucket in common, then the build that publishes.
func TestDataStageStore(t *testing.T) {
	srv := s3test.Start(t)
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		t.Setenv(name, srv.Getenv(name))
	}
	t.Setenv("AWS_ENDPOINT_URL_S3", "")
	dir := t.TempDir()
	in := writeTestFile(t, filepath.Join(dir, "a.txt"), strings.Repeat("The river runs to the sea. ", 3)+"\n\n秦川雄帝宅，函谷壯皇居。綺殿千尋起，離宮百雉餘。")
	flags := func(out string) []string {
		return []string{"--input", in, "--vocab-size", "300", "--sequence-length", "16", "--output", filepath.Join(dir, out)}
	}
	stdout, stderr, code := call(t, append([]string{"data", "build"}, flags("alone")...)...)
	var want, got build.Report
	if err := json.Unmarshal([]byte(stdout), &want); code != exitOK || err != nil {
		t.Fatalf("exit %d, %v: %s", code, err, stderr)
	}
	store := []string{"--store", "s3://" + s3test.Bucket + "/sets/one"}
	stdout, _, _ = call(t, append([]string{"data", "stage", "--list"}, flags("list")...)...)
	var stages []build.ShareStage
	if err := json.Unmarshal([]byte(stdout), &stages); err != nil || len(stages) < 10 {
		t.Fatalf("%v: %s", err, stdout)
	}
	for i, s := range stages {
		args := append([]string{"data", "stage", "--stage", s.Stage}, store...)
		if _, stderr, code = call(t, append(args, flags("machine"+strconv.Itoa(i%2))...)...); code != exitOK {
			t.Fatalf("stage %s: exit %d: %s", s.Stage, code, stderr)
		}
	}
	args := append([]string{"data", "build", "--clear-store"}, store...)
	stdout, stderr, code = call(t, append(args, flags("set")...)...)
	if err := json.Unmarshal([]byte(stdout), &got); code != exitOK || err != nil || got.Fingerprint != want.Fingerprint {
		t.Fatalf("exit %d, %v, fingerprint %s and %s: %s", code, err, got.Fingerprint, want.Fingerprint, stderr)
	}
	if left := srv.Objects(); len(left) > 0 {
		t.Errorf("%d objects are left", len(left))
	}
	if _, err := data.ReadManifest(filepath.Join(dir, "set")); err != nil {
		t.Error(err)
	}
}

func TestDataStoreMistakes(t *testing.T) {
	srv := s3test.Start(t)
	in := writeTestFile(t, filepath.Join(t.TempDir(), "a.txt"), "The river runs to the sea.")
	for _, tc := range []struct {
		store, key string
		code       int
		want       string
	}{
		{"https://bucket/x", s3test.AccessKey, exitUsage, "s3://BUCKET/PREFIX"},
		{"file://x/y", s3test.AccessKey, exitUsage, "file:///FOLDER"},
		{"", s3test.AccessKey, exitUsage, "--clear-store needs --store"},
		{"s3://" + s3test.Bucket, "", exitFailure, "set AWS_ACCESS_KEY_ID"},
		{"s3://" + s3test.Bucket, "wrong", exitFailure, "check AWS_ACCESS_KEY_ID"},
		{"s3://nowhere/x", s3test.AccessKey, exitFailure, "there is no bucket nowhere"},
	} {
		for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
			t.Setenv(name, srv.Getenv(name))
		}
		t.Setenv("AWS_ACCESS_KEY_ID", tc.key)
		t.Setenv("AWS_ENDPOINT_URL_S3", "")
		stdout, stderr, code := call(t, "data", "build", "--input", in, "--output", filepath.Join(t.TempDir(), "set"), "--store", tc.store, "--clear-store")
		if code != tc.code || !strings.Contains(stderr, tc.want) || stdout != "" {
			t.Errorf("%+v: exit %d: %s", tc, code, stderr)
		}
	}
}
