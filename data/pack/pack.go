package pack

// NoDocument marks padding in a row's DocNos.
const NoDocument = -1

// Row is a packed row. Starts[i] is where document Docs[i] begins in Tokens; the
// first start is 0. Padding is a last document NoDocument.
type Row struct {
	Tokens []int32
	Docs   []int64
	Starts []int32
}

// Ledger accounts for tokens. Tokens = Supervised + RowFirst + DocumentFirst +
// DroppedTail, and Rows*(sequence_length+1) = Tokens - DroppedTail + Padding.
type Ledger struct {
	Documents     int64 `json:"documents"`
	Tokens        int64 `json:"tokens"`
	Rows          int64 `json:"rows"`
	Supervised    int64 `json:"supervised"`     // tokens that are a label
	RowFirst      int64 `json:"row_first"`      // first tokens of rows
	DocumentFirst int64 `json:"document_first"` // first tokens of documents inside rows
	DroppedTail   int64 `json:"dropped_tail"`
	Padding       int64 `json:"padding"` // no tokens, but places in rows
}

// Add adds other to l.
func (l *Ledger) Add(other Ledger) {
	l.Documents += other.Documents
	l.Tokens += other.Tokens
	l.Rows += other.Rows
	l.Supervised += other.Supervised
	l.RowFirst += other.RowFirst
	l.DocumentFirst += other.DocumentFirst
	l.DroppedTail += other.DroppedTail
	l.Padding += other.Padding
}

// Closes tells whether every token is accounted for.
func (l Ledger) Closes(sequenceLength int) bool {
	return l.Tokens == l.Supervised+l.RowFirst+l.DocumentFirst+l.DroppedTail &&
		l.Rows*int64(sequenceLength+1) == l.Tokens-l.DroppedTail+l.Padding
}

// Packer packs documents one after the other and hands rows to a callback, which
// must not keep a row's slices.
type Packer struct {
	cfg    Config
	pad    int32
	emit   func(Row) error
	ledger Ledger
	row    Row
	pieces []piece // best fit: what waits for the window to fill
	arena  []int32
}

// New returns a Packer. Padding is filled with the token pad.
func New(cfg Config, pad int32, emit func(Row) error) *Packer {
	return &Packer{cfg: cfg, pad: pad, emit: emit}
}

// Ledger returns the account so far; it is complete after Flush.
func (p *Packer) Ledger() Ledger { return p.ledger }

// Add packs a document's tokens, which are copied.
func (p *Packer) Add(doc int64, tokens []int32) error {
	if len(tokens) == 0 {
		return nil
	}
	p.ledger.Documents++
	p.ledger.Tokens += int64(len(tokens))
	if p.cfg.Method == BestFit {
		return p.hold(doc, tokens)
	}
	width := p.cfg.SequenceLength + 1
	for len(tokens) > 0 {
		n := min(len(tokens), width-len(p.row.Tokens))
		p.append(doc, tokens[:n])
		tokens = tokens[n:]
		if len(p.row.Tokens) == width {
			if err := p.send(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Flush packs what is held. The next document starts a new row.
func (p *Packer) Flush() error {
	if p.cfg.Method == BestFit {
		return p.fit()
	}
	n := len(p.row.Tokens)
	if n == 0 {
		return nil
	}
	if p.cfg.Tail == TailDrop {
		p.ledger.DroppedTail += int64(n)
		p.clear()
		return nil
	}
	return p.send()
}

func (p *Packer) append(doc int64, tokens []int32) {
	p.row.Docs = append(p.row.Docs, doc)
	p.row.Starts = append(p.row.Starts, int32(len(p.row.Tokens)))
	p.row.Tokens = append(p.row.Tokens, tokens...)
}

// send fills the row up with padding, accounts for it and hands it on.
func (p *Packer) send() error {
	width := p.cfg.SequenceLength + 1
	real := len(p.row.Tokens)
	p.ledger.Rows++
	p.ledger.RowFirst++
	p.ledger.DocumentFirst += int64(len(p.row.Starts) - 1)
	p.ledger.Supervised += int64(real - len(p.row.Starts))
	p.ledger.Padding += int64(width - real)
	if real < width {
		p.row.Docs = append(p.row.Docs, NoDocument)
		p.row.Starts = append(p.row.Starts, int32(real))
		for len(p.row.Tokens) < width {
			p.row.Tokens = append(p.row.Tokens, p.pad)
		}
	}
	err := p.emit(p.row)
	p.clear()
	return err
}

func (p *Packer) clear() {
	p.row.Tokens, p.row.Docs, p.row.Starts = p.row.Tokens[:0], p.row.Docs[:0], p.row.Starts[:0]
}
