package charset

import (
	"math"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// script tells languages that write all words with letters beyond ASCII from those
// that have a few of them among ASCII letters.
type script int

const (
	latinScript script = iota
	ownScript
)

// A language is known by how often its letters beyond ASCII come: the letters are in
// the order of their frequency, which falls about as 1/rank (Zipf's law).
type language struct {
	letters string
	script  script
	groups  []string // of encodings that can write it
}

var languages = []language{
	{"éàèêçùâîûôœëïüÿæ", latinScript, []string{"western"}},                            // French
	{"üäößé", latinScript, []string{"western", "central"}},                            // German
	{"óíáéñúü", latinScript, []string{"western"}},                                     // Spanish
	{"ãçáéíóêúõàâô", latinScript, []string{"western"}},                                // Portuguese
	{"èàùòéì", latinScript, []string{"western"}},                                      // Italian
	{"äöåé", latinScript, []string{"western"}},                                        // Swedish, Finnish
	{"åøæé", latinScript, []string{"western"}},                                        // Danish, Norwegian
	{"íáðéúóþöæý", latinScript, []string{"western"}},                                  // Icelandic
	{"éëïèüöê", latinScript, []string{"western"}},                                     // Dutch
	{"àòèéíóúçïü·", latinScript, []string{"western"}},                                 // Catalan
	{"íáěéžřýčšůúďťňó", latinScript, []string{"central"}},                             // Czech
	{"łęążóśćńź", latinScript, []string{"central"}},                                   // Polish
	{"éáöóőíüúű", latinScript, []string{"central"}},                                   // Hungarian
	{"ăîţşâ", latinScript, []string{"central"}},                                       // Romanian
	{"áíéčšžýľúťäňôďóŕĺ", latinScript, []string{"central"}},                           // Slovak
	{"čšžćđ", latinScript, []string{"central"}},                                       // Slovene, Croatian
	{"ıüşğçöiâ", latinScript, []string{"turkish"}},                                    // Turkish
	{"ėšųįžąūčę", latinScript, []string{"baltic"}},                                    // Lithuanian
	{"āīšēņūļžģķč", latinScript, []string{"baltic"}},                                  // Latvian
	{"äõöüšž", latinScript, []string{"baltic", "western"}},                            // Estonian
	{"оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё", ownScript, []string{"cyrillic"}},            // Russian
	{"оанивіртекслдупмязьгбчхйжїцюєшщфґ", ownScript, []string{"cyrillic", "ukraine"}}, // Ukrainian
	{"аиоенртсвлпкдмъзбгучяжщйхцшюфь", ownScript, []string{"cyrillic"}},               // Bulgarian
	{"αοιτεσνηυρπκμςλίόωάέήύδγθώχφβξζψϊϋ", ownScript, []string{"greek"}},              // Greek
}

// singleByteEncoding is one that detection knows. The prior is the logarithm of how
// much rarer it is than the usual one of its group.
type singleByteEncoding struct {
	name  string
	group string
	table *charmap.Charmap
	prior float64
}

var singleByteEncodings = []singleByteEncoding{
	{"windows-1252", "western", charmap.Windows1252, 0},
	{"macintosh", "western", charmap.Macintosh, -4},
	{"windows-1250", "central", charmap.Windows1250, -2},
	{"iso-8859-2", "central", charmap.ISO8859_2, -3},
	{"windows-1254", "turkish", charmap.Windows1254, -2},
	{"windows-1257", "baltic", charmap.Windows1257, -3},
	{"windows-1251", "cyrillic", charmap.Windows1251, -1},
	{"koi8-r", "cyrillic", charmap.KOI8R, -2},
	{"koi8-u", "ukraine", charmap.KOI8U, -3},
	{"ibm866", "cyrillic", charmap.CodePage866, -3},
	{"iso-8859-5", "cyrillic", charmap.ISO8859_5, -3},
	{"x-mac-cyrillic", "cyrillic", charmap.MacintoshCyrillic, -4},
	{"windows-1253", "greek", charmap.Windows1253, -1},
	{"iso-8859-7", "greek", charmap.ISO8859_7, -2},
}

// Logarithms of the probability of a character beyond ASCII that is not one of the
// language's letters, and what a capital inside a word costs.
const (
	signLog    = -4.0 // punctuation that every language has
	strangeLog = -9.0 // anything else
	capitalLog = -2.5 // a capital instead of the small letter
	insideLog  = -6.0 // a capital behind a small letter
	leastGood  = 0.8  // share of characters that stand where such characters do
	leastOwn   = 8    // letters of a script of its own that make a text
)

// model has the logarithm of the probability of each byte from 0x80 on.
type model struct {
	encoding *singleByteEncoding
	script   script
	log      [128]float64
	ranks    map[rune]int // of the letters by frequency, from 1
}

var models = sync.OnceValue(func() []model {
	var out []model
	for _, l := range languages {
		rank, sum := map[rune]float64{}, 0.0
		for _, r := range l.letters {
			rank[r] = 1 / float64(len(rank)+1)
			sum += rank[r]
		}
		for i := range singleByteEncodings {
			e := &singleByteEncodings[i]
			for _, g := range l.groups {
				if g != e.group {
					continue
				}
				m := model{encoding: e, script: l.script, ranks: map[rune]int{}}
				for b := range m.log {
					r := e.table.DecodeByte(byte(b + 0x80))
					small := unicode.ToLower(r)
					switch {
					case rank[r] > 0:
						m.log[b] = math.Log(rank[r] / sum)
					case small != r && rank[small] > 0:
						m.log[b] = math.Log(rank[small]/sum) + capitalLog
					case latinSign(r):
						m.log[b] = signLog
					default:
						m.log[b] = strangeLog
					}
				}
				for r, p := range rank {
					m.ranks[r] = int(math.Round(1 / p))
				}
				out = append(out, m)
			}
		}
	}
	return out
})

// singleByte names the encoding of one byte a character under which the sample is most
// likely, or "" if it is text under none of them. Encodings that give the same text
// are no rivals: the first of them stands for all.
func singleByte(sample []byte) string {
	var counts [128]float64
	high := 0.0
	for _, b := range sample {
		if b >= utf8.RuneSelf {
			counts[b-0x80]++
			high++
		}
	}
	if high == 0 {
		return ""
	}
	decoded := map[string][]rune{}
	best, bestLog := (*model)(nil), math.Inf(-1)
	all := models()
	for i := range all {
		m := &all[i]
		sum := m.encoding.prior
		for b, n := range counts {
			if n > 0 {
				sum += n * m.log[b]
			}
		}
		if sum <= bestLog {
			continue
		}
		text := decoded[m.encoding.name]
		if text == nil {
			for _, b := range sample {
				text = append(text, m.encoding.table.DecodeByte(b))
			}
			decoded[m.encoding.name] = text
		}
		if sum += insideLog * float64(capitalsInside(text)); sum > bestLog {
			best, bestLog = m, sum
		}
	}
	text := decoded[best.encoding.name]
	if best.script == ownScript && best.fitOwn(text) || best.script == latinScript && fitLatin(text, lettersOf(best.encoding.group)) {
		return best.encoding.name
	}
	return ""
}

// capitalsInside counts capitals beyond ASCII behind small letters.
func capitalsInside(text []rune) int {
	n := 0
	for i, r := range text {
		if r >= utf8.RuneSelf && i > 0 && unicode.IsUpper(r) && unicode.IsLower(text[i-1]) {
			n++
		}
	}
	return n
}

// fitOwn asks whether the characters beyond ASCII are words of a script of its own:
// letters of the language, of which the ten most frequent make up 35% or more (an
// alphabet is no text), apart from those of ASCII.
func (m *model) fitOwn(text []rune) bool {
	high, good, common, odd := 0, 0, 0, 0
	prev := ' '
	for _, r := range text {
		if r >= utf8.RuneSelf {
			high++
			if rank := m.ranks[unicode.ToLower(r)]; rank > 0 {
				good++
				if rank <= 10 {
					common++
				}
			}
			if unicode.IsLetter(r) && prev < utf8.RuneSelf && unicode.IsLetter(prev) || unicode.IsUpper(r) && unicode.IsLower(prev) {
				odd++
			}
		}
		prev = r
	}
	return high >= leastOwn && float64(good) >= leastGood*float64(high) && 20*common >= 7*good && 20*odd <= high
}

// lettersOf are the letters beyond ASCII that the languages of a group write.
func lettersOf(group string) map[rune]bool { return groupLetters()[group] }

var groupLetters = sync.OnceValue(func() map[string]map[rune]bool {
	out := map[string]map[rune]bool{}
	for _, l := range languages {
		for _, g := range l.groups {
			if out[g] == nil {
				out[g] = map[rune]bool{}
			}
			for _, r := range l.letters {
				out[g][r], out[g][unicode.ToUpper(r)] = true, true
			}
		}
	}
	return out
})

// fitLatin asks whether the characters beyond ASCII are letters inside words written
// with ASCII letters, or the usual signs: quotes, dashes, the space that does not
// break, currency, degree.
func fitLatin(runes []rune, letters map[rune]bool) bool {
	at := func(i int) rune {
		if i < 0 || i >= len(runes) {
			return 'e' // a sample may begin and end inside a word
		}
		return runes[i]
	}
	word := func(r rune) bool { return r < utf8.RuneSelf && unicode.IsLetter(r) || letters[r] }
	ascii := func(i int) bool { // an ASCII letter stands in the same word, two characters away at most
		return at(i) < utf8.RuneSelf && unicode.IsLetter(at(i))
	}
	high, good := 0, 0
	for i, r := range runes {
		if r < utf8.RuneSelf {
			continue
		}
		high++
		before, after := at(i-1), at(i+1)
		switch {
		case letters[r]:
			near := ascii(i-1) && (unicode.IsLower(r) || unicode.IsUpper(before)) || ascii(i+1) && !unicode.IsUpper(after)
			next := letters[before] && ascii(i-2) || letters[after] && ascii(i+2)
			alone := !word(before) && !word(after) && unicode.IsLetter(r)
			if near || next && !(unicode.IsUpper(r) && unicode.IsLower(before)) || alone && before == ' ' && after == ' ' {
				good++
			}
		case latinSign(r) && (before < utf8.RuneSelf || after < utf8.RuneSelf):
			good++
		}
	}
	return high > 0 && float64(good) >= leastGood*float64(high) && 3*high <= len(runes)
}
