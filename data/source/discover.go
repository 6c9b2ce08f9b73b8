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
	"unicode/utf8"
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

// Problem is something among the inputs that should be read and cannot be: an
// unreadable folder, a dangling link, a pipe.
type Problem struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// Listing is what a set of inputs comes to.
type Listing struct {
	Files    []File // sorted by Logical, each real file once
	Skipped  Skipped
	Problems []Problem // sorted by Path
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
// recursively, hidden entries left out and links to folders followed, each folder
// once), a glob pattern, or "-" for standard input; "name=path" also names the data
// set, unless what is there has that name itself, as the folders of Hive have. A path
// that does not exist, or a pattern that matches nothing, is an error.
func Find(inputs []string, opt Options) (*Listing, error) {
	d := discovery{seen: map[string]bool{}, folders: map[string]bool{}, list: &Listing{Skipped: Skipped{}}, stdin: opt.Stdin}
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
	folders map[string]bool // that were walked, by their real paths
	exclude string
	stdin   string
}

func (d *discovery) input(in string) error {
	name, path := "", in
	if m := namedInput.FindStringSubmatch(in); m != nil {
		matches, globErr := filepath.Glob(in)
		if _, err := os.Lstat(in); err != nil && (globErr != nil || len(matches) == 0) {
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
		switch {
		case err != nil:
			d.problem(m, "a link that leads nowhere: "+reason(err))
		case !st.IsDir() && !st.Mode().IsRegular():
			d.problem(m, kindOf(st.Mode())+", which cannot be read again")
		default:
			if err := d.path(name, m, st); err != nil {
				return err
			}
		}
	}
	d.passedOver(path)
	return nil
}

// passedOver tells of the folders that a pattern would look into and cannot:
// [filepath.Glob] says nothing of them.
func (d *discovery) passedOver(pattern string) {
	for dir := filepath.Dir(pattern); strings.ContainsAny(dir, "*?["); dir = filepath.Dir(dir) {
		folders, _ := filepath.Glob(dir) // the pattern as a whole is good
		for _, folder := range folders {
			st, err := os.Stat(folder)
			if err != nil {
				d.problem(folder, "a link that leads nowhere: "+reason(err))
				continue
			}
			if !st.IsDir() {
				continue
			}
			f, err := os.Open(folder)
			if err != nil {
				d.problem(folder, "the folder cannot be read: "+reason(err))
				continue
			}
			_ = f.Close() // only opened
		}
	}
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
			return fmt.Errorf("input %s: %s, neither a regular file nor a folder", path, kindOf(st.Mode()))
		}
		format, _ := formatOf(path)
		source := name
		if source == "" {
			source = dataSetName(path)
		}
		d.add(File{Path: path, Logical: filepath.Base(path), Source: source, Format: format, Size: st.Size()})
		return nil
	}
	if _, err := os.ReadDir(path); err != nil {
		return fmt.Errorf("input %s: %w", path, err)
	}
	return d.walk(name, filepath.Base(absolute(path)), path, path)
}

// walk reads a folder, or one that a link below root leads to, at dir.
func (d *discovery) walk(name, base, root, dir string) error {
	real := absolute(dir)
	if d.folders[real] {
		return nil // again, by a link
	}
	d.folders[real] = true
	entries, err := os.ReadDir(dir)
	if err != nil {
		d.problem(dir, "the folder cannot be read: "+reason(err))
	}
	for _, e := range entries {
		if err := d.entry(name, base, root, filepath.Join(dir, e.Name()), e); err != nil {
			return err
		}
	}
	return nil
}

func (d *discovery) problem(path, why string) {
	d.list.Problems = append(d.list.Problems, Problem{path, why})
}

// reason is an error without the path, which is told beside it.
func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return err.Error()
}

// kindOf names what is no regular file.
func kindOf(m fs.FileMode) string {
	switch {
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeDevice != 0:
		return "a device"
	}
	return "no file"
}

func (d *discovery) entry(name, base, root, p string, e fs.DirEntry) error {
	if strings.HasPrefix(e.Name(), ".") {
		return nil
	}
	st, err := os.Stat(p) // follows links
	switch {
	case err != nil && e.Type()&fs.ModeSymlink != 0:
		d.problem(p, "a link that leads nowhere: "+reason(err))
		return nil
	case err != nil:
		d.problem(p, reason(err))
		return nil
	case st.IsDir():
		if d.exclude != "" && absolute(p) == d.exclude {
			return nil
		}
		return d.walk(name, base, root, p)
	case !st.Mode().IsRegular():
		d.problem(p, kindOf(st.Mode())+", which cannot be read again")
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
	f.Logical, f.Source = validName(f.Logical), validName(f.Source)
	d.list.Files = append(d.list.Files, f)
}

// validName spells the bytes of a name that are not UTF-8, of which file systems have
// any: a table with such a name could not be read.
func validName(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); {
		r, n := utf8.DecodeRuneInString(name[i:])
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02x`, name[i])
		} else {
			b.WriteString(name[i : i+n])
		}
		i += n
	}
	return b.String()
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
			files[i].Logical = validName(filepath.ToSlash(filepath.Clean(files[i].Path)))
		}
	}
	sort.Slice(d.list.Problems, func(i, j int) bool { return d.list.Problems[i].Path < d.list.Problems[j].Path })
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
