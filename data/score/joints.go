package score

// inside tells what an ASCII mark between two word characters does.
type inside uint8

const (
	splits     inside = iota
	joins             // is part of the word
	joinsDot          // but between a small and a capital letter
	joinsComma        // but between letters
	joinsDash         // but between letters and between digits
	joinsColon        // but before a letter
	joinsPlus         // but between digits
)

var insideOf = [128]inside{'\'': joins, '&': joins, '@': joins, '.': joinsDot, ',': joinsComma, '-': joinsDash, '~': joinsDash,
	':': joinsColon, '=': joinsColon, '/': joinsColon, '<': joinsColon, '>': joinsColon, '+': joinsPlus, '*': joinsPlus, '^': joinsPlus}

// joinsAt tells whether the ASCII mark at i, after a word character, is part of
// the word.
func (e *Extractor) joinsAt(i int) bool {
	after := e.kindAt(i + 1)
	if after == 0 {
		return false
	}
	before := asciiKind[e.text[i-1]]
	if before == 0 {
		before = kindWide
	}
	digits := 0
	if before == kindDigit {
		digits++
	}
	if after == kindDigit {
		digits++
	}
	switch insideOf[e.text[i]] {
	case joinsDot:
		return before != kindSmall || after != kindCapital
	case joinsComma:
		return digits > 0
	case joinsDash:
		return digits == 1
	case joinsColon:
		return after == kindDigit
	case joinsPlus:
		return digits < 2
	}
	return true
}

// clitic looks for 's, n't, 'll and the like at the apostrophe at i, of n bytes.
// It emits the word before and the clitic and returns where that ends, or
// returns 0.
func (e *Extractor) clitic(start, i, n int, w unit) int {
	s := e.text
	from, end := i, i+n
	for end < len(s) && asciiKind[s[end]]&(kindSmall|kindCapital) != 0 {
		end++
	}
	if e.kindAt(end) != 0 {
		return 0
	}
	switch tail := s[i+n : end]; len(tail) {
	case 1:
		switch lower(tail[0]) {
		case 's', 'm', 'd':
		case 't':
			if lower(s[i-1]) != 'n' || w.chars < 2 {
				return 0
			}
			from--
		default:
			return 0
		}
	case 2:
		switch a, b := lower(tail[0]), lower(tail[1]); {
		case a == 'r' && b == 'e', a == 'v' && b == 'e', a == 'l' && b == 'l':
		default:
			return 0
		}
	default:
		return 0
	}
	cut := unit{chars: i - from, kinds: kindSmall}
	w.chars -= cut.chars
	e.emit(start, from, w)
	e.markInWord(&cut, n&1)
	if n > 1 {
		cut.marks = 0
	}
	cut.chars += end - i - n
	for _, b := range []byte(s[i+n : end]) {
		cut.kinds |= asciiKind[b]
	}
	e.count(i+n, end, cut.kinds)
	e.emit(from, end, cut)
	return end
}
