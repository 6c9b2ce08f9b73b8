package record

// Document is what the gather stage hands on: a document, cleaned.
type Document struct {
	ID, SourceID, Source, FilePath, URL, Meta, Text string
	ByteOffset                                      int64
	RawSHA                                          [16]byte
	PII                                             int64  // pieces of personal data found
	Reason                                          string // for dropping, or empty
}

// Encode makes the record.
func (r *Document) Encode(e *Encoder) {
	e.Reset()
	e.string(r.ID)
	e.string(r.SourceID)
	e.string(r.Source)
	e.string(r.FilePath)
	e.string(r.URL)
	e.string(r.Meta)
	e.int(r.ByteOffset)
	e.raw(r.RawSHA[:])
	e.int(r.PII)
	e.string(r.Reason)
	e.string(r.Text)
}

// Decode reads what Encode made.
func (r *Document) Decode(b []byte) error {
	d := decoder{b: b}
	*r = Document{ID: d.string(), SourceID: d.string(), Source: d.string(), FilePath: d.string(), URL: d.string(), Meta: d.string()}
	r.ByteOffset = d.int()
	copy(r.RawSHA[:], d.take(16))
	r.PII, r.Reason = d.int(), d.string()
	r.Text = d.string()
	return d.finish()
}
