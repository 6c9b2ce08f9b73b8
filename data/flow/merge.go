package flow

import (
	"bytes"
	"errors"
	"fmt"
	"io"
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

// OpenRecords opens the records that the given results, of one stage or several,
// emitted for a partition. Close frees what is held.
func OpenRecords(from []*Result, partition int) (*Merge, error) {
	m := &Merge{}
	for len(from) > 0 {
		n := 1
		for n < len(from) && from[n].Stage == from[0].Stage {
			n++
		}
		if err := m.open(from[:n], partition); err != nil {
			m.Close()
			return nil, fmt.Errorf("flow: records of stage %s: %w", from[0].Stage, err)
		}
		from = from[n:]
	}
	return m, nil
}

// open adds the records of one stage.
func (m *Merge) open(from []*Result, partition int) error {
	var total tally
	for _, res := range from {
		if partition >= len(res.Emitted) {
			return fmt.Errorf("task %d has no partition %d", res.Index, partition)
		}
		if err := total.plus(res.Emitted[partition]); err != nil {
			return err
		}
	}
	m.want.records += total.records
	m.want.lo += total.lo
	m.want.hi += total.hi
	m.stages = append(m.stages, from[0].Stage)
	exchange := exchangeDir(filepath.Dir(from[0].Dir), partition)
	if l, err := readRuns(exchange); err == nil && l.Total != nil && *l.Total == total.emitted() {
		return m.openRuns(exchange, len(l.Runs), 0)
	}
	for _, res := range from {
		if res.Emitted[partition].Records == 0 {
			continue
		}
		if res.stored != nil {
			if err := m.openStored(res, partition); err != nil {
				return err
			}
			continue
		}
		l, err := readRuns(res.Dir)
		if err != nil {
			return err
		}
		if err := m.openRuns(res.Dir, len(l.Runs), partition); err != nil {
			return err
		}
	}
	return nil
}

func (m *Merge) openRuns(dir string, n, partition int) error {
	for i := range n {
		r, c, err := openRun(filepath.Join(dir, runName(i)), partition)
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

// openStored adds what was fetched of a result: whole spill files or sections.
func (m *Merge) openStored(res *Result, partition int) error {
	for i, run := range res.stored.Runs {
		if run.section(partition) == nil {
			continue
		}
		var r *RecordReader
		var c io.Closer
		var err error
		if whole := res.runPath(i); hasFile(whole) {
			r, c, err = openRun(whole, partition)
		} else {
			r, c, err = openSection(res.sectionPath(i, partition))
		}
		if err != nil {
			return err
		}
		if err := m.add(r, c); err != nil {
			return err
		}
	}
	return nil
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
		return nil, m.end()
	}
	m.held = true
	rec := m.runs[0].current
	m.got.add(rec)
	return rec, nil
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
