package trainer

import (
	"context"
	"errors"
	"fmt"

	"huihai/data"
	"huihai/kernels"
	"huihai/model"
)

// held is a micro-batch of the step in work: the loader reuses its own.
type held struct {
	model.Batch
	rows    int // with tokens; the rest of the micro-batch is filling
	lineage []data.RowLineage
}

func newHeld(rows, tokens int) held {
	return held{
		Batch: model.Batch{
			InputIDs: make([]int32, tokens), Labels: make([]int32, tokens),
			Segments: make([]int32, tokens), Positions: make([]int32, tokens),
		},
		lineage: make([]data.RowLineage, 0, rows),
	}
}

// fetch copies the micro-batches of the next step and accounts for their tokens.
func (t *Trainer) fetch(ctx context.Context) error {
	t.read.Reset()
	rows := t.rows.At(t.done + 1)
	t.micros = 0
	for rows > 0 {
		n := min(rows, t.cfg.PerDeviceTrainBatchSize)
		b, err := t.batches.Next(ctx, n)
		if err != nil {
			return err
		}
		if b.SeqLen != t.cfg.SequenceLength || b.Rows != n {
			return fmt.Errorf("the loader gave %d rows of %d tokens, want %d of %d (train.sequence_length must be that of the shards)",
				b.Rows, b.SeqLen, n, t.cfg.SequenceLength)
		}
		h := &t.held[t.micros]
		h.fill(b)
		if n := int64(model.Supervised(h.Labels)); n != b.Ledger.Trained || b.Ledger.Read != int64(b.Rows*b.SeqLen) {
			return fmt.Errorf("the token ledger does not close: the loader accounts for %d labels of %d tokens, the micro-batch has %d of %d: this is a defect",
				b.Ledger.Trained, b.Ledger.Read, n, b.Rows*b.SeqLen)
		}
		if !b.SourcesClose() {
			return errors.New("the token ledger does not close: the loader's accounts of the sources do not sum to that of the batch: this is a defect")
		}
		t.read.Add(b)
		t.micros++
		rows -= n
	}
	return nil
}

// fill copies a batch. Rows that are left over repeat nothing and carry no label,
// so that they add exact zeros to every sum.
func (h *held) fill(b *data.Batch) {
	n := b.Rows * b.SeqLen
	copy(h.InputIDs, b.InputIDs[:n])
	copy(h.Labels, b.Labels[:n])
	copy(h.Segments, b.Segments[:n])
	copy(h.Positions, b.Positions[:n])
	for i := n; i < len(h.InputIDs); i++ {
		h.InputIDs[i], h.Labels[i], h.Segments[i], h.Positions[i] = 0, kernels.IgnoreLabel, 0, int32((i-n)%b.SeqLen)
	}
	h.rows = b.Rows
	h.lineage = h.lineage[:min(len(b.Lineage), cap(h.lineage))]
	for i := range h.lineage {
		l := &h.lineage[i]
		l.Row, l.Source = b.Lineage[i].Row, b.Lineage[i].Source
		l.Starts = append(l.Starts[:0], b.Lineage[i].Starts...)
		l.Docs = append(l.Docs[:0], b.Lineage[i].Docs...)
	}
}

// source of a row, "" when it is not known.
func (h *held) source(row int) string {
	if row < len(h.lineage) {
		return h.lineage[row].Source
	}
	return ""
}
