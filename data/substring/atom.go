package substring

import "strings"

// atoms finds the parts of a text of which a part alone is worth nothing: fenced
// blocks of Markdown, whose closing line would open another block, and tables,
// whose rows need their head. Each span goes from the start of its first line to
// the end of its last.
func atoms(text string) (out []Span) {
	fence, fenceStart := "", 0
	tableStart, tableEnd, rows := 0, 0, 0
	endTable := func() {
		if rows > 1 {
			out = append(out, Span{Start: int32(tableStart), End: int32(tableEnd)})
		}
		rows = 0
	}
	for start := 0; start < len(text); {
		end := len(text)
		if i := strings.IndexByte(text[start:], '\n'); i >= 0 {
			end = start + i
		}
		line := strings.TrimLeft(text[start:end], " \t>")
		mark := fenceMark(line)
		switch {
		case fence != "":
			if strings.HasPrefix(mark, fence) && strings.TrimRight(line, " \t\r") == mark {
				out = append(out, Span{Start: int32(fenceStart), End: int32(end)})
				fence = ""
			}
		case mark != "":
			endTable()
			fence, fenceStart = mark, start
		case strings.HasPrefix(line, "|"):
			if rows == 0 {
				tableStart = start
			}
			rows++
			tableEnd = end
		default:
			endTable()
		}
		start = end + 1
	}
	if fence == "" { // the lines after a fence that nothing closes are ordinary
		endTable()
	}
	return out
}

// fenceMark returns the three or more backticks or tildes that a line starts with.
func fenceMark(line string) string {
	for _, c := range []string{"`", "~"} {
		if n := len(line) - len(strings.TrimLeft(line, c)); n >= 3 {
			return line[:n]
		}
	}
	return ""
}
