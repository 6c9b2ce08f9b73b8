package html

import (
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// formulaReader reads the formula that a math element or a script of MathJax holds.
// Its TeX form is taken from where pages give it: an annotation, the attribute alttext,
// the script itself. A formula in MathML alone is written as TeX, as well as that goes
// element by element.
type formulaReader struct {
	script bool // the start tag read last is a script that holds TeX
	tag    atom.Atom
	shown  bool
	alt    string

	annotated, inTeX bool
	tex              strings.Builder
	nodes            []mathNode // open elements, the math element first
}

// mathNode is an open element of MathML, with what its children are in TeX.
type mathNode struct {
	name     string
	children []string
}

func (m *formulaReader) reset() {
	m.script, m.tag, m.alt, m.annotated, m.inTeX, m.nodes = false, 0, "", false, false, nil
	m.tex.Reset()
}

func (m *formulaReader) reading() bool { return m.tag != 0 }

// begin begins a formula, which is part of the page if it is shown.
func (m *formulaReader) begin(tag atom.Atom, shown bool) {
	m.tag, m.shown = tag, shown
	m.nodes = append(m.nodes[:0], mathNode{name: "mrow"})
}

// maxMathDepth bounds the open elements of a formula; what is deeper is text.
const maxMathDepth = 64

func (m *formulaReader) start(name string, z *xhtml.Tokenizer, more bool) {
	tex := false
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		tex = tex || string(key) == "encoding" && strings.Contains(strings.ToLower(string(value)), "tex")
	}
	switch {
	case name == "annotation" || name == "annotation-xml":
		m.inTeX, m.annotated = tex, m.annotated || tex
		fallthrough
	default:
		if len(m.nodes) < maxMathDepth {
			m.nodes = append(m.nodes, mathNode{name: name})
		}
	}
}

func (m *formulaReader) text(b []byte) {
	if m.inTeX || m.tag == atom.Script {
		m.tex.Write(b)
		return
	}
	if t := strings.Join(strings.Fields(string(b)), " "); t != "" {
		n := &m.nodes[len(m.nodes)-1]
		n.children = append(n.children, t)
	}
}

// finish ends an element. When that is the formula itself, ended is true and tex its
// TeX form, or empty where the page does not show it.
func (m *formulaReader) finish(tag atom.Atom) (tex string, ended bool) {
	m.inTeX = false
	if tag != m.tag {
		m.close()
		return "", false
	}
	for len(m.nodes) > 1 {
		m.close()
	}
	shown := m.shown
	switch {
	case m.annotated || m.tag == atom.Script:
		tex = m.tex.String()
	case m.alt != "":
		tex = m.alt
	default:
		tex = strings.Join(m.nodes[0].children, " ")
	}
	m.reset()
	if !shown {
		return "", true
	}
	return strings.TrimSpace(tex), true
}

// close ends the innermost open element.
func (m *formulaReader) close() {
	last := len(m.nodes) - 1
	if last < 1 {
		return
	}
	n := m.nodes[last]
	m.nodes = m.nodes[:last]
	if t := n.tex(); t != "" {
		up := &m.nodes[last-1]
		up.children = append(up.children, t)
	}
}

// tex writes an element of MathML.
func (n *mathNode) tex() string {
	arg := func(i int) string {
		if i >= len(n.children) {
			return "{}"
		}
		if len([]rune(n.children[i])) == 1 {
			return n.children[i]
		}
		return "{" + n.children[i] + "}"
	}
	switch n.name {
	case "annotation", "annotation-xml":
		return ""
	case "msup", "mover":
		return arg(0) + "^" + arg(1)
	case "msub", "munder":
		return arg(0) + "_" + arg(1)
	case "msubsup", "munderover":
		return arg(0) + "_" + arg(1) + "^" + arg(2)
	case "mfrac":
		return `\frac` + braced(arg(0)) + braced(arg(1))
	case "msqrt":
		return `\sqrt{` + strings.Join(n.children, " ") + "}"
	case "mroot":
		return `\sqrt[` + strings.Trim(arg(1), "{}") + "]" + braced(arg(0))
	case "mtr":
		return strings.Join(n.children, " & ")
	case "mtable":
		return strings.Join(n.children, ` \\ `)
	}
	return strings.Join(n.children, " ")
}

func braced(s string) string {
	if strings.HasPrefix(s, "{") {
		return s
	}
	return "{" + s + "}"
}
