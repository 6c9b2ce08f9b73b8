package main

import (
	_ "embed"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// judged names pages of a sample of C4 that we read and judged: whether they
// inform, explain or tell something in sentences (good) or sell, list, announce,
// chat or say nothing (bad). Pages that were neither are not named.
//
//go:embed c4.txt
var judged string

// readPages returns the judged pages. They are few, so they count several times.
func readPages(dir string) (docs []document, err error) {
	label := map[string]string{}
	for line := range strings.Lines(judged) {
		f := strings.Fields(line)
		for _, n := range f[1:] {
			label[n] = f[0]
		}
	}
	n := 0
	const name = "pretrain/web_c4_en.jsonl.gz"
	err = eachRow(filepath.Join(dir, name), func(row map[string]any) {
		if h := os.Getenv("HALF"); h != "" && strconv.Itoa(n%2) == h {
			n++
			return
		}
		switch label[strconv.Itoa(n)] {
		case good:
			docs = append(docs, document{text: str(row["text"]), source: name, times: 2})
		case bad:
			docs = append(docs, document{text: str(row["text"]), source: name, bad: true, times: 6})
		}
		n++
	})
	return docs, err
}
