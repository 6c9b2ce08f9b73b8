package record

import (
	"encoding/binary"
	"math"

	"huihai/data/dedup"
	"huihai/data/substring"
)

// Kind is the letter by which the findings about a document differ.
type Kind byte

// The kinds of findings. A new one gets a letter that no other has, and a line in
// [Kinds].
const (
	KindComponent Kind = 'c' // of which component of pairs it is
	KindExact     Kind = 'x' // an earlier document has the same text
	KindNear      Kind = 'n' // a document that may be a copy
	KindMember    Kind = 'm' // its place in a cluster of copies
	KindSemantic  Kind = 'v' // its place in a cluster of vectors
	KindCopy      Kind = 'w' // a better document whose vector is close
	KindMark      Kind = 'k' // a passage that occurs elsewhere too
	KindAnchor    Kind = 'a' // a segment whose anchor occurs elsewhere too
	KindParagraph Kind = 'p' // a paragraph that occurs elsewhere too
	KindSentence  Kind = 's' // a sentence that occurs elsewhere too
)

// Kinds lists all kinds of findings.
func Kinds() []Kind {
	return []Kind{KindComponent, KindExact, KindNear, KindMember, KindSemantic, KindCopy, KindMark, KindAnchor, KindParagraph, KindSentence}
}

// findingHead is the length of a finding's document and kind.
const findingHead = 8 + 1

// ParseFinding splits a finding into its document, its kind and what the type of
// that kind decodes.
func ParseFinding(rec []byte) (doc int64, kind Kind, rest []byte, err error) {
	if len(rec) < findingHead {
		return 0, 0, nil, ErrDamaged
	}
	return int64(binary.BigEndian.Uint64(rec)), Kind(rec[8]), rec[findingHead:], nil
}

// finding begins the finding of a kind about a document.
func (e *Encoder) finding(doc int64, kind Kind) {
	e.Reset()
	e.u64(uint64(doc))
	e.byte(byte(kind))
}

// Component tells a document of the component of pairs it is in, by the number of
// its first document, and whether the pairs need its shingles.
type Component struct {
	Component uint64
	Needed    bool
}

// Encode makes the finding about doc.
func (c Component) Encode(e *Encoder, doc int64) {
	e.finding(doc, KindComponent)
	e.u64(c.Component)
	e.bool(c.Needed)
}

// Decode reads what follows document and kind.
func (c *Component) Decode(rest []byte) error {
	d := decoder{b: rest}
	c.Component, c.Needed = d.u64(), d.bool()
	return d.finish()
}

// Other is a finding that names another document: of kind [KindExact] the first of
// equal text, of kind [KindNear] a candidate, of kind [KindCopy] a better one.
type Other struct {
	Kind Kind
	Doc  int64
}

// Encode makes the finding about doc.
func (o Other) Encode(e *Encoder, doc int64) {
	e.finding(doc, o.Kind)
	e.u64(uint64(o.Doc))
}

// Decode reads what follows document and kind; Kind stays as it is.
func (o *Other) Decode(rest []byte) error {
	d := decoder{b: rest}
	o.Doc = int64(d.u64())
	return d.finish()
}

// EncodeMember makes the finding of a document's place in its cluster.
func EncodeMember(e *Encoder, m dedup.Member) {
	e.finding(m.Doc, KindMember)
	e.u64(uint64(m.Cluster))
	e.uint(uint64(m.Size))
	flags := byte(0)
	if m.Canonical {
		flags |= 1
	}
	if m.Exact {
		flags |= 2
	}
	e.byte(flags)
}

// DecodeMember reads what follows document and kind.
func DecodeMember(doc int64, rest []byte) (dedup.Member, error) {
	d := decoder{b: rest}
	m := dedup.Member{Doc: doc, Cluster: int64(d.u64()), Size: int64(d.uint())}
	flags := d.byte()
	m.Canonical, m.Exact = flags&1 != 0, flags&2 != 0
	return m, d.finish()
}

// Semantic is a document's place among clusters of vectors.
type Semantic struct {
	Cluster int32   // -1 when a neighbour's cluster tells
	Sim     float32 // greatest cosine to a better document there
}

// Encode makes the finding about doc.
func (s Semantic) Encode(e *Encoder, doc int64) {
	e.finding(doc, KindSemantic)
	e.u32(uint32(s.Cluster))
	e.float(s.Sim)
}

// Decode reads what follows document and kind.
func (s *Semantic) Decode(rest []byte) error {
	d := decoder{b: rest}
	s.Cluster, s.Sim = int32(d.u32()), d.float()
	return d.finish()
}

// EncodeMark makes the finding of a passage that occurs elsewhere too.
func EncodeMark(e *Encoder, m substring.Mark) {
	e.finding(m.Doc, KindMark)
	e.u32(uint32(m.Start))
	e.u32(uint32(m.End))
	e.bool(m.Kept)
}

// DecodeMark reads what follows document and kind.
func DecodeMark(doc int64, rest []byte) (substring.Mark, error) {
	d := decoder{b: rest}
	m := substring.Mark{Doc: doc, Span: substring.Span{Start: int32(d.u32()), End: int32(d.u32())}, Kept: d.bool()}
	return m, d.finish()
}

// EncodeAnchor makes the finding that the anchor of segment number index of doc
// occurs elsewhere too.
func EncodeAnchor(e *Encoder, doc int64, index uint32) {
	e.finding(doc, KindAnchor)
	e.u32(index)
}

// DecodeAnchor reads what follows document and kind.
func DecodeAnchor(rest []byte) (index uint32, err error) {
	d := decoder{b: rest}
	index = d.u32()
	return index, d.finish()
}

// Copies says how often a span occurs in the kept documents. Its kind is
// [KindParagraph] or [KindSentence].
type Copies struct {
	Kind      Kind
	Index     uint32 // of the span in its document
	Count     uint32
	Canonical bool // the occurrence that stays
}

// Encode makes the finding about doc.
func (c Copies) Encode(e *Encoder, doc int64) {
	e.finding(doc, c.Kind)
	e.u32(c.Index)
	e.u32(c.Count)
	e.bool(c.Canonical)
}

// Decode reads what follows document and kind; Kind stays as it is.
func (c *Copies) Decode(rest []byte) error {
	d := decoder{b: rest}
	c.Index, c.Count, c.Canonical = d.u32(), d.u32(), d.bool()
	return d.finish()
}

// Rank orders by quality from high to low, bytewise; quality is at least 0.
func Rank(quality float32) uint32 { return math.MaxUint32 - math.Float32bits(quality) }
