package html

import (
	"strings"

	"golang.org/x/net/html/atom"
)

// What an element is to the extraction, as bits.
const (
	isBlock   = 1 << iota // breaks the line
	isVoid                // has no content
	isHard                // holds no text of the page, ever
	isAside               // navigation and the like, unless it turns out to be the page
	isHeading             // h1 to h6
	isLeaf                // a paragraph or the like: the article is not narrowed to it
	isComment             // what readers wrote
)

func tagSet(names string, bits uint16, into map[atom.Atom]uint16) {
	for _, n := range strings.Fields(names) {
		if a := atom.Lookup([]byte(n)); a != 0 {
			into[a] |= bits
		}
	}
}

// tagBits tells elements apart; what is not in it is inline.
var tagBits = func() map[atom.Atom]uint16 {
	m := map[atom.Atom]uint16{}
	tagSet(`html body main article section div center p h1 h2 h3 h4 h5 h6 ul ol li dl dt dd table caption thead tbody tfoot
		tr td th pre blockquote address figure figcaption details summary form fieldset legend header footer nav aside menu
		hgroup dialog search frameset noframes`, isBlock, m)
	tagSet(`area base basefont bgsound br col embed frame hr img input link meta param source track wbr keygen`, isVoid, m)
	tagSet(`script style template svg math noscript iframe object applet canvas audio video map select optgroup option
		datalist button textarea label legend head noframes noembed xmp rp rt`, isHard, m)
	tagSet(`nav aside footer menu dialog search`, isAside, m)
	tagSet(`h1 h2 h3 h4 h5 h6`, isHeading, m)
	tagSet(`p h1 h2 h3 h4 h5 h6 li dt dd pre blockquote caption figcaption summary`, isLeaf, m)
	return m
}()

// kinds are words of class and id attributes that name what is not the page's
// own text.
var kinds = func() map[string]uint16 {
	m := map[string]uint16{}
	for _, w := range strings.Fields(`nav navbar navi navigation navbox menu submenu sidebar sidenav breadcrumb breadcrumbs crumb crumbs
		footer foot colophon share sharing sharebar addthis social related recommend recommended recommendation promo promotion
		advert advertisement adsense ad ads adv banner sponsor sponsored cookie cookies consent gdpr popup modal overlay newsletter
		subscribe subscription login signup signin register pagination pager paginate paging pagenav toolbar copyright copy masthead
		skip hidden invisible toc noprint editsection catlinks printfooter reflist references jumbotron shortcut topbar topnav
		friendlink links linklist hot rank ranking tagcloud pubinfo search searchbox siteSub jump hatnote`) {
		m[w] |= isAside
	}
	for _, w := range strings.Fields(`comment comments commentlist disqus respond reply replies pinglun`) {
		m[w] |= isComment
	}
	return m
}()

// attributeBits judges the words of a class or id attribute: cut at every
// character that is no letter, and before capitals inside a word.
func attributeBits(value []byte) (bits uint16) {
	var word [24]byte
	n := 0
	flush := func() {
		if n > 0 && n <= len(word) {
			bits |= kinds[string(word[:n])]
		}
		n = 0
	}
	for i, c := range value {
		upper := c >= 'A' && c <= 'Z'
		switch {
		case upper || c >= 'a' && c <= 'z':
			if upper && i > 0 && value[i-1] >= 'a' && value[i-1] <= 'z' {
				flush()
			}
			if n < len(word) {
				word[n] = c | 0x20
			}
			n++
		default:
			flush()
		}
	}
	flush()
	return bits
}
