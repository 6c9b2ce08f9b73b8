package shard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// CheckFooter looks at the last bytes of a Parquet file before the library does,
// which believes the footer's length whatever the size of the file and would
// ask for gigabytes of memory on a damaged one.
func CheckFooter(r io.ReaderAt, size int64) error {
	const tail = 8 // length and magic
	if size < tail+4 {
		return errors.New("not a Parquet file: it is too short")
	}
	var b [tail]byte
	if _, err := r.ReadAt(b[:], size-tail); err != nil {
		return err
	}
	switch string(b[4:]) {
	case "PAR1":
	case "PARE":
		return errors.New("an encrypted Parquet file; this program cannot read those")
	default:
		return errors.New("not a whole Parquet file: it does not end in PAR1")
	}
	if n := int64(binary.LittleEndian.Uint32(b[:4])); n > size-tail-4 {
		return fmt.Errorf("damaged Parquet file: its footer claims %d bytes of %d", n, size)
	}
	return nil
}
