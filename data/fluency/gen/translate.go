package main

import (
	_ "embed"
	"strings"

	"huihai/internal/rng"
)

// glosses are Chinese words for frequent English ones, several with commas
// between them; an empty one is left out of the translation.
//
//go:embed gloss.txt
var glosses string

// translations are English texts turned into Chinese word by word, in the order
// of the English, with what the dictionary lacks in whatever word comes to hand.
func translations(r *rng.Stream, data string) (list []example, err error) {
	dictionary := map[string][]string{}
	var all []string
	for line := range strings.Lines(glosses) {
		word, meanings, _ := strings.Cut(strings.TrimSpace(line), " ")
		dictionary[word] = strings.Split(meanings, ",")
		all = append(all, dictionary[word]...)
	}
	docs, err := read(data, englishSources[1:4])
	if err != nil {
		return nil, err
	}
	plain, err := readPlain(data)
	if err != nil {
		return nil, err
	}
	for i, d := range append(docs, plain...) {
		if i%2 == 1 {
			continue
		}
		for _, p := range pieces(r, d.text, false) {
			if text, known := translate(r, dictionary, all, p); known {
				list = append(list, example{text, bad, "translation", d.heldOut()})
			}
		}
	}
	return list, nil
}

var signs = strings.NewReplacer(",", "，", ".", "。", "?", "？", "!", "！", ";", "；", ":", "：", "(", "（", ")", "）")

func translate(r *rng.Stream, dictionary map[string][]string, all []string, text string) (string, bool) {
	var b strings.Builder
	words, known := 0, 0
	for _, w := range strings.Fields(text) {
		words++
		core := strings.ToLower(strings.Trim(w, ".,;:!?\"'()"))
		meanings := dictionary[core]
		if meanings == nil {
			meanings = dictionary[strings.TrimSuffix(core, "s")]
		}
		if meanings != nil {
			known++
		} else if r.IntN(2) == 0 {
			meanings = all
		}
		if len(meanings) > 0 {
			b.WriteString(pick(r, meanings))
		}
		if end := w[len(strings.TrimRight(w, ".,;:!?")):]; end != "" {
			b.WriteString(signs.Replace(end[:1]))
		}
	}
	return b.String(), known*5 >= words*3
}
