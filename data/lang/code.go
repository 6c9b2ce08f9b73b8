package lang

import "strings"

// minCodeLines is the number of lines from which their shape tells program text.
const minCodeLines = 5

// codeStarts begin lines of program text.
var codeStarts = []string{
	"import ", "from ", "func ", "def ", "class ", "return ", "return;", "if (", "for (", "while (", "#include",
	"#define", "package ", "public ", "private ", "static ", "const ", "var ", "let ", "type ", "struct ", "//", "/*", "*/", "} else", "case ", "else:",
}

// codeStartsBy holds codeStarts by their first byte.
var codeStartsBy = func() (t [256][]string) {
	for _, s := range codeStarts {
		t[s[0]] = append(t[s[0]], s)
	}
	return t
}()

// CodeLine tells whether a line without blanks around it reads like program text.
func CodeLine(line string) bool {
	if line == "" {
		return false
	}
	switch line[len(line)-1] {
	case '{', '}', ';':
		return true
	case ')', ']', ':', ',':
		if strings.ContainsAny(line, "=(") && !strings.Contains(line, ". ") {
			return true
		}
	}
	for _, s := range codeStartsBy[line[0]] {
		if strings.HasPrefix(line, s) {
			return strings.ContainsAny(line, "(){};=\"./") || len(line) < 30
		}
	}
	return strings.Contains(line, " := ") || strings.Contains(line, " == ") || strings.Contains(line, "()")
}

// codeLines counts the lines of s that are not blank, and those that read like
// program text.
func codeLines(s string) (lines, code int) {
	for s != "" {
		line := s
		if i := strings.IndexByte(s, '\n'); i >= 0 {
			line, s = s[:i], s[i+1:]
		} else {
			s = ""
		}
		if line = strings.Trim(line, " \t\r"); line == "" {
			continue
		}
		lines++
		if CodeLine(line) {
			code++
		}
	}
	return lines, code
}
