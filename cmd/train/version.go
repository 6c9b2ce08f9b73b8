package main

import (
	"bufio"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// versionInfo is what a bug report needs to name a build.
type versionInfo struct {
	Version     string            `json:"version"`
	Go          string            `json:"go"`
	OS          string            `json:"os"`
	Arch        string            `json:"arch"`
	CPU         string            `json:"cpu,omitempty"`
	CPUs        int               `json:"cpus"`
	VCSRevision string            `json:"vcs_revision,omitempty"`
	VCSTime     string            `json:"vcs_time,omitempty"`
	VCSModified bool              `json:"vcs_modified"`
	Settings    map[string]string `json:"build_settings"`
	Modules     map[string]string `json:"modules"`
}

func newVersionCmd() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version, the machine and the modules of this build", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			info, _ := debug.ReadBuildInfo()
			return printIndented(cmd.OutOrStdout(), version(info, cpuName()))
		},
	}
}

// version describes a build; info is nil for a binary built without modules.
func version(info *debug.BuildInfo, cpu string) versionInfo {
	v := versionInfo{
		Version: "(devel)", Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
		CPU: cpu, CPUs: runtime.NumCPU(),
		Settings: map[string]string{}, Modules: map[string]string{},
	}
	if info == nil {
		return v
	}
	if info.Main.Version != "" {
		v.Version = info.Main.Version
	}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		v.Modules[m.Path] = m.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.VCSRevision = s.Value
		case "vcs.time":
			v.VCSTime = s.Value
		case "vcs.modified":
			v.VCSModified = s.Value == "true"
		case "CGO_ENABLED", "GOAMD64", "GOARM64", "GOEXPERIMENT", "-tags":
			v.Settings[s.Key] = s.Value
		}
	}
	return v
}

// program names this build in a run's record.
func program() string {
	info, _ := debug.ReadBuildInfo()
	v := version(info, "")
	if v.VCSRevision == "" {
		return v.Version
	}
	if v.VCSModified {
		return v.VCSRevision + " (modified)"
	}
	return v.VCSRevision
}

// cpuName returns the processor's name where the system tells it, or "".
func cpuName() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	return parseCPUName(f)
}

// parseCPUName reads the first "model name" of /proc/cpuinfo.
func parseCPUName(r io.Reader) string {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		key, value, ok := strings.Cut(lines.Text(), ":")
		if ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
