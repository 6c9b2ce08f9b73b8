package ngram

import (
	"slices"
	"unsafe"
)

// recordBytes is what a record takes in memory.
const recordBytes = int64(unsafe.Sizeof(record{}))

// maxFanIn bounds the runs merged at a time, each of which holds a buffer.
const maxFanIn = 64

// sorter sorts records by key in bounded memory: what does not fit is written
// to temporary files as sorted runs, which are merged in the end.
type sorter struct {
	scratch *scratch
	codec   codec
	limit   int  // records in memory
	combine bool // records of one key become one, with the sum of a
	buf     []record
	runs    []*spool
}

// newSorter returns a sorter for at most half of the memory given, since up to
// two are at work at a time.
func newSorter(s *scratch, c codec, memory int64, combine bool) *sorter {
	return &sorter{scratch: s, codec: c, combine: combine, limit: int(max(memory/2/recordBytes, 64)), buf: s.takeBuffer()}
}

func (s *sorter) add(r *record) error {
	if len(s.buf) == s.limit {
		// Half a buffer of room after combining is worth not writing a run.
		if s.sortBuffer(); len(s.buf) > s.limit/2 {
			if err := s.spill(); err != nil {
				return err
			}
		}
	}
	s.grow()
	s.buf = append(s.buf, *r)
	return nil
}

// grow doubles the buffer, but never past the limit.
func (s *sorter) grow() {
	if len(s.buf) == cap(s.buf) {
		s.buf = slices.Grow(s.buf, min(max(len(s.buf), 1024), s.limit-len(s.buf)))
	}
}

func (s *sorter) sortBuffer() {
	sortRecords(s.buf)
	if !s.combine || len(s.buf) == 0 {
		return
	}
	n := 0
	for i := 1; i < len(s.buf); i++ {
		if s.buf[i].key == s.buf[n].key {
			s.buf[n].a += s.buf[i].a
			continue
		}
		n++
		s.buf[n] = s.buf[i]
	}
	s.buf = s.buf[:n+1]
}

// spill writes the sorted buffer as a run.
func (s *sorter) spill() error {
	run, err := s.scratch.spool(s.codec)
	if err != nil {
		return err
	}
	s.runs = append(s.runs, run)
	for i := range s.buf {
		if err := run.add(&s.buf[i]); err != nil {
			return err
		}
	}
	s.buf = s.buf[:0]
	return nil
}

// stream ends the adding and yields the records in the order of their keys.
func (s *sorter) stream() (stream, error) {
	s.sortBuffer()
	if len(s.runs) == 0 {
		return &sliceStream{recs: s.buf, scratch: s.scratch, buf: s.buf}, nil
	}
	if err := s.spill(); err != nil {
		return nil, err
	}
	s.scratch.giveBuffer(s.buf)
	s.buf = nil
	for len(s.runs) > maxFanIn {
		if err := s.mergeRuns(); err != nil {
			return nil, err
		}
	}
	return newMerger(s.runs, s.combine)
}

// mergeRuns makes one run of the first maxFanIn ones.
func (s *sorter) mergeRuns() error {
	m, err := newMerger(s.runs[:maxFanIn], s.combine)
	if err != nil {
		return err
	}
	run, err := s.scratch.spool(s.codec)
	if err != nil {
		return err
	}
	var r record
	for {
		ok, err := m.next(&r)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if err := run.add(&r); err != nil {
			return err
		}
	}
	s.runs = append(slices.Clone(s.runs[maxFanIn:]), run)
	return nil
}

// sliceStream yields records from memory and gives the memory back.
type sliceStream struct {
	recs    []record
	scratch *scratch // nil where nobody wants the memory
	buf     []record
}

func (s *sliceStream) next(r *record) (bool, error) {
	if len(s.recs) == 0 {
		if s.scratch != nil {
			s.scratch.giveBuffer(s.buf)
			s.scratch, s.buf = nil, nil
		}
		return false, nil
	}
	*r = s.recs[0]
	s.recs = s.recs[1:]
	return true, nil
}

// merger merges sorted runs by a heap of their next records, and drops each run
// when it is used up.
type merger struct {
	heap    []*mergeRun
	combine bool
}

type mergeRun struct {
	cursor
	run *spool
}

func newMerger(runs []*spool, combine bool) (*merger, error) {
	m := &merger{combine: combine}
	for _, run := range runs {
		src, err := run.stream()
		if err != nil {
			return nil, err
		}
		c := &mergeRun{cursor{src: src}, run}
		if err := c.advance(); err != nil {
			return nil, err
		}
		if c.ok {
			m.heap = append(m.heap, c)
		} else if err := run.file.drop(); err != nil {
			return nil, err
		}
	}
	for i := len(m.heap)/2 - 1; i >= 0; i-- {
		m.sink(i)
	}
	return m, nil
}

// next implements stream.
func (m *merger) next(r *record) (bool, error) {
	if len(m.heap) == 0 {
		return false, nil
	}
	*r = m.heap[0].rec
	if err := m.pop(); err != nil {
		return false, err
	}
	for m.combine && len(m.heap) > 0 && m.heap[0].rec.key == r.key {
		r.a += m.heap[0].rec.a
		if err := m.pop(); err != nil {
			return false, err
		}
	}
	return true, nil
}

// pop moves on the run whose record was taken.
func (m *merger) pop() error {
	top := m.heap[0]
	err := top.advance()
	if err == nil && !top.ok {
		err = top.run.file.drop()
		last := len(m.heap) - 1
		m.heap[0], m.heap = m.heap[last], m.heap[:last]
	}
	m.sink(0)
	return err
}

func (m *merger) sink(i int) {
	for {
		c := 2*i + 1
		if c >= len(m.heap) {
			return
		}
		if c+1 < len(m.heap) && m.heap[c+1].rec.key.compare(&m.heap[c].rec.key) < 0 {
			c++
		}
		if m.heap[i].rec.key.compare(&m.heap[c].rec.key) <= 0 {
			return
		}
		m.heap[i], m.heap[c] = m.heap[c], m.heap[i]
		i = c
	}
}

// each calls f with every record of a stream.
func each(s stream, f func(r *record) error) error {
	var r record
	for {
		ok, err := s.next(&r)
		if err != nil || !ok {
			return err
		}
		if err := f(&r); err != nil {
			return err
		}
	}
}
