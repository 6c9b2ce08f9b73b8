package flow

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Merge yields the records of one partition from all map tasks in bytewise
// order. Equal records come as often as they were emitted. At the end it checks
// that they are the records that the map tasks say they emitted.
type Merge struct {
	runs    []*run // a heap, least record first
	held    bool   // the caller holds the record of runs[0]
	closers []func()
	want    tally
	got     tally
	stages  []string
}

type run struct {
	r       *RecordReader
	current []byte
	head    uint64
}

func (a *run) less(b *run) bool {
	if a.head != b.head {
		return a.head < b.head
	}
	return bytes.Compare(a.current, b.current) < 0
}

// advance reads the run's next record; it returns false at the end.
func (a *run) advance() (bool, error) {
	rec, err := a.r.Next()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return false, err
	}
	a.current, a.head = rec, head(rec)
	return true, nil
}

// section is one partition of a spill file.
type section struct {
	path      string
	partition int
	alone     bool // the file is a section that was fetched by itself
	scratch   bool // to be removed once it was read
}

// openRecords opens the records that the given results, of one stage or several,
// emitted for a partition. Where they lie in more runs than the task may read at a
// time, these are merged to fewer in the task's working folder first. Close frees
// what is held.
func (t *Task) openRecords(from []*Result, partition int) (*Merge, error) {
	m := &Merge{}
	var all []section
	for len(from) > 0 {
		n := 1
		for n < len(from) && from[n].Stage == from[0].Stage {
			n++
		}
		s, err := m.sections(from[:n], partition)
		if err != nil {
			return nil, fmt.Errorf("flow: records of stage %s: %w", from[0].Stage, err)
		}
		all, from = append(all, s...), from[n:]
	}
	all, err := t.fewer(all)
	if err == nil {
		err = m.open(all)
	}
	if err != nil {
		m.Close()
		return nil, fmt.Errorf("flow: records of %s: %w", strings.Join(m.stages, ", "), err)
	}
	return m, nil
}

// sections finds the records of one stage, and notes what they must add up to.
func (m *Merge) sections(from []*Result, partition int) ([]section, error) {
	var total tally
	for _, res := range from {
		if partition >= len(res.Emitted) {
			return nil, fmt.Errorf("task %d has no partition %d", res.Index, partition)
		}
		if err := total.plus(res.Emitted[partition]); err != nil {
			return nil, err
		}
	}
	m.want.records += total.records
	m.want.lo += total.lo
	m.want.hi += total.hi
	m.stages = append(m.stages, from[0].Stage)
	exchange := exchangeDir(filepath.Dir(from[0].Dir), partition)
	if l, err := readRuns(exchange); err == nil && l.Total != nil && *l.Total == total.emitted() {
		return appendSections(nil, exchange, l, 0), nil
	}
	var out []section
	for _, res := range from {
		if res.Emitted[partition].Records == 0 {
			continue
		}
		if res.stored != nil {
			out = appendStored(out, res, partition)
			continue
		}
		l, err := readRuns(res.Dir)
		if err != nil {
			return nil, err
		}
		out = appendSections(out, res.Dir, l, partition)
	}
	return out, nil
}

func appendSections(to []section, dir string, l *runList, partition int) []section {
	for i := range l.Runs {
		to = append(to, section{path: filepath.Join(dir, runName(i)), partition: partition})
	}
	return to
}

// fewer merges runs until the task may read all that are left at a time: no more
// of them than it must, the first ones first.
func (t *Task) fewer(s []section) ([]section, error) {
	for len(s) > t.fan {
		n := min(t.fan, len(s)-t.fan+1)
		merged, err := t.mergeRuns(s[:n])
		if err != nil {
			return nil, err
		}
		s = append(s[n:], merged)
	}
	return s, nil
}

// mergeRuns makes one run of several.
func (t *Task) mergeRuns(s []section) (section, error) {
	var m Merge
	defer m.Close()
	if err := m.open(s); err != nil {
		return section{}, err
	}
	dir, err := t.TempDir()
	if err != nil {
		return section{}, err
	}
	path := filepath.Join(dir, fmt.Sprintf("merge-%05d.bin", t.merges))
	t.merges++
	f, err := t.engine.fs().Create(path)
	if err != nil {
		return section{}, writeError(path, err)
	}
	err = m.writeRun(&countWriter{w: f, path: path})
	return section{path: path, scratch: true}, errors.Join(err, f.Close())
}

// writeRun writes all records as a spill file of one partition.
func (m *Merge) writeRun(w *countWriter) error {
	enc := NewRecordWriter(w)
	for {
		rec, err := m.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := enc.Write(rec); err != nil {
			return err
		}
	}
	if err := enc.Close(); err != nil {
		return err
	}
	return writeFooter(w, []int64{0, w.n})
}

func (s section) open() (*RecordReader, io.Closer, error) {
	if s.alone {
		return openSection(s.path)
	}
	return openRun(s.path, s.partition)
}

// open begins to read runs.
func (m *Merge) open(sections []section) error {
	for _, s := range sections {
		if s.scratch {
			m.closers = append(m.closers, func() { _ = os.Remove(s.path) })
		}
		r, c, err := s.open()
		if err != nil {
			return err
		}
		if r == nil {
			continue
		}
		if err := m.add(r, c); err != nil {
			return err
		}
	}
	return nil
}

// appendStored appends what was fetched of a result: whole spill files or sections.
func appendStored(to []section, res *Result, partition int) []section {
	for i, run := range res.stored.Runs {
		if run.section(partition) == nil {
			continue
		}
		s := section{path: res.runPath(i), partition: partition}
		if !hasFile(s.path) {
			s.path, s.alone = res.sectionPath(i, partition), true
		}
		to = append(to, s)
	}
	return to
}

func (m *Merge) add(r *RecordReader, c io.Closer) error {
	m.closers = append(m.closers, func() { r.Close(); _ = c.Close() })
	x := &run{r: r}
	more, err := x.advance()
	if err != nil {
		return err
	}
	if more {
		m.runs = append(m.runs, x)
		m.up(len(m.runs) - 1)
	}
	return nil
}

func (m *Merge) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !m.runs[i].less(m.runs[parent]) {
			return
		}
		m.runs[i], m.runs[parent] = m.runs[parent], m.runs[i]
		i = parent
	}
}

func (m *Merge) down() {
	h, i := m.runs, 0
	for {
		least := 2*i + 1
		if least >= len(h) {
			return
		}
		if least+1 < len(h) && h[least+1].less(h[least]) {
			least++
		}
		if !h[least].less(h[i]) {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}

// Next returns the next record, valid until the call after, or io.EOF.
func (m *Merge) Next() ([]byte, error) {
	rec, err := m.next()
	if err == nil {
		m.got.add(rec)
	} else if errors.Is(err, io.EOF) {
		err = m.end()
	}
	return rec, err
}

func (m *Merge) next() ([]byte, error) {
	if m.held {
		more, err := m.runs[0].advance()
		if err != nil {
			return nil, err
		}
		if !more {
			last := len(m.runs) - 1
			m.runs[0], m.runs[last] = m.runs[last], nil
			m.runs = m.runs[:last]
		}
		m.down()
		m.held = false
	}
	if len(m.runs) == 0 {
		return nil, io.EOF
	}
	m.held = true
	return m.runs[0].current, nil
}

// end is io.EOF when all records came.
func (m *Merge) end() error {
	if m.got == m.want {
		return io.EOF
	}
	names := strings.Join(m.stages, ", ")
	return fmt.Errorf("flow: %d records of %s reached this task, %d were emitted, or they differ: a working file is damaged; delete the working files of %s and run again",
		m.got.records, names, m.want.records, names)
}

// Close frees what is held.
func (m *Merge) Close() {
	for _, c := range m.closers {
		c()
	}
	m.closers = nil
}
