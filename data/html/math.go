package html

import (
	"bytes"
	"strings"

	xhtml "golang.org/x/net/html"
)

// styles begin the TeX that MediaWiki gives as text of a picture.
var styles = [][]byte{[]byte(`{\displaystyle`), []byte(`{\textstyle`), []byte(`{\scriptstyle`)}

func styled(alt []byte) bool {
	for _, s := range styles {
		if bytes.HasPrefix(alt, s) {
			return true
		}
	}
	return false
}

// formula writes the TeX form of a formula between dollar signs, two at each end
// for one on a line of its own. A formula that only repeats the one before it, as
// a picture repeats its MathML, is left out.
func (p *page) formula(tex []byte, display bool) {
	if styled(tex) {
		_, tex, _ = bytes.Cut(tex, []byte("style"))
		tex = bytes.TrimSuffix(bytes.TrimSpace(tex), []byte("}"))
	}
	tex = bytes.TrimSpace(tex)
	for _, d := range []string{"$$", "$"} {
		if inner, ok := bytes.CutPrefix(tex, []byte(d)); ok {
			tex = bytes.TrimSpace(bytes.TrimSuffix(inner, []byte(d)))
		}
	}
	if len(tex) == 0 || p.begun && p.formulaEnd == len(p.text) && bytes.Equal(tex, p.lastFormula) {
		return
	}
	sign := []byte("$")
	if display {
		sign = []byte("$$")
	}
	p.write(sign)
	p.write(tex)
	p.space = false
	p.write(sign)
	p.lastFormula, p.formulaEnd = append(p.lastFormula[:0], tex...), len(p.text)
}

// mathDepth bounds the nesting of MathML that is turned into TeX; deeper
// expressions lose their structure, not their letters.
const mathDepth = 64

// mathNode is an element of MathML: its arguments, each TeX already.
type mathNode struct {
	tag  string
	args []string
}

// math reads to the end of a math element and returns its TeX: that of an
// annotation if there is one, else a plain transcription of its elements.
func (p *page) math(z *xhtml.Tokenizer) []byte {
	stack := []mathNode{{tag: "math"}}
	var annotation []byte
	inTeX, foreign := false, 0
	close := func() {
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		into := &stack[len(stack)-1]
		into.args = append(into.args, top.tex())
	}
	for {
		switch z.Next() {
		case xhtml.ErrorToken:
			for len(stack) > 1 {
				close()
			}
			return pick(annotation, stack[0])
		case xhtml.TextToken:
			switch {
			case inTeX:
				annotation = append(annotation, z.Text()...)
			case foreign == 0:
				if t := strings.TrimSpace(string(z.Text())); t != "" {
					top := &stack[len(stack)-1]
					top.args = append(top.args, t)
				}
			}
		case xhtml.StartTagToken:
			name, more := z.TagName()
			tag := string(name)
			switch {
			case tag == "annotation" || tag == "annotation-xml":
				inTeX = annotation == nil && texAnnotation(z, more)
				foreign++
			case foreign == 0 && len(stack) < mathDepth:
				stack = append(stack, mathNode{tag: tag})
			}
		case xhtml.SelfClosingTagToken:
			if name, _ := z.TagName(); foreign == 0 && string(name) != "mspace" {
				top := &stack[len(stack)-1]
				top.args = append(top.args, "")
			}
		case xhtml.EndTagToken:
			name, _ := z.TagName()
			tag := string(name)
			switch {
			case tag == "math":
				for len(stack) > 1 {
					close()
				}
				return pick(annotation, stack[0])
			case tag == "annotation" || tag == "annotation-xml":
				inTeX, foreign = false, max(foreign-1, 0)
			case foreign == 0 && len(stack) > 1 && stack[len(stack)-1].tag == tag:
				close()
			}
		}
	}
}

func pick(annotation []byte, root mathNode) []byte {
	if len(bytes.TrimSpace(annotation)) > 0 {
		return annotation
	}
	return []byte(root.tex())
}

// texAnnotation reports whether an annotation's encoding is TeX.
func texAnnotation(z *xhtml.Tokenizer, more bool) bool {
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		if string(key) == "encoding" {
			return bytes.Contains(bytes.ToLower(value), []byte("tex"))
		}
	}
	return false
}

func (n mathNode) arg(i int) string {
	if i < len(n.args) {
		return n.args[i]
	}
	return ""
}

// group puts braces around what is more than one character.
func group(s string) string {
	if len([]rune(s)) == 1 {
		return s
	}
	return "{" + s + "}"
}

func (n mathNode) tex() string {
	switch n.tag {
	case "msup", "mover":
		return n.arg(0) + "^" + group(n.arg(1))
	case "msub", "munder":
		return n.arg(0) + "_" + group(n.arg(1))
	case "msubsup", "munderover":
		return n.arg(0) + "_" + group(n.arg(1)) + "^" + group(n.arg(2))
	case "mfrac":
		return `\frac{` + n.arg(0) + "}{" + n.arg(1) + "}"
	case "msqrt":
		return `\sqrt{` + strings.Join(n.args, "") + "}"
	case "mroot":
		return `\sqrt[` + n.arg(1) + "]{" + n.arg(0) + "}"
	case "mtr":
		return strings.Join(n.args, " & ")
	case "mtable":
		return `\begin{matrix}` + strings.Join(n.args, ` \\ `) + `\end{matrix}`
	case "mtext":
		return `\text{` + strings.Join(n.args, " ") + "}"
	}
	return strings.Join(n.args, "")
}
