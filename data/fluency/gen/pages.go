package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"huihai/data/linear"
	"huihai/internal/rng"
)

// judged names pages of three samples of the web that we read and judged: whether they
// inform, explain or tell something in sentences (good) or sell, list, announce,
// chat or say nothing (bad). Pages that were neither are not named.
//
//go:embed pages.txt
var judged string

// readPages returns the judged pages.
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
			switch labels[name][strconv.Itoa(n)] {
			case good:
				docs = append(docs, document{text: str(row["text"]), source: name})
			case bad:
				docs = append(docs, document{text: str(row["text"]), source: name, bad: true})
			}
			n++
		})
		if err != nil {
			return nil, err
		}
	}
	return docs, nil
}

// trainPages makes a classifier of whole pages.
func trainPages(docs, more []document) (*linear.Model, error) {
	c := linear.Default()
	c.Epoch, c.Bucket, c.KnownOnly = 30, 200_000, true
	t, err := linear.NewTrainer(c)
	if err != nil {
		return nil, err
	}
	for _, d := range slices.Concat(docs, more) {
		label := good
		if d.bad {
			label = bad
		}
		if err := t.Add(d.text, label); err != nil {
			return nil, err
		}
	}
	m, _, err := t.Train(context.Background())
	if err != nil {
		return nil, err
	}
	return m.Quantize()
}

// runPages makes the model of English pages. Its scale comes from five models that
// each saw four of five pages.
func runPages(data, output string) error {
	docs, err := readPages(data)
	if err != nil {
		return err
	}
	more, err := morePages(data)
	if err != nil {
		return err
	}
	const folds = 5
	var values [2][]float64
	for fold := range folds {
		var train, test []document
		for i, d := range docs {
			if i%folds == fold {
				test = append(test, d)
			} else {
				train = append(train, d)
			}
		}
		m, err := trainPages(train, more)
		if err != nil {
			return err
		}
		label, err := m.Label(good)
		if err != nil {
			return err
		}
		sums, err := m.Margins(label)
		if err != nil {
			return err
		}
		for _, d := range test {
			sum, n := sums.Sum(d.text)
			k := 0
			if d.bad {
				k = 1
			}
			values[k] = append(values[k], sum/float64(n))
		}
	}
	slices.Sort(values[0])
	slices.Sort(values[1])
	g, b := values[0][len(values[0])/2], values[1][len(values[1])/2]
	auc := above(values[0], values[1])
	fmt.Fprintf(os.Stderr, "pages: %d good, median %.3f, %d bad, median %.3f, auc %.3f in five folds\n", len(values[0]), g, len(values[1]), b, auc)
	m, err := trainPages(docs, more)
	if err != nil {
		return err
	}
	return write(output, "page", m, scale{Middle: (g + b) / 2, Good: g, Slope: 1.0 / 6, AUC: map[string]float64{"page": float64(int(auc*1000)) / 1000}})
}

// morePages are texts of kinds that the judged pages lack: articles and answers, and
// junk from templates.
func morePages(data string) (docs []document, err error) {
	plain, err := readPlain(data)
	if err != nil {
		return nil, err
	}
	answers, err := read(data, englishSources[2:3])
	if err != nil {
		return nil, err
	}
	docs = append(plain[:100:100], answers[:100]...)
	g := parseGrammar(englishTemplates)
	r := rng.New(1, "fluency/pages")
	g.lists["w"] = []string{"thing"}
	for i := range 200 {
		docs = append(docs, document{text: g.text(r, g.classes[i%len(g.classes)], " "), bad: true})
	}
	return docs, nil
}
