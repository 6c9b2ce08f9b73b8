package ngram

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/zeebo/xxh3"
)

// The file is
//
//	magic (8 bytes), length of the header (uint32), 0 (uint32), XXH3 of the
//	header (uint64), the header as JSON, blanks up to a multiple of 64 bytes,
//	the body
//
// in little-endian. The header names the sections of the body, each of which
// starts at a multiple of 64 bytes:
//
//	words     for each word by id: length (uvarint), bytes
//	vocab     table of (hash of the word, id)
//	unigrams  one entry of 8 bytes per word by id
//	codes     quantised models: per order from 2 up 256 float32 of
//	          probabilities and 256 of backoffs
//	grams     one table per order from 2 up
//
// A table is open addressing with linear probing, its entries in the order of
// their hashes: an entry stands at hash*slots/2^64 or, where that is taken,
// behind the entry before it. Entries are 16 bytes (hash, value), or 8 bytes in
// quantised models (see quantized).
const (
	magic       = "HHNGRAM\x01"
	prefixBytes = 24
	alignment   = 64
	maxHeader   = 1 << 20
)

// header is the JSON of a file.
type header struct {
	Order     int       `json:"order"`
	Units     string    `json:"units"`
	Fold      bool      `json:"fold"`
	Encoder   string    `json:"encoder,omitempty"` // fingerprint of the tokenizer
	Words     int64     `json:"words"`
	Quantized bool      `json:"quantized"`
	BodyXXH3  string    `json:"body_xxh3"` // hex
	BodyBytes int64     `json:"body_bytes"`
	WordsAt   section   `json:"words_at"`
	Vocab     section   `json:"vocab"`
	Unigrams  section   `json:"unigrams"`
	Codes     section   `json:"codes"`
	Grams     []section `json:"grams"`
	Quantiles []float64 `json:"quantiles,omitempty"` // natural logarithms of perplexity, see Quantiles
	HeldOut   int64     `json:"held_out_documents"`
	Report    *Report   `json:"report,omitempty"`
}

// section is a part of the body.
type section struct {
	Offset int64 `json:"offset"`
	Bytes  int64 `json:"bytes"`
	Slots  int64 `json:"slots,omitempty"` // tables: places that hashes map to; more follow
	Count  int64 `json:"count,omitempty"` // tables: entries
}

// marshal returns all that stands before the body.
func (h *header) marshal() ([]byte, error) {
	text, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("ngram: write the header: %w", err)
	}
	if len(text) > maxHeader {
		return nil, errors.New("ngram: the header is too long; does a tokenizer's fingerprint have a megabyte?")
	}
	out := binary.LittleEndian.AppendUint32([]byte(magic), uint32(len(text)))
	out = binary.LittleEndian.AppendUint32(out, 0)
	out = binary.LittleEndian.AppendUint64(out, xxh3.Hash(text))
	out = append(out, text...)
	for len(out)%alignment != 0 {
		out = append(out, ' ')
	}
	return out, nil
}

// parseHeader reads and checks what stands before the body, and returns the
// body.
func parseHeader(data []byte) (*header, []byte, error) {
	if len(data) < prefixBytes || string(data[:7]) != magic[:7] {
		return nil, nil, errors.New("not an n-gram model of this program; ARPA files are imported first (train data lm import)")
	}
	if data[7] != magic[7] {
		return nil, nil, fmt.Errorf("version %d of the format; this program reads version %d", data[7], magic[7])
	}
	n := int64(binary.LittleEndian.Uint32(data[8:]))
	if n > maxHeader || n > int64(len(data)-prefixBytes) {
		return nil, nil, fmt.Errorf("cut off: the header has %d bytes, the file %d", n, len(data))
	}
	text := data[prefixBytes : prefixBytes+n]
	if xxh3.Hash(text) != binary.LittleEndian.Uint64(data[16:]) {
		return nil, nil, errors.New("damaged: the header does not fit its checksum; copy the file again")
	}
	h := &header{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(h); err != nil {
		return nil, nil, fmt.Errorf("damaged header: %w", err)
	}
	start := (prefixBytes + n + alignment - 1) / alignment * alignment
	if h.BodyBytes < 0 || int64(len(data))-start != h.BodyBytes {
		return nil, nil, fmt.Errorf("cut off or lengthened: %d bytes follow the header, which names %d", int64(len(data))-start, h.BodyBytes)
	}
	if err := h.check(); err != nil {
		return nil, nil, fmt.Errorf("damaged header: %w", err)
	}
	return h, data[start:], nil
}

// check holds the header against itself and the length of the body.
func (h *header) check() error {
	switch {
	case h.Order < MinOrder || h.Order > MaxOrder:
		return fmt.Errorf("order is %d", h.Order)
	case !slices.Contains([]string{UnitsMixed, UnitsWhitespace, UnitsPieces}, h.Units):
		return fmt.Errorf("units is %q", h.Units)
	case h.Words < firstWord || h.Words > maxWords:
		return fmt.Errorf("there are %d words", h.Words)
	case len(h.Grams) != h.Order-1:
		return fmt.Errorf("%d tables for order %d", len(h.Grams), h.Order)
	case h.Unigrams.Bytes != 8*h.Words:
		return fmt.Errorf("%d bytes of unigrams for %d words", h.Unigrams.Bytes, h.Words)
	case h.Quantized && h.Codes.Bytes != codesBytes(h.Order) || !h.Quantized && h.Codes.Bytes != 0:
		return fmt.Errorf("%d bytes of codes", h.Codes.Bytes)
	case len(h.Quantiles) != 0 && len(h.Quantiles) != quantilePoints:
		return fmt.Errorf("%d quantiles", len(h.Quantiles))
	case !slices.IsSorted(h.Quantiles) || slices.ContainsFunc(h.Quantiles, func(q float64) bool { return math.IsNaN(q) || math.IsInf(q, 0) }):
		return errors.New("the quantiles do not rise")
	}
	size := int64(16)
	if err := h.Vocab.checkTable(h.BodyBytes, size); err != nil {
		return fmt.Errorf("vocab: %w", err)
	}
	if h.Quantized {
		size = 8
	}
	for i := range h.Grams {
		if err := h.Grams[i].checkTable(h.BodyBytes, size); err != nil {
			return fmt.Errorf("grams of order %d: %w", i+2, err)
		}
	}
	for _, s := range []*section{&h.WordsAt, &h.Unigrams, &h.Codes} {
		if err := s.check(h.BodyBytes); err != nil {
			return err
		}
	}
	return nil
}

func (s *section) check(body int64) error {
	if s.Offset < 0 || s.Bytes < 0 || s.Offset > body || s.Bytes > body-s.Offset {
		return fmt.Errorf("bytes %d to %d+%d of a body of %d", s.Offset, s.Offset, s.Bytes, body)
	}
	return nil
}

func (s *section) checkTable(body, entry int64) error {
	if err := s.check(body); err != nil {
		return err
	}
	if s.Bytes%entry != 0 || s.Slots < 0 || s.Slots > s.Bytes/entry || s.Count < 0 || s.Count > s.Bytes/entry {
		return fmt.Errorf("%d entries in %d places of %d bytes", s.Count, s.Slots, s.Bytes)
	}
	return nil
}

// in returns a section's bytes.
func (s *section) in(body []byte) []byte { return body[s.Offset : s.Offset+s.Bytes : s.Offset+s.Bytes] }
