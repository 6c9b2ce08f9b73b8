package source

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"huihai/data/charset"
	"huihai/data/html"
)

// pageMeta is the metadata of a document that was a page.
type pageMeta struct {
	RecordID string `json:"warc_record_id,omitempty"`
	Date     string `json:"warc_date,omitempty"`
	Record   *int64 `json:"warc_record,omitempty"` // running number in the file
	Title    string `json:"title,omitempty"`
	Language string `json:"language,omitempty"` // as declared
}

func (m pageMeta) String() string {
	if m == (pageMeta{}) {
		return ""
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(m) // strings and numbers always have a form
	return strings.TrimSuffix(b.String(), "\n")
}

// extract takes the text out of a page that is UTF-8.
func (r *reader) extract(page []byte) (html.Result, error) {
	if r.page == nil {
		x, err := html.New(r.cfg.HTML)
		if err != nil {
			return html.Result{}, &callerError{err}
		}
		r.page = x
	}
	return r.page.Extract(page), nil
}

// htmlFile reads a file that is one page.
func (r *reader) htmlFile(br *bufio.Reader) error {
	raw, err := io.ReadAll(io.LimitReader(br, r.cfg.MaxRecordBytes+1))
	if err != nil {
		return damaged(err)
	}
	if int64(len(raw)) > r.cfg.MaxRecordBytes {
		r.reject(0, ReasonTooLong, fmt.Sprintf("a page of more than %d bytes", r.cfg.MaxRecordBytes), raw, int64(len(raw)))
		return nil
	}
	if len(raw) == 0 {
		return nil
	}
	label := r.cfg.Encoding
	if label == "" {
		label = html.Charset(raw)
	}
	text, d, err := charset.Decode(raw, label)
	if err != nil {
		return err
	}
	r.stats.Encodings[d.String()]++
	return r.pageDocument(text, Document{}, pageMeta{}, "@0")
}

// htmlField takes the text of a record's field out of its markup.
func (r *reader) htmlField(d Document, key string) error {
	page := d.Text
	res, err := r.extract([]byte(page))
	if err != nil {
		return err
	}
	if d.Text = res.Text; d.Text == "" && page != "" {
		r.reject(d.ByteOffset, ReasonHTMLEmpty, "", []byte(page), int64(len(page)))
		return nil
	}
	return r.record(d, key)
}

// pageDocument makes a document of a page, with what the page says of itself.
func (r *reader) pageDocument(page []byte, d Document, m pageMeta, key string) error {
	res, err := r.extract(page)
	if err != nil {
		return err
	}
	if res.Text == "" {
		r.reject(d.ByteOffset, ReasonHTMLEmpty, res.Title, page, int64(len(page)))
		return nil
	}
	m.Title, m.Language = res.Title, res.Language
	if d.URL == "" {
		d.URL = res.Canonical
	}
	d.Text, d.Meta = strings.ToValidUTF8(res.Text, "\uFFFD"), m.String()
	return r.record(d, key)
}
