package score

import _ "embed"

// traditionalChars are the characters of Unicode's Han blocks that have another
// form in simplified Chinese (those that OpenCC's t2s changes on their own).
//
//go:embed traditional.txt
var traditionalChars string

// traditional marks them among the first 65,536 characters.
var traditional = func() (t [1024]uint64) {
	for _, r := range traditionalChars {
		if r > ' ' && r < 1<<16 {
			t[r>>6] |= 1 << (r & 63)
		}
	}
	return t
}()

func isTraditional(r rune) bool { return r < 1<<16 && traditional[r>>6]>>(r&63)&1 != 0 }
