package clean

// kana are the full-width forms of U+FF61 to U+FF9F.
var kana = []rune("。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン゛゜")

const (
	halfVoiced     = 0xff9e // the marks behind a half-width letter
	halfSemiVoiced = 0xff9f
)

// signs are what U+FFE0 to U+FFE6 stand for.
var signs = []rune("¢£¬¯¦¥₩")

// form handles the character r of n bytes at s[i], a full- or half-width form.
// It returns the bytes consumed.
func (c *Cleaner) form(s string, i int, r rune, n int) int {
	all := c.cfg.Width == WidthAll
	switch {
	case alnumForm(r) || all && r >= 0xff01 && r <= 0xff5e:
		c.counts.FullWidth++
		c.buf = append(c.buf, byte(r-0xfee0))
	case all && r >= 0xffe0 && r <= 0xffe6:
		c.counts.FullWidth++
		c.buf = append(c.buf, string(signs[r-0xffe0])...)
	case r >= 0xff61 && r <= halfSemiVoiced:
		c.counts.HalfWidth++
		full, mark := kana[r-0xff61], firstRune(s[i+n:])
		if voiced, ok := voice(full, mark); ok {
			c.counts.HalfWidth++
			full = voiced
			n += 3
		}
		c.buf = append(c.buf, string(full)...)
	default:
		c.buf = append(c.buf, s[i:i+n]...)
	}
	return n
}

// alnumForm tells whether r is a full-width letter or digit.
func alnumForm(r rune) bool {
	return r >= 0xff10 && r <= 0xff19 || r >= 0xff21 && r <= 0xff3a || r >= 0xff41 && r <= 0xff5a
}

// voice joins a Katakana letter with a half-width voicing mark behind it.
func voice(k, mark rune) (rune, bool) {
	switch {
	case mark == halfVoiced && k == 'ウ':
		return 'ヴ', true
	case mark == halfVoiced && (k >= 'カ' && k <= 'チ' && (k-'カ')%2 == 0 || k == 'ツ' || k == 'テ' || k == 'ト'):
		return k + 1, true
	case mark == halfVoiced && k >= 'ハ' && k <= 'ホ' && (k-'ハ')%3 == 0:
		return k + 1, true
	case mark == halfSemiVoiced && k >= 'ハ' && k <= 'ホ' && (k-'ハ')%3 == 0:
		return k + 2, true
	}
	return 0, false
}
