package flow

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/singleflight"

	"huihai/internal/objstore"
	"huihai/internal/vfs"
)

// Progress reports that done of total units of a stage are finished (total is 0
// when unknown). Calls do not overlap.
type Progress func(stage string, done, total int64)

// Engine runs stages on a pool of workers in this process, or its part of a
// stage for an array job, or has them run elsewhere. The zero value of every
// field but Dir is usable.
type Engine struct {
	Dir          string // where stages keep their folders
	FS           vfs.FS // nil means the operating system's
	Workers      int    // tasks at a time; 0 means one
	MemoryBudget int64  // bytes for all tasks together; 0 means 256 MiB of records for each and no bound on the rest
	SpillBytes   int64  // bytes of records a task holds before it spills; 0 derives it from the budget
	OnProgress   Progress
	// Version of the code enters the key of every task: results of another one are
	// made again.
	Version string
	// OnNote is told what a person should know and no result says, such as that a
	// damaged file was found and is made again. Calls do not overlap.
	OnNote func(text string)

	// Part makes the engine run its share of one stage and end there.
	Part *Part
	// Sink takes the records that tasks emit, in place of spill files.
	Sink BlockSink
	// Elsewhere runs tasks of a stage on other machines; nil means here. When
	// it returns, their folders (and exchanges of what they emitted) are in Dir.
	Elsewhere func(ctx context.Context, job Job) error
	// Store keeps finished tasks for engines on other machines, each with a Dir
	// of its own; nil means that Dir is all there is. Not together with Sink or
	// Elsewhere.
	Store objstore.Store

	mu      sync.Mutex
	totals  map[string]int64
	fetches singleflight.Group
}

// note tells of something.
func (e *Engine) note(format string, a ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.OnNote != nil {
		e.OnNote(fmt.Sprintf(format, a...))
	}
}

// Job is what [Engine.Elsewhere] is asked to run.
type Job struct {
	Stage      string
	Count      int   // tasks of the stage
	Tasks      []int // those that are not done yet, ascending
	Partitions int   // of what the tasks emit; 0 when they emit nothing
}

// Part is one share of a stage, as a task of an array job gets it: the tasks
// whose number is Index modulo Count.
type Part struct {
	Stage        string
	Index, Count int
}

// PartDone is the error by which [Run] ends once the share of
// a stage is done: the stages behind it are not this process's.
type PartDone struct {
	Part
	Tasks  int // of the stage
	Ran    int // by this share
	Reused int // that the share found done
}

// Error implements error.
func (d *PartDone) Error() string {
	return fmt.Sprintf("share %d of %d of stage %s is done", d.Index, d.Count, d.Stage)
}

// NotReady is the error of a share whose stage needs results that are missing.
type NotReady struct {
	Stage   string
	Missing []int // task numbers
	Count   int   // tasks of the stage
}

// Error implements error.
func (n *NotReady) Error() string {
	return fmt.Sprintf("stage %s comes first and is not done: %d of its %d tasks are missing (the first is %d); run all shares of stage %s with the same inputs and configuration, then this one",
		n.Stage, len(n.Missing), n.Count, n.Missing[0], n.Stage)
}

func (e *Engine) fs() vfs.FS {
	if e.FS == nil {
		return vfs.OS{}
	}
	return e.FS
}

func (e *Engine) progress(stage string, done int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.OnProgress != nil {
		e.OnProgress(stage, done, e.totals[stage])
	}
}
