package linear

// dictionary numbers words, then labels. Its texts lie back to back.
type dictionary struct {
	words, labels int
	text          []byte
	ends          []int // end of each entry's text
	counts        []int64
	table         []slot // open addressing, a power of two long, at most 2/3 full
}

type slot struct {
	hash uint32
	id   int32 // plus 1; 0 is free
}

// entry returns the text of an entry; it is owned by the dictionary.
func (d *dictionary) entry(id int) []byte {
	start := 0
	if id > 0 {
		start = d.ends[id-1]
	}
	return d.text[start:d.ends[id]]
}

// find returns the number of a token, or -1.
func (d *dictionary) find(token []byte, hash uint32) int32 {
	mask := uint32(len(d.table) - 1)
	if len(d.table) == 0 {
		return -1
	}
	for k := hash & mask; ; k = (k + 1) & mask {
		s := d.table[k]
		if s.id == 0 {
			return -1
		}
		if s.hash == hash && string(d.entry(int(s.id-1))) == string(token) {
			return s.id - 1
		}
	}
}

// add appends an entry that the dictionary does not hold.
func (d *dictionary) add(token []byte, hash uint32, count int64) int32 {
	id := int32(len(d.ends))
	d.text = append(d.text, token...)
	d.ends = append(d.ends, len(d.text))
	d.counts = append(d.counts, count)
	if 3*len(d.ends) > 2*len(d.table) {
		d.grow()
	}
	d.place(slot{hash, id + 1})
	return id
}

func (d *dictionary) place(s slot) {
	mask := uint32(len(d.table) - 1)
	k := s.hash & mask
	for d.table[k].id != 0 {
		k = (k + 1) & mask
	}
	d.table[k] = s
}

func (d *dictionary) grow() {
	old := d.table
	d.table = make([]slot, max(64, 2*len(old)))
	for _, s := range old {
		if s.id != 0 {
			d.place(s)
		}
	}
}

// features collects the rows of the input matrix that a text stands for.
type features struct {
	dict             *dictionary
	wordNgrams       int
	minn, maxn       int
	bucket           uint64
	pruned           *pruned // nil: every hash has its row
	ids              []int32 // rows, in fastText's order
	hashes           []int32 // of the tokens so far, for runs of them
	wrapped          []byte  // <token>
	nextNgram, words int     // where runs of tokens stand; words is dict.words
}

// pruned maps hashes to the rows behind the words that a pruned model kept: open
// addressing at most half full, since most lookups find nothing.
type pruned struct {
	n     int
	slots []keptHash
	shift uint // of the product with fibonacci
}

type keptHash struct{ hash, row int32 } // row plus 1; 0 is free

const fibonacci = 0x9e3779b9

func newPruned(n int) *pruned {
	p := &pruned{shift: 31}
	for 1<<(32-p.shift) < 2*n {
		p.shift--
	}
	p.slots = make([]keptHash, 1<<(32-p.shift))
	return p
}

// at returns the slot of a hash, or the free one where it belongs.
func (p *pruned) at(hash int32) *keptHash {
	for k := uint32(hash) * fibonacci >> p.shift; ; k++ {
		s := &p.slots[k&uint32(len(p.slots)-1)]
		if s.row == 0 || s.hash == hash {
			return s
		}
	}
}

// put adds a hash and tells whether it is new.
func (p *pruned) put(hash, row int32) bool {
	s := p.at(hash)
	if s.row != 0 {
		return false
	}
	*s = keptHash{hash, row + 1}
	p.n++
	return true
}

// reset begins a new text.
func (f *features) reset() {
	f.ids, f.hashes, f.nextNgram, f.words = f.ids[:0], f.hashes[:0], 0, f.dict.words
}

// token takes the next token; id is its number in the dictionary or -1.
func (f *features) token(id int32, token []byte, hash uint32) {
	if int(id) >= f.words || id < 0 && len(token) >= len(labelPrefix) && string(token[:len(labelPrefix)]) == labelPrefix {
		return // a label is no feature
	}
	if id >= 0 {
		f.ids = append(f.ids, id)
	}
	if f.maxn > 0 && string(token) != eos {
		f.characters(token)
	}
	f.hashes = append(f.hashes, int32(hash))
}

// characters adds the runs of minn to maxn characters of <token>. A run of one
// character is not taken at either end.
func (f *features) characters(token []byte) {
	w := append(append(append(f.wrapped[:0], '<'), token...), '>')
	f.wrapped = w
	for i := range w {
		if w[i]&0xc0 == 0x80 {
			continue
		}
		h := uint32(fnvOffset)
		for j, n := i, 1; j < len(w) && n <= f.maxn; n++ {
			h = hashByte(h, w[j])
			for j++; j < len(w) && w[j]&0xc0 == 0x80; j++ {
				h = hashByte(h, w[j])
			}
			if n >= f.minn && (n > 1 || i > 0 && j < len(w)) {
				f.push(uint64(h))
			}
		}
	}
}

// ngrams adds the runs of two and more tokens once all tokens are in, until
// about limit rows are collected; it tells whether more are to come.
func (f *features) ngrams(limit int) (more bool) {
	for ; f.nextNgram < len(f.hashes) && f.wordNgrams > 1; f.nextNgram++ {
		if len(f.ids) >= limit {
			return true
		}
		i := f.nextNgram
		h := uint64(int64(f.hashes[i]))
		for _, next := range f.hashes[i+1 : min(i+f.wordNgrams, len(f.hashes))] {
			h = h*116049371 + uint64(int64(next))
			f.push(h)
		}
	}
	return false
}

func (f *features) push(hash uint64) {
	id := int32(hash % f.bucket)
	if f.pruned != nil {
		if id = f.pruned.at(id).row - 1; id < 0 {
			return
		}
	}
	f.ids = append(f.ids, int32(f.words)+id)
}
