package record

import (
	"encoding/binary"
	"errors"
	"math"
)

// Encoder makes records: numbers as varints or, where order counts, as fixed
// big-endian words; strings with their length in front.
type Encoder struct{ b []byte }

// Bytes returns the record made so far. It is valid until the next Reset.
func (e *Encoder) Bytes() []byte { return e.b }

// Reset begins a new record.
func (e *Encoder) Reset() { e.b = e.b[:0] }

func (e *Encoder) byte(v byte) { e.b = append(e.b, v) }
func (e *Encoder) bool(v bool) {
	if v {
		e.byte(1)
	} else {
		e.byte(0)
	}
}
func (e *Encoder) uint(v uint64)   { e.b = binary.AppendUvarint(e.b, v) }
func (e *Encoder) int(v int64)     { e.b = binary.AppendVarint(e.b, v) }
func (e *Encoder) u32(v uint32)    { e.b = binary.BigEndian.AppendUint32(e.b, v) }
func (e *Encoder) u64(v uint64)    { e.b = binary.BigEndian.AppendUint64(e.b, v) }
func (e *Encoder) float(v float32) { e.u32(math.Float32bits(v)) }
func (e *Encoder) raw(v []byte)    { e.b = append(e.b, v...) }
func (e *Encoder) string(v string) { e.uint(uint64(len(v))); e.b = append(e.b, v...) }

// ErrDamaged is what decoding something else than a record gives.
var ErrDamaged = errors.New("data: damaged record in a working file; run the same build again: it finds the file and makes it again")

// decoder reads what encoder wrote. After the first mistake it yields zeros and
// keeps the error.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) take(n uint64) []byte {
	if uint64(len(d.b)) < n {
		d.err = ErrDamaged
		d.b = nil
		return nil
	}
	v := d.b[:n]
	d.b = d.b[n:]
	return v
}

func (d *decoder) byte() byte {
	if v := d.take(1); v != nil {
		return v[0]
	}
	return 0
}

func (d *decoder) bool() bool { return d.byte() == 1 }

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.err, d.b = ErrDamaged, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.err, d.b = ErrDamaged, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) u32() uint32 {
	if v := d.take(4); v != nil {
		return binary.BigEndian.Uint32(v)
	}
	return 0
}

func (d *decoder) u64() uint64 {
	if v := d.take(8); v != nil {
		return binary.BigEndian.Uint64(v)
	}
	return 0
}

func (d *decoder) float() float32 { return math.Float32frombits(d.u32()) }
func (d *decoder) string() string { return string(d.take(d.uint())) }

// finish returns the first mistake, or one if bytes are left over.
func (d *decoder) finish() error {
	if d.err == nil && len(d.b) > 0 {
		return ErrDamaged
	}
	return d.err
}
