package lang

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/binary"
	"io"
	"strings"
	"sync"
	"unicode"
)

//go:embed model/ngrams.bin.gz
var packed []byte

// step is how many units of cost are one nat.
const step = 16

// model tells the languages of one script apart by sequences of up to four
// letters. For each sequence, rows hold what the last letter costs after the
// others in each language, a byte per language: the negative logarithm of its
// probability.
type model struct {
	script    string
	languages []string
	prior     []float64 // of the languages, as far as web pages are known; the sum does not matter
	codes     []uint8   // of characters, in both cases; 0: not in the alphabet
	width     int       // of a row, in words of eight languages
	rows      []uint64
	// Open addressing: keys are up to four codes, the last in the low byte.
	keys  []uint32
	where []uint32 // row of a key
	shift uint
}

// models returns the models by script, unpacked at the first call.
var models = sync.OnceValue(func() map[string]*model {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic("lang: the embedded model is damaged")
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		panic("lang: the embedded model is damaged")
	}
	out := map[string]*model{}
	for len(raw) > 0 {
		m := &model{}
		raw = m.unpack(raw)
		out[m.script] = m
	}
	return out
})

// unpack reads one model and returns what follows it: script, languages and
// alphabet (each with its length), the number of sequences, their keys in
// ascending order, and the costs, language by language.
func (m *model) unpack(raw []byte) []byte {
	number := func() int {
		n := binary.LittleEndian.Uint32(raw)
		raw = raw[4:]
		return int(n)
	}
	text := func() string {
		n := number()
		s := string(raw[:n])
		raw = raw[n:]
		return s
	}
	m.script, m.languages = text(), strings.Fields(text())
	m.alphabet([]rune(text()))
	for _, l := range m.languages {
		m.prior = append(m.prior, prior(l))
	}
	n := number()
	keys := raw[:4*n]
	raw = raw[4*n:]
	m.width = (len(m.languages) + 7) / 8
	m.rows = make([]uint64, n*m.width)
	for l := range m.languages {
		for i, cost := range raw[:n] {
			m.rows[i*m.width+l/8] |= uint64(cost) << (l % 8 * 8)
		}
		raw = raw[n:]
	}
	m.index(keys, n)
	return raw
}

// prior is how much more frequent a language is than a middling one. It decides
// where a few words could be of many languages.
func prior(language string) float64 {
	switch language {
	case "en":
		return 5
	case "es", "fr", "de", "pt", "it", "ru", "pl", "nl", "tr", "ar", "hi":
		return 2
	case "la", "eo", "lg", "mi", "nn", "sn", "so", "st", "tn", "ts", "xh", "yo", "zu":
		return 0.5
	}
	return 1
}

// alphabet gives letters their codes.
func (m *model) alphabet(letters []rune) {
	var last rune
	for _, r := range letters {
		last = max(last, r, unicode.ToUpper(r))
	}
	m.codes = make([]uint8, max(last+1, 128))
	for i, r := range letters {
		m.codes[r] = uint8(i + 1)
		if up := unicode.ToUpper(r); m.codes[up] == 0 {
			m.codes[up] = uint8(i + 1)
		}
	}
	if m.script == "Latn" {
		m.codes['I'] = m.codes['i'] // ı has the same capital
		m.codes['İ'] = m.codes['i']
	}
}

// index builds the hash table of n keys.
func (m *model) index(keys []byte, n int) {
	size := 1
	m.shift = 32
	for size < 2*n {
		size *= 2
		m.shift--
	}
	m.keys, m.where = make([]uint32, size), make([]uint32, size)
	for i := range n {
		key := binary.LittleEndian.Uint32(keys[4*i:])
		at := slot(key, m.shift)
		for m.keys[at] != 0 {
			at = (at + 1) & uint32(size-1)
		}
		m.keys[at], m.where[at] = key, uint32(i*m.width)
	}
}

func slot(key uint32, shift uint) uint32 { return key * 0x9e3779b1 >> shift }

// find returns the row of the longest known end of key, which holds at least
// one code, and whether there is one.
func (m *model) find(key uint32) (row uint32, ok bool) {
	mask := uint32(len(m.keys) - 1)
	for k := key; k != 0; {
		for at := slot(k, m.shift); m.keys[at] != 0; at = (at + 1) & mask {
			if m.keys[at] == k {
				return m.where[at], true
			}
		}
		switch { // drop the first letter
		case k >= 1<<24:
			k &= 1<<24 - 1
		case k >= 1<<16:
			k &= 1<<16 - 1
		case k >= 1<<8:
			k &= 1<<8 - 1
		default:
			k = 0
		}
	}
	return 0, false
}
