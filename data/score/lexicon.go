package score

import "strings"

// kind is what a known word is known for.
type kind uint8

const (
	kindStop    kind = 1 << iota // an English function word
	kindTrigger                  // without one a line is no boilerplate
	kindAddress                  // speaks to the reader
	kindSale                     // of advertisements and shops
	kindLink                     // of addresses in the web
)

const (
	triggerWords = "javascript lorem cookie cookies policy terms"
	addressWords = "you your yours yourself"
	saleWords    = "buy sale price prices shipping order orders cart deal deals discount discounts offer offers shop shopping free cheap " +
		"checkout coupon coupons promo store stores wholesale product products customer customers click download subscribe login register " +
		"contact call sign email phone"
	linkWords = "http https www"
)

// lexicon finds known words by their hashes, in open addressing.
var lexicon = func() (t [1024]entry) {
	add := func(word string, k kind, place int) {
		h := hashWord(word)
		i := h & 1023
		for t[i].kinds != 0 && t[i].hash != h {
			i = (i + 1) & 1023
		}
		t[i].hash = h
		t[i].kinds |= k
		if k == kindStop {
			t[i].place = uint8(place)
		}
	}
	for i, w := range englishStops {
		add(w, kindStop, i)
	}
	for k, words := range map[kind]string{kindTrigger: triggerWords, kindAddress: addressWords, kindSale: saleWords, kindLink: linkWords} {
		for _, w := range strings.Fields(words) {
			add(w, k, 0)
		}
	}
	return t
}()

type entry struct {
	hash  uint64
	kinds kind
	place uint8 // in englishStops
}

// known returns what the word of hash h is known for, nil for nothing.
func known(h uint64) *entry {
	for i := h & 1023; lexicon[i].kinds != 0; i = (i + 1) & 1023 {
		if lexicon[i].hash == h {
			return &lexicon[i]
		}
	}
	return nil
}

// knownWord counts the word at start, whose hashes are raw and folded, and tells
// whether it is one of Gopher's words in small letters.
func (e *Extractor) knownWord(w *entry, start int, raw, folded uint64) (gopher bool) {
	f := &e.f
	if w.kinds&kindStop != 0 {
		f.EnglishStops++
		if int(w.place) < len(gopherStops) {
			e.gopher |= 1 << w.place
			if gopher = raw == folded; gopher {
				e.exactGopher |= 1 << w.place
			}
		}
	}
	if w.kinds == kindStop {
		return gopher
	}
	if w.kinds&kindTrigger != 0 {
		e.marks = append(e.marks, int32(start))
	}
	if w.kinds&kindAddress != 0 {
		f.AddressWords++
	}
	if w.kinds&kindSale != 0 {
		f.SaleWords++
	}
	if w.kinds&kindLink != 0 {
		f.LinkWords++
	}
	return gopher
}
