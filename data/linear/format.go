package linear

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"math"

	"huihai/internal/mmap"
)

const (
	magic      = 793712314
	version    = 12
	supervised = 3
	trailerTag = "HHLINEAR"
)

// lossKind is fastText's number of a loss.
type lossKind int32

const (
	lossTree lossKind = iota + 1 // hierarchical softmax
	lossNegative
	lossSoftmax
	lossOneVsAll
)

// args are the settings in a model file, in its order.
type args struct {
	Dim, Ws, Epoch, MinCount, Neg, WordNgrams int32
	Loss                                      lossKind
	Model, Bucket, MinN, MaxN, LRUpdateRate   int32
	T                                         float64
}

// trailer is what a model of this package says beyond fastText's format.
type trailer struct {
	Tokens Tokens `json:"tokens"`
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Open reads a model of fastText (.bin, .ftz) or of this package. The model is
// copied into memory: the file may change afterwards.
func Open(path string) (*Model, error) {
	m, err := mmap.Open(path)
	if err != nil {
		return nil, fmt.Errorf("linear: open a classifier: %w", err)
	}
	defer m.Close()
	var model *Model
	err = m.Do(func(data []byte) (err error) {
		model, err = Parse(data)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("linear: %s: %w", path, err)
	}
	return model, nil
}

// Parse reads a model from the bytes of its file, which it does not keep.
func Parse(data []byte) (*Model, error) {
	p := &parser{data: data}
	m := &Model{}
	steps := []func(*parser) error{m.readArgs, m.readDictionary, m.readInput, m.readOutput, m.readTrailer}
	for _, step := range steps {
		if err := step(p); err != nil {
			return nil, err
		}
	}
	m.finish()
	return m, nil
}

// parser walks over a file.
type parser struct {
	data []byte
	off  int
}

func (p *parser) fail(off int, format string, a ...any) error {
	return fmt.Errorf("at byte %d of %d: %s; the file is damaged or incomplete: fetch it again or train it anew", off, len(p.data), fmt.Sprintf(format, a...))
}

// take returns the next n bytes.
func (p *parser) take(n int64, what string) ([]byte, error) {
	if left := int64(len(p.data) - p.off); n < 0 || n > left {
		return nil, p.fail(p.off, "%s needs %d bytes, but %d are left", what, n, left)
	}
	b := p.data[p.off:][:n]
	p.off += int(n)
	return b, nil
}

// read fills a structure of fixed size.
func (p *parser) read(v any, what string) error {
	b, err := p.take(int64(binary.Size(v)), what)
	if err == nil {
		_, err = binary.Decode(b, binary.LittleEndian, v)
	}
	return err
}

// floats reads n values. The caller has bounded n by the file's size.
func (p *parser) floats(n int64, what string) ([]float32, error) {
	b, err := p.take(4*n, what)
	if err != nil {
		return nil, err
	}
	out := make([]float32, n)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out, nil
}

func (m *Model) readArgs(p *parser) error {
	var head struct{ Magic, Version int32 }
	if err := p.read(&head, "the signature"); err != nil {
		return err
	}
	if head.Magic != magic {
		return fmt.Errorf("at byte 0: this is no model of fastText (it begins with %d, not %d); give a .bin or .ftz file that \"fasttext supervised\" or \"train data classifier\" wrote", head.Magic, magic)
	}
	if head.Version != version && head.Version != version-1 {
		return fmt.Errorf("at byte 4: the format has version %d; versions %d and %d are known: convert the model with fastText 0.9.2", head.Version, version-1, version)
	}
	at := p.off
	a := &m.args
	if err := p.read(a, "the settings"); err != nil {
		return err
	}
	if head.Version == version-1 {
		a.MaxN = 0 // such models had no character n-grams, whatever they say
	}
	switch {
	case a.Model == 1 || a.Model == 2:
		return fmt.Errorf("at byte %d: the model holds word vectors and no classifier; train one with \"fasttext supervised\" or \"train data classifier train\"", at+28)
	case a.Model != supervised:
		return p.fail(at+28, "model kind is %d, not %d", a.Model, supervised)
	case a.Dim < 1 || a.Dim > 1<<20:
		return p.fail(at, "dim is %d", a.Dim)
	case a.Loss < lossTree || a.Loss > lossOneVsAll:
		return p.fail(at+24, "loss is %d; the losses are 1 to 4", a.Loss)
	case a.WordNgrams > maxRun || a.MaxN > maxRun:
		return p.fail(at+20, "wordNgrams is %d and maxn %d; at most %d is possible", a.WordNgrams, a.MaxN, maxRun)
	case a.Bucket < 0:
		return p.fail(at+32, "bucket is %d", a.Bucket)
	}
	return nil
}

func (m *Model) readDictionary(p *parser) error {
	at := p.off
	var head struct {
		Entries, Words, Labels int32
		Tokens, Pruned         int64
	}
	if err := p.read(&head, "the dictionary's sizes"); err != nil {
		return err
	}
	if head.Words < 0 || head.Labels < 1 || head.Entries < 0 || int64(head.Words)+int64(head.Labels) != int64(head.Entries) || head.Pruned < -1 {
		return p.fail(at, "the dictionary has %d entries, %d words, %d labels and %d pruned hashes", head.Entries, head.Words, head.Labels, head.Pruned)
	}
	const least = 10 // bytes of an entry
	if int64(len(p.data)-p.off) < least*int64(head.Entries) {
		return p.fail(at, "%d entries cannot lie in the %d bytes that are left", head.Entries, len(p.data)-p.off)
	}
	d := &m.dict
	d.words, d.labels, m.tokens = int(head.Words), int(head.Labels), head.Tokens
	for i := range int(head.Entries) {
		if err := m.readEntry(p, i); err != nil {
			return err
		}
	}
	return m.readPruned(p, head.Pruned)
}

func (m *Model) readEntry(p *parser, i int) error {
	at, d := p.off, &m.dict
	n := bytes.IndexByte(p.data[at:], 0)
	if n < 0 {
		return p.fail(at, "entry %d of the dictionary has no end", i)
	}
	text, _ := p.take(int64(n)+1, "")
	text = text[:n]
	var tail struct {
		Count int64
		Type  int8
	}
	if err := p.read(&tail, "an entry of the dictionary"); err != nil {
		return err
	}
	want := int8(0)
	if i >= d.words {
		want = 1
	}
	if tail.Type != want || tail.Count < 0 {
		return p.fail(at, "entry %d (%.40q) of the dictionary has type %d and count %d; the words come first, then the labels", i, text, tail.Type, tail.Count)
	}
	hash := uint32(fnvOffset)
	for _, b := range text {
		hash = hashByte(hash, b)
	}
	if old := d.find(text, hash); old >= 0 {
		return p.fail(at, "entries %d and %d of the dictionary are both %.40q", old, i, text)
	}
	d.add(text, hash, tail.Count)
	return nil
}

func (m *Model) readPruned(p *parser, n int64) error {
	if n < 0 {
		return nil
	}
	at := p.off
	if n > min(int64(len(p.data)-at)/8, 1<<30) {
		return p.fail(at, "%d pruned hashes cannot lie in the %d bytes that are left", n, len(p.data)-at)
	}
	m.pruned = newPruned(int(n))
	for range n {
		var pair struct{ Hash, Row int32 }
		if err := p.read(&pair, "a pruned hash"); err != nil {
			return err
		}
		if pair.Row < 0 || int64(pair.Row) >= n {
			return p.fail(p.off-4, "a pruned hash has row %d of %d", pair.Row, n)
		}
		if !m.pruned.put(pair.Hash, pair.Row) {
			return p.fail(p.off-8, "the pruned hash %d stands twice", pair.Hash)
		}
	}
	return nil
}

func (m *Model) readInput(p *parser) (err error) {
	at := p.off
	if m.input, m.quantised, err = m.readMatrix(p, "the input matrix", true); err != nil {
		return err
	}
	a, need := m.args, int64(m.dict.words)
	switch {
	case m.pruned != nil && !m.quantised:
		return p.fail(at, "the model is pruned but not quantised")
	case m.pruned != nil:
		need += int64(m.pruned.n)
	case a.WordNgrams > 1 || a.MaxN > 0:
		if a.Bucket == 0 {
			return p.fail(at, "the model has n-grams, but no rows for them (bucket is 0)")
		}
		need += int64(a.Bucket)
	}
	if int64(m.input.rows()) < need {
		return p.fail(at, "the input matrix has %d rows; %d words and the n-grams need %d", m.input.rows(), m.dict.words, need)
	}
	return nil
}

func (m *Model) readOutput(p *parser) (err error) {
	at := p.off
	// fastText ignores the mark of a quantised output when the input is not.
	if m.output, _, err = m.readMatrix(p, "the output matrix", m.quantised); err != nil {
		return err
	}
	if m.output.rows() != m.dict.labels {
		return p.fail(at, "the output matrix has %d rows for %d labels", m.output.rows(), m.dict.labels)
	}
	return nil
}

func (m *Model) readTrailer(p *parser) error {
	m.mode = Spaces
	if p.off == len(p.data) {
		return nil
	}
	at := p.off
	tag, err := p.take(int64(len(trailerTag)), "the trailer")
	if err == nil && string(tag) != trailerTag {
		err = p.fail(at, "%d bytes lie behind the output matrix", len(p.data)-at)
	}
	var n, sum uint32
	if err == nil {
		err = p.read(&n, "the trailer")
	}
	if err != nil {
		return err
	}
	text, err := p.take(int64(n), "the trailer")
	if err != nil {
		return err
	}
	end := p.off
	if err := p.read(&sum, "the checksum"); err != nil {
		return err
	}
	var t trailer
	switch have := crc32.Checksum(p.data[:end], castagnoli); {
	case have != sum:
		return p.fail(end, "the checksum is %08x, not %08x", have, sum)
	case p.off != len(p.data):
		return p.fail(p.off, "%d bytes lie behind the trailer", len(p.data)-p.off)
	}
	if err := json.Unmarshal(text, &t); err != nil || t.Tokens != Spaces && t.Tokens != Units {
		return fmt.Errorf("at byte %d: the trailer %.80q does not name a known kind of tokens (spaces, units); the model comes from a newer version of this program", at, text)
	}
	m.mode = t.Tokens
	return nil
}
