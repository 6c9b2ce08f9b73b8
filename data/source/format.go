package source

import (
	"path/filepath"
	"regexp"
	"strings"
)

// Format is how a file's documents are stored.
type Format string

// The formats.
const (
	FormatText    Format = "text"
	FormatJSONL   Format = "jsonl"
	FormatJSON    Format = "json"
	FormatParquet Format = "parquet"
	FormatHTML    Format = "html"
	FormatWARC    Format = "warc"
	FormatCSV     Format = "csv"
)

// recordFormats maps extensions of record files.
var recordFormats = map[string]Format{
	".jsonl": FormatJSONL, ".ndjson": FormatJSONL, ".json": FormatJSON, ".parquet": FormatParquet,
	".html": FormatHTML, ".htm": FormatHTML, ".xhtml": FormatHTML, ".warc": FormatWARC, ".wet": FormatWARC, ".csv": FormatCSV, ".tsv": FormatCSV,
}

// proseExtensions are plain text that is not program code.
var proseExtensions = set(`.txt .text .md .markdown .mdx .rst .adoc .asciidoc .org .tex .wiki`)

// codeExtensions are program text.
var codeExtensions = set(`.go .py .pyi .c .h .cc .cpp .cxx .hh .hpp .hxx .cu .cuh .java .kt .kts .scala .groovy
 .js .mjs .cjs .ts .tsx .jsx .vue .rs .rb .php .swift .m .mm .cs .fs .lua .pl .pm .r .jl .hs .ml .mli .ex .exs .erl
 .clj .lisp .el .scm .sh .bash .zsh .fish .ps1 .sql .proto .thrift .s .asm .zig .nim .dart .v .sv .vhd .f90 .f .pas
 .css .scss .less .yaml .yml .toml .mod .cmake .mk .gradle .dockerfile .tmpl`)

// bareNames are files without an extension that are text by custom.
var bareNames = set(`readme license licence copying authors contributors changelog news todo install notice makefile dockerfile`)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// splitName cuts a file name into the stem, the extension that tells the format
// and the compression (".gz", ".zst" or none).
func splitName(name string) (stem, ext, compression string) {
	stem = filepath.Base(name)
	switch e := strings.ToLower(filepath.Ext(stem)); e {
	case ".gz", ".zst", ".zstd":
		compression = ".gz"
		if e != ".gz" {
			compression = ".zst"
		}
		stem = stem[:len(stem)-len(e)]
	}
	ext = strings.ToLower(filepath.Ext(stem))
	if ext == strings.ToLower(stem) { // a dot file such as .profile
		ext = ""
	}
	return stem[:len(stem)-len(ext)], ext, compression
}

// formatOf tells the format by name; known is false for names that a folder
// walk passes over.
func formatOf(name string) (f Format, known bool) {
	stem, ext, compression := splitName(name)
	if f, ok := recordFormats[ext]; ok {
		if f == FormatParquet && compression != "" {
			return FormatText, false
		}
		return f, true
	}
	if ext == "" {
		return FormatText, bareNames[strings.ToLower(stem)]
	}
	return FormatText, proseExtensions[ext] || codeExtensions[ext]
}

// IsCode tells whether a path's extension is that of program code.
func IsCode(path string) bool {
	stem, ext, _ := splitName(path)
	if ext == "" {
		switch strings.ToLower(stem) {
		case "makefile", "dockerfile":
			return true
		}
	}
	return codeExtensions[ext]
}

// shardSuffix is the numbering of a data set cut into files:
// train-00003-of-00010, part_0007, c4.12.
var shardSuffix = regexp.MustCompile(`[-_.]?\d+([-_]of[-_]\d+)?$`)

// dataSetName is the source name of a record file: its stem without numbering.
func dataSetName(path string) string {
	stem, _, _ := splitName(path)
	if s := shardSuffix.ReplaceAllString(stem, ""); s != "" {
		return s
	}
	return stem
}
