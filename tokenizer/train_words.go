package tokenizer

import (
	"cmp"
	"context"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/zeebo/xxh3"
)

// wordCount is a word (a stretch of a line that pieces may be made from) and
// how often it occurs.
type wordCount struct {
	text  string
	count int64
}

// tally counts words and characters. Its size depends on the number of
// different words, not on the amount of text.
type tally struct {
	index map[string]int32
	words []wordCount
	chars []int64 // per rune; boundary marks are counted too
}

func newTally() *tally {
	return &tally{index: make(map[string]int32), chars: make([]int64, unicode.MaxRune+1)}
}

func (t *tally) add(word string, n int64) {
	i, ok := t.index[word]
	if !ok {
		word = strings.Clone(word) // do not keep the whole line
		i = int32(len(t.words))
		t.index[word] = i
		t.words = append(t.words, wordCount{text: word})
	}
	t.words[i].count += n
}

// merge adds another tally.
func (t *tally) merge(o *tally) {
	for _, w := range o.words {
		t.add(w.text, w.count)
	}
	for r, n := range o.chars {
		t.chars[r] += n
	}
}

// prune drops the rarest words when more than limit are held, down to three
// quarters of it. Which of the equally rare ones stay is decided by a hash of
// their text, so neither the order of words nor the alphabet matters.
func (t *tally) prune(limit int) {
	if len(t.words) <= limit {
		return
	}
	slices.SortFunc(t.words, func(a, b wordCount) int {
		return cmp.Or(cmp.Compare(b.count, a.count),
			cmp.Compare(xxh3.HashString(a.text), xxh3.HashString(b.text)), strings.Compare(a.text, b.text))
	})
	kept := t.words[:limit/4*3]
	clear(t.words[len(kept):])
	t.words = kept
	t.index = make(map[string]int32, len(kept))
	for i, w := range kept {
		t.index[w.text] = int32(i)
	}
}

// sorted returns the words by falling count, equal ones in byte order.
func (t *tally) sorted() []wordCount {
	slices.SortFunc(t.words, func(a, b wordCount) int {
		return cmp.Or(cmp.Compare(b.count, a.count), strings.Compare(a.text, b.text))
	})
	t.index = nil
	return t.words
}

// How text is handed to the counting goroutines: in batches, and with a pause
// after every epoch in which their tallies are joined and pruned. The epochs are
// cut by the amount of text alone, so pruning does not depend on their number.
const (
	batchBytes = 1 << 20
	epochBytes = 64 << 20
)

// counter feeds documents to the goroutines that count.
type counter struct {
	ctx     context.Context
	cfg     TrainConfig
	rules   *pieceRules
	norm    normalizer
	special *prefixMatcher
	threads int

	total   *tally
	report  *TrainReport
	batch   []string
	size    int // bytes in batch
	epoch   int // bytes in this epoch
	batches chan []string
	locals  []*tally
	running sync.WaitGroup
}

func countWords(ctx context.Context, cfg TrainConfig, rules *pieceRules, meta map[int]pieceProto, docs iter.Seq[string], report *TrainReport) (*tally, error) {
	threads := cfg.NumThreads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	entries := make([]matchEntry, 0, len(meta))
	for id, p := range meta {
		if p.typ == Normal {
			continue // learnt from like any other character
		}
		entries = append(entries, matchEntry{p.text, int32(id)})
	}
	c := &counter{
		ctx: ctx, cfg: cfg, rules: rules, threads: threads, report: report,
		special: newPrefixMatcher(entries), total: newTally(),
		norm: normalizer{
			dummyPrefix: cfg.AddDummyPrefix, removeExtra: cfg.RemoveExtraWhitespaces,
			space: spaceMark, suffix: cfg.TreatWhitespaceAsSuffix,
		},
		locals: make([]*tally, threads),
	}
	for doc := range docs {
		if ctx.Err() != nil {
			break
		}
		c.push(doc)
	}
	c.join()
	return c.total, ctx.Err()
}

func (c *counter) push(doc string) {
	c.report.Documents++
	c.report.Bytes += int64(len(doc))
	c.batch = append(c.batch, doc)
	c.size += len(doc)
	c.epoch += len(doc)
	if c.size >= batchBytes {
		c.send()
	}
	if c.epoch >= epochBytes {
		c.join()
	}
}

// send hands the batch over, starting the goroutines at the first of an epoch.
func (c *counter) send() {
	if len(c.batch) == 0 {
		return
	}
	if c.batches == nil {
		c.batches = make(chan []string)
		for i := range c.locals {
			if c.locals[i] == nil {
				c.locals[i] = newTally()
			}
			c.running.Go(func() { c.count(c.locals[i], c.batches) })
		}
	}
	c.batches <- c.batch
	c.batch, c.size = nil, 0
}

// join ends an epoch.
func (c *counter) join() {
	c.send()
	if c.batches != nil {
		close(c.batches)
		c.running.Wait()
		c.batches = nil
	}
	for i, local := range c.locals {
		if local != nil {
			c.total.merge(local)
			c.locals[i] = nil
		}
	}
	c.total.prune(c.cfg.MaxDistinctWords)
	c.epoch = 0
}

func (c *counter) count(t *tally, batches <-chan []string) {
	none := newPrefixMatcher(nil)
	var norm []byte
	var line strings.Builder
	for batch := range batches {
		for _, doc := range batch {
			for text := range strings.SplitSeq(doc, "\n") {
				norm = c.norm.append(norm[:0], text, none)
				c.countLine(t, c.cutSpecial(norm, &line))
			}
		}
	}
}

// cutSpecial replaces every special piece by a boundary mark, as SentencePiece
// does before it learns.
func (c *counter) cutSpecial(norm []byte, out *strings.Builder) string {
	out.Reset()
	out.Grow(len(norm))
	copied := 0
	for i := 0; i < len(norm); {
		if c.special.starts[norm[i]] {
			if n, _ := c.special.match(norm[i:]); n > 0 {
				out.Write(norm[copied:i])
				out.WriteRune(boundaryRune)
				i += n
				copied = i
				continue
			}
		}
		_, size := utf8.DecodeRune(norm[i:])
		i += size
	}
	out.Write(norm[copied:])
	return out.String()
}

func (c *counter) countLine(t *tally, line string) {
	for _, r := range line {
		if r != 0 {
			t.chars[r]++
		}
	}
	c.rules.words(line, func(word string) { t.add(word, 1) })
}
