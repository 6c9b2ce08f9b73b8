package ngram

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"

	"github.com/zeebo/xxh3"
)

// maxWords bounds the words of a model and of a worker.
const maxWords = math.MaxUint32 - 1

// Trainer collects texts and estimates a model of them. The result depends on
// the texts alone: not on their order, on how they were shared out among
// workers, or on memory.
type Trainer struct {
	cfg     Config
	enc     Encoder
	scratch *scratch
	mu      sync.Mutex
	workers []*Worker
}

// NewTrainer returns a trainer whose temporary files are removed by
// [Trainer.Close]. enc is nil unless units are [UnitsPieces].
func NewTrainer(cfg Config, enc Encoder) (*Trainer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if err := checkEncoder(cfg.Units, enc); err != nil {
		return nil, err
	}
	s, err := newScratch(cfg.TempDir)
	if err != nil {
		return nil, err
	}
	return &Trainer{cfg: cfg, enc: enc, scratch: s}, nil
}

func checkEncoder(units string, enc Encoder) error {
	if (units == UnitsPieces) != (enc != nil) {
		return fmt.Errorf("ngram: units %q and a tokenizer: units %q need one, and no others take one", units, UnitsPieces)
	}
	return nil
}

// Close removes the temporary files.
func (t *Trainer) Close() error { return t.scratch.remove() }

// Worker takes texts for one goroutine.
type Worker struct {
	t       *Trainer
	split   splitter
	ids     map[string]uint32 // words to places in words; unused for pieces
	words   []string
	counts  []int64 // by place or piece; training texts only
	pieces  []int32
	text    *tempFile // ids of training texts, see endDocument
	heldOut *tempFile
	line    []byte
	stats   Collected
}

// Collected counts what was given to a trainer.
type Collected struct {
	Documents        int64 `json:"documents"` // with at least one unit
	HeldOutDocuments int64 `json:"held_out_documents"`
	Sentences        int64 `json:"sentences"` // lines of training documents
	Tokens           int64 `json:"tokens"`    // units of training documents
	Bytes            int64 `json:"bytes"`     // of training documents
}

// Worker returns a worker for one goroutine. All of them must be done before
// [Trainer.Estimate].
func (t *Trainer) Worker() (*Worker, error) {
	w := &Worker{t: t, ids: map[string]uint32{}, split: splitter{fold: t.cfg.Fold, whitespace: t.cfg.Units == UnitsWhitespace}}
	if t.enc != nil {
		w.counts = make([]int64, t.enc.VocabSize())
	}
	var err error
	if w.text, err = t.scratch.file(); err != nil {
		return nil, err
	}
	if w.heldOut, err = t.scratch.file(); err != nil {
		return nil, err
	}
	t.mu.Lock()
	t.workers = append(t.workers, w)
	t.mu.Unlock()
	return w, nil
}

// Add takes a document. Its lines are the model's sentences; empty ones are
// passed over. A share of the documents, chosen by a hash of the text, is held
// out.
func (w *Worker) Add(text string) error {
	const scale = 1 << 24
	if xxh3.HashString(text)%scale < uint64(w.t.cfg.HeldOut*scale) {
		return w.AddHeldOut(text)
	}
	n, err := w.document(text, w.text, true)
	if n > 0 {
		w.stats.Documents++
		w.stats.Bytes += int64(len(text))
	}
	return err
}

// AddHeldOut takes a document that is not counted, for the quantiles of
// perplexity alone.
func (w *Worker) AddHeldOut(text string) error {
	n, err := w.document(text, w.heldOut, false)
	if n > 0 {
		w.stats.HeldOutDocuments++
	}
	return err
}

// document writes the ids of a text, each plus one, with a 0 after each sentence
// and one more after the document.
func (w *Worker) document(text string, to *tempFile, count bool) (tokens int, err error) {
	w.line = w.line[:0]
	end := func(n int) {
		if n == 0 {
			return
		}
		w.line = append(w.line, 0)
		if tokens += n; count {
			w.stats.Sentences++
			w.stats.Tokens += int64(n)
		}
	}
	if w.t.enc != nil {
		for line := range lines(text) {
			w.pieces = w.t.enc.AppendEncodeUser(w.pieces[:0], line)
			for _, id := range w.pieces {
				if id < 0 || int(id) >= len(w.counts) {
					return tokens, fmt.Errorf("ngram: the tokenizer gave id %d; it has ids up to %d", id, len(w.counts)-1)
				}
				w.put(uint32(id), count)
			}
			end(len(w.pieces))
		}
	} else if err := w.cut(text, count, end); err != nil {
		return tokens, err
	}
	if tokens == 0 {
		return 0, nil
	}
	w.line = append(w.line, 0)
	_, err = to.Write(w.line)
	return tokens, err
}

// cut puts the words of a text.
func (w *Worker) cut(text string, count bool, end func(n int)) error {
	w.split.reset(text)
	for n := 0; ; {
		switch w.split.next() {
		case endText:
			end(n)
			return nil
		case endLine:
			end(n)
			n = 0
		default:
			id, ok := w.ids[string(w.split.word)]
			if !ok {
				if len(w.words) >= maxWords-firstWord {
					return errors.New("ngram: more than four thousand million different words; cut the text in pieces by a tokenizer")
				}
				id = uint32(len(w.words))
				w.words = append(w.words, string(w.split.word))
				w.counts = append(w.counts, 0)
				w.ids[w.words[id]] = id
			}
			w.put(id, count)
			n++
		}
	}
}

func (w *Worker) put(id uint32, count bool) {
	w.line = binary.AppendUvarint(w.line, uint64(id)+1)
	if count {
		w.counts[id]++
	}
}

// lines yields the lines of a text without their ends.
func lines(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for start, i := 0, 0; i <= len(text); i++ {
			if i == len(text) || text[i] == '\n' {
				if i > start && !yield(text[start:i]) {
					return
				}
				start = i + 1
			}
		}
	}
}

// word returns the text of a worker's id.
func (w *Worker) word(id int) string {
	if w.t.enc != nil {
		return w.t.enc.Piece(int32(id))
	}
	return w.words[id]
}

// sentences calls f with the sentences of a file of documents, as ids of the
// worker; last tells that a document ends with it.
func (w *Worker) sentences(ctx context.Context, file *tempFile, f func(ids []uint32, last bool) error) error {
	br, err := file.reader()
	if err != nil {
		return err
	}
	var ids []uint32
	next := func() (uint64, error) {
		v, err := binary.ReadUvarint(br)
		if err != nil && !errors.Is(err, io.EOF) {
			err = tempError("read", err)
		}
		return v, err
	}
	v, err := next()
	for ; err == nil; v, err = next() {
		if v != 0 {
			ids = append(ids, uint32(v-1))
			continue
		}
		// A second 0 ends the document.
		if b, _ := br.Peek(1); len(b) == 1 && b[0] == 0 {
			_, _ = br.Discard(1)
			err = f(ids, true)
		} else {
			err = f(ids, false)
		}
		if ids = ids[:0]; err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
