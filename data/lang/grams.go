package lang

import "unicode/utf8"

const (
	maxWidth = 6   // words of a row in the widest model
	flush    = 128 // additions before the lanes, which hold 257 costs, move to the totals
	evenMask = 0x00ff00ff00ff00ff

	// plain is how much more than the best the second-best language must cost
	// in a part, in nats, for the rest of the part to be left unread.
	plain = 80

	// longRun is how long a run of ASCII characters without a blank may be for
	// its letters to count. Longer ones are encoded bytes and addresses, and one
	// of those can outweigh all words of a text.
	longRun = 50
)

// tally sums the costs of a text in every language of a model. Sixteen-bit lanes
// add eight languages in two additions; they move to totals before they overflow.
type tally struct {
	m         *model
	even, odd [maxWidth]uint64
	waiting   int
	costs     [maxWidth * 8]int64
	before    [maxWidth * 8]int64 // costs before this part
	letters   int
}

func (t *tally) reset(m *model) { *t = tally{m: m} }

// add scores the letters of s. It stops early once the languages lie so far
// apart that more text could hardly change the answer.
func (t *tally) add(s string) {
	m := t.m
	t.before = t.costs
	var key uint32
	codes := m.codes
	for i, next := 0, 0; i < len(s); {
		if i >= next {
			if next = runEnd(s, i); next-i > longRun {
				key, i = 0, next
				continue
			}
		}
		r, n := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(s[i:])
		}
		i += n
		if int(r) >= len(codes) || codes[r] == 0 {
			key = 0
			continue
		}
		key = key<<8 | uint32(codes[r])
		if row, ok := m.find(key); ok {
			t.letters++
			t.addRow(m.rows[row : row+uint32(m.width)])
			if t.waiting++; t.waiting == flush {
				if t.flush(); t.decided() {
					return
				}
			}
		}
	}
	t.flush()
}

// runEnd returns the end of the run of ASCII characters without a blank that
// begins at i, or i+1 where none does.
func runEnd(s string, i int) int {
	j := i
	for j < len(s) && s[j] > ' ' && s[j] < utf8.RuneSelf {
		j++
	}
	return max(j, i+1)
}

// addRow adds the costs of one letter. The widest rows have their own loop, whose
// bounds the compiler knows.
func (t *tally) addRow(row []uint64) {
	if len(row) == maxWidth {
		for k, x := range (*[maxWidth]uint64)(row) {
			t.even[k] += x & evenMask
			t.odd[k] += x >> 8 & evenMask
		}
		return
	}
	for k, x := range row {
		t.even[k] += x & evenMask
		t.odd[k] += x >> 8 & evenMask
	}
}

// decided tells whether the part read so far leaves no doubt.
func (t *tally) decided() bool {
	least, second := int64(1)<<62, int64(1)<<62
	for l := range t.m.languages {
		switch c := t.costs[l] - t.before[l]; {
		case c < least:
			least, second = c, least
		case c < second:
			second = c
		}
	}
	return second-least > plain*step
}

func (t *tally) flush() {
	for k := range t.m.width {
		for lane := range 4 {
			t.costs[k*8+lane*2] += int64(t.even[k] >> (lane * 16) & 0xffff)
			t.costs[k*8+lane*2+1] += int64(t.odd[k] >> (lane * 16) & 0xffff)
		}
	}
	t.even, t.odd, t.waiting = [maxWidth]uint64{}, [maxWidth]uint64{}, 0
}
