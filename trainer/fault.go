package trainer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"huihai/autograd"
	"huihai/data"
	"huihai/internal/atomicfile"
	"huihai/internal/vfs"
	"huihai/kernels"
	"huihai/model"
	"huihai/trainer/rundir"
)

// FaultError is a step whose loss or gradient must not reach the weights. They
// are as they were before it.
type FaultError struct {
	Step int
	What string // "the loss is NaN"
	// Where is the first op that gave a value that is not finite, nil if a second
	// run of the step found none.
	Where *autograd.Fault
	// Documents are those of the row at fault, or of the whole step where no row
	// is known.
	Documents []FaultDocument
	// Folder holds fault.json and the step's batch; "" if it could not be kept.
	Folder string

	record StepRecord
}

// FaultDocument is a document's place in the step at fault.
type FaultDocument struct {
	MicroBatch int    `json:"micro_batch"`
	Row        int    `json:"row"` // in the micro-batch
	DocNo      int64  `json:"doc_no"`
	Source     string `json:"source,omitempty"`
	From       int    `json:"from"` // first token in the row
	To         int    `json:"to"`   // after the last
	AtFault    bool   `json:"at_fault,omitempty"`
}

// Error tells what happened, where, in which document, and what to try.
func (e *FaultError) Error() string {
	msg := e.What + "; the weights are as they were after the step before"
	if e.Where != nil {
		msg += ": " + e.Where.String()
	}
	for _, d := range e.Documents {
		if d.AtFault {
			msg += fmt.Sprintf("; document %d", d.DocNo)
			if d.Source != "" {
				msg += " of source " + d.Source
			}
			msg += fmt.Sprintf(", tokens %d to %d of the row", d.From, d.To-1)
		}
	}
	if e.Folder != "" {
		msg += "; the batch is kept in " + e.Folder
	}
	return msg + "; lower optim.learning_rate or lengthen the warm-up, look at the document, or set train.on_nonfinite to skip or rollback"
}

// newFault finds out where a step went wrong and keeps what is needed to see it
// again.
func (t *Trainer) newFault(rec StepRecord, what string) error {
	e := &FaultError{Step: rec.Step, What: what, record: rec}
	batches := make([]model.Batch, t.micros)
	for i := range batches {
		batches[i] = t.held[i].Batch
	}
	where, err := t.step.Trace(rec.Supervised, batches)
	if err != nil {
		return errors.Join(e, fmt.Errorf("looking for the op at fault: %w", err))
	}
	e.Where = where
	e.Documents = t.documentsAt(where)
	if t.save.Root != "" {
		if e.Folder, err = t.keepFault(e); err != nil {
			t.observer.Note(fmt.Sprintf("the batch of step %d could not be kept: %v", rec.Step, err))
		}
	}
	return e
}

// documentsAt lists the documents of the row that a fault names, or of all rows.
func (t *Trainer) documentsAt(f *autograd.Fault) []FaultDocument {
	var out []FaultDocument
	for m := range t.micros {
		h := &t.held[m]
		for row, l := range h.lineage {
			for i, doc := range l.Docs {
				d := FaultDocument{MicroBatch: m, Row: row, DocNo: doc, Source: l.Source, From: int(l.Starts[i]), To: t.cfg.SequenceLength}
				if i+1 < len(l.Starts) {
					d.To = min(d.To, int(l.Starts[i+1]))
				}
				if f != nil && f.Row >= 0 {
					if f.MicroBatch != m || f.Row != row {
						continue
					}
					d.AtFault = f.Token >= d.From && f.Token < d.To
				}
				out = append(out, d)
			}
		}
	}
	return out
}

// keepFault writes fault.json and batch.jsonl, which train debug grads reads,
// into faults/step-N.
func (t *Trainer) keepFault(e *FaultError) (string, error) {
	dir := filepath.Join(t.save.Root, rundir.FaultsDir, fmt.Sprintf("step-%d", e.Step))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	var batch bytes.Buffer
	enc := json.NewEncoder(&batch)
	for m := range t.micros {
		for row := range t.held[m].rows {
			if err := enc.Encode(t.held[m].line(row, t.cfg.SequenceLength)); err != nil {
				return "", err
			}
		}
	}
	report, err := json.MarshalIndent(map[string]any{
		"step": e.Step, "what": e.What, "where": e.Where, "in_words": e.Error(), "documents": e.Documents,
		"learning_rate": e.record.LearningRate, "loss": finite(e.record.Loss), "supervised_tokens": e.record.Supervised,
		"epoch": e.record.Epoch, "index": e.record.Index, "last_steps": t.record.last(), "run_id": t.save.Run.RunID,
	}, "", "  ")
	if err != nil {
		return "", err
	}
	for name, content := range map[string][]byte{"batch.jsonl": batch.Bytes(), "fault.json": report} {
		_, err := atomicfile.WriteFile(vfs.OS{}, filepath.Join(dir, name), func(w io.Writer) error {
			_, err := w.Write(content)
			return err
		})
		if err != nil {
			return "", err
		}
	}
	return dir, nil
}

// batchLine is a row of batch.jsonl. Its labels name the token at their own
// position, as the files of data sets do.
type batchLine struct {
	InputIDs []int32 `json:"input_ids"`
	Labels   []int32 `json:"labels"`
	Segments []int32 `json:"segments"`
	Row      int64   `json:"row"` // in the training split
	Source   string  `json:"source,omitempty"`
	Docs     []int64 `json:"doc_nos,omitempty"`
}

// line writes a row with one token more than it has inputs: the last label's.
func (h *held) line(row, n int) batchLine {
	from, to := row*n, (row+1)*n
	l := batchLine{
		InputIDs: append([]int32(nil), h.InputIDs[from:to]...),
		Labels:   append([]int32{kernels.IgnoreLabel}, h.Labels[from:to]...),
		Segments: append([]int32(nil), h.Segments[from:to]...),
	}
	last := h.Labels[to-1]
	l.InputIDs = append(l.InputIDs, max(0, last))
	l.Segments = append(l.Segments, l.Segments[n-1])
	if last == kernels.IgnoreLabel {
		l.Segments[n]++
	}
	if row < len(h.lineage) {
		l.Row, l.Source, l.Docs = h.lineage[row].Row, h.lineage[row].Source, h.lineage[row].Docs
	}
	return l
}

// mend does with a faulty step what on_nonfinite says; other errors it returns. A
// record of step 0 means that the run went back.
func (t *Trainer) mend(ctx context.Context, err error) (StepRecord, error) {
	var e *FaultError
	if !errors.As(err, &e) {
		return StepRecord{}, err
	}
	over := t.mishaps.Skipped+t.mishaps.RolledBack >= t.cfg.NonfiniteLimit
	if t.cfg.OnNonfinite == Halt {
		return StepRecord{}, err
	}
	if over {
		return StepRecord{}, fmt.Errorf("%w (train.nonfinite_limit %d is reached)", e, t.cfg.NonfiniteLimit)
	}
	if t.cfg.OnNonfinite == Rollback {
		return StepRecord{}, t.rollBack(ctx, e)
	}
	t.mishaps.Skipped++
	t.done++
	t.ledger.Drop(t.read, DroppedNonfinite)
	t.observer.Note(fmt.Sprintf("STEP %d IS SKIPPED (%d of at most %d): %v", e.Step, t.mishaps.Skipped+t.mishaps.RolledBack, t.cfg.NonfiniteLimit, e))
	rec := e.record
	rec.Skipped, rec.GradNorm, rec.Groups, rec.TokensSeen = true, math.NaN(), nil, t.ledger.Read
	t.record.remember(rec)
	return rec, nil
}

// The reasons for which tokens that were read are not trained on.
const (
	DroppedNonfinite = "nonfinite_step"
	DroppedRollback  = "rolled_back"
)

// rollBack returns to the last checkpoint and leaves out the tokens since.
func (t *Trainer) rollBack(ctx context.Context, e *FaultError) error {
	if err := t.finishSave(); err != nil {
		return errors.Join(e, err)
	}
	l, err := rundir.Newest(ctx, t.save.Root, t.observer.Note)
	if err != nil {
		return errors.Join(e, fmt.Errorf("there is no checkpoint to roll back to: %w", err))
	}
	defer l.Close()
	mishaps, ledger, place := t.mishaps, t.ledger.Clone(), t.batches.State()
	if err := t.reload(ctx, l); err != nil {
		return errors.Join(e, err)
	}
	if err := t.batches.Restore(place); err != nil {
		return errors.Join(e, err)
	}
	t.mishaps = mishaps
	t.mishaps.RolledBack++
	lost := data.Ledger{}
	lost.AddLedger(ledger.Since(t.ledger))
	lost.AddLedger(t.read)
	t.ledger.Drop(lost, DroppedRollback)
	t.observer.Note(fmt.Sprintf("STEP %d: ROLLED BACK TO STEP %d (%d of at most %d), leaving out the tokens since: %v",
		e.Step, t.done, t.mishaps.Skipped+t.mishaps.RolledBack, t.cfg.NonfiniteLimit, e))
	t.observer.Rewound(t.done)
	return nil
}
