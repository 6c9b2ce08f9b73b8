package substring

// symbol is a letter of a text: a byte, or the name of a substring one level down.
type symbol interface{ ~uint8 | ~int32 }

// suffixArray fills sa, as long as text, with the starts of all suffixes of text
// in ascending order of the suffixes. Text is shorter than 2 GiB.
//
// The method is SA-IS (Nong, Zhang and Chan 2009): sort the substrings between
// local minima by induction, name them, sort the text of names in the same way,
// and induce the order of all suffixes from that of the minima. Time is linear.
// Beside text and sa it takes an eighth of a byte per byte for the minima, again
// for the text of names (at most half as long), and so on; names, reduced texts
// and counters live in the unused parts of sa.
func suffixArray(text []byte, sa []int32) { sais(text, sa, nil, 256) }

// sais sorts the suffixes of text, whose symbols are below k. A suffix is of type
// S when it is smaller than the one after it, else L; the end of the text is
// smaller than everything. A minimum is an S behind an L. spare is memory for
// counters.
func sais[T symbol](text []T, sa, spare []int32, k int) {
	n := len(text)
	if n < 2 {
		clear(sa)
		return
	}
	bucket := spare
	if len(bucket) < k {
		bucket = make([]int32, k)
	}
	bucket = bucket[:k]
	minima := newBitset(n)
	m := findMinima(text, minima)

	clear(sa)
	bucketEnds(text, bucket)
	minima.each(n, func(p int) {
		c := text[p]
		bucket[c]--
		sa[bucket[c]] = int32(p)
	})
	induce(text, sa, bucket)
	sortMinima(text, sa, minima, m)

	clear(sa[m:])
	bucketEnds(text, bucket)
	for i := m - 1; i >= 0; i-- {
		p := sa[i]
		sa[i] = 0
		c := text[p]
		bucket[c]--
		sa[bucket[c]] = p
	}
	induce(text, sa, bucket)
}

// findMinima puts the minima of text into the set and returns their number, which
// is below half of the length.
func findMinima[T symbol](text []T, minima bitset) (m int) {
	small := false // the suffix at i+1 is of type S
	for i := len(text) - 2; i >= 0; i-- {
		switch a, b := text[i], text[i+1]; {
		case a < b:
			small = true
		case a > b && small:
			minima.set(i + 1)
			m++
			small = false
		case a > b:
			small = false
		}
	}
	return m
}

// sortMinima takes sa with the substrings between minima in order and leaves the
// suffixes at minima in order in its first m places.
func sortMinima[T symbol](text []T, sa []int32, minima bitset, m int) {
	n := len(text)
	i := 0
	for _, p := range sa {
		if minima.has(int(p)) {
			sa[i] = p
			i++
		}
	}
	names := nameMinima(text, sa, minima, m)
	if names == m {
		return // all differ: the substrings' order is the suffixes'
	}
	reduced, half := sa[n-m:], sa[m:m+n/2]
	for i, j := len(half)-1, m-1; i >= 0; i-- {
		if half[i] != 0 {
			reduced[j] = half[i] - 1
			j--
		}
	}
	sais(reduced, sa[:m], sa[m:n-m], names)
	i = 0
	minima.each(n, func(p int) {
		reduced[i] = int32(p)
		i++
	})
	for i, r := range sa[:m] {
		sa[i] = reduced[r]
	}
}

// nameMinima numbers the substrings that start at the sorted minima sa[:m] from 1
// on, equal ones alike, and leaves the number of the one at p in sa[m+p/2], zero
// elsewhere: minima are at least two apart. It returns how many differ.
//
// A substring ends before the next minimum. That symbol is compared by the next
// one's name, so leaving it out changes no order.
func nameMinima[T symbol](text []T, sa []int32, minima bitset, m int) (names int) {
	n := len(text)
	half := sa[m : m+n/2]
	clear(half)
	before := -1
	minima.each(n, func(p int) {
		if before >= 0 {
			half[before/2] = int32(p - before)
		}
		before = p
	})
	if before >= 0 {
		half[before/2] = int32(n - before)
	}
	q, qlen := int32(0), int32(0)
	for _, p := range sa[:m] {
		plen := half[p/2]
		if plen != qlen || !equal(text[p:p+plen], text[q:q+plen]) {
			names++
			q, qlen = p, plen
		}
		half[p/2] = int32(names)
	}
	return names
}

func equal[T symbol](a, b []T) bool {
	b = b[:len(a)]
	for i, c := range a {
		if b[i] != c {
			return false
		}
	}
	return true
}

// induce takes sa with minima in order at the ends of their buckets (a bucket
// holds the suffixes that start with one symbol) and zero elsewhere, and puts
// all suffixes into order. The suffix before a sorted one of type L goes to the
// next free place at the front of its bucket; afterwards the same from behind
// for type S. A complemented entry is one whose predecessor is of the other
// type, to be left alone in this pass.
func induce[T symbol](text []T, sa, bucket []int32) {
	n := len(text)
	bucketStarts(text, bucket)
	putL := func(p int32) {
		c := text[p]
		at := bucket[c]
		bucket[c] = at + 1
		if p > 0 && text[p-1] < c {
			p = ^p
		}
		sa[at] = p
	}
	putL(int32(n - 1))
	for i := 0; i < n; i++ {
		p := sa[i]
		sa[i] = ^p
		if p > 0 {
			putL(p - 1)
		}
	}
	bucketEnds(text, bucket)
	for i := n - 1; i >= 0; i-- {
		p := sa[i]
		if p <= 0 {
			sa[i] = ^p
			continue
		}
		p--
		c := text[p]
		at := bucket[c] - 1
		bucket[c] = at
		if p == 0 || text[p-1] > c {
			p = ^p
		}
		sa[at] = p
	}
}

func bucketStarts[T symbol](text []T, bucket []int32) {
	count(text, bucket)
	sum := int32(0)
	for c, n := range bucket {
		bucket[c] = sum
		sum += n
	}
}

func bucketEnds[T symbol](text []T, bucket []int32) {
	count(text, bucket)
	sum := int32(0)
	for c, n := range bucket {
		sum += n
		bucket[c] = sum
	}
}

func count[T symbol](text []T, bucket []int32) {
	clear(bucket)
	for _, c := range text {
		bucket[c]++
	}
}
