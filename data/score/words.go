package score

import (
	"bytes"
	"slices"
	"strings"
)

// hashWord hashes a word without regard to ASCII case, eight bytes at a time.
func hashWord[T string | []byte](w T) uint64 {
	h := uint64(len(w)) * hashStep
	for ; len(w) > 8; w = w[8:] {
		h = mix(h ^ foldASCII(load64(w)))
	}
	var tail uint64
	for i := len(w) - 1; i >= 0; i-- {
		tail = tail<<8 | uint64(w[i])
	}
	return mix(h ^ foldASCII(tail))
}

const hashStep = 0x9e3779b97f4a7c15

// hashAt hashes the text from start to end-1, as it is and as hashWord does. The
// two are equal where there is no capital letter.
func (e *Extractor) hashAt(start, end int) (raw, folded uint64) {
	s, n := e.text, end-start
	raw = uint64(n) * hashStep
	folded = raw
	for ; n > 8; n -= 8 {
		x := load64(s[start:])
		raw, folded = mix(raw^x), mix(folded^foldASCII(x))
		start += 8
	}
	same := raw == folded
	var x uint64
	if start+8 <= len(s) {
		x = load64(s[start:]) & (1<<(8*n) - 1)
	} else {
		for i := end - 1; i >= start; i-- {
			x = x<<8 | uint64(s[i])
		}
	}
	low := foldASCII(x)
	folded = mix(folded ^ low)
	if same && low == x {
		return folded, folded
	}
	return mix(raw ^ x), folded
}

func load64[T string | []byte](s T) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// foldASCII sets bit 5 of each byte that is an ASCII letter (or one of the few
// signs beside them), which makes it lower case.
func foldASCII(x uint64) uint64 {
	const bit6, bit7 = 0x4040404040404040, 0x8080808080808080
	return x | (x&bit6)>>1&^((x&bit7)>>2)
}

func lower(b byte) byte {
	if b >= 'A' && b <= 'Z' {
		return b | 0x20
	}
	return b
}

// mix spreads the bits of x (the finaliser of MurmurHash3).
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// gopherStops are the words of which Gopher wants at least two.
var gopherStops = []string{"the", "be", "to", "of", "and", "that", "have", "with"}

// englishStops are function words that make up a quarter or more of English
// prose; their share tells English from other Latin text. Gopher's come first,
// so that their place is their bit.
var englishStops = append(gopherStops[:8:8], "a", "in", "is", "it", "for", "on",
	"as", "are", "was", "this", "by", "you", "not", "or", "from", "at", "which", "an", "but", "his", "he", "we", "if",
	"i", "my", "can", "will", "they", "has", "when", "were", "their", "all", "your", "so", "what", "no")

// chineseStops are FineWeb-2's stop words for cmn_Hani that are one character.
var chineseStops = []rune("的年在月是和日了於·為有被人中为他與後也而由")

// middleDot is the bit of the one among chineseStops that is no Han character.
var middleDot = uint32(1) << slices.Index(chineseStops, '·')

// policyPhrases are C4's marks of boilerplate.
var policyPhrases = [][]byte{[]byte("terms of use"), []byte("privacy policy"), []byte("cookie policy"), []byte("uses cookies"),
	[]byte("use of cookies"), []byte("use cookies")}

var (
	javascript = []byte("javascript")
	loremIpsum = []byte("lorem ipsum")
)

// boilerplate looks for C4's marks in a line that has a trigger, and counts them
// in f.
func (e *Extractor) boilerplate(f *Features, line string) (found bool) {
	if len(line) > 2000 {
		return false
	}
	l := e.lowered[:0]
	for i := range len(line) {
		l = append(l, lower(line[i]))
	}
	e.lowered = l
	if bytes.Contains(l, javascript) {
		f.ScriptLines++
		found = true
	}
	if bytes.Contains(l, loremIpsum) {
		f.LoremIpsum = true
		found = true
	}
	for _, p := range policyPhrases {
		if bytes.Contains(l, p) {
			f.PolicyLines++
			return true
		}
	}
	return found
}

// readMore are the last words of teasers, by their last character.
var readMore = map[rune][]string{
	'e': {"read more", "Read more", "Read More", "READ MORE"},
	'.': {"read more...", "Read more...", "Read More..."},
	'…': {"read more…", "Read more…", "Read More…"},
	'文': {"阅读全文", "閱讀全文"},
	'多': {"查看更多", "阅读更多"},
	'>': {"更多>>"},
	']': {"[详细]"},
}

// teaser tells whether a line that ends in last ends like a teaser.
func teaser(line string, last rune) bool {
	switch last {
	case 'e', 'E', '.', '…', '文', '多', '>', ']':
		if last == 'E' {
			last = 'e'
		}
		for _, s := range readMore[last] {
			if strings.HasSuffix(line, s) {
				return true
			}
		}
	}
	return false
}
