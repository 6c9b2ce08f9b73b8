package record

// Quality is the quality of a document, for choosing among copies.
type Quality float32

// Encode makes the record.
func (q Quality) Encode(e *Encoder) {
	e.Reset()
	e.float(float32(q))
}

// Decode reads what Encode made.
func (q *Quality) Decode(rec []byte) error {
	d := decoder{b: rec}
	*q = Quality(d.float())
	return d.finish()
}

// Copy is a document whose vector is close to that of a better one.
type Copy struct{ Doc, Better int64 }

// Encode makes the record.
func (c Copy) Encode(e *Encoder) {
	e.Reset()
	e.u64(uint64(c.Doc))
	e.u64(uint64(c.Better))
}

// Decode reads what Encode made.
func (c *Copy) Decode(rec []byte) error {
	d := decoder{b: rec}
	c.Doc, c.Better = int64(d.u64()), int64(d.u64())
	return d.finish()
}

// Unigram counts a token in the kept documents of a shard.
type Unigram struct {
	ID                uint64
	Train, Validation int64
}

// Encode makes the record.
func (u Unigram) Encode(e *Encoder) {
	e.Reset()
	e.uint(u.ID)
	e.uint(uint64(u.Train))
	e.uint(uint64(u.Validation))
}

// Decode reads what Encode made.
func (u *Unigram) Decode(rec []byte) error {
	d := decoder{b: rec}
	u.ID, u.Train, u.Validation = d.uint(), int64(d.uint()), int64(d.uint())
	return d.finish()
}
