package query

import (
	"context"
	"strings"

	"huihai/data"
	"huihai/data/build"
	"huihai/data/dedup"
	"huihai/data/shard"
)

// Twin is the copy that stayed of a document that was dropped as one, and how the two
// differ.
type Twin struct {
	ID       string `json:"id"`
	FilePath string `json:"file_path"`
	// Similarity is the Jaccard index of the shingles, as the build compared them.
	Similarity float64 `json:"similarity"`
	// Only and OnlyTwin are sentences of the document and of the twin that the other
	// lacks, in order. Texts that differ in blanks and breaks have none.
	Only     Difference `json:"only_here"`
	OnlyTwin Difference `json:"only_there"`
}

// Difference is the beginning of a list of sentences.
type Difference struct {
	Total     int      `json:"total"`
	Sentences []string `json:"sentences"` // the first of them
}

// maxDifference is how many sentences of a [Difference] are told.
const maxDifference = 20

// twin compares a document with the copy of the id that stayed.
func twin(ctx context.Context, dir string, m *data.Manifest, doc *shard.Document, id string) (*Twin, error) {
	cfg, err := build.ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	other, err := find(ctx, dir, m, id)
	if err != nil {
		return nil, err
	}
	here, there := doc.Original(), other.Original()
	signer := dedup.NewSigner(cfg.Dedup)
	mine := append([]uint32(nil), signer.Shingles(here)...)
	return &Twin{
		ID: other.ID, FilePath: other.FilePath, Similarity: dedup.Jaccard(mine, signer.Shingles(there)),
		Only: lacking(here, there), OnlyTwin: lacking(there, here),
	}, nil
}

// lacking returns the sentences of a text that another has not.
func lacking(text, other string) Difference {
	there := map[string]bool{}
	for _, s := range sentences(other) {
		there[s] = true
	}
	d := Difference{Sentences: []string{}}
	for _, s := range sentences(text) {
		if there[s] {
			continue
		}
		if d.Total++; len(d.Sentences) < maxDifference {
			d.Sentences = append(d.Sentences, s)
		}
	}
	return d
}

// sentences parts a text at breaks and behind marks that end a sentence, whether or
// not the rules of quality saw sentences there, and leaves the differences of blanks
// out.
func sentences(text string) []string {
	var out []string
	start := 0
	end := func(at int) {
		if s := strings.Join(strings.Fields(text[start:at]), " "); s != "" {
			out = append(out, s)
		}
		start = at
	}
	for i, r := range text {
		switch r {
		case '\n':
			end(i)
		case '。', '！', '？', '；':
			end(i + len(string(r)))
		case '.', '!', '?':
			if i+1 < len(text) && text[i+1] == ' ' {
				end(i + 1)
			}
		}
	}
	end(len(text))
	return out
}
