package telemetry

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"time"
)

// JSONL is a Sink that appends one JSON object per step to a file:
//
//	{"step":20,"time":1767225600.250,"train/loss":3.25,"train/grad_norm":"NaN"}
//
// Time is in seconds since 1970. JSON has no NaN or infinity; they are the words
// "NaN", "+Inf" and "-Inf".
type JSONL struct {
	path string
	f    *os.File
	now  func() time.Time
	line []byte
}

// OpenJSONL opens or makes the log at path. Lines of steps after resumeStep are
// moved to the end of path+".old", as the run that resumes will write them
// again; so is a last line that a crash cut short. Pass 0 for a run that starts
// afresh, which empties the file, and math.MaxInt to keep every line.
func OpenJSONL(path string, resumeStep int, now func() time.Time) (*JSONL, error) {
	keep, err := keepUntil(path, resumeStep)
	if err != nil {
		return nil, fmt.Errorf("telemetry: open log %s: %w", path, err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("telemetry: open log: %w", err)
	}
	if err := cut(f, keep); err != nil {
		return nil, errors.Join(fmt.Errorf("telemetry: open log %s: %w", path, err), f.Close())
	}
	return &JSONL{path: path, f: f, now: now}, nil
}

// cut shortens f to keep bytes and leaves the position there. What is cut off
// is first appended to a second file.
func cut(f *os.File, keep int64) (err error) {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil || end == keep {
		return err
	}
	old, err := os.OpenFile(f.Name()+".old", os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(old, io.NewSectionReader(f, keep, end-keep))
	if err = errors.Join(err, old.Sync(), old.Close()); err != nil {
		return err
	}
	if err := f.Truncate(keep); err != nil {
		return err
	}
	_, err = f.Seek(keep, io.SeekStart)
	return err
}

// keepUntil returns the length of the part of a log that holds whole lines of
// steps up to last. Steps do not fall within a log, so that part is a prefix.
func keepUntil(path string, last int) (int64, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	r := bufio.NewReader(f)
	var keep int64
	for n := 1; ; n++ {
		text, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return keep, nil // what is left has no end of line: a torn write
		}
		if err != nil {
			return 0, err
		}
		rec, err := parseRecord(text)
		if err != nil {
			return 0, fmt.Errorf("line %d: %w; move the file away to start a new one", n, err)
		}
		if rec.Step > last {
			return keep, nil
		}
		keep += int64(len(text))
	}
}

// Log implements Sink with a single write, so that a crash leaves at most one
// unfinished line.
func (j *JSONL) Log(step int, s []Scalar) error {
	b := append(j.line[:0], `{"step":`...)
	b = strconv.AppendInt(b, int64(step), 10)
	b = append(b, `,"time":`...)
	b = strconv.AppendFloat(b, float64(j.now().UnixMilli())/1000, 'f', 3, 64)
	for _, x := range s {
		tag, err := json.Marshal(x.Tag)
		if err != nil {
			return fmt.Errorf("telemetry: log %s: %w", j.path, err)
		}
		b = append(append(append(b, ','), tag...), ':')
		b = appendNumber(b, x.Value)
	}
	j.line = append(b, '}', '\n')
	if err := writeWhole(j.f, j.line); err != nil {
		return fmt.Errorf("telemetry: log %s: %w", j.path, err)
	}
	return nil
}

// writeWhole appends b to f, or nothing: what a full disk took of it is cut off
// again, so that what comes once there is room stands in whole records.
func writeWhole(f *os.File, b []byte) error {
	n, err := f.Write(b)
	if err == nil || n == 0 {
		return err
	}
	at, seekErr := f.Seek(-int64(n), io.SeekCurrent)
	if seekErr == nil {
		seekErr = f.Truncate(at)
	}
	return errors.Join(err, seekErr)
}

func appendNumber(b []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		b = append(b, '"')
		b = strconv.AppendFloat(b, v, 'g', -1, 64)
		return append(b, '"')
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}

// Close implements Sink.
func (j *JSONL) Close() error {
	if err := errors.Join(j.f.Sync(), j.f.Close()); err != nil {
		return fmt.Errorf("telemetry: close %s: %w", j.path, err)
	}
	return nil
}

// Record is one line of a JSONL log.
type Record struct {
	Step   int
	Time   time.Time
	Values map[string]float64
}

// ReadJSONL returns the records of a log. A last line without an end is left
// out; any other malformed line is an error that names it.
func ReadJSONL(r io.Reader) ([]Record, error) {
	in := bufio.NewReader(r)
	var out []Record
	for n := 1; ; n++ {
		text, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("telemetry: read log: %w", err)
		}
		rec, err := parseRecord(text)
		if err != nil {
			return nil, fmt.Errorf("telemetry: log line %d: %w", n, err)
		}
		out = append(out, rec)
	}
}

func parseRecord(text []byte) (Record, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return Record{}, fmt.Errorf("not a JSON object: %w", err)
	}
	rec := Record{Values: map[string]float64{}}
	step, ok := raw["step"]
	if !ok || json.Unmarshal(step, &rec.Step) != nil {
		return Record{}, errors.New(`no whole number under "step"`)
	}
	for tag, value := range raw {
		if tag == "step" {
			continue
		}
		v, err := strconv.ParseFloat(string(bytes.Trim(value, `"`)), 64)
		if err != nil {
			return Record{}, fmt.Errorf("%q is %s, not a number", tag, value)
		}
		if tag == "time" {
			rec.Time = time.UnixMilli(int64(math.Round(v * 1000))).UTC()
			continue
		}
		rec.Values[tag] = v
	}
	return rec, nil
}
