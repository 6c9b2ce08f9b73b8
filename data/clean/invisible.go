package clean

const (
	zeroWidthSpace     = '\u200b'
	zeroWidthNonJoiner = '\u200c'
	zeroWidthJoiner    = '\u200d'
)

// invisible tells whether r shows nothing by itself: soft hyphen, zero-width
// space, joiners, marks of direction, invisible operators.
func invisible(r rune) bool {
	return r == 0xad || r == 0x180e || r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e ||
		r >= 0x2060 && r <= 0x2064 || r >= 0x2066 && r <= 0x2069
}

// shapes tells whether the invisible r changes what a reader sees between the
// text written so far and rest.
func (c *Cleaner) shapes(r rune, rest string) bool {
	prev := c.lastRune()
	switch r {
	case zeroWidthJoiner:
		return joins(prev) || isEmoji(prev) && isEmoji(firstRune(rest))
	case zeroWidthNonJoiner:
		return joins(prev)
	case zeroWidthSpace:
		return unspaced(prev) && unspaced(firstRune(rest))
	}
	return false
}

// joins tells whether the shape of a letter depends on its neighbours in the
// script of r: Arabic, Syriac, N'Ko, the scripts of India and Sri Lanka, Mongolian.
func joins(r rune) bool {
	return r >= 0x600 && r <= 0x7ff || r >= 0x860 && r <= 0xdff || r >= 0x1800 && r <= 0x18af && r != 0x180e
}

// unspaced tells whether r belongs to a script of South-East Asia whose words
// are parted by zero-width spaces, if at all.
func unspaced(r rune) bool {
	return r >= 0xe00 && r <= 0xfff || r >= 0x1000 && r <= 0x109f || r >= 0x1780 && r <= 0x17ff || r >= 0x19e0 && r <= 0x19ff
}

// isEmoji tells whether r may stand beside a joiner in an emoji sequence.
func isEmoji(r rune) bool {
	return r >= 0x1f000 && r <= 0x1faff || r >= 0x2190 && r <= 0x2bff || r == 0xfe0f
}
