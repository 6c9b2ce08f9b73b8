package record

import (
	"bytes"
	"encoding/binary"

	"huihai/data/dense"
)

// The kinds of candidates; they sort by kind.
const (
	CandidateExact byte = 'e' // by the hash of the text
	CandidateNear  byte = 'n' // by the key of a band of the signature
)

// EncodeExact makes the candidate of a document's text.
func EncodeExact(e *Encoder, hash [16]byte, doc int64) {
	e.Reset()
	e.byte(CandidateExact)
	e.raw(hash[:])
	e.u64(uint64(doc))
}

// EncodeBand makes the candidate of one band of a document's signature.
func EncodeBand(e *Encoder, band int, key uint64, doc int64) {
	e.Reset()
	e.byte(CandidateNear)
	e.byte(byte(band))
	e.u64(key)
	e.u64(uint64(doc))
}

// Candidate splits a candidate into what its group agrees in, of which the first
// byte is the kind, and its document.
func Candidate(rec []byte) (key []byte, doc int64, err error) {
	if len(rec) <= 8 {
		return nil, 0, ErrDamaged
	}
	at := len(rec) - 8
	return rec[:at], int64(binary.BigEndian.Uint64(rec[at:])), nil
}

// Edge is a pair of documents, of the kind of the candidates that made it.
type Edge struct {
	Kind byte
	A, B int64
}

// Encode makes the record.
func (x Edge) Encode(e *Encoder) {
	e.Reset()
	e.byte(x.Kind)
	e.u64(uint64(x.A))
	e.u64(uint64(x.B))
}

// Decode reads what Encode made.
func (x *Edge) Decode(rec []byte) error {
	d := decoder{b: rec}
	x.Kind, x.A, x.B = d.byte(), int64(d.u64()), int64(d.u64())
	return d.finish()
}

// The kinds of records of a component; they sort by component, then by kind.
const (
	ComponentNode byte = 'd'
	ComponentNear byte = 'e'
	ComponentSame byte = 'x'
)

// ComponentHead is the length of a record's component and kind.
const ComponentHead = 8 + 1

// Node is a document of a component.
type Node struct {
	Doc      int64
	Quality  float32
	Shingles []uint32 // ascending; empty where nobody compares them
	Numbers  []uint32 // of the text, ascending
}

// Encode makes the record of a component.
func (n *Node) Encode(e *Encoder, component uint64) {
	e.component(component, ComponentNode)
	e.u64(uint64(n.Doc))
	e.float(n.Quality)
	e.uint(uint64(len(n.Numbers)))
	for _, x := range n.Numbers {
		e.u32(x)
	}
	for _, x := range n.Shingles {
		e.u32(x)
	}
}

// Decode reads what follows component and kind; shingles and numbers are appended.
func (n *Node) Decode(rest []byte) error {
	d := decoder{b: rest}
	n.Doc, n.Quality = int64(d.u64()), d.float()
	for range d.uint() {
		if d.err != nil {
			break
		}
		n.Numbers = append(n.Numbers, d.u32())
	}
	for len(d.b) > 0 && d.err == nil {
		n.Shingles = append(n.Shingles, d.u32())
	}
	return d.finish()
}

// EncodePair makes the record of a pair of a component: of kind [ComponentNear] or
// [ComponentSame].
func EncodePair(e *Encoder, component uint64, kind byte, a, b int64) {
	e.component(component, kind)
	e.u64(uint64(a))
	e.u64(uint64(b))
}

// DecodePair reads what follows component and kind.
func DecodePair(rest []byte) (a, b int64, err error) {
	d := decoder{b: rest}
	a, b = int64(d.u64()), int64(d.u64())
	return a, b, d.finish()
}

func (e *Encoder) component(component uint64, kind byte) {
	e.Reset()
	e.u64(component)
	e.byte(kind)
}

// vectorHead is the length of what stands before a vector.
const vectorHead = 8 + 4

// Vector is a document's.
type Vector struct {
	Doc     int64
	Quality float32
	Values  []float32
}

// Encode makes the record.
func (v *Vector) Encode(e *Encoder) {
	e.Reset()
	v.append(e)
}

func (v *Vector) append(e *Encoder) {
	e.u64(uint64(v.Doc))
	e.float(v.Quality)
	e.b = dense.AppendVector(e.b, v.Values)
}

// Decode reads what Encode made into Values, whose length is the vector's.
func (v *Vector) Decode(rec []byte) error {
	if len(rec) < vectorHead {
		return ErrDamaged
	}
	d := decoder{b: rec[:vectorHead]}
	v.Doc, v.Quality = int64(d.u64()), d.float()
	return dense.ParseVector(v.Values, rec[vectorHead:])
}

// Assigned is a vector in one of its clusters; they sort by cluster.
type Assigned struct {
	Cluster uint32
	Home    bool // the nearest of its clusters
	Vector
}

// Encode makes the record.
func (a *Assigned) Encode(e *Encoder) {
	e.Reset()
	e.u32(a.Cluster)
	e.bool(!a.Home)
	a.append(e)
}

// Decode reads what Encode made into Values, whose length is the vector's.
func (a *Assigned) Decode(rec []byte) error {
	if len(rec) < 5 {
		return ErrDamaged
	}
	d := decoder{b: rec[:5]}
	a.Cluster, a.Home = d.u32(), !d.bool()
	return a.Vector.Decode(rec[5:])
}

// Occurrence is a place of a span. Those of one span sort together, from the
// document of the least rank on.
type Occurrence struct {
	Kind  Kind // KindParagraph or KindSentence
	Hash  uint64
	Rank  uint32
	Doc   int64
	Index uint32 // of the span in the document
}

// Encode makes the record.
func (o *Occurrence) Encode(e *Encoder) {
	e.Reset()
	e.byte(byte(o.Kind))
	e.u64(o.Hash)
	e.u32(o.Rank)
	e.u64(uint64(o.Doc))
	e.u32(o.Index)
}

// Decode reads what Encode made.
func (o *Occurrence) Decode(rec []byte) error {
	d := decoder{b: rec}
	o.Kind, o.Hash, o.Rank, o.Doc, o.Index = Kind(d.byte()), d.u64(), d.u32(), int64(d.u64()), d.u32()
	return d.finish()
}

// Anchor is where an anchor stands: those of one hash sort together. Package
// substring makes them.
type Anchor struct {
	Hash  uint64
	Doc   int64
	Index uint32 // of the segment in the document
}

// Decode reads what substring.AppendAnchor made.
func (a *Anchor) Decode(rec []byte) error {
	d := decoder{b: rec}
	a.Hash, a.Doc, a.Index = d.u64(), int64(d.u64()), d.u32()
	return d.finish()
}

// Tokens are those of one copy of a document, on their way into rows. They sort by
// source, then by Key.
type Tokens struct {
	Source string
	Key    uint64 // the shuffled place
	Doc    int64
	IDs    []int32
}

// Encode makes the record. Sources hold no NUL.
func (t *Tokens) Encode(e *Encoder) {
	e.Reset()
	e.raw([]byte(t.Source))
	e.byte(0)
	e.u64(t.Key)
	e.u64(uint64(t.Doc))
	for _, id := range t.IDs {
		e.uint(uint64(id))
	}
}

// Decode reads what Encode made. Source changes only where it differs.
func (t *Tokens) Decode(rec []byte) error {
	end := bytes.IndexByte(rec, 0)
	if end < 0 {
		return ErrDamaged
	}
	if string(rec[:end]) != t.Source {
		t.Source = string(rec[:end])
	}
	d := decoder{b: rec[end+1:]}
	t.Key, t.Doc = d.u64(), int64(d.u64())
	t.IDs = t.IDs[:0]
	for len(d.b) > 0 && d.err == nil {
		t.IDs = append(t.IDs, int32(d.uint()))
	}
	return d.finish()
}
