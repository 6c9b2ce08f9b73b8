package tokenizer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"unicode/utf8"
)

// charsmap is a precompiled normalisation rule: a Darts-clone double array of
// uint32 units that maps a byte string to an offset into NUL-terminated
// replacements. Layout of the file field: uint32 size of the array in bytes,
// the array, the replacements, all little endian.
type charsmap struct {
	units        []uint32
	replacements []byte
}

func parseCharsmap(blob []byte) (*charsmap, error) {
	if len(blob) <= 4 {
		return nil, errors.New("precompiled_charsmap is too short to hold its size")
	}
	size := binary.LittleEndian.Uint32(blob)
	rest := blob[4:]
	if uint64(size) >= uint64(len(blob)) || int(size) > len(rest) || size%4 != 0 || size == 0 {
		return nil, errors.New("precompiled_charsmap has a trie larger than itself or of a broken size")
	}
	c := &charsmap{units: make([]uint32, size/4), replacements: rest[size:]}
	for i := range c.units {
		c.units[i] = binary.LittleEndian.Uint32(rest[4*i:])
	}
	return c, nil
}

// Fields of a double-array unit (darts-clone): bit 8 tells that a leaf hangs
// below, the label is bits 0-7 with bit 31 set in leaves, the offset is bits
// 10-30, shifted by 8 when bit 9 is set.
func unitHasLeaf(u uint32) bool  { return u>>8&1 == 1 }
func unitValue(u uint32) uint32  { return u & (1<<31 - 1) }
func unitLabel(u uint32) uint32  { return u & (1<<31 | 0xFF) }
func unitOffset(u uint32) uint32 { return u >> 10 << (u & (1 << 9) >> 6) }
func (c *charsmap) at(p uint32) uint32 {
	if int(p) < len(c.units) {
		return c.units[p]
	}
	return 1 << 31 // a leaf label, which no byte equals
}

// longest returns the replacement of the longest rule that s starts with and
// the number of bytes it consumes, or zero. Broken offsets and replacements
// that are not UTF-8 count as no rule.
func (c *charsmap) longest(s []byte) (replacement []byte, length int) {
	pos := unitOffset(c.at(0))
	value := uint32(0)
	for i, b := range s {
		pos ^= uint32(b)
		u := c.at(pos)
		if unitLabel(u) != uint32(b) {
			break
		}
		pos ^= unitOffset(u)
		if unitHasLeaf(u) {
			value, length = unitValue(c.at(pos)), i+1
		}
	}
	if length == 0 || int(value) > len(c.replacements) {
		return nil, 0
	}
	replacement = c.replacements[value:]
	if end := bytes.IndexByte(replacement, 0); end >= 0 {
		replacement = replacement[:end]
	}
	if !utf8.Valid(replacement) {
		return nil, 0
	}
	return replacement, length
}
