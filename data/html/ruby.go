package html

import "golang.org/x/net/html/atom"

// rubyBase are the elements around the base text and groups of annotations: what they
// hold is text, and they break no line.
var rubyBase = map[string]bool{"rb": true, "rtc": true, "rbc": true}

// ruby handles the start of an element inside ruby text, which ends an annotation
// that is open: pages seldom close it. It reports whether there is no more to do.
func (p *page) ruby(name []byte) bool {
	if len(name) > 3 || name[0] != 'r' {
		return false
	}
	base := rubyBase[string(name)]
	if !base && string(name) != "rt" && string(name) != "rp" {
		return false
	}
	for i := len(p.stack) - 1; i > 0 && p.stack[i].elem < 0; i-- {
		if t := p.stack[i].tag; t == atom.Rt || t == atom.Rp {
			for len(p.stack) > i {
				p.pop()
			}
			break
		}
	}
	return base
}
