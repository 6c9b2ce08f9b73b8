package main

import (
	_ "embed"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// judged names pages of three samples of the web that we read and judged: whether they
// inform, explain or tell something in sentences (good) or sell, list, announce,
// chat or say nothing (bad). Pages that were neither are not named.
//
//go:embed pages.txt
var judged string

// readPages returns the judged pages. They are few, so they count several times.
func readPages(dir string) (docs []document, err error) {
	files, labels := []string{}, map[string]map[string]string{}
	for line := range strings.Lines(judged) {
		f := strings.Fields(line)
		if labels[f[0]] == nil {
			files, labels[f[0]] = append(files, f[0]), map[string]string{}
		}
		for _, n := range f[2:] {
			labels[f[0]][n] = f[1]
		}
	}
	for _, name := range files {
		n := 0
		err = eachRow(filepath.Join(dir, name+".jsonl.gz"), func(row map[string]any) {
			if h := os.Getenv("HALF"); h != "" && strconv.Itoa(n%2) == h {
				n++
				return
			}
			switch labels[name][strconv.Itoa(n)] {
			case good:
				docs = append(docs, document{text: str(row["text"]), source: name, times: 2})
			case bad:
				docs = append(docs, document{text: str(row["text"]), source: name, bad: true, times: 6})
			}
			n++
		})
		if err != nil {
			return nil, err
		}
	}
	return docs, nil
}
