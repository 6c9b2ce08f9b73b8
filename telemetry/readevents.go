package telemetry

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Event is one record of an event file.
type Event struct {
	WallTime float64 // seconds since 1970
	Step     int
	Version  string // "brain.Event:2" in the first record
	Start    bool   // a run starts here: earlier files' later steps are void
	Scalars  []Scalar
}

// maxEvent bounds a record, so that a damaged length does not exhaust memory.
const maxEvent = 64 << 20

// ReadEvents returns the records of an event file. A record cut short at the
// end of the file is left out; a wrong checksum is an error.
func ReadEvents(r io.Reader) ([]Event, error) {
	var out []Event
	for n := 0; ; n++ {
		data, err := readRecord(r)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("telemetry: event record %d: %w", n, err)
		}
		e, err := parseEvent(data)
		if err != nil {
			return nil, fmt.Errorf("telemetry: event record %d: %w", n, err)
		}
		out = append(out, e)
	}
}

func readRecord(r io.Reader) ([]byte, error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	if maskedCRC(head[:8]) != binary.LittleEndian.Uint32(head[8:]) {
		return nil, errors.New("the length has a wrong checksum")
	}
	size := binary.LittleEndian.Uint64(head[:8])
	if size > maxEvent {
		return nil, fmt.Errorf("the record is %d bytes long; at most %d are read", size, maxEvent)
	}
	var body bytes.Buffer
	if _, err := io.CopyN(&body, r, int64(size)+4); err != nil {
		return nil, err
	}
	data, foot := body.Bytes()[:size], body.Bytes()[size:]
	if maskedCRC(data) != binary.LittleEndian.Uint32(foot) {
		return nil, errors.New("the data has a wrong checksum")
	}
	return data, nil
}

func parseEvent(b []byte) (Event, error) {
	var e Event
	err := eachField(b, func(num protowire.Number, f field) error {
		switch num {
		case eventWallTime:
			e.WallTime = math.Float64frombits(f.number)
		case eventStep:
			e.Step = int(int64(f.number))
		case eventFileVersion:
			e.Version = string(f.bytes)
		case eventSessionLog:
			return eachField(f.bytes, func(num protowire.Number, f field) error {
				e.Start = e.Start || num == sessionStatus && f.number == sessionStart
				return nil
			})
		case eventSummary:
			return eachField(f.bytes, func(num protowire.Number, f field) error {
				if num != summaryValue {
					return nil
				}
				s, err := parseScalar(f.bytes)
				e.Scalars = append(e.Scalars, s)
				return err
			})
		}
		return nil
	})
	return e, err
}

func parseScalar(b []byte) (Scalar, error) {
	var s Scalar
	err := eachField(b, func(num protowire.Number, f field) error {
		switch num {
		case valueTag:
			s.Tag = string(f.bytes)
		case valueSimple:
			s.Value = float64(math.Float32frombits(uint32(f.number)))
		}
		return nil
	})
	return s, err
}

// field is the content of a protobuf field of any wire type.
type field struct {
	number uint64
	bytes  []byte
}

func eachField(b []byte, do func(protowire.Number, field) error) error {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		var f field
		switch typ {
		case protowire.VarintType:
			f.number, n = protowire.ConsumeVarint(b)
		case protowire.Fixed64Type:
			f.number, n = protowire.ConsumeFixed64(b)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(b)
			f.number = uint64(v)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(num, typ, b)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		if err := do(num, f); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}
