package data

import (
	"errors"
	"fmt"
	"io"
	"os"

	"huihai/data/flow"
	"huihai/data/score"
)

// rawDocument is what the gather stage hands on: a document, cleaned.
type rawDocument struct {
	ID, Source, FilePath, URL, Meta, Text string
	ByteOffset                            int64
	RawSHA                                [16]byte
}

func (r *rawDocument) encode(e *encoder) {
	e.string(r.ID)
	e.string(r.Source)
	e.string(r.FilePath)
	e.string(r.URL)
	e.string(r.Meta)
	e.int(r.ByteOffset)
	e.raw(r.RawSHA[:])
	e.string(r.Text)
}

func (r *rawDocument) decode(b []byte) error {
	d := decoder{b: b}
	*r = rawDocument{ID: d.string(), Source: d.string(), FilePath: d.string(), URL: d.string(), Meta: d.string()}
	r.ByteOffset = d.int()
	copy(r.RawSHA[:], d.take(16))
	r.Text = d.string()
	return d.finish()
}

// judgement is what the score stage says of a document.
type judgement struct {
	Reason            string // score.Kept or the rule broken
	Language, Script  string
	LanguageScore     float32
	HanRatio, Quality float32
	Units             int32
	DupNGram, DupLine float32
	Exact             [16]byte
	Paragraphs        []score.Span
}

func (j *judgement) encode(e *encoder) {
	e.string(j.Reason)
	e.string(j.Language)
	e.string(j.Script)
	for _, v := range []float32{j.LanguageScore, j.HanRatio, j.Quality, j.DupNGram, j.DupLine} {
		e.float(v)
	}
	e.int(int64(j.Units))
	e.raw(j.Exact[:])
	e.uint(uint64(len(j.Paragraphs)))
	for _, p := range j.Paragraphs {
		e.uint(uint64(p.Start))
		e.uint(uint64(p.End))
		e.float(p.Quality)
		e.uint(uint64(p.Flags))
	}
}

func (j *judgement) decode(b []byte) error {
	d := decoder{b: b}
	j.Reason, j.Language, j.Script = d.string(), d.string(), d.string()
	for _, v := range []*float32{&j.LanguageScore, &j.HanRatio, &j.Quality, &j.DupNGram, &j.DupLine} {
		*v = d.float()
	}
	j.Units = int32(d.int())
	copy(j.Exact[:], d.take(16))
	n := d.uint()
	j.Paragraphs = j.Paragraphs[:0]
	for range n {
		if d.err != nil {
			break
		}
		p := score.Span{Start: int32(d.uint()), End: int32(d.uint())}
		p.Quality = d.float()
		p.Flags = score.ParagraphFlags(d.uint())
		j.Paragraphs = append(j.Paragraphs, p)
	}
	return d.finish()
}

// records opens a record file for reading.
func records(path string) (*flow.RecordReader, io.Closer, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	return flow.NewRecordReader(f), f, nil
}

// eachRecord calls fn for every record of a file, until fn says to stop.
func eachRecord(path string, fn func([]byte) (more bool, err error)) error {
	r, c, err := records(path)
	if err != nil {
		return err
	}
	defer c.Close()
	for {
		b, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		more, err := fn(b)
		if err != nil || !more {
			return err
		}
	}
}
