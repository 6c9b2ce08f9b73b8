package lint

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Limits in lines.
const (
	maxFileLines     = 500
	maxTestFileLines = 800
	maxFuncLines     = 80
)

// fileLength finds files that have become two.
func fileLength(r *repo) []finding {
	var out []finding
	for _, f := range r.goFiles {
		limit := maxFileLines
		if f.test {
			limit = maxTestFileLines
		}
		if n := bytes.Count(f.src, []byte("\n")); n > limit && !f.generated {
			out = append(out, finding{"file length", f.path, 0, fmt.Sprintf("has %d lines; the limit is %d", n, limit)})
		}
	}
	return out
}

// funcLength finds functions that do not fit a screen. Numeric kernels are
// long by nature.
func funcLength(r *repo) []finding {
	var out []finding
	for _, f := range r.goFiles {
		if f.generated || within(f.path, "kernels") {
			continue
		}
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := f.line(fn.End()) - f.line(fn.Pos()) + 1; n > maxFuncLines {
				out = append(out, finding{"function length", f.path, f.line(fn.Pos()), fmt.Sprintf("%s has %d lines; the limit is %d", fn.Name.Name, n, maxFuncLines)})
			}
		}
	}
	return out
}

// formatting finds files that gofmt would change.
func formatting(r *repo) []finding {
	var out []finding
	for _, f := range r.goFiles {
		if want, err := format.Source(f.src); err != nil || !bytes.Equal(want, f.src) {
			out = append(out, finding{"formatting", f.path, 0, "is not as gofmt writes it"})
		}
	}
	return out
}

// emptyNames say nothing about what a package owns.
var emptyNames = []string{"util", "utils", "common", "helper", "helpers", "types", "misc"}

// packageNames finds packages named after nothing.
func packageNames(r *repo) []finding {
	var out []finding
	for dir, files := range r.packages() {
		name := strings.TrimSuffix(files[0].ast.Name.Name, "_test")
		if slices.Contains(emptyNames, name) || slices.Contains(emptyNames, path.Base(dir)) {
			out = append(out, finding{"package names", files[0].path, 0, fmt.Sprintf("package %s in %s is named after nothing it owns", name, dir)})
		}
	}
	return out
}

// machinePath matches absolute paths that exist on one machine only. What goes
// before keeps parts of URLs and of longer paths out.
var machinePath = regexp.MustCompile("(^|[\\s\"'`(=:,\\[])/(work|tmp|home|root|Users)/")

// machinePaths finds such paths in anything but tests and their data.
func machinePaths(r *repo) []finding {
	var out []finding
	for _, f := range r.texts {
		if strings.HasSuffix(f.path, "_test.go") || inTestdata(f.path) {
			continue
		}
		n := 0
		for line := range bytes.Lines(f.src) {
			n++
			if m := machinePath.Find(line); m != nil {
				out = append(out, finding{"machine paths", f.path, n, fmt.Sprintf("names a path of one machine: %s", bytes.TrimSpace(m))})
			}
		}
	}
	return out
}
