package ngram

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
)

// ImportARPA makes a model of an ARPA file, compressed or not. Of cfg it takes
// units and fold, which must be those the file's text was cut with, quantize,
// memory_bytes and temp_dir. enc is the tokenizer of units [UnitsPieces].
//
// Every n-gram's context and the n-gram without its first word must be in the
// file, as in those of KenLM and in unpruned ones of SRILM.
func ImportARPA(ctx context.Context, path string, cfg Config, enc Encoder) (*Built, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if err := checkEncoder(cfg.Units, enc); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("ngram: import: %w", err)
	}
	defer f.Close()
	br := bufio.NewReaderSize(f, 64<<10)
	var in io.Reader = br
	if head, _ := br.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		if in, err = gzip.NewReader(br); err != nil {
			return nil, fmt.Errorf("ngram: import %s: %w", path, err)
		}
	}
	s, err := newScratch(cfg.TempDir)
	if err != nil {
		return nil, err
	}
	b, err := importARPA(ctx, in, cfg, enc, s)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("ngram: import %s: %w", path, err), s.remove())
	}
	b.own = s
	return b, nil
}

func importARPA(ctx context.Context, in io.Reader, cfg Config, enc Encoder, s *scratch) (*Built, error) {
	p := &arpaParser{ctx: ctx, in: bufio.NewScanner(in), scratch: s, memory: cfg.MemoryBytes, ids: map[string]uint32{}}
	p.in.Buffer(make([]byte, 0, 64<<10), 1<<20)
	if err := p.parse(); err != nil {
		var missing *missingError
		if errors.As(err, &missing) {
			return nil, p.missing(missing)
		}
		return nil, fmt.Errorf("line %d: %w", p.lineNo, err)
	}
	rep := &Report{NGrams: p.counts, Pruned: []int64{}, Discounts: []Discount{}, DistinctWords: len(p.words) - firstWord}
	h := &header{Order: len(p.counts), Units: cfg.Units, Fold: cfg.Fold && enc == nil, Words: int64(len(p.words)), Quantized: cfg.Quantize, Report: rep}
	if enc != nil {
		h.Encoder = enc.Fingerprint()
	}
	return buildModel(s, cfg.MemoryBytes, h, p.words, p.grams)
}

// arpaParser reads an ARPA file order by order.
type arpaParser struct {
	ctx     context.Context
	in      *bufio.Scanner
	lineNo  int
	scratch *scratch
	memory  int64
	counts  []int64
	words   []string
	ids     map[string]uint32
	uni     []record // by id; b is 1 once the word was seen
	joiner  *joiner
	grams   []*spool
	fields  [][]byte
}

// line returns the next line that is not blank, io.ErrUnexpectedEOF after the
// last.
func (p *arpaParser) line() ([]byte, error) {
	for p.in.Scan() {
		p.lineNo++
		if p.lineNo&0xfff == 0 && p.ctx.Err() != nil {
			return nil, p.ctx.Err()
		}
		if line := bytes.TrimSpace(p.in.Bytes()); len(line) > 0 {
			return line, nil
		}
	}
	if err := p.in.Err(); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("the file ends before \\end\\: %w", io.ErrUnexpectedEOF)
}

func (p *arpaParser) parse() error {
	if err := p.header(); err != nil {
		return err
	}
	j, err := newJoiner(p.scratch, len(p.counts))
	if err != nil {
		return err
	}
	p.joiner = j
	if err := p.unigrams(); err != nil {
		return err
	}
	for n := 2; n <= len(p.counts); n++ {
		if err := p.order(n); err != nil {
			return err
		}
	}
	if p.grams, err = j.finish(stored); err != nil {
		return err
	}
	line, err := p.line()
	if err == nil && string(line) != `\end\` {
		err = fmt.Errorf("%.40q where \\end\\ should be", line)
	}
	return err
}

// header reads the numbers of n-grams. They are claims, held against the
// sections later.
func (p *arpaParser) header() error {
	line, err := p.line()
	if err != nil {
		return err
	}
	if string(line) != `\data\` {
		return fmt.Errorf("not an ARPA file: it begins with %.40q instead of \\data\\", line)
	}
	for {
		if line, err = p.line(); err != nil {
			return err
		}
		if line[0] == '\\' {
			break
		}
		rest, ok := strings.CutPrefix(string(line), "ngram ")
		order, count, ok2 := strings.Cut(rest, "=")
		o, err1 := strconv.Atoi(strings.TrimSpace(order))
		c, err2 := strconv.ParseInt(strings.TrimSpace(count), 10, 64)
		if !ok || !ok2 || err1 != nil || err2 != nil || c < 0 || o != len(p.counts)+1 {
			return fmt.Errorf("%.40q where \"ngram %d=count\" should be", line, len(p.counts)+1)
		}
		p.counts = append(p.counts, c)
	}
	if n := len(p.counts); n < MinOrder || n > MaxOrder {
		return fmt.Errorf("a model of order %d; orders from %d to %d can be read", n, MinOrder, MaxOrder)
	}
	return p.title(line, 1)
}

func (p *arpaParser) title(line []byte, n int) error {
	if want := fmt.Sprintf("\\%d-grams:", n); string(line) != want {
		return fmt.Errorf("%.40q where %s should be; does the header count fewer n-grams than there are?", line, want)
	}
	return nil
}

// gram reads a line of n words into p.fields and the record's numbers.
func (p *arpaParser) gram(n int) (e record, err error) {
	line, err := p.line()
	if err != nil {
		return e, err
	}
	p.fields = p.fields[:0]
	for f := range bytes.FieldsFuncSeq(line, func(r rune) bool { return r == ' ' || r == '\t' }) {
		p.fields = append(p.fields, f)
	}
	if len(p.fields) != n+1 && (len(p.fields) != n+2 || n == len(p.counts)) {
		return e, fmt.Errorf("%.60q where a %d-gram should be; does the header count more n-grams than there are?", line, n)
	}
	prob, err := strconv.ParseFloat(string(p.fields[0]), 32)
	if err != nil || !(prob <= 0) {
		return e, fmt.Errorf("the logarithm of a probability is %.40q; it must be a number not above 0", p.fields[0])
	}
	backoff := 0.0
	if len(p.fields) == n+2 {
		if backoff, err = strconv.ParseFloat(string(p.fields[n+1]), 32); err != nil || math.IsNaN(backoff) || math.IsInf(backoff, 0) {
			return e, fmt.Errorf("the backoff is %.40q; it must be a number", p.fields[n+1])
		}
	}
	e.a = pack(float32(max(prob, leastLog)), float32(backoff))
	p.fields = p.fields[1 : n+1]
	return e, nil
}

// pack keeps a probability and a backoff in a record until they are stored.
func pack(prob, backoff float32) uint64 {
	return uint64(math.Float32bits(prob))<<32 | uint64(math.Float32bits(backoff))
}

// stored takes them out again.
func stored(r *record, _ uint64) (prob, backoff float32) {
	return math.Float32frombits(uint32(r.a >> 32)), math.Float32frombits(uint32(r.a))
}

// kept is what an n-gram of an ARPA file becomes by the shorter one: itself.
func kept(_, _ *record) {}

func (p *arpaParser) unigrams() error {
	p.words, p.uni = append(p.words, reserved[:]...), make([]record, firstWord)
	for id, w := range reserved {
		p.ids[w] = uint32(id)
	}
	for range p.counts[0] {
		r, err := p.gram(1)
		if err != nil {
			return err
		}
		word := string(p.fields[0])
		id, ok := p.ids[word]
		if !ok {
			id = uint32(len(p.words))
			p.ids[word], p.words, p.uni = id, append(p.words, word), append(p.uni, record{})
		}
		if p.uni[id].b != 0 {
			return fmt.Errorf("the word %q for the second time", word)
		}
		p.uni[id] = record{a: r.a, b: 1}
	}
	for _, id := range []int{bosID, eosID} {
		if p.uni[id].b == 0 {
			return fmt.Errorf("the file has no %s; models without marks of sentences cannot be used", reserved[id])
		}
	}
	if p.uni[unkID].b == 0 {
		p.uni[unkID].a = pack(-100, 0) // as KenLM treats closed vocabularies
		p.counts[0]++
	}
	for id, r := range p.uni {
		if id == bosID {
			_, backoff := stored(&r, 0)
			r.a = pack(0, backoff) // SRILM writes -99
		}
		r.key.set(0, uint32(id))
		r.b = 0
		if err := p.joiner.lower.add(&r); err != nil {
			return err
		}
	}
	p.uni = nil
	return nil
}

// order reads the n-grams of order n and joins them with those before.
func (p *arpaParser) order(n int) error {
	line, err := p.line()
	if err == nil {
		err = p.title(line, n)
	}
	if err != nil {
		return err
	}
	bySuffix := newSorter(p.scratch, codec{words: n, fixed: true}, p.memory, false)
	contexts := newSorter(p.scratch, codec{words: n - 1}, p.memory, true)
	for range p.counts[n-1] {
		r, err := p.gram(n)
		if err != nil {
			return err
		}
		for i := range n {
			id, ok := p.ids[string(p.fields[n-1-i])]
			if !ok {
				return fmt.Errorf("the word %q is not among the 1-grams", p.fields[n-1-i])
			}
			r.key.set(i, id)
		}
		if err := bySuffix.add(&r); err != nil {
			return err
		}
		if err := contexts.add(&record{key: r.key.context(n), a: 1}); err != nil {
			return err
		}
	}
	src, err := contexts.stream()
	if err != nil {
		return err
	}
	weights, err := p.scratch.spool(codec{words: n - 1, fixed: true})
	if err != nil {
		return err
	}
	if err := each(src, weights.add); err != nil {
		return err
	}
	grams, err := bySuffix.stream()
	if err != nil {
		return err
	}
	return p.joiner.join(n, &distinct{src: grams, p: p, n: n}, weights, kept, stored)
}

// missing names the words of an n-gram that should be there.
func (p *arpaParser) missing(e *missingError) error {
	return fmt.Errorf("the %d-gram %q is part of a longer n-gram, but is not in the file itself; use a model that keeps such parts, as those that KenLM prunes do", e.n, p.text(&e.key, e.n))
}

func (p *arpaParser) text(k *key, n int) string {
	var words []string
	for i := n - 1; i >= 0; i-- {
		words = append(words, p.words[k.word(i)])
	}
	return strings.Join(words, " ")
}

// distinct refuses n-grams that come twice.
type distinct struct {
	src   stream
	p     *arpaParser
	n     int
	last  key
	begun bool
}

// next implements stream.
func (d *distinct) next(r *record) (bool, error) {
	ok, err := d.src.next(r)
	if ok && d.begun && r.key == d.last {
		return false, fmt.Errorf("the %d-gram %q is in the file twice", d.n, d.p.text(&r.key, d.n))
	}
	d.last, d.begun = r.key, true
	return ok, err
}
