package warc

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Response is an HTTP response taken from a record.
type Response struct {
	Status int
	Header Header
	Body   []byte // without chunks and content encoding; may share the record's body
}

// MediaType is the type of the body, such as "text/html", and the charset that
// goes with it. Both are "" where the header has none.
func (r *Response) MediaType() (mediaType, charset string) {
	return MediaType(r.Header.Get("Content-Type"))
}

// MediaType takes a Content-Type apart, as leniently as servers write it: of several
// types the first counts, quotes and a missing semicolon make no difference, and the
// names that stand for HTML are one.
func MediaType(value string) (mediaType, charset string) {
	lower := strings.ToLower(value)
	if i := strings.Index(lower, "charset="); i >= 0 && len(lower) == len(value) {
		charset = strings.TrimLeft(value[i+len("charset="):], "\"' ")
		if i := strings.IndexAny(charset, "; ,\"'"); i >= 0 {
			charset = charset[:i]
		}
	}
	mediaType = strings.TrimLeft(lower, "\"' \t")
	if i := strings.IndexAny(mediaType, "; ,\"'\t"); i >= 0 {
		mediaType = mediaType[:i]
	}
	if htmlNames[mediaType] {
		mediaType = "text/html"
	}
	return mediaType, charset
}

// htmlNames are what servers call HTML.
var htmlNames = map[string]bool{
	"html": true, "htm": true, "text/htm": true, "text/x-html": true, "text/x-server-parsed-html": true, "application/html": true, "text/html\\": true,
}

// ParseHTTP takes the body of a response record apart. A crawler may have undone
// chunks or compression and kept the header that names them, so both are undone
// only where they are. The decoded body is at most limit bytes long.
func ParseHTTP(block []byte, limit int64) (*Response, error) {
	if !bytes.HasPrefix(block, []byte("HTTP/")) {
		return nil, fmt.Errorf("no HTTP response: %.40q", block[:min(len(block), 40)])
	}
	line, rest, _ := bytes.Cut(block, []byte("\n"))
	fields := bytes.Fields(line)
	if len(fields) < 2 {
		return nil, fmt.Errorf("no HTTP status: %.60q", line)
	}
	status, err := strconv.Atoi(string(fields[1]))
	if err != nil {
		return nil, fmt.Errorf("no HTTP status: %.60q", line)
	}
	head, body := splitHead(rest)
	h := parseHeader(head)
	r := &Response{Status: status, Header: h, Body: body}
	if strings.Contains(strings.ToLower(h.Get("Transfer-Encoding")), "chunked") {
		r.Body = dechunk(r.Body)
	}
	if r.Body, err = decodeContent(r.Body, h.Get("Content-Encoding"), limit); err != nil {
		return nil, err
	}
	return r, nil
}

// splitHead cuts a message at the first empty line.
func splitHead(b []byte) (head, body []byte) {
	for i := 0; i < len(b); {
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 {
			break
		}
		if n == 0 || n == 1 && b[i] == '\r' {
			return b[:i], b[i+n+1:]
		}
		i += n + 1
	}
	return b, nil
}

// dechunk undoes chunked transfer coding (RFC 9112, section 7.1). Text that is
// not chunked comes back as it is, and a cut-off body up to where it goes.
func dechunk(b []byte) []byte {
	rest := b
	var out []byte
	for first := true; ; first = false {
		line, after, ok := bytes.Cut(rest, []byte("\n"))
		size, _, _ := bytes.Cut(line, []byte(";"))
		n, err := strconv.ParseUint(string(bytes.TrimSpace(size)), 16, 31)
		if first && !bytes.HasSuffix(line, []byte("\r")) {
			return b // the header was kept, the chunks were not
		}
		if err != nil || !ok {
			if first {
				return b
			}
			return out
		}
		if n == 0 {
			return out
		}
		if uint64(len(after)) <= n {
			return append(out, after...)
		}
		if c := after[n]; c != '\r' && c != '\n' {
			if first {
				return b // a page that begins with a number
			}
			return append(out, after...)
		}
		out = append(out, after[:n]...)
		rest = bytes.TrimPrefix(bytes.TrimPrefix(after[n:], []byte("\r")), []byte("\n"))
	}
}

// decodeContent undoes content codings, the last one first.
func decodeContent(b []byte, header string, limit int64) ([]byte, error) {
	names := strings.Split(header, ",")
	for i := len(names) - 1; i >= 0; i-- {
		name := strings.ToLower(strings.TrimSpace(names[i]))
		r, err := contentReader(b, name)
		if errors.Is(err, errUnknownCoding) && isText(b) {
			continue // a charset, a type or a word of the server's own
		}
		if err != nil {
			return nil, fmt.Errorf("content encoding %s: %w", name, err)
		}
		if r == nil {
			continue
		}
		var out bytes.Buffer
		n, err := io.Copy(&out, io.LimitReader(r, limit+1))
		if c, ok := r.(io.Closer); ok {
			_ = c.Close()
		}
		switch {
		case n > limit:
			return nil, fmt.Errorf("content encoding %s: more than %d bytes", name, limit)
		case err != nil && name == "br" && n == 0:
			continue // Brotli has no mark: it was plain all along
		case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
			return nil, fmt.Errorf("content encoding %s: %w", name, err)
		}
		b = out.Bytes()
	}
	return b, nil
}

var errUnknownCoding = errors.New("not known here")

// isText reports whether bytes are of no coding: none that are not in text stand at
// their beginning.
func isText(b []byte) bool {
	for _, c := range b[:min(len(b), 1024)] {
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b {
			return false
		}
	}
	return true
}

// contentReader is nil when b is not in the coding that is named.
func contentReader(b []byte, name string) (io.Reader, error) {
	switch name {
	case "gzip", "x-gzip":
		if bytes.HasPrefix(b, magicGzip) {
			return gzip.NewReader(bytes.NewReader(b))
		}
	case "deflate", "x-deflate": // zlib by the standard, bare by custom
		if len(b) > 2 && b[0]&0xf == 8 && (int(b[0])<<8|int(b[1]))%31 == 0 {
			return zlib.NewReader(bytes.NewReader(b))
		}
		if len(b) > 0 && b[0] != '<' && !isBlank(b[0]) {
			return flate.NewReader(bytes.NewReader(b)), nil
		}
	case "br":
		if len(b) > 0 && b[0] != '<' && !isBlank(b[0]) {
			return brotli.NewReader(bytes.NewReader(b)), nil
		}
	case "zstd":
		if bytes.HasPrefix(b, magicZstd) {
			z, err := zstd.NewReader(bytes.NewReader(b), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20))
			if err != nil {
				return nil, err
			}
			return z.IOReadCloser(), nil
		}
	case "", "identity":
	default:
		return nil, errUnknownCoding
	}
	return nil, nil
}
