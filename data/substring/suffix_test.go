package substring

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// sortedSuffixes is the definition.
func sortedSuffixes(text []byte) []int32 {
	sa := make([]int32, len(text))
	for i := range sa {
		sa[i] = int32(i)
	}
	slices.SortFunc(sa, func(a, b int32) int { return bytes.Compare(text[a:], text[b:]) })
	return sa
}

func TestSuffixArrayIsSorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Few letters make deep recursions, periods the longest ties.
		letters := rapid.IntRange(1, 256).Draw(t, "letters")
		unit := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) byte { return byte(rapid.IntRange(0, letters-1).Draw(t, "c")) }), 0, 60).Draw(t, "unit")
		text := bytes.Repeat(unit, rapid.IntRange(1, 6).Draw(t, "times"))
		text = append(text, rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "tail")...)
		sa := make([]int32, len(text))
		for i := range sa {
			sa[i] = -7 // what was there before does not matter
		}
		suffixArray(text, sa)
		if want := sortedSuffixes(text); !slices.Equal(sa, want) {
			t.Fatalf("%q: %v, want %v", text, sa, want)
		}
	})
}

// Strings that make SA-IS recurse deeply or meet its corner cases.
func TestSuffixArrayOfHardStrings(t *testing.T) {
	fib := [2]string{"a", "ab"}
	for range 18 {
		fib = [2]string{fib[1], fib[1] + fib[0]}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	dna := make([]byte, 20000)
	for i := range dna {
		dna[i] = "acgt"[rng.IntN(4)]
	}
	for name, s := range map[string]string{
		"empty": "", "one": "x", "mississippi": "mississippi", "fibonacci": fib[1], "runs": strings.Repeat("a", 5000) + "b" + strings.Repeat("a", 5000),
		"descending": "zyxwvut", "ascending": "abcdefg", "high bytes": "\xff\x00\xff\x00\xfe", "dna": string(dna), "twice": string(dna[:5000]) + string(dna[:5000]),
	} {
		sa := make([]int32, len(s))
		suffixArray([]byte(s), sa)
		if !slices.Equal(sa, sortedSuffixes([]byte(s))) {
			t.Errorf("%s: not the suffix array", name)
		}
	}
}

func FuzzSuffixArray(f *testing.F) {
	f.Add([]byte("mississippi"))
	f.Add([]byte("abababababab\x00ab"))
	f.Fuzz(func(t *testing.T, text []byte) {
		sa := make([]int32, len(text))
		suffixArray(text, sa)
		if !slices.Equal(sa, sortedSuffixes(text)) {
			t.Errorf("%q: not the suffix array", text)
		}
	})
}
