package data

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"huihai/data/shard"
)

// IgnoreLabel marks positions that are not trained on.
const IgnoreLabel = -100

// Batch is what one micro-batch trains on. All slices have Rows*SeqLen elements,
// row by row. They belong to the loader and are overwritten by its next call of
// Next.
type Batch struct {
	Rows, SeqLen int
	// InputIDs are the tokens.
	InputIDs []int32
	// Labels are the next tokens, or IgnoreLabel where the next token begins
	// another document or is padding.
	Labels []int32
	// Segments number the documents within each row from 0; padding is a
	// segment of its own.
	Segments []int32
	// Positions count from 0 within each document.
	Positions []int32
	// Ledger accounts for the labels of this batch.
	Ledger BatchLedger
	// Sources split Ledger by the sources of the rows, in no order that means
	// anything; empty where the data set does not tell them.
	Sources []SourceLedger
	// Lineage tells where each of the Rows rows is from.
	Lineage []RowLineage

	starts []int32 // what the lists of Lineage are parts of
	docs   []int64
}

// RowLineage tells where a row of a batch is from.
type RowLineage struct {
	Row    int64  // its number in the split, from 0
	Source string // "" where the data set does not tell it
	// Starts are the places in the row, of SeqLen+1 tokens, at which its documents
	// begin, the first 0; Docs are their numbers, [shard.NoDocument] for padding.
	Starts []int32
	Docs   []int64
}

// SourceLedger is the account of one source.
type SourceLedger struct {
	Source string
	BatchLedger
}

// BatchLedger accounts for label positions: Read = Trained + DocumentFirst +
// Padding + Dropped.
type BatchLedger struct {
	Read          int64 `json:"read"`
	Trained       int64 `json:"trained"`
	DocumentFirst int64 `json:"document_first"` // masked: the next token begins a document
	Padding       int64 `json:"padding"`        // masked: the next token is padding
	// Dropped have a label and were read, but a step that was left out had them.
	Dropped int64 `json:"dropped"`
}

// closes reports whether the parts sum to what was read.
func (l BatchLedger) closes() bool {
	return l.Read == l.Trained+l.DocumentFirst+l.Padding+l.Dropped
}

// Add adds other to l.
func (l *BatchLedger) Add(other BatchLedger) {
	l.Read += other.Read
	l.Trained += other.Trained
	l.DocumentFirst += other.DocumentFirst
	l.Padding += other.Padding
	l.Dropped += other.Dropped
}

// minus returns l without what other accounts for.
func (l BatchLedger) minus(other BatchLedger) BatchLedger {
	return BatchLedger{
		Read: l.Read - other.Read, Trained: l.Trained - other.Trained, DocumentFirst: l.DocumentFirst - other.DocumentFirst,
		Padding: l.Padding - other.Padding, Dropped: l.Dropped - other.Dropped,
	}
}

// Ledger accounts for many batches, in all and by source. The sources' accounts sum
// to the whole, unless some batches did not tell theirs.
type Ledger struct {
	BatchLedger
	Sources map[string]BatchLedger `json:"sources,omitempty"`
	// Reasons split Dropped.
	Reasons map[string]int64 `json:"dropped_by,omitempty"`
}

// Drop adds batches whose labels were not trained on, for a reason.
func (l *Ledger) Drop(other Ledger, reason string) {
	drop := func(b BatchLedger) BatchLedger {
		b.Dropped += b.Trained
		b.Trained = 0
		return b
	}
	before := l.Dropped
	l.BatchLedger.Add(drop(other.BatchLedger))
	for name, s := range other.Sources {
		l.addSource(name, drop(s))
	}
	for r, n := range other.Reasons {
		l.reason(r, n)
		before += n
	}
	l.reason(reason, l.Dropped-before)
}

func (l *Ledger) reason(name string, n int64) {
	if n == 0 {
		return
	}
	if l.Reasons == nil {
		l.Reasons = map[string]int64{}
	}
	l.Reasons[name] += n
}

// Since returns the account of what came after an earlier state of the ledger.
func (l Ledger) Since(earlier Ledger) Ledger {
	out := Ledger{BatchLedger: l.BatchLedger.minus(earlier.BatchLedger)}
	for name, s := range l.Sources {
		out.addSource(name, s.minus(earlier.Sources[name]))
	}
	for name, n := range l.Reasons {
		out.reason(name, n-earlier.Reasons[name])
	}
	return out
}

// Check reports an account that does not close: in all, of a source, between the
// sources and the whole, or of the reasons.
func (l Ledger) Check() error {
	var errs []error
	if !l.closes() {
		errs = append(errs, fmt.Errorf("%d tokens read, but %d trained, %d first of a document, %d padding and %d dropped", l.Read, l.Trained, l.DocumentFirst, l.Padding, l.Dropped))
	}
	var sum BatchLedger
	for _, name := range sortedKeys(l.Sources) {
		s := l.Sources[name]
		sum.Add(s)
		if !s.closes() {
			errs = append(errs, fmt.Errorf("source %s: %d tokens read, but %d trained, %d first of a document, %d padding and %d dropped", name, s.Read, s.Trained, s.DocumentFirst, s.Padding, s.Dropped))
		}
	}
	if len(l.Sources) > 0 && sum != l.BatchLedger {
		errs = append(errs, fmt.Errorf("the sources sum to %d tokens read and %d trained, the whole to %d and %d", sum.Read, sum.Trained, l.Read, l.Trained))
	}
	var reasons int64
	for _, n := range l.Reasons {
		reasons += n
	}
	if reasons != l.Dropped {
		errs = append(errs, fmt.Errorf("%d tokens dropped, but reasons for %d", l.Dropped, reasons))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("data: the token ledger does not close: %w", err)
	}
	return nil
}

// Add adds a batch.
func (l *Ledger) Add(b *Batch) {
	l.BatchLedger.Add(b.Ledger)
	for _, s := range b.Sources {
		l.addSource(s.Source, s.BatchLedger)
	}
}

// AddLedger adds the account of other batches.
func (l *Ledger) AddLedger(other Ledger) {
	l.BatchLedger.Add(other.BatchLedger)
	for name, s := range other.Sources {
		l.addSource(name, s)
	}
	for name, n := range other.Reasons {
		l.reason(name, n)
	}
}

func (l *Ledger) addSource(name string, s BatchLedger) {
	if l.Sources == nil {
		l.Sources = map[string]BatchLedger{}
	}
	sum := l.Sources[name]
	sum.Add(s)
	l.Sources[name] = sum
}

// Reset empties the account and keeps its memory.
func (l *Ledger) Reset() {
	l.BatchLedger = BatchLedger{}
	clear(l.Sources)
	clear(l.Reasons)
}

// Clone returns a copy.
func (l Ledger) Clone() Ledger {
	l.Sources, l.Reasons = maps.Clone(l.Sources), maps.Clone(l.Reasons)
	return l
}

// SourcesClose tells whether the sources' accounts, if there are any, sum to that of
// the batch.
func (b *Batch) SourcesClose() bool {
	var sum BatchLedger
	for _, s := range b.Sources {
		sum.Add(s.BatchLedger)
	}
	return len(b.Sources) == 0 || sum == b.Ledger
}

// resize makes room for rows.
func (b *Batch) resize(rows, seqLen int) {
	n := rows * seqLen
	if cap(b.InputIDs) < n {
		b.InputIDs, b.Labels = make([]int32, n), make([]int32, n)
		b.Segments, b.Positions = make([]int32, n), make([]int32, n)
	}
	b.SeqLen, b.Ledger, b.Sources = seqLen, BatchLedger{}, b.Sources[:0]
	if cap(b.Lineage) < rows {
		b.Lineage = make([]RowLineage, rows)
		b.starts, b.docs = make([]int32, 0, rows*usualDocuments), make([]int64, 0, rows*usualDocuments)
	}
	b.starts, b.docs = b.starts[:0], b.docs[:0]
	b.cut(rows)
}

// cut sets the number of rows, for which there is room.
func (b *Batch) cut(rows int) {
	n := rows * b.SeqLen
	b.Rows = rows
	b.InputIDs, b.Labels = b.InputIDs[:n], b.Labels[:n]
	b.Segments, b.Positions = b.Segments[:n], b.Positions[:n]
	b.Lineage = b.Lineage[:rows]
}

// usualDocuments is for how many documents a row has room at first.
const usualDocuments = 32

// trace notes the lineage of row i. The lists of all rows lie in one stretch of
// memory, which grows to what the fullest batch takes and is then used again.
func (b *Batch) trace(i int, number int64, r *shard.Row, source string) {
	from := len(b.starts)
	b.starts, b.docs = append(b.starts, r.Starts...), append(b.docs, r.Docs...)
	to := len(b.starts)
	b.Lineage[i] = RowLineage{Row: number, Source: source, Starts: b.starts[from:to:to], Docs: b.docs[from:to:to]}
}

// set fills row i from row number of the split, whose tokens are r; source is "" if
// not known.
func (b *Batch) set(i int, number int64, r *shard.Row, source string) {
	b.trace(i, number, r, source)
	whole := b.Ledger
	b.Ledger = BatchLedger{}
	b.fill(i, r)
	row := b.Ledger
	b.Ledger.Add(whole)
	if source == "" {
		return
	}
	for k := range b.Sources {
		if b.Sources[k].Source == source {
			b.Sources[k].Add(row)
			return
		}
	}
	b.Sources = append(b.Sources, SourceLedger{source, row})
}

func (b *Batch) fill(i int, r *shard.Row) {
	n := b.SeqLen
	copy(b.InputIDs[i*n:(i+1)*n], r.Tokens)
	labels, segments, positions := b.Labels[i*n:(i+1)*n], b.Segments[i*n:(i+1)*n], b.Positions[i*n:(i+1)*n]
	copy(labels, r.Tokens[1:])
	b.Ledger.Read += int64(n)
	for s, start := range r.Starts {
		end := n + 1
		if s+1 < len(r.Starts) {
			end = int(r.Starts[s+1])
		}
		for t := int(start); t < min(end, n); t++ {
			segments[t], positions[t] = int32(s), int32(t)-start
		}
		b.mask(labels, int(start), end, r.Docs[s] == shard.NoDocument)
	}
}

// mask sets the labels of the tokens start..end-1 of one document: the first has
// none to predict it, and padding has none at all.
func (b *Batch) mask(labels []int32, start, end int, padding bool) {
	if padding {
		for t := max(start, 1); t < end; t++ {
			labels[t-1] = IgnoreLabel
			b.Ledger.Padding++
		}
		return
	}
	b.Ledger.Trained += int64(end - start - 1)
	if start > 0 {
		labels[start-1] = IgnoreLabel
		b.Ledger.DocumentFirst++
	}
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
