package export

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"huihai/tokenizer"
)

// encoderBatch is how much text waits to be encoded together.
const encoderBatch = 4 << 20

// encoder turns documents into tokens, several at a time and in their order.
type encoder struct {
	tok     *tokenizer.Tokenizer
	emit    func(*encoded) error
	workers int
	batch   []encoded
	bytes   int
}

// encoded is a document and its tokens with the closing EOS.
type encoded struct {
	id, text string
	copies   int
	want     int // tokens that the build noted
	tokens   []int32
}

func (e *exporter) encoder() (*encoder, error) {
	path := filepath.Join(e.dir, "tokenizer.model")
	tok, err := tokenizer.Load(path)
	if err != nil {
		return nil, err
	}
	if tok.Fingerprint() != e.manifest.Tokenizer {
		return nil, fmt.Errorf("%s is not the tokenizer of the data set: its SHA-256 is %.12s, the manifest says %.12s", path, tok.Fingerprint(), e.manifest.Tokenizer)
	}
	workers := e.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	return &encoder{tok: tok, workers: workers}, nil
}

// add takes over a document; the row that it is read from is used again.
func (c *encoder) add(d *document) error {
	c.batch = append(c.batch, encoded{id: strings.Clone(d.ID), text: strings.Clone(d.Text), copies: int(d.Copies), want: int(d.TokenCount)})
	if c.bytes += len(d.Text); c.bytes < encoderBatch {
		return nil
	}
	return c.flush()
}

// flush encodes what waits and hands it on.
func (c *encoder) flush() error {
	var wg sync.WaitGroup
	for w := range c.workers {
		wg.Go(func() {
			for i := w; i < len(c.batch); i += c.workers {
				if d := &c.batch[i]; d.copies > 0 {
					d.tokens = append(c.tok.AppendEncodeUser(nil, d.text), c.tok.EOS())
				}
			}
		})
	}
	wg.Wait()
	for i := range c.batch {
		d := &c.batch[i]
		if d.copies > 0 && len(d.tokens) != d.want {
			return fmt.Errorf("document %s has %d tokens, but the build noted %d: this is a defect", d.id, len(d.tokens), d.want)
		}
		if err := c.emit(d); err != nil {
			return err
		}
	}
	c.batch, c.bytes = c.batch[:0], 0
	return nil
}
