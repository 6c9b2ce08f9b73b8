package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// maxHeader is the reference implementation's limit on the header's length.
const maxHeader = 100_000_000

const metadataKey = "__metadata__"

// entry is a tensor of the header with its byte range in the data section.
type entry struct {
	Info
	begin, end int64
}

// parseFile checks all of a file's structure. It returns the tensors in the
// order of their data, the metadata, and where the data section begins. Errors
// are *FormatError.
func parseFile(path string, data []byte) (tensors []entry, metadata map[string]string, start int64, err error) {
	bad := func(format string, a ...any) ([]entry, map[string]string, int64, error) {
		return nil, nil, 0, &FormatError{Path: path, Problem: fmt.Sprintf(format, a...)}
	}
	if len(data) < 8 {
		return bad("the file has %d bytes, too few for a header; it is empty, truncated or of another format", len(data))
	}
	n := binary.LittleEndian.Uint64(data)
	if rest := uint64(len(data) - 8); n > rest {
		return bad("the header claims %d bytes but only %d follow; the file is truncated or not safetensors", n, rest)
	}
	if n > maxHeader {
		return bad("the header claims %d bytes; more than %d are refused", n, maxHeader)
	}
	header := data[8 : 8+n]
	if !utf8.Valid(header) {
		return bad("the header is not UTF-8; the file is damaged or not safetensors")
	}
	p := headerParser{dec: json.NewDecoder(bytes.NewReader(header))}
	p.dec.UseNumber()
	if err := p.parse(header); err != nil {
		return nil, nil, 0, &FormatError{Path: path, Tensor: p.tensor, Problem: err.Error()}
	}
	if err := checkLayout(path, p.tensors, int64(len(data))-8-int64(n)); err != nil {
		return nil, nil, 0, err
	}
	return p.tensors, p.metadata, 8 + int64(n), nil
}

// checkLayout sorts the tensors by their data and checks that they tile the
// data section of size bytes exactly.
func checkLayout(path string, tensors []entry, size int64) error {
	slices.SortStableFunc(tensors, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	var at int64
	for i, t := range tensors {
		bad := func(format string, a ...any) error {
			return &FormatError{Path: path, Tensor: t.Name, Problem: fmt.Sprintf(format, a...)}
		}
		switch want, err := t.Size(); {
		case err != nil:
			return bad("%v", err)
		case t.end < t.begin:
			return bad("data_offsets [%d, %d] run backwards", t.begin, t.end)
		case t.end-t.begin != want:
			return bad("shape %v of %v needs %d bytes, but data_offsets [%d, %d] hold %d", t.Shape, t.DType, want, t.begin, t.end, t.end-t.begin)
		case t.begin < at:
			return bad("its data overlap those of tensor %s", quote(tensors[i-1].Name))
		case t.begin > at:
			return bad("bytes %d to %d before it belong to no tensor", at, t.begin)
		case t.end > size:
			return bad("its data end at byte %d, but the file holds %d; the file is truncated", t.end, size)
		}
		at = t.end
	}
	if at != size {
		return &FormatError{Path: path, Problem: fmt.Sprintf("%d bytes after the last tensor belong to no tensor", size-at)}
	}
	return nil
}

// headerParser walks the JSON token by token, because package json alone would
// let duplicate keys pass and lose the order.
type headerParser struct {
	dec      *json.Decoder
	tensor   string // the one being read, for errors
	tensors  []entry
	metadata map[string]string
}

func (p *headerParser) parse(header []byte) error {
	if len(header) == 0 || header[0] != '{' {
		return errors.New("the header does not begin with '{'; the file is not safetensors")
	}
	seen := map[string]bool{}
	err := p.object(func(name string) error {
		if seen[name] {
			p.tensor = name
			return errors.New("the name appears twice in the header")
		}
		seen[name] = true
		if name == metadataKey {
			return p.readMetadata()
		}
		p.tensor = name
		if err := p.readTensor(name); err != nil {
			return err
		}
		p.tensor = ""
		return nil
	})
	if err != nil {
		return err
	}
	if rest := bytes.TrimLeft(header[p.dec.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return fmt.Errorf("the header has %d stray bytes after its JSON object", len(rest))
	}
	return nil
}

// object reads one JSON object, calling value with each key to read its value.
func (p *headerParser) object(value func(key string) error) error {
	if err := p.delim('{'); err != nil {
		return err
	}
	for p.dec.More() {
		key, err := p.str()
		if err != nil {
			return err
		}
		if err := value(key); err != nil {
			return err
		}
	}
	return p.delim('}')
}

func (p *headerParser) token() (json.Token, error) {
	t, err := p.dec.Token()
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errors.New("the header's JSON ends too early")
	}
	if err != nil {
		return nil, fmt.Errorf("the header is not valid JSON at byte %d: %w", p.dec.InputOffset(), err)
	}
	return t, nil
}

func (p *headerParser) delim(want json.Delim) error {
	t, err := p.token()
	if err != nil {
		return err
	}
	if t != want {
		return fmt.Errorf("the header has %s where %q must stand", show(t), want.String())
	}
	return nil
}

func (p *headerParser) str() (string, error) {
	t, err := p.token()
	if err != nil {
		return "", err
	}
	s, ok := t.(string)
	if !ok {
		return "", fmt.Errorf("the header has %s where a string must stand", show(t))
	}
	return s, nil
}

// number reads a whole number that is not negative and fits an int.
func (p *headerParser) number(what string) (int, error) {
	t, err := p.token()
	if err != nil {
		return 0, err
	}
	n, ok := t.(json.Number)
	if !ok {
		return 0, fmt.Errorf("%s has %s where a number must stand", what, show(t))
	}
	v, err := strconv.ParseUint(n.String(), 10, 64)
	if err != nil || v > math.MaxInt {
		return 0, fmt.Errorf("%s has %s; it must be a whole number that is not negative and fits this machine", what, show(t))
	}
	return int(v), nil
}

func (p *headerParser) readMetadata() error {
	p.metadata = map[string]string{}
	err := p.object(func(key string) error {
		if _, dup := p.metadata[key]; dup {
			return fmt.Errorf("key %s appears twice", quote(key))
		}
		v, err := p.str()
		p.metadata[key] = v
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", metadataKey, err)
	}
	return nil
}

func (p *headerParser) readTensor(name string) error {
	e := entry{Info: Info{Name: name, Shape: []int{}}}
	seen := map[string]bool{}
	err := p.object(func(key string) error {
		if seen[key] {
			return fmt.Errorf("key %s appears twice", quote(key))
		}
		seen[key] = true
		switch key {
		case "dtype":
			s, err := p.str()
			if err != nil {
				return fmt.Errorf("dtype: %w", err)
			}
			if e.DType, err = ParseDType(s); err != nil {
				return fmt.Errorf("unknown element type %s", quote(s))
			}
			return nil
		case "shape":
			return p.numbers(key, maxRank, func(v int) { e.Shape = append(e.Shape, v) })
		case "data_offsets":
			return p.readOffsets(&e)
		}
		var skipped json.RawMessage // keys of later versions of the format
		if err := p.dec.Decode(&skipped); err != nil {
			return fmt.Errorf("key %s: %w", quote(key), err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, key := range []string{"dtype", "shape", "data_offsets"} {
		if !seen[key] {
			return fmt.Errorf("the header gives it no %s", key)
		}
	}
	p.tensors = append(p.tensors, e)
	return nil
}

func (p *headerParser) readOffsets(e *entry) error {
	var got []int64
	if err := p.numbers("data_offsets", 2, func(v int) { got = append(got, int64(v)) }); err != nil {
		return err
	}
	if len(got) != 2 {
		return fmt.Errorf("data_offsets has %d numbers; it must have 2", len(got))
	}
	e.begin, e.end = got[0], got[1]
	return nil
}

// numbers reads an array of at most limit numbers.
func (p *headerParser) numbers(what string, limit int, add func(int)) error {
	if err := p.delim('['); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	for n := 0; p.dec.More(); n++ {
		if n == limit {
			return fmt.Errorf("%s has more than %d numbers", what, limit)
		}
		v, err := p.number(what)
		if err != nil {
			return err
		}
		add(v)
	}
	return p.delim(']')
}

// show describes a JSON token in an error, whatever its length.
func show(t json.Token) string {
	switch v := t.(type) {
	case nil:
		return "null"
	case string:
		return "string " + quote(v)
	case json.Number:
		return "number " + quote(v.String())
	}
	return fmt.Sprintf("%v", t)
}
