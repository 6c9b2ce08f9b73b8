package html

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/atom"
)

// label says what a short block announces.
type label uint8

const (
	noLabel       label = iota
	metaLabel           // facts about the page or a post: date, author, category, tags, count of views
	asideLabel          // other pages: related, most read
	commentsLabel       // what readers wrote
)

// labelLetters bounds the blocks that are looked at as labels.
const labelLetters = 150

// labels are the usual wordings, in English and Chinese, at the beginning of a
// short block; a wording with $ must be the whole of it. They are facts about how
// sites are made, gathered from the systems that make most of them.
var (
	asideLabels = regexp.MustCompile(`(?i)^[\s【\[（(«»>·•|]*(?:related(?: (?:articles?|posts?|stories|content|pages|products?|questions|topics|links|reading))?|` +
		`you (?:may|might) also (?:like|be interested in|enjoy)|(?:most|more) (?:read|popular|viewed|from|stories|on this story|in this section|like this)|` +
		`read (?:more|also|next)|see also|popular (?:posts|articles|now)|recent (?:posts|comments|articles|news)|` +
		`recommended(?: for you| reading)?|trending(?: now)?|top stories|latest (?:news|posts|articles|stories)|what to read next|` +
		`customers (?:who|also) .*|(?:hot network|linked|similar) questions|linked|elsewhere on .*|share(?: this)?(?: (?:article|post|page|recipe|on|via|story))?.{0,12}|` +
		`follow us|in this article|on this page|table of contents|contents|who is online|newsletter|join the list|sign up.{0,30}|` +
		`相关(?:阅读|文章|新闻|推荐|链接|资讯|主题|帖子|词条|商品|问题|内容|视频|专题|报道|标签|产品|下载|搜索|书籍|作品)|延伸阅读|推荐(?:阅读|文章|新闻|商品|菜谱|内容)?|` +
		`热门(?:文章|新闻|推荐|标签|话题|评论|搜索|点击|帖子|词条|商品|问题)?|热点(?:新闻|排行|推荐)?|(?:点击|阅读|热度|新闻|热搜|下载|本周|今日|人气)?排行榜?|猜你喜欢|` +
		`大家都在[做看搜聊买]|你可能(?:也|还)?(?:喜欢|感兴趣).{0,6}|为您?推荐|为你推荐|最新(?:文章|评论|新闻|资讯|发布|更新|帖子|回复)|看了又看|编辑推荐|精彩推荐|友情链接|` +
		`分享到|分享至|目录|公告|参考(?:资料|文献)|外部链接|references|external links|网站地图|快速导航|本文目录|文章目录|扫码.{0,12}|(?:热门)?标签云|栏目导航|词条统计|其他人还看了)[\s】\])）:：>»…!！.]*$`)
	commentLabels = regexp.MustCompile(`(?i)^[\s【\[（(]*(?:(?:\d+ |all |user |reader |leave a |post a |add a |show |no )?(?:comments?|repl(?:y|ies))(?: \(?\d+\)?)?(?: (?:on|to) .*)?|\d+ responses?(?: to .*)?|\d+ thoughts? on .*|` +
		`join the (?:discussion|conversation)|` +
		`(?:网友|用户|全部|最新|精彩|热门|文章|读者|发表|热评|共?\d+条|参与|我要|添加|写下?你?的?|所有)?(?:评论|留言|跟帖)(?:区|列表)?(?:\s*[（(]?\s*\d+\s*条?[)）]?)?|\d+\s*条?(?:评论|留言|跟帖))[\s】\])）:：]*$`)
	// counts stand over lists of answers, also as headings.
	countLabels = regexp.MustCompile(`(?i)^(?:共\s*)?\d+ ?(?:answers?|comments?|replies|responses?|[个条则]?(?:回答|回复|评论|答案|跟帖|留言))(?: sorted by.*)?$`)
	// buttons are words of which rows of them are made.
	buttons = regexp.MustCompile(`(?is)^(?:[\s|·/]*(?:我来答|我要回答|分享|举报|收藏|点赞|评论|收起|展开|已赞过|已踩过|赞同|反对|感谢|回复|引用|只看(?:楼主|该作者)|来自手机版|来自.{0,8}客户端|阅读原文|阅读\s*[\d.]+.?\+?|在看\s*\d*|end|完|默认排序|按时间排序|` +
		`点击(?:上方|下方|蓝字).{0,16}关注.{0,10}|长按.{0,20}(?:二维码|关注).{0,12}|微信扫一扫.{0,20}|share|reply|quote|report|like|save|print|follow|delete|flag|edit|permalink|tweet|email))+[\s|·/]*$`)
	metaLabels = regexp.MustCompile(`(?i)^[\s【\[（(»«|·]*(?:(?:posted|published|written|updated|last (?:updated|modified|edited)|filed under|tagged|tags|categor(?:y|ies)|labels|topics|author|source|photo(?:graph)?s?|asked|answered|modified|viewed|edited|joined|posts|views|sorted by)[\s:：](?:.{0,120})|(?-i:By [A-Z]).{0,60}|` +
		`(?:\d+ (?:answers?|views?|comments?|replies|shares|likes|votes?|min(?:ute)?s? read))|advertisement|sponsored|add a comment|edit(?: this page)?|print(?: this page)?|reply|quote|share|report|tags?|copy|subscribe|follow|log ?in|sign (?:in|up)|loading.{0,3}|previous(?: .*)?|next(?: .*)?|back to top|top|close|` +
		`(?:作者|来源|文章来源|稿源|记者|编辑|责编|责任编辑|校对|审核|发布(?:时间|日期|者|单位|机构|人)?|更新(?:时间|日期)?|时间|日期|浏览(?:次数|量)?|阅读(?:量|数|次数)?|点击(?:数|次数)?|查看|回复|访问量|字体|字号|分类|标签|关键词|栏目|所属分类|上一篇|下一篇|上一页|下一页|上一章|下一章|本文链接|本文地址|原文链接|转载请注明.{0,20}|版权声明|当前位置|您?的?(?:当前)?位置|您(?:现在)?所?在的?位置|楼主|索引号|信息分类|发文机关|文号|点赞|收藏|举报|免责声明|声明)\s*[:：(（\[].*|` +
		`(?:积分|帖子|主题|精华|威望|金币|金钱|贡献|在线时间|注册时间|最后登录|阅读权限)[\s:：]*\d.*|` +
		`发表于.*|编辑于.*|发布于.*|posted @.*|本文由.{0,30}|打印|关闭|收藏|分享|编辑|播报|返回顶部|回到顶部|展开全文|查看更多|加载更多|查看全部.{0,16}|登录|注册|广告|赞同.{0,12}|添加评论|写回答|关注(?:者|问题)?|【?打印】?.{0,12}|被浏览.{0,12}|微信扫一扫.{0,20})[\s】\])）]*$`)
	dates = regexp.MustCompile(`\d{4}\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}|\b\d{1,2}:\d{2}\b|(?i)\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*\.? \d{1,2},? (?:\d{4}|at)\b|\b\d{1,2} (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* \d{4}\b|\d+\s?(?:分钟|小时|天|周|个月|年)前|\b\d+ (?:minutes?|hours?|days?|weeks?|months?|years?) ago\b`)
)

// dateLetters is how much a line with a date may have and be nothing but facts
// about the page.
const dateLetters = 75

// chineseDate is a date alone, as it stands under letters.
var chineseDate = regexp.MustCompile(`^[\d〇○零一二三四五六七八九十]{4}年[\d一二三四五六七八九十]{1,3}月[\d一二三四五六七八九十]{1,3}日$`)

// bareNumber reports whether a block is a count that stands in a box by itself.
func (p *page) bareNumber(b *block, text []byte) bool {
	if b.letters > 9 || !b.digits || p.elems[b.elem].own&isInner != 0 {
		return false
	}
	for _, c := range text {
		if (c < '0' || c > '9') && c != ',' && c != '.' && c != '+' && c != 'k' && c != 'K' {
			return false
		}
	}
	return true
}

// labelWords and labelHan are what labels begin with: most lines are told from
// them without a regular expression.
var (
	labelWords = func() map[string]bool {
		m := map[string]bool{}
		for _, w := range strings.Fields(`related you most more read see popular recent recommended trending top latest what customers hot linked similar
			elsewhere share follow in on table contents who newsletter join references external comment comments reply replies
			all user reader leave post add show no posted published written updated last filed tagged tags tag
			category categories label labels topics author source photo photos photograph photographs asked answered modified viewed
			edited joined posts views sorted by advertisement sponsored edit print quote report copy subscribe log login sign loading
			previous next back close like save delete flag permalink tweet email end`) {
			m[w] = true
		}
		return m
	}()
	labelHan = func() map[rune]bool {
		m := map[rune]bool{}
		for _, r := range "积帖主精威金贡在注踩赞感反引只默按点长微完收来我已阅在相延推热点阅新下本今人猜大你可为最看了编精友分目公网快栏文扫标词其参外评留跟用全读发我添所写共参条作来稿记责校审更时日浏访字关上原转版当您楼索信举免声打收播返回展加查登注广赞被微" {
			m[r] = true
		}
		return m
	}()
)

// mayBeLabel reports whether a line begins as labels do.
func mayBeLabel(text []byte) bool {
	text = bytes.TrimLeft(text, "\u00a0 \n【[（(«»>·•|*")
	r, n := utf8.DecodeRune(text)
	switch {
	case r >= '0' && r <= '9':
		return len(text) < 60
	case n > 1:
		return labelHan[r]
	}
	var word [16]byte
	i := 0
	for ; i < len(text) && i < len(word) && (text[i]|0x20 >= 'a' && text[i]|0x20 <= 'z'); i++ {
		word[i] = text[i] | 0x20
	}
	return labelWords[string(word[:i])]
}

// rights are phrases of notices at the foot of pages.
var rights = [][]byte{[]byte("版权所有"), []byte("不得转载"), []byte("转载请"), []byte("违者必究"), []byte("rights reserved"), []byte("Rights Reserved"),
	[]byte("备案号"), []byte("ICP备"), []byte("ICP证"), []byte("许可证号"), []byte("许可证编号"), []byte("公网安备"), []byte("举报电话"), []byte("主办单位"), []byte("主办："),
	[]byte("技术支持："), []byte("owered by"), []byte("您需要登录后"), []byte("建议使用1")}

func footer(text []byte) bool {
	for _, phrase := range rights {
		if bytes.Contains(text, phrase) {
			return true
		}
	}
	return bytes.Contains(text, []byte("未经")) && (bytes.Contains(text, []byte("许可")) || bytes.Contains(text, []byte("授权")) || bytes.Contains(text, []byte("允许")))
}

// mayBeDate reports whether a line has a run of four digits, digits behind a
// colon, or a word for the past.
func mayBeDate(text []byte) bool {
	run := 0
	for i, c := range text {
		if c < '0' || c > '9' {
			run = 0
			continue
		}
		if run++; run == 4 || run == 1 && i > 0 && text[i-1] == ':' {
			return true
		}
	}
	return bytes.Contains(text, []byte("前")) || bytes.Contains(text, []byte(" ago")) || bytes.Contains(text, []byte(" at"))
}

// labelOf judges a short block by its wording.
func (p *page) labelOf(b *block) label {
	if b.letters > labelLetters || b.pre {
		return noLabel
	}
	text := bytes.TrimSpace(p.text[b.start:b.end])
	may := mayBeLabel(text)
	heading := p.elems[b.elem].own&isHeading != 0
	switch {
	case may && asideLabels.Match(text):
		return asideLabel
	case may && commentLabels.Match(text):
		return commentsLabel
	case may && (countLabels.Match(text) || buttons.Match(text)):
		return metaLabel
	case heading:
		return noLabel
	case p.elems[b.elem].tag == atom.P && b.letters < 40 && chineseDate.Match(text):
		return noLabel // under a letter or a notice
	case p.bareNumber(b, text):
		return metaLabel
	case may && !p.endsSentence(b) && metaLabels.Match(text), footer(text),
		b.letters <= dateLetters && b.digits && mayBeDate(text) && !p.endsSentence(b) && dates.Match(text):
		return metaLabel
	}
	return noLabel
}

// asideLinks is the least share of links in a box with text of its own that goes by
// its label.
const asideLinks = 0.2

// applyLabels makes bad what is a label, and marks the boxes that labels head.
func (p *page) applyLabels() {
	total, before := p.elems[0].good, int32(0)
	for i := range p.blocks {
		b := &p.blocks[i]
		if b.before = before; b.verdict == good {
			before += b.letters - b.links
		}
	}
	for i := range p.blocks {
		b := &p.blocks[i]
		if b.letters > labelLetters || b.comment || b.label != noLabel || p.elems[b.elem].bits&(isAside|isNamed|isComment) != 0 {
			continue
		}
		l := p.labelOf(b)
		if l == noLabel || l == metaLabel && p.dataCell(b) {
			continue
		}
		b.verdict, b.label = bad, l
		if l == metaLabel {
			continue
		}
		// The box that the label heads: the first one around it that holds more.
		e := b.elem
		for p.elems[e].parent > 0 && p.elems[e].last-p.elems[e].first <= 1 {
			e = p.elems[e].parent
		}
		bit := uint16(isNamed)
		if l == commentsLabel {
			bit = isComment
		}
		el := &p.elems[e]
		switch {
		case e > 0 && int(el.first) >= i-1 && 2*el.good <= total && (l == commentsLabel || el.good == 0 || p.share(e) >= asideLinks):
			el.own |= bit
		case l == asideLabel: // in the middle of the article: only the links that follow
			for j := i + 1; j < len(p.blocks) && p.blocks[j].mostlyLinks(); j++ {
				p.blocks[j].verdict, p.blocks[j].label = bad, asideLabel
			}
		default:
			p.commentsFrom(i+1, int(el.last))
		}
	}
}

// commentsFrom takes the blocks of a range for comments, if most of the good
// text stands before them.
func (p *page) commentsFrom(from, to int) {
	if from >= to || 2*(p.blocks[to-1].before-p.blocks[from].before) > p.elems[0].good {
		return
	}
	for j := from; j < to; j++ {
		p.blocks[j].comment = true
	}
}

// dataCell reports whether a block is a cell of a table that has more of them in
// a row.
func (p *page) dataCell(b *block) bool {
	if p.ancestor(b.elem, atom.Td, atom.Th) < 0 {
		return false
	}
	row := p.ancestor(b.elem, atom.Tr, atom.Tr)
	return row > 0 && p.elems[row].last-p.elems[row].first > 1
}

func (b *block) mostlyLinks() bool { return float64(b.links) > badLinks*float64(max(b.letters, 1)) }

// notice reports whether a block with a copyright sign is a notice of rights
// rather than text about one: it begins with the sign or the word, or a year
// follows the sign.
func (p *page) notice(b *block) bool {
	text := p.text[b.start:b.end]
	at := b.sign - b.start - len("©")
	if b.sign == 0 || at < 0 || at > len(text) || b.letters >= 3*goodLetters {
		return false
	}
	before, behind := bytes.TrimSpace(text[:at]), bytes.TrimSpace(text[b.sign-b.start:])
	if len(before) < 2 || bytes.HasSuffix(bytes.ToLower(before), []byte("copyright")) {
		return !p.endsSentence(b) || b.letters < goodLetters
	}
	return len(behind) > 0 && behind[0] >= '0' && behind[0] <= '9' || b.letters < goodLetters && !p.endsSentence(b)
}
