package clean

import "golang.org/x/text/unicode/norm"

// FoldHan returns the simplified form of a traditional character or of a common
// variant of one, and any other character as it is: for comparing texts, not for
// changing them. It goes by the character alone, so a few that are two words in
// simplified writing and one in traditional, or the other way round, fall together.
func FoldHan(r rune) rune {
	if r < hanFirst {
		return r
	}
	t := simplifyCharacters()
	if r <= hanLast {
		if to := t.dense[r-hanFirst].to; to != 0 {
			return to
		}
		return r
	}
	if to, ok := t.rare[r]; ok {
		return to
	}
	if r >= 0xf900 && r <= 0xfaff { // compatibility ideographs: twins of others
		if to := []rune(norm.NFKC.String(string(r))); len(to) == 1 && to[0] != r { // a few are nobody's twins
			return FoldHan(to[0])
		}
	}
	return r
}
