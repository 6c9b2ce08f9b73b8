package score

import "strings"

func hashSet(words ...string) map[uint64]int {
	m := map[uint64]int{}
	for i, w := range words {
		m[hashWord(w)] = i
	}
	return m
}

// hashWord hashes a word without regard to ASCII case (FNV-1a, then mixed).
func hashWord(w string) uint64 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(w); i++ {
		h = (h ^ uint64(lower(w[i]))) * 1099511628211
	}
	return mix(h)
}

func lower(b byte) byte {
	if b >= 'A' && b <= 'Z' {
		return b | 0x20
	}
	return b
}

// mix spreads the bits of x (the finaliser of MurmurHash3).
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// gopherStops are the words of which Gopher wants at least two.
var gopherStops = hashSet("the", "be", "to", "of", "and", "that", "have", "with")

// englishStops are function words that make up a quarter or more of English
// prose; their share tells English from other Latin text.
var englishStops = hashSet("the", "be", "to", "of", "and", "that", "have", "with", "a", "in", "is", "it", "for", "on",
	"as", "are", "was", "this", "by", "you", "not", "or", "from", "at", "which", "an", "but", "his", "he", "we", "if",
	"i", "my", "can", "will", "they", "has", "when", "were", "their", "all", "your", "so", "what", "no")

// chineseStops are FineWeb-2's stop words for cmn_Hani that are one character.
var chineseStops = func() map[rune]int {
	m := map[rune]int{}
	for i, r := range []rune("的年在月是和日了於·為有被人中为他與後也而由") {
		m[r] = i
	}
	return m
}()

// policyPhrases are C4's marks of boilerplate.
var policyPhrases = []string{"terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies"}

// readMore are the last words of teasers.
var readMore = []string{"read more", "read more...", "阅读全文", "閱讀全文", "查看更多", "更多>>", "[详细]", "阅读更多"}

// boilerplate counts C4's line marks.
func (f *Features) boilerplate(line string) (found bool) {
	if len(line) > 2000 {
		return false
	}
	l := strings.ToLower(line)
	if strings.Contains(l, "javascript") {
		f.ScriptLines++
		found = true
	}
	if strings.Contains(l, "lorem ipsum") {
		f.LoremIpsum = true
		found = true
	}
	if strings.Contains(l, "cookie") || strings.Contains(l, "policy") || strings.Contains(l, "terms") {
		for _, p := range policyPhrases {
			if strings.Contains(l, p) {
				f.PolicyLines++
				return true
			}
		}
	}
	for _, s := range readMore {
		if strings.HasSuffix(l, s) {
			f.ReadMoreLines++
			return true
		}
	}
	return found
}

// codeStarts begin lines of program text.
var codeStarts = []string{"import ", "from ", "func ", "def ", "class ", "return ", "return;", "if (", "for (", "while (", "#include",
	"#define", "package ", "public ", "private ", "static ", "const ", "var ", "let ", "type ", "struct ", "//", "/*", "*/", "} else", "case ", "else:"}

// looksLikeCode tells whether a trimmed line reads like program text.
func looksLikeCode(line string) bool {
	switch line[len(line)-1] {
	case '{', '}', ';':
		return true
	case ')', ']', ':', ',':
		if strings.ContainsAny(line, "=(") && !strings.Contains(line, ". ") {
			return true
		}
	}
	for _, s := range codeStarts {
		if strings.HasPrefix(line, s) {
			return strings.ContainsAny(line, "(){};=\"./") || len(line) < 30
		}
	}
	return strings.Contains(line, " := ") || strings.Contains(line, " == ") || strings.Contains(line, "()")
}
