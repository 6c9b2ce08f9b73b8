package eval

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"huihai/data"
	"huihai/kernels"
	"huihai/model"
)

// Rows is a finite stream of packed rows, such as a sequential data.Loader. It
// ends with io.EOF.
type Rows interface {
	Next(ctx context.Context, rows int) (*data.Batch, error)
}

// SourceLoss is the loss over the text of one source, or over all of it.
type SourceLoss struct {
	CrossEntropy float64 // nats per token
	Tokens       int     // tokens with a label
	// Bytes are those of the text of these tokens, 0 when token lengths are not
	// known; BitsPerByte is then 0 too. It compares models of different tokenizers.
	Bytes       int64
	BitsPerByte float64

	sum float64 // of negative log-likelihoods, in nats
}

// HeldOut is the result of an evaluation on held-out text.
type HeldOut struct {
	SourceLoss // over all rows
	// Sources are the losses by source, of those with a token that has a label; nil
	// when sources are not told.
	Sources map[string]SourceLoss
}

// PerplexityOptions say what [Perplexity] reads and tells besides the loss.
type PerplexityOptions struct {
	// MaxRows is the most rows to read; 0 means all.
	MaxRows int
	// SourceOf returns the source of a row of a batch; nil leaves sources out.
	SourceOf func(b *data.Batch, row int) string
	// TokenBytes holds the bytes of text of each token id, as
	// tokenizer.Tokenizer.TokenBytes counts them; nil leaves bits per byte out.
	TokenBytes []int
}

// NonFiniteError tells of the first token of an evaluation whose loss is not finite.
// What went wrong may lie at a later token of the row: a NaN reaches the others of its
// row through the attention, those before it too.
type NonFiniteError struct {
	Row    int    // of the evaluation, from 0
	Source string // "" when sources are not told
	Token  int    // position in the row, from 0
	Label  int32  // the token whose probability was asked for
	Value  float64
}

// Error tells the row, its source and the token.
func (e *NonFiniteError) Error() string {
	of := ""
	if e.Source != "" {
		of = fmt.Sprintf(" (source %s)", e.Source)
	}
	return fmt.Sprintf("eval: the loss at token %d of row %d%s of the held-out text is %v; the weights are not finite or overflow", e.Token, e.Row, of, e.Value)
}

// Perplexity runs the forward graph over rows and returns the mean negative
// log-likelihood per supervised token, in all and by source. Sums are taken in
// float64, row by row in the order of the rows. step must be a forward-only step of
// one row; its weights are not changed.
//
// When losses are not finite, all rows are read all the same, and the result comes
// with a [*NonFiniteError] about the first: the caller decides what it is worth.
func Perplexity(ctx context.Context, step *model.Step, rows Rows, o PerplexityOptions) (HeldOut, error) {
	m := measure{step: step, o: o}
	if o.SourceOf != nil {
		m.sources = map[string]SourceLoss{}
	}
	for n := 0; o.MaxRows == 0 || n < o.MaxRows; n++ {
		if err := ctx.Err(); err != nil {
			return HeldOut{}, err
		}
		b, err := rows.Next(ctx, 1)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return HeldOut{}, err
		}
		if err := m.row(n, b); err != nil {
			return HeldOut{}, err
		}
	}
	return m.result()
}

// measure is an evaluation under way.
type measure struct {
	step    *model.Step
	o       PerplexityOptions
	all     SourceLoss
	sources map[string]SourceLoss
	bad     *NonFiniteError
}

// row adds row n of the evaluation, the only one of b.
func (m *measure) row(n int, b *data.Batch) error {
	if err := m.step.Begin(1); err != nil {
		return err
	}
	if err := m.step.Micro(model.Batch{InputIDs: b.InputIDs, Labels: b.Labels, Segments: b.Segments, Positions: b.Positions}); err != nil {
		return err
	}
	stats, err := m.step.End()
	if err != nil {
		return err
	}
	bytes, err := m.bytes(b.Labels)
	if err != nil {
		return fmt.Errorf("eval: row %d of the held-out text: %w", n, err)
	}
	one := SourceLoss{sum: stats.SumNLL, Tokens: model.Supervised(b.Labels), Bytes: bytes}
	m.all.add(one)
	source := ""
	if m.o.SourceOf != nil {
		source = m.o.SourceOf(b, 0)
		s := m.sources[source]
		s.add(one)
		m.sources[source] = s
	}
	if m.bad == nil && !finite(stats.SumNLL) {
		m.bad = &NonFiniteError{Row: n, Source: source, Value: stats.SumNLL}
		for t, nll := range m.step.NLL() {
			if !finite(float64(nll)) {
				m.bad.Token, m.bad.Label, m.bad.Value = t, b.Labels[t], float64(nll)
				break
			}
		}
	}
	return nil
}

// bytes sums the bytes of the tokens with a label.
func (m *measure) bytes(labels []int32) (int64, error) {
	if m.o.TokenBytes == nil {
		return 0, nil
	}
	n := int64(0)
	for _, l := range labels {
		if l == kernels.IgnoreLabel {
			continue
		}
		if l < 0 || int(l) >= len(m.o.TokenBytes) {
			return 0, fmt.Errorf("token %d is not in the vocabulary of %d of the tokenizer: give the tokenizer that encoded the data", l, len(m.o.TokenBytes))
		}
		n += int64(m.o.TokenBytes[l])
	}
	return n, nil
}

func (m *measure) result() (HeldOut, error) {
	if m.all.Tokens == 0 {
		return HeldOut{}, errors.New("eval: the held-out split has no token with a label; raise data.validation_fraction or add text")
	}
	m.all.divide()
	for name, s := range m.sources {
		if s.Tokens == 0 {
			delete(m.sources, name)
			continue
		}
		s.divide()
		m.sources[name] = s
	}
	h := HeldOut{m.all, m.sources}
	if m.bad != nil {
		return h, m.bad
	}
	return h, nil
}

func (l *SourceLoss) add(o SourceLoss) {
	l.sum += o.sum
	l.Tokens += o.Tokens
	l.Bytes += o.Bytes
}

// divide makes means of the sums.
func (l *SourceLoss) divide() {
	l.CrossEntropy = l.sum / float64(l.Tokens)
	if l.Bytes > 0 {
		l.BitsPerByte = l.sum / math.Ln2 / float64(l.Bytes)
	}
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
