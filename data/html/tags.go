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
	isNamed               // isAside only because of its class or id
	isWeak                // of a word: isAside alone or beside a word for a box
	isBox                 // of a word: a word for a box
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
		footer colophon share sharing sharebar addthis related recommend recommended recommendation promo promotion
		advert advertisement adsense banner sponsor sponsored cookie cookies consent gdpr popup newsletter
		subscribe subscription login signup signin register pagination pager paginate paging pagenav toolbar copyright
		toc noprint editsection catlinks printfooter reflist references jumbotron shortcut topbar topnav
		friendlink links linklist tagcloud pubinfo searchbox siteSub hatnote signature usersig usertitle userrank postprofile
		jax mjx`) {
		m[w] |= isAside
	}
	for _, w := range strings.Fields(`comment comments commentlist disqus respond reply replies pinglun`) {
		m[w] |= isComment
	}
	for _, w := range strings.Fields(weakKinds) {
		m[w] |= isWeak
	}
	for _, w := range strings.Fields(boxes) {
		m[w] |= isBox
	}
	return m
}()

// weakKinds name such things alone or together with a word for a box, as in
// "ad-slot"; other words beside them make another thing, as in "ad-free", "body-copy",
// "hidden-xs" and "search-result".
const weakKinds = `ad ads adv copy foot hidden hot invisible jump masthead modal overlay rank ranking search sig skip social`

const boxes = `area bar block box btn button container content form holder inner item left link links list main menu outer panel
	right row section slot top unit wrap wrapper widget`

// attributeBits judges the words of a class or id attribute: cut at every
// character that is no letter, and before capitals inside a word.
func attributeBits(value []byte) (bits uint16) {
	var word [24]byte
	var name nameWords
	n := 0
	flush := func() {
		if n > 0 && n <= len(word) {
			k := kinds[string(word[:n])]
			bits |= k &^ (isWeak | isBox)
			switch {
			case k&isWeak != 0:
				name.weak++
			case k&isBox == 0:
				name.others++
			}
		} else if n > 0 {
			name.others++
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
		case c == ' ' || c == '\t' || c == '\n':
			flush()
			bits |= name.end()
		default:
			flush()
		}
	}
	flush()
	return bits | name.end()
}

// nameWords counts the words of one name of a class attribute.
type nameWords struct{ weak, others int }

// end says what the name is and begins the next one.
func (n *nameWords) end() (bits uint16) {
	if n.weak > 0 && n.others == 0 {
		bits = isAside
	}
	*n = nameWords{}
	return bits
}
