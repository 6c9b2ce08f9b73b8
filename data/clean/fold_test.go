package clean

import (
	"testing"
	"unicode"
)

// Folding goes to characters that stay, and leaves all others alone.
func TestFoldHan(t *testing.T) {
	for from, to := range map[rune]rune{'裏': '里', '裡': '里', '爲': '为', '為': '为', '羣': '群', '峯': '峰', '衆': '众', '龍': '龙', '好': '好', 'a': 'a', 'の': 'の', '\uf900': '岂'} {
		if got := FoldHan(from); got != to {
			t.Errorf("%c becomes %c, want %c", from, got, to)
		}
	}
	for r := range unicode.MaxRune {
		once := FoldHan(r)
		if once != r && !unicode.Is(unicode.Han, r) {
			t.Fatalf("%U, which is no Han character, becomes %U", r, once)
		}
		if again := FoldHan(once); again != once && FoldHan(again) != again {
			t.Fatalf("%U goes on to %U and %U", r, once, again)
		}
	}
}
