package export

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"strings"

	"huihai/data"
	"huihai/data/query"
	"huihai/data/score"
)

// document are the columns of a kept document that are told to others.
type document struct {
	ID             string  `parquet:"id" json:"id"`
	Text           string  `parquet:"text" json:"text"`
	Source         string  `parquet:"source" json:"source"`
	URL            string  `parquet:"url,optional" json:"url,omitempty"`
	FilePath       string  `parquet:"file_path" json:"file_path"`
	Meta           string  `parquet:"meta,optional" json:"-"`
	Language       string  `parquet:"language" json:"language"`
	LanguageScript string  `parquet:"language_script" json:"language_script"`
	LanguageScore  float32 `parquet:"language_score" json:"language_score"`
	Quality        float32 `parquet:"quality" json:"quality"`
	Status         string  `parquet:"status" json:"-"`
	Split          string  `parquet:"split" json:"split"`
	SampleWeight   float32 `parquet:"sample_weight" json:"sample_weight"`
	Copies         int32   `parquet:"copies" json:"copies"`
	TokenCount     int32   `parquet:"token_count" json:"token_count"`
}

// eachDocument calls fn for every kept document of the split, in order.
func (e *exporter) eachDocument(ctx context.Context, fn func(*document) error) error {
	if err := e.verify(ctx, data.KindDocuments); err != nil {
		return err
	}
	return query.Scan(ctx, e.dir, e.manifest, data.KindDocuments, func(d *document) (bool, error) {
		if d.Status != score.Kept || e.Split != All && d.Split != e.Split {
			return true, nil
		}
		return true, fn(d)
	})
}

// line is a document as JSON; its meta is the object that it was.
type line struct {
	*document
	Meta json.RawMessage `json:"meta,omitempty"`
}

// jsonLines writes the documents as JSON Lines.
func (e *exporter) jsonLines(ctx context.Context) error {
	if err := fresh(e.Output); err != nil {
		return err
	}
	return e.write(e.Output, func(out io.Writer) error {
		w := bufio.NewWriterSize(out, 1<<18)
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		err := e.eachDocument(ctx, func(d *document) error {
			e.summary.Documents++
			e.summary.Sequences++
			e.summary.Tokens += int64(d.TokenCount)
			l := line{document: d}
			if strings.TrimSpace(d.Meta) != "" {
				l.Meta = json.RawMessage(d.Meta)
			}
			return enc.Encode(l)
		})
		if err != nil {
			return err
		}
		return w.Flush()
	})
}
