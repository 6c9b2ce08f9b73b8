package clean

import "strings"

// citationWords stand in brackets behind claims and headings of encyclopedias.
var citationWords = []string{"edit", "citation needed", "clarification needed", "when?", "who?", "编辑", "編輯", "来源请求", "來源請求"}

// dropCitations removes [12], [3, 4], [5-7] and the words above in brackets. It
// takes indices of program code for citations too, so it is for prose.
func (c *Cleaner) dropCitations(s string) string {
	i := strings.IndexByte(s, '[')
	if i < 0 {
		return s
	}
	c.buf = c.buf[:0]
	from := 0
	for i < len(s) {
		if n := citation(s[i:]); n > 0 {
			c.counts.Citations++
			c.buf = append(c.buf, s[from:i]...)
			i += n
			from = i
		} else {
			i++
		}
		next := strings.IndexByte(s[i:], '[')
		if next < 0 {
			break
		}
		i += next
	}
	if from == 0 {
		return s
	}
	c.buf = append(c.buf, s[from:]...)
	return string(c.buf)
}

// longestCitation is how far behind the opening bracket a closing one may stand,
// in bytes.
const longestCitation = 30

// searched is what is searched for the end of the mark at the start of s: a text of
// brackets alone would be searched to its end for every one of them.
func searched(s string) string { return s[:min(len(s), longestCitation+1)] }

// citation returns the length of the citation mark at the start of s, or 0.
func citation(s string) int {
	end := strings.IndexByte(searched(s), ']')
	if end < 2 {
		return 0
	}
	inside := s[1:end]
	for _, w := range citationWords {
		if inside == w {
			return end + 1
		}
	}
	digits := 0
	for i := 0; i < len(inside); i++ {
		switch b := inside[i]; {
		case b >= '0' && b <= '9':
			if digits++; digits > 3 || digits == 1 && b == '0' { // nobody counts sources from zero
				return 0
			}
		case (b == ',' || b == '-' || b == ' ') && i > 0 && i < len(inside)-1:
			digits = 0
		default:
			return 0
		}
	}
	return end + 1
}
