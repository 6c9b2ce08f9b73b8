package ngram

import "slices"

// keyBytes is how many digits of 8 bits a key has, from the most significant.
const keyBytes = 24

func (k *key) digit(d int) byte { return byte(k[d>>3] >> (8 * (7 - d&7))) }

// sortRecords sorts by key, in place: by the most significant digit that differs
// at all, then each part by the next, and small parts by comparing (American
// flag sort). Word ids have few digits that differ, which is why this takes a
// third of the time of comparing.
func sortRecords(recs []record) {
	if len(recs) == 0 {
		return
	}
	var differ key
	for i := range recs {
		for j := range differ {
			differ[j] |= recs[i].key[j] ^ recs[0].key[j]
		}
	}
	var digits []int
	for d := range keyBytes {
		if differ.digit(d) != 0 {
			digits = append(digits, d)
		}
	}
	radixSort(recs, digits)
}

func radixSort(recs []record, digits []int) {
	if len(digits) == 0 {
		return
	}
	if len(recs) < 48 {
		slices.SortFunc(recs, func(x, y record) int { return x.key.compare(&y.key) })
		return
	}
	var count [256]int
	d := digits[0]
	for i := range recs {
		count[recs[i].key.digit(d)]++
	}
	var next, end [256]int // of the part of each digit, what is not yet in place
	at := 0
	for b, n := range count {
		next[b] = at
		at += n
		end[b] = at
	}
	for b := range count {
		for next[b] < end[b] {
			r := recs[next[b]]
			for {
				to := r.key.digit(d)
				place := next[to]
				next[to]++
				if int(to) == b {
					recs[place] = r
					break
				}
				recs[place], r = r, recs[place]
			}
		}
	}
	start := 0
	for _, n := range count {
		if n > 1 {
			radixSort(recs[start:start+n], digits[1:])
		}
		start += n
	}
}
