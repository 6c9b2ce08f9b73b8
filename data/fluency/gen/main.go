// Command gen makes the models of package fluency from texts that may be used
// for it, always with the same bytes:
//
//	go run ./data/fluency/gen --data DIR --output data/fluency/model
//
// It cuts good texts into pieces, spoils copies of them in a dozen ways, adds junk
// from templates, trains classifiers of package linear with these, and fits the
// scale of the scores on documents that were held out. With --examples the labelled
// texts are written too, for train data classifier.
package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"unicode/utf8"

	"huihai/data/linear"
	"huihai/internal/rng"
)

func main() {
	data := flag.String("data", "", "folder of the texts")
	output := flag.String("output", "", "folder for the models")
	examples := flag.String("examples", "", "folder for the labelled texts; none are written without it")
	only := flag.String("only", "", "en or zh; both without it")
	flag.Parse()
	for _, lang := range []string{"zh", "en"} {
		if *only != "" && *only != lang {
			continue
		}
		if err := run(lang, *data, *output, *examples); err != nil {
			fmt.Fprintln(os.Stderr, "gen:", err)
			os.Exit(1)
		}
	}
	if *only != "zh" {
		if err := runPages(*data, *output); err != nil {
			fmt.Fprintln(os.Stderr, "gen:", err)
			os.Exit(1)
		}
	}
}

// example is a labelled piece of text.
type example struct {
	Text    string `json:"text"`
	Label   string `json:"label"`
	class   string
	heldOut bool
}

const (
	good = "good"
	bad  = "bad"
)

func config(lang string) linear.Config {
	c := linear.Default()
	c.Dim, c.Epoch, c.LR, c.WordNgrams, c.MinCount, c.Bucket, c.KnownOnly = 8, 3, 0.5, 3, 4, 3<<19, true
	if lang == "zh" {
		c.MinCount = 1 << 30 // no single characters: only what stands side by side
	}
	return c
}

func run(lang, data, output, examples string) error {
	list, err := collect(lang, data)
	if err != nil {
		return err
	}
	if examples != "" {
		if err := save(filepath.Join(examples, lang+".jsonl.gz"), list); err != nil {
			return err
		}
	}
	t, err := linear.NewTrainer(config(lang))
	if err != nil {
		return err
	}
	for _, e := range list {
		if !e.heldOut {
			if err := t.Add(e.Text, e.Label); err != nil {
				return err
			}
		}
	}
	m, report, err := t.Train(context.Background())
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, lang, report.Documents, "pieces,", report.Tokens, "tokens, loss", report.Loss)
	if m, err = m.Quantize(); err != nil {
		return err
	}
	s, err := evaluate(m, list)
	if err != nil {
		return err
	}
	s.Slope = 4.0 / 3
	if lang == "en" {
		s.Slope = 8.0 / 3
	}
	return write(output, lang, m, s)
}

// write writes the model, packed, and its scale.
func write(dir, lang string, m *linear.Model, s scale) error {
	tmp := filepath.Join(dir, lang+".ftz")
	if err := m.Save(tmp); err != nil {
		return err
	}
	raw, err := os.ReadFile(tmp)
	if err != nil {
		return err
	}
	if err := os.Remove(tmp); err != nil {
		return err
	}
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	z.Write(raw)
	if err := z.Close(); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, lang+".ftz.gz"), b.Bytes(), 0o644); err != nil {
		return err
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, lang+".json"), append(text, '\n'), 0o644)
}

func save(path string, list []example) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	z := gzip.NewWriter(f)
	enc := json.NewEncoder(z)
	for _, e := range list {
		if !e.heldOut {
			if err := enc.Encode(e); err != nil {
				return err
			}
		}
	}
	return z.Close()
}

// collect makes the labelled pieces of a language.
func collect(lang, data string) (list []example, err error) {
	chinese := lang == "zh"
	sources, g := englishSources, parseGrammar(englishTemplates)
	if chinese {
		sources, g = chineseSources, parseGrammar(chineseTemplates)
	}
	docs, err := read(data, sources)
	if err != nil {
		return nil, err
	}
	if !chinese {
		plain, err := readPlain(data)
		if err != nil {
			return nil, err
		}
		pages, err := readPages(data)
		if err != nil {
			return nil, err
		}
		docs = append(append(docs, plain...), pages...)
	}
	var texts []string
	for _, d := range docs {
		if !d.bad {
			texts = append(texts, d.text)
		}
	}
	r := rng.New(1, "fluency/"+lang)
	s := newSpoiler(r, chinese, texts)
	g.use(s.words)
	for _, d := range docs {
		if !d.bad {
			for _, p := range pieces(r, d.text, chinese) {
				list = append(list, example{p, good, d.source, d.heldOut()})
				for range 1 + r.IntN(2) {
					text, class := s.spoil(p)
					list = append(list, example{text, bad, class, d.heldOut()})
				}
			}
		}
	}
	if chinese {
		glossed, err := translations(r, data)
		if err != nil {
			return nil, err
		}
		list = append(list, glossed...)
	}
	glue := " "
	if chinese {
		glue = ""
	}
	for _, class := range g.classes {
		for i := range 2500 {
			list = append(list, example{g.text(r, class, glue), bad, "template " + class, i%10 == 0})
		}
	}
	return list, nil
}

// pieces cuts a text at ends of sentences and lines into pieces of drawn length.
func pieces(r *rng.Stream, text string, chinese bool) (out []string) {
	length := func() int {
		n := 40 + r.IntN(220)
		if !chinese {
			n *= 3
		}
		return n
	}
	want, start, chars := length(), 0, 0
	for i, c := range text {
		chars++
		if !strings.ContainsRune("。！？\n.!?", c) || chars < want && !(c == '\n' && chars > want*2/3) {
			continue
		}
		end := i + utf8.RuneLen(c)
		out = append(out, strings.TrimSpace(text[start:end]))
		want, start, chars = length(), end, 0
	}
	if rest := strings.TrimSpace(text[start:]); utf8.RuneCountInString(rest) >= 20 {
		out = append(out, rest)
	}
	return out
}

// scale turns means of what features say into scores.
type scale struct {
	Middle float64            `json:"middle"` // of good and bad held-out pieces
	Good   float64            `json:"good"`   // median of good ones
	Slope  float64            `json:"slope"`  // at the middle; see package fluency
	AUC    map[string]float64 `json:"auc"`    // of held-out pieces: all good ones against a class
}

func evaluate(m *linear.Model, list []example) (scale, error) {
	label, err := m.Label(good)
	if err != nil {
		return scale{}, err
	}
	sums, err := m.Margins(label)
	if err != nil {
		return scale{}, err
	}
	by := map[string][]float64{}
	var all []float64
	for _, e := range list {
		if !e.heldOut {
			continue
		}
		sum, n := sums.Sum(e.Text)
		if n == 0 {
			continue
		}
		v := sum / float64(n)
		if e.Label == good {
			all = append(all, v)
			by["= "+e.class] = append(by["= "+e.class], v)
		} else {
			by[e.class] = append(by[e.class], v)
		}
	}
	sort.Float64s(all)
	s := scale{Good: all[len(all)/2], AUC: map[string]float64{}}
	names := make([]string, 0, len(by))
	for name := range by {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		v := by[name]
		sort.Float64s(v)
		auc := above(all, v)
		if !strings.HasPrefix(name, "= ") {
			s.AUC[name] = float64(int(auc*1000)) / 1000
		}
		fmt.Fprintf(os.Stderr, "%-36s %5d  median %7.3f  auc %.3f\n", name, len(v), v[len(v)/2], auc)
	}
	order := by["order"]
	s.Middle = (s.Good + order[len(order)/2]) / 2
	return s, nil
}

// above is the share of pairs in which the one of a, sorted, is above that of b.
func above(a, b []float64) float64 {
	n, j := 0, 0
	for _, v := range a {
		for j < len(b) && b[j] < v {
			j++
		}
		n += j
	}
	return float64(n) / (float64(len(a)) * float64(len(b)))
}
