package lang

import "strings"

const (
	// minCodeLines is the number of lines from which their shape tells program
	// text.
	minCodeLines = 5
	// codeLeast is the share of lines that read like program text from which a
	// text is some. Where half of the lines are indented and symbols are many,
	// indentLeast is enough: languages without braces have plain lines.
	codeLeast    = 0.5
	indentLeast  = 0.3
	indented     = 0.5
	symbolsLeast = 0.05
)

// codeStarts begin lines of program text that also hold a sign.
var codeStarts = []string{
	"import ", "from ", "func ", "def ", "class ", "return ", "return;", "if (", "for (", "while (",
	"package ", "public ", "private ", "static ", "const ", "var ", "let ", "type ", "struct ", "//", "/*", "*/", "} else", "case ", "else:",
	"if ", "elif ", "while ", "for ", "with ", "try:", "try ", "except ", "except:", "assert ", "raise ", "yield ", "async ", "await ",
	"print ", "print(", "del ", "extern ", "typedef ", "self.", "fn ", "local ", "function ", "use ", "mod ", "pub ", "impl ", "@",
	"#include", "#define", "#if", "#endif", "#else", "#undef", "#pragma",
}

// codeStartsBy holds codeStarts by their first byte.
var codeStartsBy = func() (t [256][]string) {
	for _, s := range codeStarts {
		t[s[0]] = append(t[s[0]], s)
	}
	return t
}()

// codeSymbol marks the signs that prose has few of, and nameByte those of a
// name with its fields and indices.
var codeSymbol, nameByte = func() (symbol, name [256]bool) {
	for _, b := range []byte("(){}[]=<>;_&|\\+^~\"`") {
		symbol[b] = true
	}
	for b := range 128 {
		c := byte(b)
		name[b] = c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '[' || c == ']' || c == '\'' || c == '"'
	}
	return symbol, name
}()

// codeLine tells whether a line without blanks around it, which is not empty,
// reads like program text.
func codeLine(line string) bool {
	last := line[len(line)-1]
	if markup(line, last) {
		return false
	}
	switch last {
	case '{', '}', ';':
		return true
	case ')', ']', ':', ',':
		if strings.ContainsAny(line, "=(") && !strings.Contains(line, ". ") {
			return true
		}
	}
	for _, s := range codeStartsBy[line[0]] {
		if strings.HasPrefix(line, s) {
			return last != '.' && strings.ContainsAny(line, "(){}[];=\"./_<>") || len(line) < 30 && line[0] != '@'
		}
	}
	return assigns(line) || strings.Contains(line, " := ") || strings.Contains(line, " == ") || strings.Contains(line, "()")
}

// markup tells whether line is an item of a list or a row of a table, as in
// Markdown, where links and names of functions look like calls, or a field of a
// BibTeX entry.
func markup(line string, last byte) bool {
	switch line[0] {
	case '-', '*', '+':
		return len(line) > 1 && line[1] == ' '
	case '|':
		return last == '|'
	}
	if last != ',' && last != '}' {
		return false
	}
	_, value, _ := strings.Cut(line, "=")
	return strings.HasPrefix(strings.TrimLeft(value, " "), "{") && strings.HasSuffix(strings.TrimSuffix(value, ","), "}")
}

// assigns tells whether line gives a value to a name: a.b = c, n += 1.
func assigns(line string) bool {
	i := 0
	for i < len(line) && nameByte[line[i]] {
		i++
	}
	if i == 0 || line[0] >= '0' && line[0] <= '9' {
		return false
	}
	if i < len(line) && line[i] == ' ' {
		i++
	}
	if i < len(line) && strings.IndexByte("-+*/|&", line[i]) >= 0 {
		i++
	}
	return i+1 < len(line) && line[i] == '='
}

// codeShape is what the lines of a text look like. Counts are of lines that are
// not blank, and of bytes that are not.
type codeShape struct {
	lines, code, indented int
	bytes, symbols        int
	fences                bool // of Markdown, whose code stands in prose

	// Lines that read like SQL or like a template and no other program text, and
	// whether one has what only those have.
	sql, template int
	statement     bool // of SQL
	tags          int  // lines with the tags of a template
}

func (c *codeShape) add(s string) {
	for s != "" {
		line := s
		if i := strings.IndexByte(s, '\n'); i >= 0 {
			line, s = s[:i], s[i+1:]
		} else {
			s = ""
		}
		trimmed := strings.Trim(line, " \t\r")
		if trimmed == "" {
			continue
		}
		c.lines++
		if line[0] == '\t' || strings.HasPrefix(line, "    ") {
			c.indented++
		}
		c.judge(trimmed)
		c.fences = c.fences || strings.HasPrefix(trimmed, "```")
		for i := range len(trimmed) {
			if codeSymbol[trimmed[i]] {
				c.symbols++
			}
		}
		c.bytes += len(trimmed)
	}
}

// judge counts a line by what it reads like.
func (c *codeShape) judge(line string) {
	code := codeLine(line)
	if code {
		c.code++
	}
	tagged := templateTag(line)
	if tagged {
		c.tags++
	}
	if !code && (tagged || line[0] == '<' && line[len(line)-1] == '>') {
		c.template++
		return
	}
	sql, statement := sqlLine(line)
	c.statement = c.statement || statement
	if !code && sql {
		c.sql++
	}
}

// share tells how surely the text is program text; 0: it is none.
func (c *codeShape) share() float64 {
	n := float64(c.lines)
	code := c.code
	switch {
	case c.statement && c.lines >= minSQLLines:
		code += c.sql
	case c.lines < minCodeLines:
		return 0
	case c.tags >= 2 && float64(c.tags) >= tagsLeast*n:
		code += c.template
	}
	share := float64(code) / n
	if c.lines < minCodeLines && share < 1 {
		return 0
	}
	if share >= codeLeast {
		return share
	}
	if share >= indentLeast && !c.fences && float64(c.indented) >= indented*n && float64(c.symbols) >= symbolsLeast*float64(c.bytes) {
		return codeLeast
	}
	return 0
}
