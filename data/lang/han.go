package lang

import (
	_ "embed"
	"math/bits"
	"sync"
	"unicode/utf8"
)

// Characters that only one of the two writings of Chinese has.
//
//go:embed model/hans.txt
var hansOnly string

//go:embed model/hant.txt
var hantOnly string

// Characters of Japanese writing that Chinese does not use (forms of its own, such as
// 気 and 駅, and characters made in Japan, such as 込 and 峠), and frequent characters
// of Chinese that Japanese does not use (你, 这, 們).
//
//go:embed model/japanese.txt
var japaneseOnly string

//go:embed model/chinese.txt
var chineseOnly string

// cantonese are characters that write words of Cantonese and that written Mandarin
// has no use for; cantoneseToo are those that occur in other writing now and then.
const (
	cantonese    = "嘅咗喺嚟冇哋嗰啲嘢瞓諗谂搵揾噉㗎嘞嘥嚿餸嗌攞掟孭啩冚畀嬲罅踎揦噃喐"
	cantoneseToo = "佢唔咁乜咩啱喎囉俾睇靚啫咪嗮晒乸仔煲嘈咋"
)

// Marks of Han characters, and their places in hanCounts.
const (
	hanSimplified = iota
	hanTraditional
	hanJapanese
	hanChinese
	hanCantonese
	hanCantoneseToo
	hanMarks
)

const hanFirst, hanEnd = 0x3400, 0xa000

// hanTable holds a bit for each mark of a character.
var hanTable = sync.OnceValue(func() *[hanEnd - hanFirst]uint8 {
	t := &[hanEnd - hanFirst]uint8{}
	for mark, list := range [hanMarks]string{hansOnly, hantOnly, japaneseOnly, chineseOnly, cantonese, cantoneseToo} {
		for _, r := range list {
			if r >= hanFirst && r < hanEnd {
				t[r-hanFirst] |= 1 << mark
			}
		}
	}
	return t
})

// hanCounts are numbers of Han characters: all, and those with a mark.
type hanCounts struct {
	all    int
	marked [hanMarks]int
}

// countHan counts the Han characters of the parts.
func countHan(parts []string) (c hanCounts) {
	t := hanTable()
	for _, s := range parts {
		for i := 0; i < len(s); {
			if s[i] < 0xe3 {
				i++
				continue
			}
			r, size := utf8.DecodeRuneInString(s[i:])
			i += size
			if r < hanFirst || r >= hanEnd {
				if r == '々' {
					c.marked[hanJapanese]++
				}
				continue
			}
			c.all++
			for m := t[r-hanFirst]; m != 0; m &= m - 1 {
				c.marked[bits.TrailingZeros8(m)]++
			}
		}
	}
	return c
}

// variant returns "Hans" or "Hant", whichever has at least twice the characters of
// the other, or nothing.
func (c *hanCounts) variant() string {
	switch hans, hant := c.marked[hanSimplified], c.marked[hanTraditional]; {
	case hans > 0 && hans >= 2*hant:
		return "Hans"
	case hant > 0 && hant >= 2*hans:
		return "Hant"
	}
	return ""
}

// Shares of Han characters from which a text is Cantonese or Japanese.
const (
	cantoneseLeast = 0.03
	japaneseLeast  = 0.02
)

// hanLanguage tells Cantonese and Japanese without Kana from Chinese by the
// characters that only they use, with how sure that is; share is that of the script.
func (id *Identifier) hanLanguage(c *hanCounts, share float64) {
	all, japanese := float64(c.all), float64(c.marked[hanJapanese])
	sure, too := float64(c.marked[hanCantonese]), float64(c.marked[hanCantoneseToo])
	yue := sure + 0.5*too
	switch {
	case sure > 0 && (sure+too > 1 && yue >= cantoneseLeast*all || all < 20 && sure >= 2*cantoneseLeast*all):
		id.promote("yue", float32(share*min(1, 0.5*yue/(cantoneseLeast*all))))
	case japanese > 0 && japanese >= 4*float64(c.marked[hanChinese]) && japanese >= japaneseLeast*all:
		id.promote("ja", float32(share*min(1, 0.5*japanese/(japaneseLeast*all))))
	}
}
