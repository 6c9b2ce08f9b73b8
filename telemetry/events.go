package telemetry

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of tensorboard/compat/proto/{event,summary}.proto.
const (
	eventWallTime    = 1 // double
	eventStep        = 2 // int64
	eventFileVersion = 3 // string
	eventSummary     = 5 // message
	eventSessionLog  = 7 // message
	summaryValue     = 1 // repeated message
	valueTag         = 1 // string
	valueSimple      = 2 // float
	sessionStatus    = 1 // enum
	sessionStart     = 1 // SessionStatus.START
)

// Events is a Sink that writes a TensorBoard event file. Values are stored as
// float32, as the format has it.
type Events struct {
	path string
	f    *os.File
	now  func() time.Time

	buf, record []byte
}

// OpenEvents starts a new event file in folder dir, which is made if need be.
// When resumeStep is above 0, the file begins with a mark that tells TensorBoard
// to hide what earlier files hold for later steps.
func OpenEvents(dir string, resumeStep int, now func() time.Time) (*Events, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("telemetry: make folder for event files: %w", err)
	}
	f, err := createEvents(dir, now())
	if err != nil {
		return nil, fmt.Errorf("telemetry: make event file: %w", err)
	}
	e := &Events{path: f.Name(), f: f, now: now}
	err = e.write(protowire.AppendString(protowire.AppendTag(e.header(0), eventFileVersion, protowire.BytesType), "brain.Event:2"))
	if err == nil && resumeStep > 0 {
		session := protowire.AppendVarint(protowire.AppendTag(nil, sessionStatus, protowire.VarintType), sessionStart)
		err = e.write(protowire.AppendBytes(protowire.AppendTag(e.header(resumeStep+1), eventSessionLog, protowire.BytesType), session))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return e, nil
}

// createEvents makes a file whose name no earlier one has. TensorBoard reads
// the files of a folder in the order of their names, so the name holds the time
// and, for several starts within one second, a counter.
func createEvents(dir string, t time.Time) (*os.File, error) {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "localhost"
	}
	for n := 0; ; n++ {
		name := fmt.Sprintf("events.out.tfevents.%010d.%03d.%s", t.Unix(), n, host)
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, os.ErrExist) && n < 999 {
			continue
		}
		return f, err
	}
}

// Path returns the file's path.
func (e *Events) Path() string { return e.path }

// header starts an event in the reused buffer.
func (e *Events) header(step int) []byte {
	b := protowire.AppendTag(e.buf[:0], eventWallTime, protowire.Fixed64Type)
	b = protowire.AppendFixed64(b, math.Float64bits(float64(e.now().UnixMicro())/1e6))
	if step != 0 {
		b = protowire.AppendTag(b, eventStep, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(step))
	}
	return b
}

// Log implements Sink. The event reaches the file before Log returns.
func (e *Events) Log(step int, s []Scalar) error {
	var summary []byte
	for _, x := range s {
		v := protowire.AppendString(protowire.AppendTag(nil, valueTag, protowire.BytesType), x.Tag)
		v = protowire.AppendFixed32(protowire.AppendTag(v, valueSimple, protowire.Fixed32Type), math.Float32bits(float32(x.Value)))
		summary = protowire.AppendBytes(protowire.AppendTag(summary, summaryValue, protowire.BytesType), v)
	}
	return e.write(protowire.AppendBytes(protowire.AppendTag(e.header(step), eventSummary, protowire.BytesType), summary))
}

// write stores one record: length, masked checksum of the length, data, masked
// checksum of the data.
func (e *Events) write(event []byte) error {
	e.buf = event
	var head [12]byte
	binary.LittleEndian.PutUint64(head[:8], uint64(len(event)))
	binary.LittleEndian.PutUint32(head[8:], maskedCRC(head[:8]))
	var foot [4]byte
	binary.LittleEndian.PutUint32(foot[:], maskedCRC(event))
	e.record = append(append(append(e.record[:0], head[:]...), event...), foot[:]...)
	if err := writeWhole(e.f, e.record); err != nil {
		return fmt.Errorf("telemetry: write %s: %w", e.path, err)
	}
	return nil
}

// Close implements Sink.
func (e *Events) Close() error {
	if err := errors.Join(e.f.Sync(), e.f.Close()); err != nil {
		return fmt.Errorf("telemetry: close %s: %w", e.path, err)
	}
	return nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC is the checksum of the TFRecord format: CRC-32C rotated right by 15
// bits, plus a constant, so that a checksum of data that holds checksums is
// sound.
func maskedCRC(b []byte) uint32 {
	c := crc32.Checksum(b, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}
