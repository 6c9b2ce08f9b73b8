package flow

import (
	"bytes"
	"container/heap"
	"errors"
	"io"
)

// Merge yields the records of one partition from all map tasks in bytewise
// order. Equal records come as often as they were emitted.
type Merge struct {
	runs    runHeap
	last    *run // whose record the caller holds
	closers []io.Closer
}

type run struct {
	r       *RecordReader
	current []byte
}

type runHeap []*run

func (h runHeap) Len() int           { return len(h) }
func (h runHeap) Less(i, j int) bool { return bytes.Compare(h[i].current, h[j].current) < 0 }
func (h runHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *runHeap) Push(x any)        { *h = append(*h, x.(*run)) }
func (h *runHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// openMerge opens one partition of every run of the given map results.
func openMerge(from []*Result, partition int) (*Merge, error) {
	m := &Merge{}
	for _, res := range from {
		for i := range res.Runs {
			r, c, err := openRun(res.Path(runName(i)), partition)
			if err != nil {
				m.close()
				return nil, err
			}
			m.closers = append(m.closers, c)
			if err := m.advance(&run{r: r}); err != nil {
				m.close()
				return nil, err
			}
		}
	}
	return m, nil
}

// advance reads the run's next record and puts the run back into the heap,
// unless it has ended.
func (m *Merge) advance(x *run) error {
	rec, err := x.r.Next()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	x.current = rec
	heap.Push(&m.runs, x)
	return nil
}

// Next returns the next record, valid until the call after, or io.EOF.
func (m *Merge) Next() ([]byte, error) {
	if m.last != nil {
		if err := m.advance(m.last); err != nil {
			return nil, err
		}
		m.last = nil
	}
	if len(m.runs) == 0 {
		return nil, io.EOF
	}
	m.last = heap.Pop(&m.runs).(*run)
	return m.last.current, nil
}

func (m *Merge) close() {
	for _, c := range m.closers {
		_ = c.Close()
	}
}
