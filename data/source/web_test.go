package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"

	"huihai/internal/golden"
)

const (
	sentence = "我们的目标是让每一个人都能用上可靠的工具，这本书介绍了中国古代的历史和文化，以及人们在不同时期的生活方式。"
	page     = "<html lang=zh><head><meta charset=gbk><title>历史</title></head><body><div class=nav><a href=/>首页</a></div>" +
		"<div><h1>文化</h1><p>" + sentence + "</p><p>" + sentence + "</p></div></body></html>"
	pageText = "文化\n\n" + sentence + "\n\n" + sentence
)

func encode(t testing.TB, e encoding.Encoding, s string) []byte {
	t.Helper()
	b, err := e.NewEncoder().Bytes([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func warcRecord(header, block string) string {
	return "WARC/1.0\r\nWARC-Record-ID: <urn:uuid:1>\r\nWARC-Date: 2024-05-01T10:00:00Z\r\nWARC-Target-URI: http://x/y\r\n" +
		header + fmt.Sprintf("\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n", len(block), block)
}

// response is a record with a page.
func response(status, contentType, body string) string {
	return warcRecord("WARC-Type: response\r\nContent-Type: application/http; msgtype=response",
		"HTTP/1.1 "+status+"\r\nContent-Type: "+contentType+"\r\n\r\n"+body)
}

func archive() string {
	return response("200 OK", "text/html; charset=utf-8", page) + warcRecord("WARC-Type: conversion\r\nContent-Type: text/plain", sentence)
}

func TestHTMLFiles(t *testing.T) {
	dir := t.TempDir()
	gbk := encode(t, simplifiedchinese.GBK, page)
	for name, tc := range map[string]struct {
		content  []byte
		encoding string
	}{
		"a.html": {gbk, "gb18030/declared"}, "b.htm": {[]byte(page), "utf-8/valid"}, "c.xhtml.gz": {gz(string(gbk)), "gb18030/declared"},
		"d.html.zst": {zst(string(gbk)), "gb18030/declared"},
		"e.html":     {encode(t, simplifiedchinese.GBK, strings.Replace(page, "<meta charset=gbk>", "", 1)), "gb18030/detected"},
		"f.html":     {encode(t, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), page), "utf-16le/bom"},
	} {
		o := read(t, write(t, filepath.Join(dir, name), tc.content), Default())
		if o.err != nil || !slices.Equal(o.texts(), []string{pageText}) || o.docs[0].Meta != `{"title":"历史","language":"zh"}` {
			t.Errorf("%s: %v, %+v", name, o.err, o.docs)
		}
		if o.stats.Encodings[tc.encoding] != 1 || len(o.stats.Encodings) != 1 {
			t.Errorf("%s: encodings %v, want %s", name, o.stats.Encodings, tc.encoding)
		}
	}
	o := read(t, write(t, filepath.Join(dir, "empty.html"), []byte("<div class=nav><a href=/>Home</a></div>")), Default())
	if o.err != nil || o.stats.Rejected[ReasonHTMLEmpty] != 1 {
		t.Errorf("a page without text: %v, %+v", o.err, o.stats)
	}
	cfg := Default()
	cfg.MaxRecordBytes = 50
	if o := read(t, write(t, filepath.Join(dir, "long.html"), []byte(page)), cfg); o.stats.Rejected[ReasonTooLong] != 1 {
		t.Errorf("a long page: %+v", o.stats)
	}
}

// The text field of a record is text, unless it is said to be a page.
func TestTextIsHTML(t *testing.T) {
	field, _ := json.Marshal(page)
	path := write(t, filepath.Join(t.TempDir(), "a.jsonl"), []byte(`{"text":`+string(field)+`,"meta":{"k":1}}`+"\n"+`{"text":"<p></p>"}`))
	if o := read(t, path, Default()); o.err != nil || o.docs[0].Text != page || len(o.docs) != 2 {
		t.Errorf("%v, %q", o.err, o.texts())
	}
	cfg := Default()
	cfg.TextIsHTML = true
	o := read(t, path, cfg)
	if o.err != nil || !slices.Equal(o.texts(), []string{pageText}) || o.docs[0].Meta != `{"k":1}` || o.stats.Rejected[ReasonHTMLEmpty] != 1 {
		t.Errorf("%v, %q, %+v", o.err, o.texts(), o.stats)
	}
}

func TestEncodings(t *testing.T) {
	dir := t.TempDir()
	text := strings.Repeat("plain lines come first\n", 10) + strings.Repeat(sentence+"\n", 50)
	var lines []string
	for i := range 20 {
		b, _ := json.Marshal(map[string]any{"text": fmt.Sprintf("%d: %s", i, sentence)})
		lines = append(lines, string(b))
	}
	jsonl := strings.Join(lines, "\n")
	gbk, le := simplifiedchinese.GBK, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	for name, tc := range map[string]struct {
		content   []byte
		want      string
		encodings map[string]int64
	}{
		"gbk.txt":       {encode(t, gbk, text), text, map[string]int64{"gb18030/detected": 1}},
		"gbk.txt.gz":    {gz(string(encode(t, gbk, text))), text, map[string]int64{"gb18030/detected": 1}},
		"utf16.txt":     {encode(t, le, text), text, map[string]int64{"utf-16le/detected": 1}},
		"utf16bom.txt":  {encode(t, unicode.UTF16(unicode.BigEndian, unicode.UseBOM), text), text, map[string]int64{"utf-16be/bom": 1}},
		"latin.txt":     {[]byte(strings.Repeat("un caf\xe9 noir\n", 9)), strings.Repeat("un café noir\n", 9), map[string]int64{"windows-1252/detected": 1}},
		"gbk.jsonl":     {encode(t, gbk, jsonl), "", map[string]int64{"gb18030/detected": 1}},
		"utf16.jsonl":   {encode(t, le, jsonl), "", map[string]int64{"utf-16le/detected": 1}},
		"gbk.json":      {encode(t, gbk, "["+strings.Join(lines, ",")+"]"), "", map[string]int64{"gb18030/detected": 1}},
		"one.jsonl":     {append([]byte(strings.Join(lines[:19], "\n")+"\n"), encode(t, gbk, lines[19])...), "", map[string]int64{"utf-8/damaged": 1, "gb18030/detected": 1}},
		"utf8bom.jsonl": {[]byte("\xef\xbb\xbf" + jsonl), "", map[string]int64{"utf-8/bom": 1}},
	} {
		cfg := Default()
		cfg.SplitBytes = 1 << 20
		o := read(t, write(t, filepath.Join(dir, name), tc.content), cfg)
		if d := cmp.Diff(tc.encodings, o.stats.Encodings); d != "" || o.err != nil {
			t.Errorf("%s: %v %s", name, o.err, d)
		}
		if tc.want != "" && !slices.Equal(o.texts(), []string{tc.want}) {
			t.Errorf("%s: %q", name, o.texts())
		}
		if tc.want == "" && (len(o.docs) != 20 || o.docs[19].Text != "19: "+sentence) {
			t.Errorf("%s: %d documents, %v", name, len(o.docs), o.stats)
		}
	}
	// A line's offset is that of its bytes in the file.
	raw := encode(t, gbk, jsonl)
	for _, d := range read(t, filepath.Join(dir, "gbk.jsonl"), Default()).docs {
		if raw[d.ByteOffset] != '{' {
			t.Errorf("no record at offset %d", d.ByteOffset)
		}
	}
	cfg := Default()
	cfg.Encoding = "big5"
	o := read(t, write(t, filepath.Join(dir, "short.txt"), encode(t, traditionalchinese.Big5, "歷史")), cfg)
	if !slices.Equal(o.texts(), []string{"歷史"}) || o.stats.Encodings["big5/declared"] != 1 {
		t.Errorf("a named encoding: %v, %q, %v", o.err, o.texts(), o.stats)
	}
}

func TestWARC(t *testing.T) {
	gbkPage := string(encode(t, simplifiedchinese.GBK, page))
	records := []string{
		warcRecord("WARC-Type: warcinfo", "software: x"), warcRecord("WARC-Type: request", "GET /"),
		response("200 OK", "text/html; charset=utf-8", page), response("200 OK", "text/html", gbkPage), response("200 OK", "", page),
		response("404 Not Found", "text/html", page), response("200 OK", "image/png", "\x89PNG\x00"), response("200 OK", "text/html", "\x89PNG\x00"),
		response("200 OK", "text/html", "<p>no text</p>"), response("200 OK", "text/plain", "\xff\x80\xfe\xa5\xa0\xc1"),
		warcRecord("WARC-Type: response\r\nContent-Type: application/http", "no http"),
		warcRecord("WARC-Type: conversion\r\nContent-Type: text/plain\r\nWARC-Identified-Content-Language: zho", sentence),
		warcRecord("WARC-Type: resource\r\nContent-Type: text/html", page), warcRecord("WARC-Type: odd", "x"),
		"WARC/1.0\r\nno length\r\n\r\n", warcRecord("WARC-Type: resource\r\nContent-Type: text/plain", "the end"),
	}
	var members []byte
	for _, r := range records {
		members = append(members, gz(r)...)
	}
	for name, content := range map[string][]byte{
		"a.warc": []byte(strings.Join(records, "")), "a.warc.gz": members, "whole.warc.gz": gz(strings.Join(records, "")), "a.warc.zst": zst(strings.Join(records, "")), "a.wet": []byte(strings.Join(records, "")),
	} {
		o := read(t, write(t, filepath.Join(t.TempDir(), name), content), Default())
		if want := []string{pageText, pageText, pageText, sentence, pageText, "the end"}; o.err != nil || !slices.Equal(o.texts(), want) {
			t.Fatalf("%s: %v, %q, %+v", name, o.err, o.texts(), o.rejects)
		}
		want := Stats{
			Documents: 6, TextBytes: o.stats.TextBytes, RejBytes: o.stats.RejBytes,
			Rejected:   map[string]int64{ReasonNotText: 1, ReasonHTMLEmpty: 1, ReasonEncoding: 1, ReasonHTTP: 1, ReasonDamaged: 1},
			Encodings:  map[string]int64{"utf-8/valid": 6, "gb18030/declared": 1},
			PassedOver: map[string]int64{"warc_warcinfo": 1, "warc_request": 1, "http_status": 1, "media_type": 1, "warc_other": 1},
		}
		if d := cmp.Diff(want, o.stats); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		d := o.docs[0]
		if d.URL != "http://x/y" || d.Meta != `{"warc_record_id":"urn:uuid:1","warc_date":"2024-05-01T10:00:00Z","warc_record":2,"title":"历史","language":"zh"}` {
			t.Errorf("%s: %+v", name, d)
		}
		if name == "a.warc.gz" && !bytes.HasPrefix(content[d.ByteOffset:], gz(records[2])) || name == "a.warc" && !strings.HasPrefix(string(content[d.ByteOffset:]), records[2]) {
			t.Errorf("%s: no record at offset %d", name, d.ByteOffset)
		}
	}
	cut := members[:len(members)-20]
	var bad *FileError
	if o := read(t, write(t, filepath.Join(t.TempDir(), "cut.warc.gz"), cut), Default()); !errors.As(o.err, &bad) || len(o.docs) != 5 || !strings.Contains(o.err.Error(), "truncated") {
		t.Errorf("a cut-off archive: %v, %d documents", o.err, len(o.docs))
	}
}

// Real archives: every record is accounted for.
func TestRealArchives(t *testing.T) {
	for name, records := range map[string]int64{"sample-0000.warc.gz": 48, "sample-0001.warc.gz": 34} {
		o := read(t, golden.Shared(t, "data", "web/"+name), Default())
		sum := o.stats.Documents
		for _, m := range []map[string]int64{o.stats.Rejected, o.stats.PassedOver} {
			for _, n := range m {
				sum += n
			}
		}
		if o.err != nil || sum != records || o.stats.Documents < 10 {
			t.Errorf("%s: %v, %d records of %d: %+v", name, o.err, sum, records, o.stats)
		}
		if os.Getenv("HUIHAI_SHOW") != "" {
			for _, d := range o.docs {
				fmt.Printf("=== %s %s\n%s\n", d.URL, d.Meta, d.Text)
			}
		}
	}
}

func TestLimits(t *testing.T) {
	c := Default()
	if err := c.CheckLimits(10, 10, 1); err == nil {
		t.Error("a bad file is no limit")
	}
	c.MaxBadFiles = -1
	if err := c.CheckLimits(10, 10, 10); err != nil {
		t.Errorf("no limits, but %v", err)
	}
	c.MaxRejected, c.MaxBadFiles = 0.25, 1
	if err := c.CheckLimits(8, 2, 1); err != nil {
		t.Errorf("within the limits, but %v", err)
	}
	err := c.CheckLimits(8, 3, 2)
	for _, want := range []string{"3 of 8 records", "max_rejected allows 25.00%", "2 files are bad", "max_bad_files allows 1"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	if err := c.CheckLimits(0, 0, 0); err != nil {
		t.Errorf("nothing read, but %v", err)
	}
	c.MaxRejected, c.MaxBadFiles, c.Encoding, c.MaxRecordBytes, c.HTML.Extractor = 2, -2, "klingon", 0, "magic"
	err = c.Validate()
	for _, key := range []string{"max_rejected", "max_bad_files", "encoding", "max_record_bytes", "html: extractor"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("Validate does not name %s: %v", key, err)
		}
	}
}
