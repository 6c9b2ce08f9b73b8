package pack

import (
	"math/bits"
	"slices"
)

// piece is a document, or a part of one that is longer than a row.
type piece struct {
	doc    int64
	tokens []int32
}

// hold keeps a document for best fit, cut into pieces of at most a row.
func (p *Packer) hold(doc int64, tokens []int32) error {
	width := p.cfg.SequenceLength + 1
	if len(p.arena) > 0 && len(p.arena)+len(tokens) > p.cfg.Window {
		if err := p.fit(); err != nil {
			return err
		}
	}
	from := len(p.arena)
	p.arena = append(p.arena, tokens...)
	// If the arena moved, earlier pieces keep their old memory and stay right.
	for held := p.arena[from:]; len(held) > 0; {
		n := min(len(held), width)
		p.pieces = append(p.pieces, piece{doc, held[:n]})
		held = held[n:]
	}
	return nil
}

// fit packs all held pieces: longest first, each into the fullest row that has
// room. Rows come out in the order in which they were opened.
func (p *Packer) fit() error {
	width := p.cfg.SequenceLength + 1
	slices.SortStableFunc(p.pieces, func(a, b piece) int { return len(b.tokens) - len(a.tokens) })
	var rows [][]piece
	open := newRoom(width)
	for _, pc := range p.pieces {
		free, row := open.take(len(pc.tokens))
		if row < 0 {
			row, free = len(rows), width
			rows = append(rows, nil)
		}
		rows[row] = append(rows[row], pc)
		open.put(free-len(pc.tokens), row)
	}
	for _, r := range rows {
		for _, pc := range r {
			p.append(pc.doc, pc.tokens)
		}
		if err := p.send(); err != nil {
			return err
		}
	}
	p.pieces, p.arena = p.pieces[:0], p.arena[:0]
	return nil
}

// room finds rows by their free places. A bitmap over the free counts makes the
// search for the tightest fit a few words.
type room struct {
	rows [][]int // by free places
	bits []uint64
}

func newRoom(width int) *room {
	return &room{rows: make([][]int, width+1), bits: make([]uint64, width/64+1)}
}

func (r *room) put(free, row int) {
	if free == 0 {
		return
	}
	r.rows[free] = append(r.rows[free], row)
	r.bits[free/64] |= 1 << (free % 64)
}

// take removes and returns the row with the fewest free places that has room for
// n, or -1.
func (r *room) take(n int) (free, row int) {
	word := n / 64
	mask := r.bits[word] &^ (1<<(n%64) - 1)
	for mask == 0 {
		if word++; word == len(r.bits) {
			return 0, -1
		}
		mask = r.bits[word]
	}
	free = word*64 + bits.TrailingZeros64(mask)
	list := r.rows[free]
	row = list[len(list)-1]
	r.rows[free] = list[:len(list)-1]
	if len(list) == 1 {
		r.bits[free/64] &^= 1 << (free % 64)
	}
	return free, row
}
