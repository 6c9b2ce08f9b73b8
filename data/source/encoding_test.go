package source

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"

	"huihai/data/charset"
)

// A text whose encoding cannot be told leaves no piece behind as a document, however
// much ASCII stands before the bytes that are none.
func TestUndecidableTextsLeaveNothing(t *testing.T) {
	noise := strings.Repeat("\xff\x80\xfe\x7f\xa0\xc1 ", 40_000)
	for name, ascii := range map[string]int{"a.txt": 1, "b.txt": 1000, "c.txt": 64 << 10, "d.txt": 300_000, "e.md": 70_000, "f.go": 200} {
		content := strings.Repeat("a line of words\n\n", ascii/17+1) + noise
		o := read(t, write(t, filepath.Join(t.TempDir(), name), []byte(content)), Default())
		if !errors.Is(o.err, charset.ErrUnknown) || len(o.docs) > 0 {
			t.Errorf("%s: %v, %d documents", name, o.err, len(o.docs))
		}
	}
	o := read(t, write(t, filepath.Join(t.TempDir(), "a.txt.gz"), gz("some words\n\n"+noise)), Default())
	if !errors.Is(o.err, charset.ErrUnknown) || len(o.docs) > 0 {
		t.Errorf("compressed: %v, %d documents", o.err, len(o.docs))
	}
}

// Encodings of bytes below 0x80 are read in every format.
func TestEscapedEncodings(t *testing.T) {
	const kana = "この本は日本の古い歴史と文化について、わかりやすく説明しています。"
	for name, tc := range map[string]struct {
		raw  []byte
		text string
	}{
		"hz.txt":       {encode(t, simplifiedchinese.HZGB2312, sentence), sentence},
		"jis.txt":      {encode(t, japanese.ISO2022JP, kana), kana},
		"hz.jsonl":     {encode(t, simplifiedchinese.HZGB2312, `{"text":"`+sentence+`"}`+"\n"), sentence},
		"jis.jsonl":    {encode(t, japanese.ISO2022JP, `{"text":"`+kana+`"}`+"\n"), kana},
		"jis.json":     {encode(t, japanese.ISO2022JP, `[{"text":"`+kana+`"}]`), kana},
		"jis.html":     {encode(t, japanese.ISO2022JP, "<html><body><p>"+kana+kana+"</p></body></html>"), kana + kana},
		"declared.htm": {encode(t, japanese.ISO2022JP, "<html><head><meta charset=iso-2022-jp></head><body><p>"+kana+kana+"</p></body></html>"), kana + kana},
	} {
		if bytes.ContainsFunc(tc.raw, func(r rune) bool { return r >= 0x80 }) {
			t.Fatalf("%s is not ASCII", name)
		}
		o := read(t, write(t, filepath.Join(t.TempDir(), name), tc.raw), Default())
		if o.err != nil || len(o.docs) != 1 || o.docs[0].Text != tc.text {
			t.Errorf("%s: %v, %q", name, o.err, o.texts())
		}
	}
}
