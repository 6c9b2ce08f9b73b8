package main

import (
	"encoding/json"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersionCommand(t *testing.T) {
	out, _, code := call(t, "version")
	var v map[string]any
	if code != exitOK || json.Unmarshal([]byte(out), &v) != nil {
		t.Fatalf("exit %d, %s", code, out)
	}
	if v["go"] != runtime.Version() || v["os"] != runtime.GOOS || v["arch"] != runtime.GOARCH || v["modules"] == nil {
		t.Errorf("%s", out)
	}
}

func TestVersionFromBuildInfo(t *testing.T) {
	v := version(&debug.BuildInfo{
		Main: debug.Module{Version: "v1.2.3"},
		Deps: []*debug.Module{
			{Path: "example.org/a", Version: "v0.1.0"},
			{Path: "example.org/b", Version: "v0.2.0", Replace: &debug.Module{Path: "example.org/c", Version: "v9.0.0"}},
		},
		Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"},
			{Key: "CGO_ENABLED", Value: "0"}, {Key: "-ldflags", Value: "secret"},
		},
	}, "some processor")
	if v.Version != "v1.2.3" || v.VCSRevision != "abc" || !v.VCSModified || v.CPU != "some processor" {
		t.Errorf("%+v", v)
	}
	if v.Modules["example.org/a"] != "v0.1.0" || v.Modules["example.org/c"] != "v9.0.0" || len(v.Modules) != 2 {
		t.Errorf("modules %v", v.Modules)
	}
	if v.Settings["CGO_ENABLED"] != "0" || len(v.Settings) != 1 {
		t.Errorf("settings %v", v.Settings)
	}
	if bare := version(nil, ""); bare.Version == "" || bare.Modules == nil {
		t.Errorf("without build information: %+v", bare)
	}
}

func TestParseCPUName(t *testing.T) {
	const text = "processor\t: 0\nmodel name\t: Some CPU @ 2.0GHz\nmodel name\t: other\n"
	if got := parseCPUName(strings.NewReader(text)); got != "Some CPU @ 2.0GHz" {
		t.Errorf("got %q", got)
	}
	if got := parseCPUName(strings.NewReader("nothing")); got != "" {
		t.Errorf("got %q", got)
	}
}
