package runs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"huihai/data"
	"huihai/data/query"
	"huihai/kernels"
	"huihai/telemetry"
	"huihai/trainer"
)

// Explained is a step's documents with their losses, the highest first.
type Explained struct {
	RunID     string          `json:"run_id"`
	Step      int             `json:"step"`
	From      string          `json:"from"`
	Loss      float64         `json:"loss"`
	Documents []ExplainedPart `json:"documents"`
	Fault     string          `json:"fault,omitempty"`
}

// ExplainedPart is the part of a document that a row of the step holds.
type ExplainedPart struct {
	Row        int64          `json:"row"` // of the training split
	MicroBatch int            `json:"micro_batch"`
	From       int            `json:"from"` // first token in the row
	To         int            `json:"to"`   // after the last
	Tokens     int            `json:"supervised_tokens"`
	Loss       float64        `json:"loss"` // nats per supervised token, 0 without any
	Document   query.Document `json:"document"`
}

// Explain lists the documents, spans and losses of a step.
func (p *Repeat) Explain(ctx context.Context) (_ *Explained, err error) {
	r, err := p.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	out := &Explained{RunID: r.setup.Save.Run.RunID, Step: p.Step, From: r.origin(), Documents: []ExplainedPart{}}
	rec, err := r.trainer.StepTo(ctx, p.Step, func(m trainer.MicroBatch) {
		for row, l := range m.Lineage {
			out.Documents = append(out.Documents, parts(m, row, l)...)
		}
	})
	var fault *trainer.FaultError
	if errors.As(err, &fault) {
		out.Fault = err.Error()
	} else if err != nil {
		return nil, err
	} else {
		out.Loss = rec.Loss
	}
	var numbers []int64
	for _, d := range out.Documents {
		numbers = append(numbers, d.Document.DocNo)
	}
	known, err := query.Documents(ctx, r.set.dir, numbers)
	if err != nil {
		return nil, err
	}
	for i := range out.Documents {
		if d, ok := known[out.Documents[i].Document.DocNo]; ok {
			out.Documents[i].Document = d
		}
	}
	slices.SortStableFunc(out.Documents, func(a, b ExplainedPart) int { return cmp.Compare(b.Loss, a.Loss) })
	return out, nil
}

// parts splits the losses of a row among its documents.
func parts(m trainer.MicroBatch, row int, l data.RowLineage) []ExplainedPart {
	var out []ExplainedPart
	for i, doc := range l.Docs {
		p := ExplainedPart{Row: l.Row, MicroBatch: m.Index, From: int(l.Starts[i]), To: m.SeqLen, Document: query.Document{DocNo: doc, Source: l.Source}}
		if i+1 < len(l.Starts) {
			p.To = min(p.To, int(l.Starts[i+1]))
		}
		if doc < 0 || p.From >= p.To {
			continue // padding, or the one token that only a label needs
		}
		sum := 0.0
		for t := row*m.SeqLen + p.From; t < row*m.SeqLen+p.To; t++ {
			if m.Labels[t] != kernels.IgnoreLabel {
				sum += float64(m.NLL[t])
				p.Tokens++
			}
		}
		if p.Tokens > 0 {
			p.Loss = sum / float64(p.Tokens)
		}
		out = append(out, p)
	}
	return out
}

// Page is the list for a person.
func (e *Explained) Page(screen telemetry.Screen) string {
	const most = 20
	t := telemetry.Table{Title: fmt.Sprintf("step %d, loss %.4f", e.Step, e.Loss), Header: []string{"loss", "tokens", "row", "from", "source", "document", "begins"}}
	for _, d := range e.Documents[:min(most, len(e.Documents))] {
		t.Add(fmt.Sprintf("%.4f", d.Loss), fmt.Sprint(d.Tokens), fmt.Sprint(d.Row), fmt.Sprint(d.From), d.Document.Source, d.Document.ID,
			strings.Join(strings.Fields(firstRunes(d.Document.Beginning, 24)), " "))
	}
	out := t.Render(screen)
	if n := len(e.Documents) - most; n > 0 {
		out += fmt.Sprintf("and %d more, all in the JSON\n", n)
	}
	if e.Fault != "" {
		out += e.Fault + "\n"
	}
	return out
}

func firstRunes(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}
