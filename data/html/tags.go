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
	isAside               // navigation and the like by its tag, its role or because it is hidden, unless it turns out to be the page
	isNamed               // navigation and the like by the words of its class or id
	isHeading             // h1 to h6
	isLeaf                // a paragraph or the like: the article is not narrowed to it
	isComment             // what readers wrote
	isMark                // a permanent link's sign, a number of a line of code: goes wherever it stands
	isLine                // a line of code
	isInner               // an element of a list, table or quotation: its box is that around it
	isBox                 // holds good text without another box between
	isData                // a table of data
	isFact                // facts about the page or a post: only what is short there goes
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
	tagSet(`p h1 h2 h3 h4 h5 h6 ul ol li dl dt dd table caption thead tbody tfoot tr td th pre blockquote figure figcaption`, isInner, m)
	return m
}()

func wordSet(words string, bits uint16, into map[string]uint16) {
	for _, w := range strings.Fields(words) {
		into[w] |= bits
	}
}

// parts are words that name what is not the page's own text wherever they stand
// in a name: navbar, main-menu, sidebar_right.
var parts = func() map[string]uint16 {
	m := map[string]uint16{}
	wordSet(`nav navbar navi navigation navbox menu submenu sidebar sidenav breadcrumb breadcrumbs crumb crumbs footer colophon
		share sharing sharebar addthis social related relatedposts recommend recommended recommendation recommendations promo
		promotion advert advertisement adsense sponsor sponsored cookie cookies consent gdpr popup newsletter subscription login
		signup signin pagination pager paginate paging pagenav copyright masthead noprint editsection catlinks
		printfooter reflist shortcut topbar topnav friendlink friendlinks linklist ranking tagcloud pubinfo hatnote widget
		searchbox searchform`, isNamed, m)
	wordSet(`stats rating ratings meta metadata byline dateline toolbar postinfo articleinfo`, isFact, m)
	wordSet(`comment comments commentlist disqus pinglun`, isComment, m)
	return m
}()

// names are whole names that do the same, but whose words also stand in the
// names of plain text: hidden-xs, ad-free, hot-topic, search-result, body-copy.
var names = func() map[string]uint16 {
	m := map[string]uint16{}
	wordSet(`foot site-foot bottom page-bottom foot-info ad ads adv ad-box adbox ad-banner ad-slot ad-container ad-wrap ad-wrapper ad-unit ads-box adsbygoogle
		banner top-banner cookie-message modal modal-dialog overlay hidden is-hidden invisible visually-hidden sr-only
		screen-reader-text skip skip-link skip-nav skiplink jump-link toc toctitle table-of-contents tableofcontents references
		jumbotron hot hot-list hotlist hot-news hot-rank hotrank rank rank-list search search-box search-form search-bar
		searchbar links link-list friend-link friend-links side side-bar side-box right-side left-side rightside register
		subscribe jump sitesub sign signature sig postprofile pls authi pil pti plm votecell catalog lemma-catalog phase-banner
		skip-content dropdown`, isNamed, m)
	wordSet(`tags tag-list taglist post-tags post-taglist posted-on cat-links post-date pubtime pub-time editor statement user-info
		userinfo user-card usercard author-info authorinfo author-card author-box author-bio vote-count vote reputation user-rank
		usertitle usergroup user-group post-buttons post-menu postdesc post-footer top-tool actions btns buttons tools info
		article-info post-info news-info price stars rating`, isFact, m)
	wordSet(`respond comment-list`, isComment, m)
	wordSet(`headerlink hash-link header-anchor anchor-link anchorjs-link permalink linenos lineno linenodiv line-number
		line-numbers line-numbers-rows gutter hljs-ln-numbers blob-num code-number mw-editsection mathjax_preview mathjax
		mathjax_display mathjax_svg mathjax_chtml mathjax_svg_display mathjax_chtml_display mjx-chtml`, isMark, m)
	wordSet(`line token-line code-line view-line cm-line codemirror-line hljs-ln-line`, isLine, m)
	return m
}()

// plain are first words that turn a name into a property of something else:
// has-sidebar, no-menu.
var plain = map[string]bool{"has": true, "no": true, "with": true, "without": true, "not": true, "hide": true, "show": true, "non": true}

// attributeBits judges a class or id attribute name by name. A name counts as a
// whole and by its words, which end at every character that is no letter and
// before capitals inside.
func attributeBits(value []byte) (bits uint16) {
	for len(value) > 0 {
		n := 0
		for n < len(value) && value[n] > ' ' {
			n++
		}
		if n > 0 {
			bits |= nameBits(value[:n])
		}
		for n < len(value) && value[n] <= ' ' {
			n++
		}
		value = value[n:]
	}
	return bits
}

// longName bounds the names that are known and looked into.
const longName = 64

func nameBits(name []byte) (bits uint16) {
	if len(name) > longName {
		return 0
	}
	var whole, word [longName]byte
	n, first := 0, true
	for i, c := range name {
		upper := c >= 'A' && c <= 'Z'
		whole[i] = c
		if upper {
			whole[i] = c | 0x20
			if i > 0 && name[i-1] >= 'a' && name[i-1] <= 'z' {
				if first && plain[string(word[:n])] {
					return 0
				}
				bits |= parts[string(word[:n])]
				n, first = 0, false
			}
		}
		if upper || c >= 'a' && c <= 'z' {
			word[n] = c | 0x20
			n++
			continue
		}
		if n > 0 {
			if first && plain[string(word[:n])] {
				return 0
			}
			bits |= parts[string(word[:n])]
			n, first = 0, false
		}
	}
	bits |= parts[string(word[:n])]
	w := whole[:len(name)]
	return bits | parts[string(w)] | names[string(w)]
}
