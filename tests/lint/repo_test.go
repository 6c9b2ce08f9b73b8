package lint

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// moduleName is the import path of the repository's root.
const moduleName = "huihai"

// finding is one broken rule.
type finding struct {
	rule string
	path string // slash-separated, from the root
	line int    // 0: the whole file
	text string
}

func (f finding) String() string {
	if f.line == 0 {
		return fmt.Sprintf("%s: %s [%s]", f.path, f.text, f.rule)
	}
	return fmt.Sprintf("%s:%d: %s [%s]", f.path, f.line, f.text, f.rule)
}

// goFile is one parsed Go source file.
type goFile struct {
	path      string
	src       []byte
	ast       *ast.File
	fset      *token.FileSet
	test      bool // named *_test.go
	generated bool
}

func (f *goFile) dir() string { return path.Dir(f.path) }

func (f *goFile) line(p token.Pos) int { return f.fset.Position(p).Line }

// imported is one import of a file.
type imported struct {
	path string
	line int
}

func (f *goFile) imports() []imported {
	var list []imported
	for _, spec := range f.ast.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err == nil {
			list = append(list, imported{p, f.line(spec.Pos())})
		}
	}
	return list
}

// textFile is any file that is valid UTF-8 without NUL bytes.
type textFile struct {
	path string
	src  []byte
}

// repo is what the rules look at.
type repo struct {
	goFiles []*goFile
	texts   []textFile
}

// packages returns the Go files by folder.
func (r *repo) packages() map[string][]*goFile {
	m := map[string][]*goFile{}
	for _, f := range r.goFiles {
		m[f.dir()] = append(m[f.dir()], f)
	}
	return m
}

// maxTextBytes bounds the files that are read; larger ones are data.
const maxTextBytes = 4 << 20

// load reads a repository. Folders that hold no source of ours (version
// control, installed page modules) and what .gitignore names are left out.
func load(root fs.FS) (*repo, error) {
	r := &repo{}
	ignored, err := ignorePatterns(root)
	if err != nil {
		return nil, err
	}
	err = fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if p != "." && (p == ".git" || d.Name() == "node_modules" || matchesAny(ignored, p, d.IsDir())) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() {
			return nil
		}
		return r.add(root, p, d)
	})
	return r, err
}

func (r *repo) add(root fs.FS, p string, d fs.DirEntry) error {
	info, err := d.Info()
	if err != nil {
		return err
	}
	if info.Size() > maxTextBytes {
		return nil
	}
	src, err := fs.ReadFile(root, p)
	if err != nil {
		return err
	}
	if !utf8.Valid(src) || bytes.IndexByte(src, 0) >= 0 {
		return nil
	}
	r.texts = append(r.texts, textFile{p, src})
	if path.Ext(p) != ".go" || inTestdata(p) {
		return nil
	}
	f := &goFile{path: p, src: src, fset: token.NewFileSet(), test: strings.HasSuffix(p, "_test.go")}
	f.ast, err = parser.ParseFile(f.fset, p, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	f.generated = ast.IsGenerated(f.ast)
	r.goFiles = append(r.goFiles, f)
	return nil
}

// within tells whether p is dir or lies below it.
func within(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

func inTestdata(p string) bool {
	return slices.Contains(strings.Split(p, "/"), "testdata")
}

// ignorePatterns reads the root's .gitignore: lines, without comments.
func ignorePatterns(root fs.FS) ([]string, error) {
	b, err := fs.ReadFile(root, ".gitignore")
	if err != nil {
		return nil, nil // no such file: nothing is ignored
	}
	var patterns []string
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if line[0] == '!' {
			return nil, fmt.Errorf(".gitignore: %q: exceptions are not understood here", line)
		}
		patterns = append(patterns, line)
	}
	return patterns, nil
}

// matchesAny knows the forms in use: "/name" at the root, "name/" for folders,
// and globs on the last element.
func matchesAny(patterns []string, p string, isDir bool) bool {
	for _, pat := range patterns {
		name, onlyDir := strings.CutSuffix(pat, "/")
		if onlyDir && !isDir {
			continue
		}
		target := path.Base(p)
		if anchored, ok := strings.CutPrefix(name, "/"); ok {
			name, target = anchored, p
		}
		if ok, err := path.Match(name, target); ok && err == nil {
			return true
		}
	}
	return false
}
