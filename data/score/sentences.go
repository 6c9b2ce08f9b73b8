package score

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// wrapWidth is the length in bytes from which a line that goes on in lower case
// counts as one that an editor broke.
const wrapWidth = 40

// mayEnd marks the bytes that a sentence may end at, or that begin a character
// that one may end at.
var mayEnd = func() (t [256]bool) {
	for _, b := range []byte("\n.!?:\xe2\xe3\xef") {
		t[b] = true
	}
	return t
}()

// sentences cuts the paragraph from start to end-1.
func (e *Extractor) sentences(start, end int) {
	s := e.text[:end]
	from, line := start, start
	for i := start; i < end; {
		b := s[i]
		if !mayEnd[b] {
			i++
			continue
		}
		stop, next := 0, i+1
		switch b {
		case '\n':
			if i-line < wrapWidth || !smallAt(s, i+1) {
				stop = i
			}
			line = i + 1
		case ':':
			if strings.HasPrefix(s[i:], "://") {
				next = linkEnd(s, i+3)
			}
		case '.', '!', '?':
			stop, next = asciiEnd(s, from, i)
		default:
			stop, next = wideEnd(s, i)
		}
		if stop > 0 {
			e.sentence(from, stop)
			from, next = stop, max(next, stop)
		}
		i = next
	}
	e.sentence(from, end)
}

// smallAt tells whether the text goes on with a small letter at i.
func smallAt(s string, i int) bool {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	if i >= len(s) {
		return false
	}
	if s[i] < utf8.RuneSelf {
		return asciiKind[s[i]] == kindSmall
	}
	r, _ := utf8.DecodeRuneInString(s[i:])
	return unicode.IsLower(r)
}

// linkEnd returns where the link ends whose address begins at i: before the
// marks that end it together with the sentence.
func linkEnd(s string, i int) int {
	start := i
	for i < len(s) && s[i] > ' ' && s[i] < 0x7f {
		i++
	}
	for i > start && strings.IndexByte(".,!?;:)'\"]}", s[i-1]) >= 0 {
		i--
	}
	return i
}

// endMark tells whether r ends sentences.
func endMark(r rune) bool {
	switch r {
	case '.', '!', '?', '…', '。', '！', '？', '；', '．', '｡':
		return true
	}
	return false
}

// closer tells whether r closes a quotation or a bracket behind an end mark.
func closer(r rune) bool {
	switch r {
	case '"', '\'', ')', ']', '}', '”', '’', '»', '）', '］', '】', '》', '〉', '」', '』', '〕', '＂':
		return true
	}
	return false
}

// behind takes the run of end marks that starts at i and the closers behind it.
func behind(s string, i int) (marks, closed int) {
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		if !endMark(r) {
			break
		}
		i += n
	}
	marks = i
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		if !closer(r) {
			break
		}
		i += n
	}
	return marks, i
}

// wideEnd looks at the character beyond ASCII at i. It returns where the
// sentence ends with it, or 0, and where to look on.
func wideEnd(s string, i int) (stop, next int) {
	r, n := utf8.DecodeRuneInString(s[i:])
	if !endMark(r) {
		return 0, i + n
	}
	marks, closed := behind(s, i)
	after, _ := utf8.DecodeRuneInString(s[closed:])
	switch {
	case closed == len(s):
	case strings.ContainsRune("，、：；,;:", after): // “走！”，他说
		return 0, closed
	case r == '．' && marks == i+n && unicode.IsDigit(after):
		return 0, closed
	case r == '…' && marks == i+n && closed == marks && !unicode.IsSpace(after): // 我…我
		return 0, closed
	case r == '…' && smallAt(s, closed):
		return 0, closed
	}
	return closed, closed
}

// asciiEnd looks at the mark . ! or ? at i of the sentence that starts at from.
func asciiEnd(s string, from, i int) (stop, next int) {
	marks, closed := behind(s, i)
	if closed == len(s) {
		return closed, closed
	}
	after, _ := utf8.DecodeRuneInString(s[closed:])
	dot := s[i] == '.'
	if !unicode.IsSpace(after) {
		switch classOf(after) {
		case classHan, classKana:
		default:
			return 0, closed
		}
		if word := lastWord(s[from:i]); dot && closed == i+1 && (numeric(word) || len(word) == 1 || initials(word)) { // 1.总则
			return 0, closed
		}
		return closed, closed
	}
	rest := strings.TrimLeft(s[closed:], " \t\r\n\u3000")
	if (dot || closed > marks) && smallAt(rest, 0) {
		return 0, closed
	}
	if dot && closed == i+1 && abbreviated(s[from:i], rest) {
		return 0, closed
	}
	return closed, closed
}
