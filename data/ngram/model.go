package ngram

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/zeebo/xxh3"

	"huihai/internal/mmap"
)

// Model is an opened model file, mapped into memory. It is safe for use by
// several goroutines, each with a [Scorer] of its own.
type Model struct {
	file     *mmap.Map
	head     *header
	body     []byte
	vocab    wide
	unigrams []byte
	wide     []wide   // of order n at n-2
	narrow   []narrow // in place of wide in quantised models
	codes    []codes
}

// Open maps a model file. It reads and checks the header; [Model.Verify] checks
// the rest.
func Open(path string) (*Model, error) {
	f, err := mmap.Open(path)
	if err != nil {
		return nil, fmt.Errorf("ngram: open the model: %w", err)
	}
	m := &Model{file: f}
	err = f.Do(func(data []byte) (err error) {
		if err = m.load(data); err != nil {
			return fmt.Errorf("ngram: open %s: %w", path, err)
		}
		return nil
	})
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return m, nil
}

// load finds the parts of the file.
func (m *Model) load(data []byte) (err error) {
	if m.head, m.body, err = parseHeader(data); err != nil {
		return err
	}
	h := m.head
	m.vocab = wide{h.Vocab.in(m.body), uint64(h.Vocab.Slots)}
	m.unigrams = h.Unigrams.in(m.body)
	if h.Quantized {
		m.codes = readCodes(h.Codes.in(m.body), h.Order)
	}
	for i := range h.Grams {
		g := &h.Grams[i]
		if h.Quantized {
			m.narrow = append(m.narrow, narrow{g.in(m.body), uint64(g.Slots)})
		} else {
			m.wide = append(m.wide, wide{g.in(m.body), uint64(g.Slots)})
		}
	}
	return nil
}

// Close unmaps the file.
func (m *Model) Close() error { return m.file.Close() }

// Verify reads the whole file and holds it against its checksum.
func (m *Model) Verify() error {
	return m.file.Do(func([]byte) error {
		sum := hex.EncodeToString(binary.BigEndian.AppendUint64(nil, xxh3.Hash(m.body)))
		if sum != m.head.BodyXXH3 {
			return fmt.Errorf("ngram: %s is damaged: its checksum is %s, its header names %s; copy the file again", m.file.Path(), sum, m.head.BodyXXH3)
		}
		return nil
	})
}

// Info describes a model.
type Info struct {
	Order     int     `json:"order"`
	Units     string  `json:"units"`
	Encoder   string  `json:"encoder,omitempty"` // fingerprint of its tokenizer
	NGrams    []int64 `json:"ngrams"`            // by order
	Quantized bool    `json:"quantized"`
	HeldOut   int64   `json:"held_out_documents"` // 0: no scores, only perplexities
	Bytes     int64   `json:"bytes"`              // of the tables
}

// Info describes the model.
func (m *Model) Info() Info {
	h := m.head
	info := Info{Order: h.Order, Units: h.Units, Encoder: h.Encoder, Quantized: h.Quantized, HeldOut: h.HeldOut, Bytes: h.BodyBytes}
	info.NGrams = append(info.NGrams, h.Words)
	for _, g := range h.Grams {
		info.NGrams = append(info.NGrams, g.Count)
	}
	return info
}

// wordID returns the id of a word by its hash, that of <unk> for others.
func (m *Model) wordID(hash uint64) uint32 {
	id, ok := m.vocab.find(hash)
	if !ok || id >= uint64(m.head.Words) {
		return unkID
	}
	return uint32(id)
}

// unigram returns the entry of a word; the id must be below the number of words.
func (m *Model) unigram(id uint32) entry {
	return entry(binary.LittleEndian.Uint64(m.unigrams[8*uint64(id):]))
}

// gram returns the entry of an n-gram of order n by its hash.
func (m *Model) gram(n int, hash uint64) (entry, bool) {
	hash = max(hash, 1)
	if m.narrow == nil {
		v, ok := m.wide[n-2].find(hash)
		return entry(v), ok
	}
	q, ok := m.narrow[n-2].find(hash)
	if !ok {
		return 0, false
	}
	return q.entry(&m.codes[n-2]), true
}
