package dense

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"huihai/data/dedup"
	"huihai/internal/golden"
)

// sharedTexts reads the texts of a shared JSON Lines file, at most limit bytes.
func sharedTexts(t testing.TB, limit int, name ...string) []string {
	t.Helper()
	f, err := os.Open(golden.Shared(t, append([]string{"data"}, name...)...))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	d := json.NewDecoder(bufio.NewReader(z))
	for limit > 0 && d.More() {
		var row struct{ Text string }
		if err := d.Decode(&row); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, row.Text)
		limit -= len(row.Text)
	}
	return texts
}

// edited replaces a share of the characters, in runs, by those of another text.
func edited(rng *rand.Rand, text, other string, rate float64, run int) string {
	runes, new := []rune(text), []rune(other)
	for i := 0; i < len(runes); i++ {
		if rng.Float64() < rate/float64(run) {
			n := copy(runes[i:min(i+run, len(runes))], new[rng.IntN(len(new)):])
			i += max(n, 1) - 1
		}
	}
	return string(runes)
}

// reordered shuffles the pieces of a text that end with one of the characters,
// among as many neighbours.
func reordered(rng *rand.Rand, text, ends string, among int) string {
	var pieces []string
	start := 0
	for i, r := range text {
		if strings.ContainsRune(ends, r) {
			end := i + len(string(r))
			pieces, start = append(pieces, text[start:end]), end
		}
	}
	pieces = append(pieces, text[start:])
	for i := 0; i < len(pieces); i += among {
		w := pieces[i:min(i+among, len(pieces))]
		rng.Shuffle(len(w), func(a, b int) { w[a], w[b] = w[b], w[a] })
	}
	return strings.Join(pieces, "")
}

// outcome of planting a changed copy of every text.
type outcome struct {
	texts, minhash, alike, found, wrong int
	counts                              Counts
}

// plant runs the three steps on texts and their copies.
func plant(t *testing.T, texts []string, change func(rng *rand.Rand, i int) string) (o outcome) {
	cfg := Default()
	rng := rand.New(rand.NewPCG(1, 2))
	e, s := NewEmbedder(cfg), dedup.NewSigner(dedup.Default())
	o.texts = len(texts)
	var vectors []float32 // originals at even places, copies at odd ones
	for i, text := range texts {
		other := change(rng, i)
		a, b := slices.Clone(s.BandKeys(nil, s.Signature(text))), s.BandKeys(nil, s.Signature(other))
		for band := range a {
			if a[band] == b[band] {
				o.minhash++
				break
			}
		}
		for _, text := range []string{text, other} {
			v := e.Embed(text)
			if v == nil {
				t.Fatal("no vector")
			}
			vectors = append(vectors, v...)
		}
	}
	m, _, err := Train(context.Background(), cfg, 8, slices.Clone(vectors), 2)
	if err != nil {
		t.Fatal(err)
	}
	clusters := map[int32][]Member{}
	var units [][]float32
	quality := make([]float32, 2*len(texts))
	for i := range quality {
		quality[i] = float32(1 - i%2)
		v := make([]float32, cfg.Dim)
		for _, c := range m.Assign(v, vectors[i*cfg.Dim:][:cfg.Dim], cfg.Margin, nil) {
			clusters[c] = append(clusters[c], Member{int64(i), quality[i], v})
		}
		units = append(units, v)
	}
	for i := range texts {
		if float64(dot(units[2*i], units[2*i+1])) > 1-cfg.Epsilon {
			o.alike++
		}
	}
	var edges []Edge
	for _, members := range clusters {
		_, e := Within(cfg.Epsilon, members, &o.counts)
		edges = append(edges, e...)
	}
	copies, err := Copies(edges, quality)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range copies {
		switch {
		case e.Better/2 == e.Doc/2:
			o.found++
		case e.Doc%2 == 1:
			o.wrong++
		}
	}
	return o
}

// Copies whose words or clauses are in another order have no shingle in common
// with their originals, but nearly the same vector. With -v the test prints the
// table of docs/data-quality.md.
func TestPlantedParaphrases(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	pieces := func(files ...[]string) (out []string) {
		seen := map[string]bool{}
		for _, f := range files {
			for _, text := range sharedTexts(t, 3<<20, f...) {
				if r := []rune(text); len(r) >= 300 && !seen[string(r[:100])] {
					seen[string(r[:100])] = true
					out = append(out, string(r[:min(len(r), 300+rng.IntN(2700))]))
				}
			}
		}
		return out
	}
	const clauses = ",.;:!?，。；：！？、\n"
	t.Log("| texts | change | MinHash candidates | cosine above 0.85 | found | wrong |")
	for _, corpus := range []struct {
		name  string
		texts []string
		least map[string]float64
	}{
		{"English", pieces([]string{"pretrain", "web_c4_en.jsonl.gz"}, []string{"web", "dclm_quality_majority.jsonl.gz"}),
			map[string]float64{"words reordered in fives": 0.98, "clauses reordered": 0.98}},
		{"Chinese", pieces([]string{"pretrain", "zh_law_raw.jsonl.gz"}, []string{"pretrain", "zh_classics.jsonl.gz"}),
			map[string]float64{"clauses reordered": 0.95}},
	} {
		for _, c := range []struct {
			name   string
			change func(rng *rand.Rand, text, other string) string
		}{
			{"words reordered in fives", func(rng *rand.Rand, text, _ string) string { return reordered(rng, text, " ", 5) }},
			{"clauses reordered", func(rng *rand.Rand, text, _ string) string { return reordered(rng, text, clauses, len(text)) }},
			{"10% of characters", func(rng *rand.Rand, text, other string) string { return edited(rng, text, other, 0.1, 1) }},
			{"20% of characters", func(rng *rand.Rand, text, other string) string { return edited(rng, text, other, 0.2, 1) }},
			{"40% of characters", func(rng *rand.Rand, text, other string) string { return edited(rng, text, other, 0.4, 1) }},
			{"20% in passages of 80", func(rng *rand.Rand, text, other string) string { return edited(rng, text, other, 0.2, 80) }},
			{"40% in passages of 80", func(rng *rand.Rand, text, other string) string { return edited(rng, text, other, 0.4, 80) }},
		} {
			if corpus.name == "Chinese" && strings.HasPrefix(c.name, "words") {
				continue // it has no blanks
			}
			o := plant(t, corpus.texts, func(rng *rand.Rand, i int) string {
				return c.change(rng, corpus.texts[i], corpus.texts[(i+1)%len(corpus.texts)])
			})
			pct := func(n int) string { return fmt.Sprintf("%.1f%%", 100*float64(n)/float64(o.texts)) }
			t.Logf("| %d %s | %s | %s | %s | %s | %d |", o.texts, corpus.name, c.name, pct(o.minhash), pct(o.alike), pct(o.found), o.wrong)
			if least := corpus.least[c.name]; float64(o.found) < least*float64(o.texts) {
				t.Errorf("%s, %s: %s found", corpus.name, c.name, pct(o.found))
			}
			if o.wrong*100 > o.texts {
				t.Errorf("%s, %s: %d copies are taken for those of other texts", corpus.name, c.name, o.wrong)
			}
		}
	}
}
