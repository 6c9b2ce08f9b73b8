package dash

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Check returns an error, which says what to give instead, when dir is not the folder
// of a run: when it holds neither run.json nor a log.
func Check(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("dashboard: there is no folder %q; give the folder that a run writes to (train.output_dir)", dir)
	case err != nil:
		return fmt.Errorf("dashboard: %w", err)
	case !info.IsDir():
		return fmt.Errorf("dashboard: %q is no folder; give the folder that the run writes to (train.output_dir)", dir)
	case isRun(dir):
		return nil
	}
	if above := filepath.Dir(filepath.Clean(dir)); above != filepath.Clean(dir) && isRun(above) {
		return fmt.Errorf("dashboard: %q lies in the folder of a run; give that one: %q", dir, above)
	}
	if inside := runsIn(dir); len(inside) > 0 {
		return fmt.Errorf("dashboard: %q is not the folder of a run; these in it are: %s", dir, strings.Join(inside, ", "))
	}
	return fmt.Errorf("dashboard: %q is not the folder of a run: it has neither %s nor %s", dir, runName, logName)
}

func isRun(dir string) bool {
	for _, name := range []string{runName, logName} {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() {
			return true
		}
	}
	return false
}

// runsIn lists a few runs in the folders of dir, quoted.
func runsIn(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	const few = 5
	var out []string
	for _, e := range entries {
		if p := filepath.Join(dir, e.Name()); e.IsDir() && isRun(p) {
			if len(out) == few {
				return append(out, "...")
			}
			out = append(out, fmt.Sprintf("%q", p))
		}
	}
	return out
}

// nameRuns names each folder by as many of its last elements as tell it from the
// others. A folder that is given twice is shown once.
func nameRuns(dirs []string) ([]*run, error) {
	if len(dirs) == 0 {
		return nil, errors.New("dashboard: no run folder was given")
	}
	var paths [][]string
	var runs []*run
	seen := map[string]bool{}
	for _, dir := range dirs {
		full, err := filepath.Abs(dir)
		if err != nil {
			return nil, fmt.Errorf("dashboard: %w", err)
		}
		if seen[full] {
			continue
		}
		seen[full] = true
		paths = append(paths, strings.Split(filepath.ToSlash(full), "/"))
		runs = append(runs, newRun("", full))
	}
	for n := 1; ; n++ {
		count := map[string]int{}
		for i, p := range paths {
			if runs[i].name == "" {
				count[lastOf(p, n)]++
			}
		}
		open := false
		for i, p := range paths {
			name := lastOf(p, n)
			switch {
			case runs[i].name != "":
			case count[name] == 1 || n >= len(p):
				runs[i].name = printable(name)
			default:
				open = true
			}
		}
		if !open {
			return runs, nil
		}
	}
}

// lastOf joins the last n elements of a path.
func lastOf(p []string, n int) string { return strings.Join(p[max(0, len(p)-n):], "/") }

// printable replaces what is no text.
func printable(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
