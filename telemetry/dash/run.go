package dash

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxTags bounds the curves of a run.
const maxTags = 1000

// tagTime is the curve of the times at which lines were written.
const tagTime = "time"

// prefixShare begins the names of curves that are shares of a whole.
const prefixShare = "train/grad_share/"

// run is a run folder and what was read of it. Its files are read by one goroutine;
// what others see is guarded by the hub.
type run struct {
	name, dir string
	tail      tail
	marks     fileMarks

	series     map[string]*series
	rows       int // lines read in this generation
	generation int // rises when lines that were read have become void
	step       int64
	skipped    int
	file       runFile
	have       bool // file was read
	status     Status
	problem    string // why run.json could not be read
	logProblem string // why the log could not be read
}

func newRun(name, dir string) *run {
	return &run{
		name: name, dir: dir, tail: tail{path: filepath.Join(dir, logName)},
		series: map[string]*series{}, status: Unknown, generation: 1,
	}
}

// take adds what was read from the log.
func (r *run) take(n news) {
	if n.restarted {
		r.series = map[string]*series{}
		r.rows, r.step, r.skipped = 0, 0, 0
		r.generation++
	}
	r.skipped += n.skipped
	for _, rec := range n.records {
		if rec.step < r.step {
			// Somebody appended an earlier step without cutting the log: the branch that
			// was left is not shown.
			for _, s := range r.series {
				s.cut(rec.step)
			}
			r.generation++
		}
		r.step = rec.step
		r.rows++
		for i, tag := range rec.tags {
			s := r.series[tag]
			if s == nil {
				if len(r.series) >= maxTags {
					continue
				}
				s = &series{even: strings.HasPrefix(tag, prefixShare)}
				r.series[tag] = s
			}
			s.add(rec.step, rec.values[i])
		}
	}
}

// last returns the newest value of a tag.
func (r *run) last(tag string) (float64, bool) {
	if s := r.series[tag]; s != nil {
		return s.last()
	}
	return 0, false
}

// tags lists the curves in the order of their names.
func (r *run) tags() []string { return slices.Sorted(maps.Keys(r.series)) }

// panel returns the value of a row of the run's start panel.
func (r *run) panel(key string) string {
	for _, row := range r.file.Panel {
		if row.Key == key {
			return row.Value
		}
	}
	return ""
}

// fileMarks are sizes and times of a run's files, to see that one has changed.
type fileMarks [3]struct {
	size int64
	time int64
}

func marksOf(dir string) fileMarks {
	var m fileMarks
	for i, name := range []string{runName, lockName, logName} {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil {
			m[i].size, m[i].time = info.Size(), info.ModTime().UnixNano()
		} else {
			m[i].size = -1
		}
	}
	return m
}

// found is the state of a run, read from its folder.
type found struct {
	file    runFile
	have    bool
	status  Status
	problem string
}

// look reads run.json and finds out what became of the run. A running one is asked
// every time, as it can end without a word; others only when a file has changed.
func (r *run) look(host string) (found, bool) {
	marks := marksOf(r.dir)
	if marks == r.marks && r.status != Running {
		return found{}, false
	}
	f := found{file: r.file, have: r.have}
	if marks[0] != r.marks[0] {
		file, have, err := readRunFile(filepath.Join(r.dir, runName))
		if err != nil {
			f.problem = err.Error() // what was known before is shown on
		} else {
			f.file, f.have = file, have
		}
	} else {
		f.problem = r.problem
	}
	r.marks = marks
	f.status = judge(f.file, f.have, host, func() lockState { return askLock(r.dir) }, processAlive)
	return f, true
}
