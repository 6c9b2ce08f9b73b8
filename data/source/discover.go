package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
)

// File is one file to read.
type File struct {
	Path    string // where it lies
	Logical string // base name of the input plus the path below it, with slashes
	Source  string // data set name: "name=" of the input, or derived from the names
	Format  Format
	Size    int64 // of the file, or of the part that is to be read

	// Offset and Length choose a part of the file; both 0 is the whole (see
	// [Cut]).
	Offset, Length int64
}

// Skipped counts files that a folder walk passed over, by extension.
type Skipped map[string]int64

// Listing is what a set of inputs comes to.
type Listing struct {
	Files   []File // sorted by Logical, each real file once
	Skipped Skipped
}

var namedInput = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9_-]*)=(.+)$`)

// Options of [Find].
type Options struct {
	// Exclude is a folder to leave out, which keeps a pipeline from reading its
	// own results.
	Exclude string
	// Stdin is the file that holds what came on standard input (see [Spool]),
	// for the input "-".
	Stdin string
}

// Discover is [Find] without standard input.
func Discover(inputs []string, exclude string) (*Listing, error) {
	return Find(inputs, Options{Exclude: exclude})
}

// Find resolves inputs to files. An input is a file, a folder (walked
// recursively, hidden entries left out), a glob pattern, or "-" for standard
// input; "name=path" also names the data set. A path that does not exist, or a
// pattern that matches nothing, is an error.
func Find(inputs []string, opt Options) (*Listing, error) {
	d := discovery{seen: map[string]bool{}, list: &Listing{Skipped: Skipped{}}, stdin: opt.Stdin}
	if len(inputs) == 0 {
		return nil, errors.New("no input: name at least one file, folder or pattern, or - for standard input")
	}
	if opt.Exclude != "" {
		d.exclude = absolute(opt.Exclude)
	}
	for _, in := range inputs {
		if err := d.input(in); err != nil {
			return nil, err
		}
	}
	d.finish()
	return d.list, nil
}

// IsStdin tells whether an input is standard input: "-" or "name=-".
func IsStdin(input string) bool {
	if m := namedInput.FindStringSubmatch(input); m != nil {
		input = m[2]
	}
	return input == "-"
}

type discovery struct {
	list    *Listing
	seen    map[string]bool // absolute paths
	exclude string
	stdin   string
}

func (d *discovery) input(in string) error {
	name, path := "", in
	if m := namedInput.FindStringSubmatch(in); m != nil {
		if _, err := os.Lstat(in); err != nil {
			name, path = m[1], m[2]
		}
	}
	if path == "-" {
		return d.standardInput(name)
	}
	if strings.TrimSpace(path) == "" {
		return errors.New("an input is empty; name a file, a folder or a pattern")
	}
	st, err := os.Stat(path)
	switch {
	case err == nil:
		return d.path(name, path, st)
	case !errors.Is(err, fs.ErrNotExist) || !strings.ContainsAny(path, "*?["):
		return fmt.Errorf("input %s: %w", path, err)
	}
	matches, err := filepath.Glob(path)
	if err != nil {
		return fmt.Errorf("input %s: bad pattern: %w", path, err)
	}
	if len(matches) == 0 {
		return fmt.Errorf("input %s: the pattern matches no file", path)
	}
	for _, m := range matches {
		st, err := os.Stat(m)
		if err != nil {
			return fmt.Errorf("input %s: %w", m, err)
		}
		if err := d.path(name, m, st); err != nil {
			return err
		}
	}
	return nil
}

func (d *discovery) standardInput(name string) error {
	if d.stdin == "" {
		return errors.New("input -: standard input cannot be read here; write it to a file and name that")
	}
	st, err := os.Stat(d.stdin)
	if err != nil {
		return fmt.Errorf("input -: %w", err)
	}
	if name == "" {
		name = "stdin"
	}
	format, _ := formatOf(d.stdin)
	_, ext, compression := splitName(d.stdin)
	d.add(File{Path: d.stdin, Logical: "stdin" + ext + compression, Source: name, Format: format, Size: st.Size()})
	return nil
}

// path takes a file as it is, whatever its name, and walks a folder.
func (d *discovery) path(name, path string, st fs.FileInfo) error {
	if !st.IsDir() {
		if !st.Mode().IsRegular() {
			return fmt.Errorf("input %s: neither a regular file nor a folder", path)
		}
		format, _ := formatOf(path)
		source := name
		if source == "" {
			source = dataSetName(path)
		}
		d.add(File{Path: path, Logical: filepath.Base(path), Source: source, Format: format, Size: st.Size()})
		return nil
	}
	base := filepath.Base(absolute(path))
	err := filepath.WalkDir(path, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			if p == path {
				return err
			}
			d.list.Skipped["(unreadable folder)"]++
			return fs.SkipDir
		}
		return d.entry(name, base, path, p, e)
	})
	if err != nil {
		return fmt.Errorf("input %s: %w", path, err)
	}
	return nil
}

func (d *discovery) entry(name, base, root, p string, e fs.DirEntry) error {
	hidden := strings.HasPrefix(e.Name(), ".") && p != root
	if e.IsDir() {
		if hidden || d.exclude != "" && absolute(p) == d.exclude {
			return fs.SkipDir
		}
		return nil
	}
	if hidden {
		return nil
	}
	st, err := os.Stat(p) // follows links to files; links to folders are not walked
	if err != nil || !st.Mode().IsRegular() {
		return nil
	}
	format, known := formatOf(p)
	if !known {
		_, ext, _ := splitName(p)
		if ext == "" {
			ext = "(none)"
		}
		d.list.Skipped[ext]++
		return nil
	}
	rel, err := filepath.Rel(root, p)
	if err != nil {
		return err
	}
	source := name
	if source == "" {
		source = base
		if format != FormatText && format != FormatHTML { // a page is no data set
			source = dataSetName(p)
		}
	}
	d.add(File{Path: p, Logical: base + "/" + filepath.ToSlash(rel), Source: source, Format: format, Size: st.Size()})
	return nil
}

func (d *discovery) add(f File) {
	abs := absolute(f.Path)
	if d.seen[abs] {
		return
	}
	d.seen[abs] = true
	d.list.Files = append(d.list.Files, f)
}

// finish sorts the files and tells equal logical paths apart by their folders.
func (d *discovery) finish() {
	files := d.list.Files
	count := map[string]int{}
	for _, f := range files {
		count[f.Logical]++
	}
	for i := range files {
		if count[files[i].Logical] > 1 {
			files[i].Logical = filepath.ToSlash(filepath.Clean(files[i].Path))
		}
	}
	sort.Slice(files, func(i, j int) bool {
		if files[i].Logical != files[j].Logical {
			return files[i].Logical < files[j].Logical
		}
		return absolute(files[i].Path) < absolute(files[j].Path)
	})
}

func absolute(path string) string {
	if a, err := filepath.Abs(path); err == nil {
		path = a
	}
	if r, err := filepath.EvalSymlinks(path); err == nil {
		return r
	}
	return path
}
