package source

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"huihai/data/charset"
	"huihai/data/html"
	"huihai/data/warc"
)

// warc reads the documents of a web archive: pages and plain texts of responses
// with a status of success and of resources, and the texts of conversions (WET).
func (r *reader) warc(f *os.File) error {
	wr := warc.NewReader(f, warc.Options{MaxRecord: r.cfg.MaxRecordBytes, MaxWindow: max(r.cfg.MaxWindow, 8<<20), Want: r.wanted})
	defer wr.Close()
	var last *warc.RecordError // if it was the last thing met
	for {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		rec, err := wr.Next()
		var bad *warc.RecordError
		switch {
		case errors.Is(err, io.EOF) && last == nil:
			return nil
		case errors.Is(err, io.EOF):
			return fmt.Errorf("damaged at its end: record %d: %w", last.Number, last.Err)
		case errors.As(err, &bad):
			reason := ReasonDamaged
			if last = bad; bad.Long {
				reason, last = ReasonTooLong, nil
			}
			r.reject(bad.Offset, reason, fmt.Sprintf("record %d: %v", bad.Number, bad.Err), nil, bad.Length)
			continue
		case err != nil:
			return err
		}
		last = nil
		if err := r.warcRecord(rec); err != nil {
			return err
		}
	}
}

// wanted chooses records by their header, and counts those that are passed over.
func (r *reader) wanted(h warc.Header) bool {
	switch t := h.Type(); t {
	case warc.TypeConversion:
		return true
	case warc.TypeResource:
		if !strings.HasPrefix(h.URL(), "metadata:") {
			return true
		}
		r.stats.PassedOver["warc_metadata"]++ // a log of the crawler
	case warc.TypeResponse:
		if strings.HasPrefix(strings.ToLower(h.Get("Content-Type")), "application/http") {
			return true
		}
		r.stats.PassedOver["warc_other"]++ // the answer of a name server, for one
	case "warcinfo", "request", "metadata", "revisit", "continuation":
		r.stats.PassedOver["warc_"+t]++
	default:
		r.stats.PassedOver["warc_other"]++
	}
	return false
}

func (r *reader) warcRecord(rec *warc.Record) error {
	if rec.Body == nil {
		return nil // not wanted
	}
	body := rec.Body
	mediaType, label := warc.MediaType(rec.Header.Get("Content-Type"))
	if rec.Header.Type() == warc.TypeResponse {
		res, err := warc.ParseHTTP(body, r.cfg.MaxRecordBytes)
		if err != nil {
			r.reject(rec.Offset, ReasonHTTP, fmt.Sprintf("record %d: %v", rec.Number, err), body, rec.Length)
			return nil
		}
		if res.Status < 200 || res.Status > 299 {
			r.stats.PassedOver["http_status"]++
			return nil
		}
		body = res.Body
		mediaType, label = res.MediaType()
	}
	if mediaType == "" && !isPage(body) || mediaType != "" && !slices.Contains(r.cfg.MediaTypes, mediaType) {
		r.stats.PassedOver["media_type"]++
		return nil
	}
	return r.warcText(rec, body, mediaType, label)
}

// warcText makes a document of the content of a record.
func (r *reader) warcText(rec *warc.Record, body []byte, mediaType, label string) error {
	size := int64(len(body))
	where := fmt.Sprintf("record %d", rec.Number)
	if !charset.IsText(body[:min(len(body), charset.Window)]) {
		r.reject(rec.Offset, ReasonNotText, where+" is said to be "+mediaType, nil, size)
		return nil
	}
	page := mediaType != "text/plain"
	if label == "" && page {
		label = html.Charset(body)
	}
	text, decision, err := charset.Decode(body, label)
	if err != nil {
		r.reject(rec.Offset, ReasonEncoding, where+": "+err.Error(), nil, size)
		return nil
	}
	r.stats.Encodings[decision.String()]++
	d := Document{ByteOffset: rec.Offset, URL: rec.Header.URL()}
	m := pageMeta{RecordID: strings.Trim(rec.Header.Get("WARC-Record-ID"), "<>"), Date: rec.Header.Get("WARC-Date"), Record: &rec.Number}
	key := fmt.Sprintf("@%d#%d", rec.Offset, rec.Number)
	if m.RecordID != "" {
		key = "id:" + m.RecordID
	}
	if page {
		return r.pageDocument(text, d, m, key)
	}
	m.Language = rec.Header.Get("WARC-Identified-Content-Language")
	d.Text, d.Meta = strings.ToValidUTF8(string(text), "\uFFFD"), m.String()
	return r.record(d, key)
}
