package warc

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/andybalholm/brotli"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"huihai/internal/golden"
)

func record(typ, uri, body string) string {
	return fmt.Sprintf("WARC/1.0\r\nWARC-Type: %s\r\nWARC-Target-URI: %s\r\nWARC-Date: 2024-05-01T10:00:00Z\r\n"+
		"WARC-Record-ID: <urn:uuid:%x>\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n", typ, uri, sha256.Sum256([]byte(uri)), len(body), body)
}

func gz(s string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return b.Bytes()
}

func zst(s string) []byte {
	e, _ := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	return e.EncodeAll([]byte(s), nil)
}

// archive compresses texts, each to a member of its own.
func archive(members []string, compress func(string) []byte) []byte {
	var out []byte
	for _, m := range members {
		out = append(out, compress(m)...)
	}
	return out
}

type outcome struct {
	urls, bodies []string
	offsets      []int64
	bad          []*RecordError
	err          error
}

func readAll(r io.Reader, opt Options) (o outcome) {
	wr := NewReader(r, opt)
	defer wr.Close()
	for n := int64(0); ; n++ {
		rec, err := wr.Next()
		var bad *RecordError
		switch {
		case errors.As(err, &bad):
			o.bad = append(o.bad, bad)
			if bad.Number != n {
				o.err = fmt.Errorf("number %d, want %d", bad.Number, n)
			}
			continue
		case errors.Is(err, io.EOF):
			return o
		case err != nil:
			o.err = err
			return o
		}
		if rec.Number != n {
			o.err = fmt.Errorf("number %d, want %d", rec.Number, n)
		}
		o.urls, o.bodies, o.offsets = append(o.urls, rec.Header.URL()), append(o.bodies, string(rec.Body)), append(o.offsets, rec.Offset)
	}
}

// noSeek hides that a reader can seek.
type noSeek struct{ io.Reader }

// An archive means the same however it is compressed and read.
func TestForms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "records")
		var records, urls, bodies []string
		for i := range n {
			body := strings.Repeat(rapid.SampledFrom([]string{"word ", "\r\n", "WARC/1.0 ", "中文", "\x00\xff"}).Draw(t, "piece"), rapid.IntRange(0, 8000).Draw(t, "length"))
			urls, bodies = append(urls, fmt.Sprintf("http://x/%d", i)), append(bodies, body)
			records = append(records, record("resource", urls[i], body))
		}
		whole := strings.Join(records, "")
		var cut []string // members that records do not fit
		for rest := whole; rest != ""; {
			k := min(len(rest), rapid.IntRange(200, 30000).Draw(t, "member"))
			cut, rest = append(cut, rest[:k]), rest[k:]
		}
		for name, b := range map[string][]byte{
			"plain": []byte(whole), "gz": archive(records, gz), "whole gz": gz(whole), "cut gz": archive(cut, gz),
			"zst": archive(records, zst), "whole zst": zst(whole), "cut zst": archive(cut, zst),
		} {
			if strings.HasPrefix(name, "cut") && strings.Contains(whole[1:], "WARC/1.0 ") {
				continue // a cut before such text looks like a record
			}
			for _, r := range []io.Reader{bytes.NewReader(b), noSeek{bytes.NewReader(b)}, noSeek{iotest.HalfReader(bytes.NewReader(b))}} {
				o := readAll(r, Options{})
				if o.err != nil || len(o.bad) > 0 || !cmp.Equal(o.urls, urls) || !cmp.Equal(o.bodies, bodies) {
					t.Fatalf("%s: %v %v, urls %q, want %q", name, o.err, o.bad, o.urls, urls)
				}
				if strings.Contains(name, "whole") || strings.HasPrefix(name, "cut") {
					continue
				}
				for i, off := range o.offsets { // an offset is enough to find the record again
					if again := readAll(bytes.NewReader(b[off:]), Options{}); len(again.urls) != n-i || again.urls[0] != urls[i] {
						t.Fatalf("%s: at offset %d of record %d lies %q", name, off, i, again.urls)
					}
				}
			}
		}
	})
}

// Damage to one member costs that record and no other.
func TestDamage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 6).Draw(t, "records")
		hit := rapid.IntRange(0, n-1).Draw(t, "hit")
		compress := gz
		if rapid.Bool().Draw(t, "zstd") {
			compress = zst
		}
		var b []byte
		var want []string
		for i := range n {
			uri := fmt.Sprintf("http://x/%d", i)
			m := compress(record("resource", uri, strings.Repeat(fmt.Sprintf("body %d of many words\n", i), rapid.IntRange(1, 4000).Draw(t, "lines"))))
			if i == hit {
				at := rapid.IntRange(3, len(m)-1).Draw(t, "at")
				if rapid.Bool().Draw(t, "cut") {
					m = m[:at]
				} else {
					m[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
				}
			} else {
				want = append(want, uri)
			}
			b = append(b, m...)
		}
		if hit == 0 && !bytes.HasPrefix(b, magicGzip) && !bytes.HasPrefix(b, magicZstd) {
			return
		}
		o := readAll(bytes.NewReader(b), Options{})
		var got []string
		for _, u := range o.urls {
			if u != fmt.Sprintf("http://x/%d", hit) { // the flip may be in a name or a time of gzip's header
				got = append(got, u)
			}
		}
		if o.err != nil || !cmp.Equal(got, want) {
			t.Fatalf("%v, %v: read %q, want %q", o.err, o.bad, o.urls, want)
		}
		if len(o.urls) == n-1 && len(o.bad) == 0 {
			t.Fatal("a record is lost without an error")
		}
	})
}

func TestDamagedText(t *testing.T) {
	a, b, c := record("resource", "a", "one"), record("resource", "b", "two\ntwo"), record("resource", "c", "three")
	wrong := func(n string) string { return strings.Replace(b, "Content-Length: 7", "Content-Length: "+n, 1) }
	for name, tc := range map[string]struct {
		text string
		want []string
		bad  string
	}{
		"whole":          {a + b + c, []string{"a", "b", "c"}, ""},
		"too long":       {a + wrong("60") + c, []string{"a", "c"}, "does not fit"},
		"far too long":   {a + wrong("6000") + c, []string{"a", "c"}, "truncated"},
		"too short":      {a + wrong("2") + c, []string{"a", "c"}, "does not fit"},
		"no length":      {a + strings.Replace(b, "Content-Length", "Length", 1) + c, []string{"a", "c"}, "no Content-Length"},
		"negative":       {a + wrong("-7") + c, []string{"a", "c"}, `Content-Length is "-7"`},
		"noise between":  {a + "noise\nmore noise\n" + c, []string{"c"}, "does not fit"},
		"cut":            {a + b[:len(b)-8], []string{"a"}, "truncated"},
		"cut in header":  {a + b[:40], []string{"a"}, "truncated"},
		"bad header":     {a + strings.Replace(b, "WARC-Type: ", "WARC Type ", 1) + c, []string{"a", "b", "c"}, ""},
		"other version":  {a + strings.Replace(b, "WARC/1.0", "WARC/7.5", 1) + c, []string{"a", "c"}, "no record begins here"},
		"one line end":   {strings.TrimSuffix(a, "\r\n") + b + c, []string{"a", "b", "c"}, ""},
		"bare line ends": {strings.ReplaceAll(a+b+c, "\r", ""), []string{"a", "b", "c"}, ""},
	} {
		for _, compress := range []func(string) []byte{func(s string) []byte { return []byte(s) }, gz, zst} {
			o := readAll(bytes.NewReader(compress(tc.text)), Options{})
			if o.err != nil || !cmp.Equal(o.urls, tc.want) {
				t.Errorf("%s: %v, %v: read %q, want %q", name, o.err, o.bad, o.urls, tc.want)
			}
			if tc.bad == "" && len(o.bad) > 0 || tc.bad != "" && (len(o.bad) == 0 || !strings.Contains(o.bad[0].Error(), tc.bad)) {
				t.Errorf("%s: %v, want an error with %q", name, o.bad, tc.bad)
			}
		}
	}
	for _, text := range []string{"<html>", "PK\x03\x04", "\x1f\x8b\x08"} {
		if o := readAll(strings.NewReader(text), Options{}); o.err == nil && len(o.bad) == 0 {
			t.Errorf("%q is taken for an archive", text)
		}
	}
	if o := readAll(strings.NewReader(""), Options{}); o.err != nil || len(o.bad)+len(o.urls) > 0 {
		t.Errorf("an empty file: %+v", o)
	}
}

// A wrong length does not lose the only record of a whole member, whose checksum says
// what it holds.
func TestWrongLengthInAWholeMember(t *testing.T) {
	a, b, c := record("resource", "a", "one"), record("resource", "b", "two\ntwo"), record("resource", "c", "three")
	for _, n := range []string{"0", "2", "6", "8", "11", "60", "6000"} {
		for _, compress := range []func(string) []byte{gz, zst} {
			var file []byte
			for _, r := range []string{a, strings.Replace(b, "Content-Length: 7", "Content-Length: "+n, 1), c} {
				file = append(file, compress(r)...)
			}
			o := readAll(bytes.NewReader(file), Options{})
			if o.err != nil || len(o.bad) > 0 || !cmp.Equal(o.urls, []string{"a", "b", "c"}) || strings.TrimSpace(o.bodies[1]) != "two\ntwo" {
				t.Errorf("length %s: %v, %v: %q, %q", n, o.err, o.bad, o.urls, o.bodies)
			}
		}
	}
}

func TestVersions(t *testing.T) {
	for version, want := range map[string]bool{"WARC/0.16": true, "WARC/0.17": true, "WARC/0.18": true, "warc/1.0": true, "WARC/1.1": true, "WARC/2.0": false, "WARC/": false, "WARC/1.x": false, "HTTP/1.0": false} {
		if isVersion(version) != want {
			t.Errorf("%s begins a record: %v", version, !want)
		}
	}
}

func TestLimitsAndWishes(t *testing.T) {
	text := record("request", "a", "xx") + record("response", "b", strings.Repeat("y", 200)) + record("response", "c", "zz")
	o := readAll(strings.NewReader(text), Options{MaxRecord: 100, Want: func(h Header) bool { return h.Type() == "response" }})
	if !cmp.Equal(o.bodies, []string{"", "zz"}) || len(o.bad) != 1 || !o.bad[0].Long || o.bad[0].Length != 200 {
		t.Errorf("%+v", o)
	}
}

func TestZstdDictionary(t *testing.T) {
	var samples [][]byte
	for i := range 64 {
		samples = append(samples, []byte(record("resource", fmt.Sprintf("http://x/%d", i), fmt.Sprintf("text number %d of the archive with its own words %d", i*i, i*77))))
	}
	history := bytes.Join(samples[:32], nil)
	dict, err := zstd.BuildDict(zstd.BuildDictOptions{ID: 7, Contents: samples, History: history, Offsets: [3]int{1, 4, 8}})
	if err != nil {
		t.Fatal(err)
	}
	e, err := zstd.NewWriter(nil, zstd.WithEncoderDict(dict), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string][]byte{"plain": dict, "compressed": zst(string(dict))} {
		b := []byte{0x5d, 0x2a, 0x4d, 0x18, byte(len(d)), byte(len(d) >> 8), byte(len(d) >> 16), 0}
		b = append(b, d...)
		for i := range 3 {
			b = append(b, e.EncodeAll(samples[i], nil)...)
		}
		if o := readAll(bytes.NewReader(b), Options{}); o.err != nil || len(o.bad) > 0 || len(o.urls) != 3 {
			t.Errorf("%s dictionary: %+v", name, o)
		}
	}
}

func TestHTTP(t *testing.T) {
	page := "<p>text of the page</p>"
	comp := func(f func(io.Writer) io.WriteCloser) string {
		var b bytes.Buffer
		w := f(&b)
		_, _ = io.WriteString(w, page)
		_ = w.Close()
		return b.String()
	}
	gzipped := string(gz(page))
	bare := comp(func(w io.Writer) io.WriteCloser { f, _ := flate.NewWriter(w, 6); return f })
	chunks := "5;x=y\r\n" + page[:5] + "\r\n" + fmt.Sprintf("%X\r\n", len(page)-5) + page[5:] + "\r\n0\r\nTrailer: x\r\n\r\n"
	for name, tc := range map[string]struct{ header, body string }{
		"plain":                {"X: y", page},
		"chunks":               {"Transfer-Encoding: chunked", chunks},
		"chunks undone before": {"Transfer-Encoding: chunked", page},
		"chunks cut off":       {"Transfer-Encoding: Chunked", chunks[:strings.LastIndex(chunks, "0\r\n")]},
		"gzip":                 {"content-encoding: gzip", gzipped},
		"gzip undone before":   {"Content-Encoding: gzip", page},
		"gzip in chunks":       {"Content-Encoding: gzip\r\nTransfer-Encoding: chunked", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(gzipped), gzipped)},
		"deflate":              {"Content-Encoding: deflate", comp(func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) })},
		"bare deflate":         {"Content-Encoding: deflate", bare},
		"br":                   {"Content-Encoding: br", comp(func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) })},
		"br undone before":     {"Content-Encoding: br", page},
		"zstd":                 {"Content-Encoding: zstd", string(zst(page))},
		"two codings":          {"Content-Encoding: gzip, gzip", string(gz(gzipped))},
		"a folded header":      {"X: a\r\n b\r\nno colon here", page},
	} {
		r, err := ParseHTTP([]byte("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=GBK\r\n"+tc.header+"\r\n\r\n"+tc.body), 1000)
		if err != nil || string(r.Body) != page || r.Status != 200 {
			t.Errorf("%s: %v, %+v", name, err, r)
			continue
		}
		if mt, cs := r.MediaType(); mt != "text/html" || cs != "GBK" {
			t.Errorf("%s: media type %q, charset %q", name, mt, cs)
		}
	}
	for name, block := range map[string]string{
		"no http": "<html>", "no status": "HTTP/1.1\r\n\r\n", "a word for status": "HTTP/1.1 OK\r\n\r\n",
		"a bomb":            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + string(gz(strings.Repeat("x", 2000))),
		"an unknown coding": "HTTP/1.1 200 OK\r\nContent-Encoding: lzw\r\n\r\n\x1f\x9d\x90xx",
	} {
		if r, err := ParseHTTP([]byte(block), 1000); err == nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
	for value, want := range map[string][2]string{
		`text/HTML; Charset="utf-8"`: {"text/html", "utf-8"}, "text/html;charset=gb2312;": {"text/html", "gb2312"},
		"text/html; charset=utf-8, text/html": {"text/html", "utf-8"}, "": {"", ""},
	} {
		if mt, cs := MediaType(value); mt != want[0] || cs != want[1] {
			t.Errorf("%q: %q, %q", value, mt, cs)
		}
	}
}

// The independent reader warcio sees the same records in real archives.
func TestAgainstWarcio(t *testing.T) {
	raw, err := os.ReadFile("testdata/warcio.json")
	if err != nil {
		t.Fatal(err)
	}
	type rec struct {
		Offset int64
		Type   string
		URL    string
		Length int64
		Status int
		SHA256 string
	}
	var want map[string][]rec
	if err := json.Unmarshal(raw, &want); err != nil || len(want) != 2 {
		t.Fatal(err, len(want))
	}
	for name, records := range want {
		f, err := os.Open(golden.Shared(t, "data", "web/"+name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r := NewReader(f, Options{})
		for i, w := range records {
			got, err := r.Next()
			if err != nil {
				t.Fatalf("%s, record %d: %v", name, i, err)
			}
			g := rec{Offset: got.Offset, Type: got.Header.Type(), URL: got.Header.URL(), Length: got.Length}
			body := got.Body
			switch g.Type {
			case TypeResponse:
				h, err := ParseHTTP(body, 64<<20)
				if err != nil {
					t.Fatalf("%s, record %d: %v", name, i, err)
				}
				g.Status, body = h.Status, h.Body
			case "request":
				_, body = splitHead(body)
			}
			sum := sha256.Sum256(body)
			g.SHA256 = hex.EncodeToString(sum[:])
			if d := cmp.Diff(w, g); d != "" {
				t.Errorf("%s, record %d (-warcio +here): %s", name, i, d)
			}
		}
		if _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: after the last record: %v", name, err)
		}
	}
}

// Whatever a file holds, reading it ends, within the limit, and counts up.
func fuzzArchive(f *testing.F, compress func(string) []byte) {
	text := record("response", "http://x", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n") + record("conversion", "y", "text")
	f.Add(compress(text))
	f.Add(append(compress(text), compress(text)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, r := range []io.Reader{bytes.NewReader(b), noSeek{bytes.NewReader(b)}} {
			o := readAll(r, Options{MaxRecord: 1 << 16})
			if len(o.urls)+len(o.bad) > 10+2*len(b) {
				t.Fatalf("%d records in %d bytes", len(o.urls)+len(o.bad), len(b))
			}
			for _, body := range o.bodies {
				if len(body) > 1<<16 {
					t.Fatalf("a body of %d bytes", len(body))
				}
				if h, err := ParseHTTP([]byte(body), 1<<16); err == nil && len(h.Body) > 1<<16 {
					t.Fatalf("a response of %d bytes", len(h.Body))
				}
			}
		}
	})
}

func FuzzPlain(f *testing.F) { fuzzArchive(f, func(s string) []byte { return []byte(s) }) }
func FuzzGzip(f *testing.F)  { fuzzArchive(f, gz) }
func FuzzZstd(f *testing.F)  { fuzzArchive(f, zst) }

func FuzzHTTP(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"))
	f.Add([]byte("HTTP/1.0 404\nContent-Type: text/html; charset\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, err := ParseHTTP(b, 1<<16); err == nil && len(h.Body) > max(1<<16, len(b)) {
			t.Fatalf("a response of %d bytes from %d", len(h.Body), len(b))
		}
	})
}

func BenchmarkRead(b *testing.B) {
	raw, err := os.ReadFile(golden.Shared(b, "data", "web/sample-0000.warc.gz"))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if o := readAll(bytes.NewReader(raw), Options{}); o.err != nil {
			b.Fatal(o.err)
		}
	}
}

// The window that an archive may need is bound.
func TestMaxWindow(t *testing.T) {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithWindowSize(16<<20))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write([]byte(record("resource", "a", strings.Repeat("one two three ", 2<<20))))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for window, want := range map[int64]int{8 << 20: 0, 16 << 20: 1, 0: 1} {
		if o := readAll(bytes.NewReader(b.Bytes()), Options{MaxWindow: window}); len(o.urls) != want {
			t.Errorf("window %d: %d records, %v, %v", window, len(o.urls), o.bad, o.err)
		}
	}
}
