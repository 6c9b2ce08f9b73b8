package score

import _ "embed"

// traditionalChars are the characters of Unicode's Han blocks that have another
// form in simplified Chinese (those that OpenCC's t2s changes on their own).
//
//go:embed traditional.txt
var traditionalChars string

const (
	firstHan    = 0x4e00 // of the block that nearly all text is written in
	lastHan     = 0x9fff
	traditional = 0x80
)

// hanInfo tells of each character of that block whether it is traditional, and
// its place in chineseStops plus one.
var hanInfo = func() (t [lastHan + 1 - firstHan]uint8) {
	for i, r := range chineseStops {
		if r >= firstHan {
			t[r-firstHan] = uint8(i + 1)
		}
	}
	for _, r := range traditionalChars {
		if r >= firstHan && r <= lastHan {
			t[r-firstHan] |= traditional
		}
	}
	return t
}()

// rareTraditional are the traditional characters beyond that block.
var rareTraditional = func() map[rune]bool {
	m := map[rune]bool{}
	for _, r := range traditionalChars {
		if r > ' ' && r < firstHan || r > lastHan {
			m[r] = true
		}
	}
	return m
}()

// hanAt returns the character of the main block at i, 0 if there is none.
func hanAt(s string, i int) rune {
	if i+2 >= len(s) {
		return 0
	}
	v := uint32(s[i])<<16 | uint32(s[i+1])<<8 | uint32(s[i+2])
	if v-0xe4b880 > 0xe9bfbf-0xe4b880 || v&0xc0c0 != 0x8080 {
		return 0
	}
	return rune(v>>4&0xf000 | v>>2&0xfc0 | v&0x3f)
}

// hashHan hashes a Han or Kana character.
func hashHan(r rune) uint64 {
	h := (uint64(r) + 1) * hashStep
	return h ^ h>>32
}

// hanRun takes the run of Han characters that starts with r at i, each a unit of
// its own, and returns where it ends.
func (e *Extractor) hanRun(i int, r rune) int {
	f, s, start := &e.f, e.text, i
	t := e.openToken(i)
	hash, own := t.hash, len(e.own.hash)
	end := uint32(e.own.chars())
	for ; r != 0; r = hanAt(s, i) {
		i += 3
		if info := hanInfo[r-firstHan]; info != 0 {
			if info&traditional != 0 {
				f.Traditional++
			}
			e.stops |= 1 << (info &^ traditional) >> 1
		}
		h := hashHan(r)
		hash = join(hash, h)
		end++
		e.own.hash, e.own.ends = append(e.own.hash, h), append(e.own.ends, end)
	}
	n := (i - start) / 3
	if e.Need&NeedDatatrove != 0 {
		e.fine.addRun(e.own.hash[own:], uint32(own))
	}
	f.Chars += n
	f.NonBlank += n
	f.Letters += n
	f.Han += n
	e.fineWords += n
	e.fineWordChars += n
	e.fineAlpha += n
	t.hash = hash
	t.chars += n
	t.plain += n
	t.odd, t.alpha = true, true
	e.wordRun()
	return i
}

// ideograph adds a Han character of another block, or a Kana character.
func (e *Extractor) ideograph(c class, r rune, i int) {
	f := &e.f
	f.Chars++
	f.NonBlank++
	f.Letters++
	if c == classHan {
		f.Han++
		if rareTraditional[r] {
			f.Traditional++
		}
	} else {
		f.Kana++
	}
	h := hashHan(r)
	t := e.openToken(i)
	t.hash = join(t.hash, h)
	t.chars++
	t.plain++
	t.odd, t.alpha = true, true
	e.fineWords++
	e.fineWordChars++
	e.fineAlpha++
	if e.Need&NeedDatatrove != 0 {
		e.fine.add(h, 1, uint32(len(e.own.hash)))
	}
	e.wordRun()
	e.own.add(h, 1)
}
