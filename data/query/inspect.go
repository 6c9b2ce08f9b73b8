package query

import (
	"github.com/parquet-go/parquet-go"

	"huihai/data"
	"huihai/data/build"
	"huihai/data/shard"
)

// Inspection describes a data set.
type Inspection struct {
	Fingerprint    string              `json:"fingerprint"`
	SequenceLength int                 `json:"sequence_length"`
	VocabSize      int                 `json:"vocab_size"`
	EOS            int32               `json:"eos_token_id"`
	Tokenizer      string              `json:"tokenizer_sha256"`
	Documents      int64               `json:"documents"`
	Splits         []InspectedSplit    `json:"splits"`
	Schemas        map[string]string   `json:"schemas"` // Parquet schema by kind
	Files          []data.ManifestFile `json:"files"`
	Unigram        build.UnigramReport `json:"unigram"`
}

// InspectedSplit is one split of a data set. Tokens are those of documents, EOS
// included; Places count padding too.
type InspectedSplit struct {
	Name      string `json:"name"`
	Documents int64  `json:"documents"`
	Rows      int64  `json:"rows"`
	Tokens    int64  `json:"tokens"`
	Places    int64  `json:"places"`
	Files     int    `json:"files"`
}

// Inspect describes the data set in dir from its manifest and report; it does
// not read the shards.
func Inspect(dir string) (*Inspection, error) {
	m, err := data.ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	r, err := build.ReadReport(dir)
	if err != nil {
		return nil, err
	}
	i := &Inspection{
		Fingerprint: m.Fingerprint, SequenceLength: m.SequenceLength, VocabSize: m.VocabSize, EOS: m.EOS, Tokenizer: m.Tokenizer,
		Documents: m.Rows(data.KindDocuments), Files: m.Files, Unigram: r.Unigram,
		Schemas: map[string]string{
			data.KindDocuments: parquet.SchemaOf(shard.Document{}).String(),
			data.KindTokens:    parquet.SchemaOf(shard.TokenRow{}).String(),
		},
	}
	for _, s := range r.Splits {
		kind := data.KindTokens
		if s.Name == data.Validation {
			kind = data.KindValidation
		}
		split := InspectedSplit{Name: s.Name, Documents: s.Documents, Rows: m.Rows(kind), Tokens: s.Tokens}
		split.Places = split.Rows * int64(m.SequenceLength+1)
		for _, f := range m.Files {
			if f.Kind == kind {
				split.Files++
			}
		}
		i.Splits = append(i.Splits, split)
	}
	return i, nil
}
