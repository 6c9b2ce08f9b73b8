package tokenizer

import (
	"fmt"
	"strconv"
	"strings"
)

// PieceType is the kind of a vocabulary piece.
type PieceType int32

// The piece types of the SentencePiece format.
const (
	Normal      PieceType = 1 // learnt from text
	Unknown     PieceType = 2 // the unknown piece, exactly one
	Control     PieceType = 3 // never produced by text: <s>, </s>
	UserDefined PieceType = 4 // always matched whole
	Unused      PieceType = 5 // never produced by text, as if it were not there; see doc.go
	Byte        PieceType = 6 // one byte, <0x00> to <0xFF>
)

// String returns the name as the format spells it, in lower case.
func (t PieceType) String() string {
	switch t {
	case Normal:
		return "normal"
	case Unknown:
		return "unknown"
	case Control:
		return "control"
	case UserDefined:
		return "user_defined"
	case Unused:
		return "unused"
	case Byte:
		return "byte"
	}
	return fmt.Sprintf("PieceType(%d)", int32(t))
}

// spaceMark is U+2581, which stands for a space inside pieces.
const spaceMark = "\u2581"

// bytePiece returns the surface of the piece for one byte.
func bytePiece(b byte) string { return fmt.Sprintf("<0x%02X>", b) }

// parseBytePiece is the inverse of bytePiece.
func parseBytePiece(s string) (byte, bool) {
	if len(s) != 6 || !strings.HasPrefix(s, "<0x") || s[5] != '>' {
		return 0, false
	}
	v, err := strconv.ParseUint(s[3:5], 16, 8)
	if err != nil || bytePiece(byte(v)) != s {
		return 0, false
	}
	return byte(v), true
}

// isReservedMark reports whether a user-defined piece is a mark for programs
// (chat roles, spare slots) rather than text that a person may write: <reserved_106>
// of Baichuan, <|im_start|> and its kin, [UNUSED_TOKEN_7] of InternLM.
func isReservedMark(s string) bool {
	switch {
	case strings.HasPrefix(s, "<|") && strings.HasSuffix(s, "|>"):
		return len(s) > 4
	case strings.HasPrefix(s, "<reserved_") && strings.HasSuffix(s, ">"):
		return isDigits(s[len("<reserved_") : len(s)-1])
	case strings.HasPrefix(s, "[UNUSED_TOKEN_") && strings.HasSuffix(s, "]"):
		return isDigits(s[len("[UNUSED_TOKEN_") : len(s)-1])
	}
	return false
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
