// Package datatest makes small corpora for tests of what builds and reads data sets.
// It knows neither package build nor package data, so that the tests of both can use
// it.
package datatest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// Corpus writes a folder with prose of several kinds, copies among it, and some
// broken records; it returns the folder.
func Corpus(t testing.TB, seed uint64) string {
	t.Helper()
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(seed, 0))
	var jsonl bytes.Buffer
	var texts []string
	for i := range 120 {
		text := Sentences(rng, 3+rng.IntN(20))
		if i%3 == 0 {
			text = Verse(rng)
		}
		if i%10 == 9 {
			text = texts[rng.IntN(len(texts))] // an exact copy
		}
		texts = append(texts, text)
		line, _ := json.Marshal(map[string]any{"id": fmt.Sprint("doc", i), "text": text, "url": "https://example.org/" + fmt.Sprint(i), "meta": map[string]int{"n": i}})
		jsonl.Write(append(line, '\n'))
	}
	jsonl.WriteString("{broken\n{\"id\": \"x\"}\n\n{\"text\": \"\"}\n{\"text\": 7}\n{\"text\": \"\xff\"}\n")
	Write(t, filepath.Join(dir, "a.jsonl"), jsonl.Bytes())
	Write(t, filepath.Join(dir, "sub", "b.jsonl.gz"), Gzipped(t, []byte(strings.Repeat(`{"text": "short"}`+"\n", 3))))
	for i := range 6 {
		Write(t, filepath.Join(dir, "sub", fmt.Sprintf("t%d.txt", i)), []byte(Sentences(rng, 30)))
	}
	Write(t, filepath.Join(dir, "main.go"), []byte("package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(\"hello\")\n}\n"))
	Write(t, filepath.Join(dir, "picture.png"), []byte("\x89PNG\x00\x00"))
	Write(t, filepath.Join(dir, "binary.txt"), []byte("a\x00b"))
	return dir
}

// SmallCorpus writes a folder with a few texts of each kind, and copies among them.
func SmallCorpus(t testing.TB, seed uint64) string {
	t.Helper()
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(seed, 1))
	var jsonl bytes.Buffer
	text := ""
	for i := range 24 {
		switch {
		case i%4 == 0:
			text = Verse(rng)
		case i%6 != 5: // else a copy
			text = Sentences(rng, 3+rng.IntN(12))
		}
		line, _ := json.Marshal(map[string]any{"id": i, "text": text, "url": "https://example.org/" + fmt.Sprint(i)})
		jsonl.Write(append(line, '\n'))
	}
	jsonl.WriteString("{broken\n")
	Write(t, filepath.Join(dir, "a.jsonl"), jsonl.Bytes())
	Write(t, filepath.Join(dir, "b.txt"), []byte(Sentences(rng, 20)+" Write to someone@example.org or call 13912345678."))
	Write(t, filepath.Join(dir, "c.html"), []byte("<html><body><article><p>"+Sentences(rng, 20)+"</p></article></body></html>"))
	return dir
}

// The words that Sentences draws from.
var nouns = strings.Fields("river mountain forest garden city winter morning engine letter question answer teacher window road market island bridge song story")
var verbs = strings.Fields("sees crosses remembers builds follows finds leaves loves keeps paints measures carries hears reads counts")

// Sentences makes n sentences, drawn from a few words.
func Sentences(rng *rand.Rand, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString([]string{" ", " ", "\n\n"}[rng.IntN(3)])
		}
		fmt.Fprintf(&b, "The %s of the %s %s the %s and the %s number %d.", nouns[rng.IntN(len(nouns))], nouns[rng.IntN(len(nouns))],
			verbs[rng.IntN(len(verbs))], nouns[rng.IntN(len(nouns))], nouns[rng.IntN(len(nouns))], rng.IntN(1000))
	}
	return b.String()
}

// Verse makes a poem of no sense in traditional characters.
func Verse(rng *rand.Rand) string {
	chars := []rune("春花秋月何時了往事知多少小樓昨夜又東風故國不堪回首明中雕欄玉砌應猶在只是朱顏改問君能有幾愁恰似江水向流")
	var b strings.Builder
	for line := range 4 {
		if line > 0 {
			b.WriteString("\n")
		}
		for i := range 10 {
			if i == 5 {
				b.WriteString("，")
			}
			b.WriteRune(chars[rng.IntN(len(chars))])
		}
		b.WriteString("。")
	}
	return b.String()
}

// Write writes a file, and its folder.
func Write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// Gzipped compresses content.
func Gzipped(t testing.TB, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Shards reads all rows of a kind of files of the data set in dir.
func Shards[T any](t testing.TB, dir, kind string) []T {
	t.Helper()
	m := manifest(t, dir)
	var out []T
	for _, f := range m.Files {
		if f.Kind == kind {
			rows, err := parquet.ReadFile[T](filepath.Join(dir, f.Path))
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, rows...)
		}
	}
	return out
}

// listed is what is read of a manifest here.
type listed struct {
	Files []struct{ Path, Kind string }
}

func manifest(t testing.TB, dir string) (m listed) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, "_manifest.json"))
	if err == nil {
		err = json.Unmarshal(content, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}
