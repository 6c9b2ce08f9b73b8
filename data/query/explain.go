package query

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"huihai/data"
	"huihai/data/build"
	"huihai/data/score"
	"huihai/data/shard"
)

// Story is all that is known of a document.
type Story struct {
	Document shard.Document `json:"document"`
	RawSHA   string         `json:"raw_sha"`            // first half of the SHA-256 of the text as read
	Decision string         `json:"decision"`           // in words
	Original string         `json:"original,omitempty"` // the text before pieces were cut out of it
	// Rules are what the rules of the build say of the text, and Others those of
	// other sets that it breaks. Components make up its quality.
	Rules      []score.Verdict   `json:"rules"`
	Others     []string          `json:"other_rules_broken"`
	Components []score.Component `json:"quality_components"`
	// Cluster are the copies of the document, itself among them.
	Cluster []Copy `json:"cluster,omitempty"`
	// Twin is the copy that stayed in place of the document.
	Twin *Twin `json:"twin,omitempty"`
	// Rows are where its tokens went.
	Rows []Place `json:"rows,omitempty"`
}

// Copy is a member of a document's cluster.
type Copy struct {
	ID          string  `json:"id"`
	DocNo       int64   `json:"doc_no"`
	FilePath    string  `json:"file_path"`
	Quality     float32 `json:"quality"`
	Status      string  `json:"status"`
	IsCanonical bool    `json:"is_canonical"`
}

// Place is a piece of a document in a row.
type Place struct {
	Split  string `json:"split"`
	SeqNo  int64  `json:"seq_no"`
	Start  int32  `json:"start"` // token in the row
	Tokens int32  `json:"tokens"`
}

type copyRow struct {
	ID          string  `parquet:"id"`
	DocNo       int64   `parquet:"doc_no"`
	FilePath    string  `parquet:"file_path"`
	Quality     float32 `parquet:"quality"`
	ClusterID   int64   `parquet:"minhash_cluster_id"`
	IsCanonical bool    `parquet:"is_canonical"`
	Status      string  `parquet:"status"`
}

type placeRow struct {
	SeqNo     int64   `parquet:"seq_no"`
	TokenIDs  []int32 `parquet:"token_ids,list"`
	DocNos    []int64 `parquet:"doc_nos,list"`
	DocStarts []int32 `parquet:"doc_starts,list"`
}

// Explain tells the story of a document of the data set in dir, named by its id or
// by the beginning of it, if no other has the same.
func Explain(ctx context.Context, dir, id string) (*Story, error) {
	m, err := data.ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	doc, err := find(ctx, dir, m, id)
	if err != nil {
		return nil, err
	}
	s := &Story{Document: *doc, RawSHA: hex.EncodeToString(doc.RawSHA[:])}
	if doc.ClusterID >= 0 {
		err = Scan(ctx, dir, m, data.KindDocuments, func(r *copyRow) (bool, error) {
			if r.ClusterID == doc.ClusterID {
				s.Cluster = append(s.Cluster, Copy{strings.Clone(r.ID), r.DocNo, strings.Clone(r.FilePath), r.Quality, strings.Clone(r.Status), r.IsCanonical})
			}
			return true, nil
		})
		if err != nil {
			return nil, err
		}
	}
	if kept := s.kept(); kept != nil && !doc.IsCanonical {
		if s.Twin, err = twin(ctx, dir, m, doc, kept.ID); err != nil {
			return nil, err
		}
	}
	if doc.TokenCount > 0 {
		kind := data.KindTokens
		if doc.Split == data.Validation {
			kind = data.KindValidation
		}
		if s.Rows, err = places(ctx, dir, m, kind, doc); err != nil {
			return nil, err
		}
	}
	s.Decision = s.decision()
	return s, s.judge(dir)
}

// judge puts the text to all rules again, as the build did.
func (s *Story) judge(dir string) error {
	cfg, err := build.ReadConfig(dir)
	if err != nil {
		return err
	}
	scorer, err := score.New(cfg.Score)
	if err != nil {
		return fmt.Errorf("query: %s: %w", dir, err)
	}
	d := &s.Document
	text := d.Original()
	if len(d.Removed) > 0 {
		s.Original = text
	}
	k := score.Nothing()
	k.Guess = &score.Guess{Language: score.Language(d.Language), Script: d.LanguageScript, Score: d.LanguageScore}
	k.Extra.Safety = float64(d.Safety)
	if d.Classifier > 0 {
		k.Extra.Classifier = float64(d.Classifier)
	}
	x := scorer.Explain(text, k)
	s.Components, s.Others = x.Components, []string{}
	for _, v := range x.Verdicts {
		switch {
		case v.Active:
			s.Rules = append(s.Rules, v)
		case !v.Pass && !slices.Contains(s.Others, v.Rule):
			s.Others = append(s.Others, v.Rule)
		}
	}
	return nil
}

func find(ctx context.Context, dir string, m *data.Manifest, id string) (*shard.Document, error) {
	var doc *shard.Document
	var ids []string
	err := Scan(ctx, dir, m, data.KindDocuments, func(r *shard.Document) (bool, error) {
		if id == "" || !strings.HasPrefix(r.ID, id) {
			return true, nil
		}
		ids = append(ids, strings.Clone(r.ID))
		doc = cloneDocument(r)
		return len(r.ID) != len(id) && len(ids) < 3, nil // a whole id is one document's
	})
	switch {
	case err != nil:
		return nil, err
	case len(ids) == 0:
		return nil, fmt.Errorf("query: no document of %s has an id that begins with %q; train data search finds ids by text", dir, id)
	case len(ids) > 1 && ids[len(ids)-1] != id:
		return nil, fmt.Errorf("query: several documents have an id that begins with %q: %s ...; give more of it", id, strings.Join(ids, ", "))
	}
	return doc, nil
}

// cloneDocument copies what the reader uses again.
func cloneDocument(r *shard.Document) *shard.Document {
	d := *r
	d.Paragraphs = append([]shard.Span(nil), r.Paragraphs...)
	d.Sentences = append([]shard.Span(nil), r.Sentences...)
	d.Removed = append([]shard.Removed(nil), r.Removed...)
	return &d
}

func places(ctx context.Context, dir string, m *data.Manifest, kind string, doc *shard.Document) ([]Place, error) {
	var out []Place
	err := Scan(ctx, dir, m, kind, func(r *placeRow) (bool, error) {
		for i, no := range r.DocNos {
			if no != doc.DocNo || i >= len(r.DocStarts) {
				continue
			}
			end := int32(len(r.TokenIDs))
			if i+1 < len(r.DocStarts) {
				end = r.DocStarts[i+1]
			}
			out = append(out, Place{doc.Split, r.SeqNo, r.DocStarts[i], end - r.DocStarts[i]})
		}
		return true, nil
	})
	return out, err
}

// kept returns the member of the cluster that stays, or nil.
func (s *Story) kept() *Copy {
	for i := range s.Cluster {
		if s.Cluster[i].IsCanonical {
			return &s.Cluster[i]
		}
	}
	return nil
}

func (s *Story) decision() string {
	d, kept := &s.Document, s.kept()
	switch {
	case d.Status == "kept" && kept != nil:
		return fmt.Sprintf("kept, as the best of %d copies, for the %s split; %s", d.ClusterSize, d.Split, stands(d.Copies))
	case d.Status == "kept":
		return fmt.Sprintf("kept for the %s split; %s", d.Split, stands(d.Copies))
	case kept != nil && !d.IsCanonical:
		return fmt.Sprintf("dropped: %s of %s (%s), whose quality is %.3f against %.3f", d.Status, kept.ID, kept.FilePath, kept.Quality, d.Quality)
	}
	return "dropped: " + d.Status
}

// stands tells how often sampling put a document into the rows.
func stands(copies int32) string {
	switch copies {
	case 0:
		return "sampling left it out of the rows"
	case 1:
		return "it stands in the rows once"
	}
	return fmt.Sprintf("it stands in the rows %d times", copies)
}
