package dash

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
)

const (
	// maxLine is the longest line that is taken for a record, in bytes.
	maxLine = 1 << 20
	// maxRead bounds what one call of read takes from the file, in bytes.
	maxRead = 4 << 20
	// anchorBytes are remembered of what was read last. They hold the time of the last
	// line, so that a log which was cut and has grown again is not taken for the old.
	anchorBytes = 512
	// maxStep is the largest step that a page's numbers hold exactly.
	maxStep = 1 << 53
)

// record is one line of a log: the values of a step, in the order of their tags. The
// time of the line, in seconds since 1970, is the value of tag "time".
type record struct {
	step   int64
	tags   []string
	values []float64
}

// tail follows a log that another process appends to, cuts back or replaces.
type tail struct {
	path     string
	seen     os.FileInfo // of the file as it was read last; nil when there is none
	offset   int64       // up to here whole lines were read
	anchor   []byte      // the bytes before offset
	skipping bool        // the middle of a line that is too long
	behind   bool        // the file holds more than was read
}

// news is what a call of read found.
type news struct {
	restarted bool // what was read before is void: forget it, then take records
	records   []record
	skipped   int  // lines that are no records
	more      bool // call again at once
}

// read returns the whole lines that came since the last call. A file that is absent is
// no error.
func (t *tail) read() (news, error) {
	info, err := os.Stat(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		return news{restarted: t.forget()}, nil
	}
	if err != nil {
		return news{}, err
	}
	if !info.Mode().IsRegular() {
		return news{}, fmt.Errorf("%s is no regular file", t.path)
	}
	if t.seen != nil && !t.behind && os.SameFile(info, t.seen) && info.Size() == t.seen.Size() && info.ModTime().Equal(t.seen.ModTime()) {
		return news{}, nil
	}
	f, err := os.Open(t.path)
	if err != nil {
		return news{}, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return news{}, err
	}
	return t.readFrom(f, info)
}

// forget starts over. It reports whether there was something to forget.
func (t *tail) forget() bool {
	had := t.seen != nil
	*t = tail{path: t.path}
	return had
}

func (t *tail) readFrom(f *os.File, info os.FileInfo) (news, error) {
	var n news
	if t.seen != nil && !t.continues(f, info) {
		n.restarted = t.forget()
	}
	data, err := io.ReadAll(io.NewSectionReader(f, t.offset, min(maxRead, max(0, info.Size()-t.offset))))
	if err != nil {
		return n, fmt.Errorf("read %s: %w", t.path, err)
	}
	used := t.lines(data, &n)
	t.anchor = append(t.anchor, data[:used]...)
	t.anchor = slices.Clone(t.anchor[max(0, len(t.anchor)-anchorBytes):])
	t.offset += int64(used)
	n.more = used > 0 && t.offset < info.Size()
	t.seen, t.behind = info, n.more
	return n, nil
}

// continues reports whether f is the file that was read before, with at least as much
// in it.
func (t *tail) continues(f *os.File, info os.FileInfo) bool {
	if !os.SameFile(info, t.seen) || info.Size() < t.offset {
		return false
	}
	now := make([]byte, len(t.anchor))
	_, err := f.ReadAt(now, t.offset-int64(len(t.anchor)))
	return err == nil && bytes.Equal(now, t.anchor)
}

// lines parses the whole lines at the front of data and returns their length.
func (t *tail) lines(data []byte, n *news) int {
	used := 0
	for {
		end := bytes.IndexByte(data[used:], '\n')
		if end < 0 {
			break
		}
		line := data[used : used+end]
		used += end + 1
		if t.skipping {
			t.skipping = false // counted where it began
			continue
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if rec, ok := parseLine(line); ok {
			n.records = append(n.records, rec)
		} else {
			n.skipped++
		}
	}
	if rest := len(data) - used; rest > maxLine || t.skipping && rest > 0 {
		if !t.skipping {
			n.skipped++
		}
		t.skipping = true
		used = len(data)
	}
	return used
}

// parseLine reads one record. Values that are no numbers are left out; a line that is
// no object with a step is no record.
func parseLine(line []byte) (record, bool) {
	if len(line) > maxLine {
		return record{}, false
	}
	var raw map[string]json.RawMessage
	if json.Unmarshal(line, &raw) != nil {
		return record{}, false
	}
	var rec record
	if step, ok := raw["step"]; !ok || json.Unmarshal(step, &rec.step) != nil || rec.step < 0 || rec.step > maxStep {
		return record{}, false
	}
	delete(raw, "step")
	for tag := range raw {
		rec.tags = append(rec.tags, tag)
	}
	slices.Sort(rec.tags)
	kept := rec.tags[:0]
	for _, tag := range rec.tags {
		if v, ok := parseNumber(raw[tag]); ok {
			kept = append(kept, tag)
			rec.values = append(rec.values, v)
		}
	}
	rec.tags = kept
	return rec, true
}

// parseNumber reads a JSON number, or one of the words that stand for what JSON has no
// number for.
func parseNumber(raw json.RawMessage) (float64, bool) {
	s := string(raw)
	switch s {
	case `"NaN"`, `"+Inf"`, `"-Inf"`:
		s = s[1 : len(s)-1]
	default:
		if s == "" || s[0] != '-' && (s[0] < '0' || s[0] > '9') {
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil
}
