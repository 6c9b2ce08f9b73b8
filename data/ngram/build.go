package ngram

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
	"slices"

	"github.com/zeebo/xxh3"

	"huihai/internal/atomicfile"
	"huihai/internal/vfs"
)

// Built is a model that was made and not yet saved.
type Built struct {
	model   *Model
	words   []string
	grams   []*spool // of order n at n-1, in suffix order; a is the entry
	heldOut []float64
	report  Report
	own     *scratch // removed by Close; nil when the trainer removes it
}

// Report says what the model was made of; of an imported one it knows the
// numbers of n-grams alone.
func (b *Built) Report() Report { return b.report }

// Model is the model, without quantiles. It is closed by [Built.Close].
func (b *Built) Model() *Model { return b.model }

// AddHeldOut takes the perplexity of a text for the quantiles, beside those of
// the texts that the trainer held out.
func (b *Built) AddHeldOut(perplexity float64) { b.heldOut = append(b.heldOut, perplexity) }

// Close frees what belongs to the unsaved model.
func (b *Built) Close() error {
	err := b.model.Close()
	if b.own != nil {
		err = errors.Join(err, b.own.remove())
	}
	return err
}

// Save writes the model file at path, whole or not at all.
func (b *Built) Save(path string) error {
	head, err := b.head()
	if err != nil {
		return err
	}
	_, err = atomicfile.WriteFile(vfs.OS{}, path, func(w io.Writer) error {
		if _, err := w.Write(head); err != nil {
			return err
		}
		_, err := w.Write(b.model.body)
		return err
	})
	if err != nil {
		return fmt.Errorf("ngram: save the model: %w", err)
	}
	return nil
}

// head returns what stands before the body, with the quantiles.
func (b *Built) head() ([]byte, error) {
	h := *b.model.head
	h.Quantiles, h.HeldOut = quantiles(b.heldOut), int64(len(b.heldOut))
	return h.marshal()
}

// build writes the tables of a model into a temporary file and opens it.
func (t *Trainer) build(words []string, grams []*spool, rep Report) (*Built, error) {
	h := &header{
		Order: t.cfg.Order, Units: t.cfg.Units, Fold: t.cfg.Fold && t.enc == nil,
		Words: int64(len(words)), Quantized: t.cfg.Quantize, Report: &rep,
	}
	if t.enc != nil {
		h.Encoder = t.enc.Fingerprint()
	}
	return buildModel(t.scratch, t.cfg.MemoryBytes, h, words, grams)
}

func buildModel(s *scratch, memory int64, h *header, words []string, grams []*spool) (*Built, error) {
	rep := *h.Report
	stored := rep
	stored.TempBytes = 0 // depends on memory, and the file must not
	h.Report = &stored
	body, err := s.file()
	if err != nil {
		return nil, err
	}
	w := &bodyWriter{w: body, hash: xxh3.New(), scratch: s, memory: memory}
	if err := w.model(h, words, grams); err != nil {
		return nil, err
	}
	h.BodyBytes, h.BodyXXH3 = w.at, hex.EncodeToString(binary.BigEndian.AppendUint64(nil, w.hash.Sum64()))
	path := body.f.Name() + ".model"
	if err := writeTemp(path, h, body); err != nil {
		return nil, err
	}
	if err := body.drop(); err != nil {
		return nil, err
	}
	m, err := Open(path)
	if err != nil {
		return nil, err
	}
	return &Built{model: m, words: words, grams: grams, report: rep}, nil
}

func writeTemp(path string, h *header, body *tempFile) error {
	head, err := h.marshal()
	if err != nil {
		return err
	}
	src, err := body.reader()
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return tempError("make", err)
	}
	_, err = f.Write(head)
	if err == nil {
		_, err = io.Copy(f, src)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return tempError("write", err)
	}
	return nil
}

// bodyWriter writes the sections of a body.
type bodyWriter struct {
	w       io.Writer
	hash    *xxh3.Hasher
	at      int64
	scratch *scratch
	memory  int64
}

func (w *bodyWriter) Write(p []byte) (int, error) {
	_, _ = w.hash.Write(p)
	w.at += int64(len(p))
	return w.w.Write(p)
}

// section writes what f writes as a section.
func (w *bodyWriter) section(f func(w *bufio.Writer) error) (s section, err error) {
	if pad := -w.at & (alignment - 1); pad > 0 {
		if _, err := w.Write(make([]byte, pad)); err != nil {
			return s, err
		}
	}
	s.Offset = w.at
	b := bufio.NewWriterSize(w, 64<<10)
	if err := f(b); err != nil {
		return s, err
	}
	err = b.Flush()
	s.Bytes = w.at - s.Offset
	return s, err
}

func (w *bodyWriter) model(h *header, words []string, grams []*spool) (err error) {
	h.WordsAt, err = w.section(func(b *bufio.Writer) error {
		for _, word := range words {
			_, _ = b.Write(binary.AppendUvarint(nil, uint64(len(word))))
			_, _ = b.WriteString(word)
		}
		return nil // the flush tells of failures
	})
	if err != nil {
		return err
	}
	if h.Vocab, err = w.vocab(words); err != nil {
		return err
	}
	src, err := grams[0].stream()
	if err != nil {
		return err
	}
	h.Unigrams, err = w.section(func(b *bufio.Writer) error {
		return each(src, func(r *record) error {
			_, err := b.Write(binary.LittleEndian.AppendUint64(nil, r.a))
			return err
		})
	})
	if err != nil {
		return err
	}
	quant := make([]*codes, len(grams))
	if h.Quantized {
		h.Codes, err = w.section(func(b *bufio.Writer) error {
			for i := 1; i < len(grams); i++ {
				c, err := quantizer(grams[i])
				if err != nil {
					return err
				}
				_, _ = b.Write(c.append(nil))
				quant[i] = c
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for i := 1; i < len(grams); i++ {
		s, err := w.grams(grams[i], i+1, quant[i])
		if err != nil {
			return err
		}
		h.Grams = append(h.Grams, s)
	}
	return nil
}

// vocab writes the table of words.
func (w *bodyWriter) vocab(words []string) (section, error) {
	recs := make([]record, len(words))
	for id, word := range words {
		recs[id] = record{key: key{wordHash([]byte(word)), uint64(id)}}
	}
	slices.SortFunc(recs, func(a, b record) int { return a.key.compare(&b.key) })
	return w.table(&sliceStream{recs: recs}, int64(len(recs)), 16, func(dst []byte, r *record) []byte {
		dst = binary.LittleEndian.AppendUint64(dst, r.key[0])
		return binary.LittleEndian.AppendUint64(dst, r.key[1])
	})
}

// grams writes the table of an order.
func (w *bodyWriter) grams(grams *spool, n int, quant *codes) (s section, err error) {
	all, err := grams.stream()
	if err != nil {
		return s, err
	}
	byHash := newSorter(w.scratch, codec{words: 4}, w.memory, false)
	err = each(all, func(r *record) error {
		return byHash.add(&record{key: key{r.key.hashOf(n), r.a}})
	})
	if err != nil {
		return s, err
	}
	src, err := byHash.stream()
	if err != nil {
		return s, err
	}
	if quant == nil {
		return w.table(src, grams.count, 16, func(dst []byte, r *record) []byte {
			dst = binary.LittleEndian.AppendUint64(dst, r.key[0])
			return binary.LittleEndian.AppendUint64(dst, r.key[1])
		})
	}
	return w.table(src, grams.count, 8, func(dst []byte, r *record) []byte {
		return binary.LittleEndian.AppendUint64(dst, uint64(newQuantized(r.key[0], entry(r.key[1]), quant)))
	})
}

// table writes count entries that come in the order of their hashes, at most
// two thirds full.
func (w *bodyWriter) table(src stream, count int64, size int, encode func(dst []byte, r *record) []byte) (section, error) {
	slots := count + count/2 + 1
	s, err := w.section(func(b *bufio.Writer) error {
		free := make([]byte, size)
		var buf []byte
		var at uint64 // the next place
		err := each(src, func(r *record) error {
			slot, _ := bits.Mul64(r.key[0], uint64(slots))
			for ; at < slot; at++ {
				_, _ = b.Write(free)
			}
			at++
			buf = encode(buf[:0], r)
			_, err := b.Write(buf)
			return err
		})
		// A free place at the end stops every search.
		for end := max(uint64(slots), at) + 1; at < end; at++ {
			_, _ = b.Write(free)
		}
		return err
	})
	s.Slots, s.Count = slots, count
	return s, err
}
