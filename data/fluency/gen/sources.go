package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/zeebo/xxh3"
)

// document is a text of a source.
type document struct {
	text   string
	source string
	bad    bool // a page that we judged to be of no use
}

// heldOut tells whether a document is kept out of training: one of ten, by its text.
func (d document) heldOut() bool { return xxh3.HashString(d.text)%10 == 0 }

// eachRow calls f with the objects of a compressed JSON Lines file.
func eachRow(path string, f func(row map[string]any)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	in := bufio.NewScanner(z)
	in.Buffer(nil, 64<<20)
	for in.Scan() {
		var row map[string]any
		if err := json.Unmarshal(in.Bytes(), &row); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		f(row)
	}
	if err := in.Err(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func str(v any) string { s, _ := v.(string); return s }

// said returns the value of a turn of a conversation, or a plain string.
func said(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		return str(v["value"]) + str(v["content"])
	}
	return ""
}

// source is a file with the way to get texts from its rows.
type source struct {
	file  string
	every int // takes one row of so many
	texts func(row map[string]any) []string
}

func field(names ...string) func(map[string]any) []string {
	return func(row map[string]any) (out []string) {
		for _, n := range names {
			out = append(out, said(row[n]))
		}
		return out
	}
}

// answers are the turns of some sides and the better answer of a pair.
func answers(list, who string, is ...string) func(map[string]any) []string {
	return func(row map[string]any) (out []string) {
		turns, _ := row[list].([]any)
		for _, t := range turns {
			turn, _ := t.(map[string]any)
			for _, w := range is {
				if turn[who] == w {
					out = append(out, said(turn))
				}
			}
		}
		return append(out, said(row["chosen"]))
	}
}

// firstOutput is the best of several answers.
func firstOutput(row map[string]any) []string {
	list, _ := row["output"].([]any)
	if len(list) == 0 {
		return nil
	}
	return []string{said(list[0])}
}

var chineseSources = []source{
	{"pretrain/zh_law_raw.jsonl.gz", 1, field("text")},
	{"pretrain/docs_zh.jsonl.gz", 1, field("text")},
	{"sft/oasst1_zh_sft.jsonl.gz", 1, field("output")},
	{"pref/oasst1_zh_rank.jsonl.gz", 1, firstOutput},
	{"pref/dpo_zh_500.jsonl.gz", 1, answers("conversations", "from", "human")},
	{"pref/dpo_zh_demo.jsonl.gz", 1, answers("conversations", "from", "human", "gpt")},
	{"sft/glaive_toolcall_zh.jsonl.gz", 1, answers("conversations", "from", "human", "gpt")},
	{"pretrain/zh_classics.jsonl.gz", 2, field("text")},
	{"pretrain/zh_song_ci.jsonl.gz", 12, field("text")},
	{"pretrain/zh_yuan_qu.jsonl.gz", 6, field("text")},
	{"pretrain/zh_tang_poems.jsonl.gz", 60, field("text")},
}

var englishSources = []source{
	{"pretrain/docs_en.jsonl.gz", 8, field("text")},
	{"sft/dolly_sample.jsonl.gz", 1, field("context", "response", "output")},
	{"pref/dpo_en_demo.jsonl.gz", 1, answers("conversations", "from", "human", "gpt")},
	{"pref/kto_en_demo.jsonl.gz", 1, answers("messages", "role", "assistant")},
	{"sft/glaive_toolcall_en.jsonl.gz", 3, answers("conversations", "from", "gpt")},
}

// plainSources are English texts without rows; documents are cut from them.
var plainSources = []string{"pretrain/en_wiki_demo.txt.gz", "pretrain/en_wikitext.txt.gz", "pretrain/en_tinyshakespeare.txt.gz"}

// read returns the documents of the sources, each text once.
func read(dir string, list []source) (docs []document, err error) {
	seen := map[uint64]bool{}
	for _, s := range list {
		n := 0
		err := eachRow(filepath.Join(dir, s.file), func(row map[string]any) {
			if n++; n%s.every != 0 {
				return
			}
			for _, text := range s.texts(row) {
				h := xxh3.HashString(text)
				if text = strings.TrimSpace(text); len(text) < 60 || seen[h] {
					continue
				}
				seen[h] = true
				docs = append(docs, document{text: prose(text), source: s.file})
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return docs, nil
}

// readPlain cuts texts of lines into documents of about 3,000 bytes.
func readPlain(dir string) (docs []document, err error) {
	for _, name := range plainSources {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			return nil, err
		}
		var b strings.Builder
		flush := func() {
			docs = append(docs, document{text: b.String(), source: name})
			b.Reset()
		}
		in := bufio.NewScanner(z)
		in.Buffer(nil, 16<<20)
		for in.Scan() {
			b.WriteString(untokenized(in.Text()) + "\n")
			if b.Len() > 3000 {
				flush()
			}
			if strings.Contains(name, "shakespeare") && len(docs)%3 == 2 { // a third is enough
				break
			}
		}
		if err := in.Err(); err != nil {
			return nil, err
		}
		flush()
	}
	return docs, nil
}

// untokenized undoes the blanks around signs of WikiText.
func untokenized(s string) string {
	return strings.NewReplacer(" @-@ ", "-", " @,@ ", ",", " @.@ ", ".", " , ", ", ", " . ", ". ", " ' ", "' ", " 's ", "'s ", " ( ", " (", " ) ", ") ", " ; ", "; ", " : ", ": ", `" `, `" `).Replace(s)
}

// prose keeps the lines of documentation that are sentences.
func prose(text string) string {
	var keep []string
	fence := false
	for line := range strings.Lines(text) {
		line = strings.Join(strings.Fields(line), " ")
		if strings.HasPrefix(line, "```") {
			fence = !fence
			continue
		}
		if fence || line == "" || marked(line) {
			continue
		}
		keep = append(keep, line)
	}
	return strings.Join(keep, "\n")
}

// marked tells whether a line is more mark-up than text.
func marked(line string) bool {
	letters, other := 0, 0
	for _, r := range line {
		switch {
		case unicode.IsLetter(r) || r == ' ' || unicode.Is(unicode.P, r) && r >= utf8.RuneSelf:
			letters++
		default:
			other++
		}
	}
	return strings.ContainsAny(line[:1], "<|![{#$=") || strings.Contains(line, "](") || strings.Contains(line, "://") || other*4 > letters
}
