package lint

import (
	"fmt"
	"slices"
	"strings"
)

// floors lists the rooms from the top floor down. A package belongs to the
// room with the longest matching path. Imports run to a lower floor, or stay in
// the room.
var floors = [][]string{
	{"cmd/train", "cmd/train-beam", "tools"},
	{"configs"},
	{"trainer", "eval", "study", "infer"},
	{"model", "optim", "data", "checkpoint"},
	{"autograd", "tokenizer", "dist", "telemetry", "kernels"},
	{"internal"},
	{"scripts"}, // helpers of CI, which know nothing of the product
}

// onlyFrom are the rooms that may import a package, whatever the floors: what trains
// does not compile what builds data sets.
var onlyFrom = map[string][]string{
	"data/build": {"cmd/train", "cmd/train-beam", "configs", "data/build", "data/query"},
}

// mayImport are all packages of the project that a package may import, rooms
// included, where the floors allow more.
var mayImport = map[string][]string{
	"data": {"data/flow", "data/mix", "data/shard", "tokenizer", "internal"},
}

// neighbours are the imports allowed between rooms of one floor.
var neighbours = map[string][]string{
	"autograd": {"kernels"},
}

// testNeeds are packages that any test may import, whatever the floor: file
// formats that hold reference values.
var testNeeds = []string{"checkpoint/safetensors"}

// homes are the only places where some libraries may be imported.
var homes = map[string][]string{
	"gorgonia.org":                       {"autograd"},
	"go4.org/unsafe/assume-no-moving-gc": {"autograd"},
	"github.com/chewxy/hm":               {"autograd"},
	"github.com/spf13/viper":             {"configs"},
	"github.com/spf13/pflag":             {"configs", "cmd/train"},
	"github.com/spf13/cobra":             {"cmd/train"},
	"github.com/parquet-go/parquet-go":   {"data"},
	"github.com/ebitengine/purego":       {"internal/dl"},
	"github.com/nlpodyssey/safetensors":  {}, // the independent reader of tests
	"pgregory.net/rapid":                 {},
	"go.uber.org/goleak":                 {},
	"github.com/google/go-cmp":           {},
	"C":                                  {}, // no cgo anywhere
}

// onlyInTests are libraries that any test may import and nothing else.
var onlyInTests = []string{
	"github.com/nlpodyssey/safetensors", "pgregory.net/rapid", "go.uber.org/goleak", "github.com/google/go-cmp",
}

// room returns the room of a package path (from the root) and its floor, or
// false when it has none.
func room(pkg string) (name string, floor int, ok bool) {
	for i, rooms := range floors {
		for _, r := range rooms {
			if within(pkg, r) {
				return r, i, true
			}
		}
	}
	return "", 0, false
}

// importDirection finds imports that run upward or sideways, and packages that
// the table of floors does not know.
func importDirection(r *repo) []finding {
	var out []finding
	for _, f := range r.goFiles {
		if within(f.path, "tests") {
			continue // tests across packages may look at everything
		}
		from, floor, ok := room(f.dir())
		if !ok {
			out = append(out, finding{"import direction", f.path, 0, fmt.Sprintf("package %s has no floor; give it one in tests/lint or move it", f.dir())})
			continue
		}
		for _, imp := range f.imports() {
			pkg, local := strings.CutPrefix(imp.path, moduleName+"/")
			if !local {
				continue
			}
			if why := wrongWay(f, from, floor, pkg); why != "" {
				out = append(out, finding{"import direction", f.path, imp.line, why})
			}
		}
	}
	return out
}

// wrongWay says what is wrong with an import of pkg, or nothing.
func wrongWay(f *goFile, from string, floor int, pkg string) string {
	to, target, ok := room(pkg)
	for owned, rooms := range onlyFrom {
		if within(pkg, owned) && !f.test && !slices.ContainsFunc(rooms, func(r string) bool { return within(f.dir(), r) }) {
			return fmt.Sprintf("imports %s, which only %s may", pkg, strings.Join(rooms, ", "))
		}
	}
	if few, ok := mayImport[f.dir()]; ok && !f.test && !slices.ContainsFunc(few, func(r string) bool { return within(pkg, r) }) {
		return fmt.Sprintf("imports %s; %s may import only %s", pkg, f.dir(), strings.Join(few, ", "))
	}
	switch {
	case !ok:
		return fmt.Sprintf("imports %s, which has no floor", pkg)
	case to == from || target > floor:
		return ""
	case target == floor && (f.test || slices.Contains(neighbours[from], to)):
		return ""
	case f.test && slices.Contains(testNeeds, pkg):
		return ""
	case target == floor:
		return fmt.Sprintf("%s imports %s on its own floor", from, pkg)
	}
	return fmt.Sprintf("%s imports %s, which lies above it", from, pkg)
}

// libraryHomes finds libraries imported outside the rooms they are kept to.
func libraryHomes(r *repo) []finding {
	var out []finding
	for _, f := range r.goFiles {
		for _, imp := range f.imports() {
			lib, rooms, kept := homeOf(imp.path)
			if !kept || slices.ContainsFunc(rooms, func(room string) bool { return within(f.dir(), room) }) {
				continue
			}
			if f.test && slices.Contains(onlyInTests, lib) {
				continue
			}
			where := "nowhere"
			if len(rooms) > 0 {
				where = "only in " + strings.Join(rooms, ", ")
			} else if slices.Contains(onlyInTests, lib) {
				where = "only in tests"
			}
			out = append(out, finding{"library homes", f.path, imp.line, fmt.Sprintf("imports %s, which belongs %s", imp.path, where)})
		}
	}
	return out
}

func homeOf(imp string) (lib string, rooms []string, kept bool) {
	for lib, rooms := range homes {
		if within(imp, lib) {
			return lib, rooms, true
		}
	}
	return "", nil, false
}
