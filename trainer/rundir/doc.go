// Package rundir is the folder of a training run as a whole: who may write in it,
// which line of history its checkpoints belong to, and the record of the run.
//
// It owns the names in the folder, the lock, run.json and what is set aside. It
// must not know what a checkpoint holds (package checkpoint) or what a log means
// (package telemetry).
//
// # One process, one line
//
// [Open] locks run.lock for as long as the process lives; another process is
// refused with the name of the first. The checkpoints directly in the folder are
// those of one line of history: going on from an earlier one first moves the
// later ones into abandoned/N, so that the newest is the one with the highest
// step. Nothing is ever deleted but what the run itself saved and its limit on
// checkpoints removes.
//
//	run.lock                     who trains here
//	run.json                     the record: identity, state, what to repeat it needs
//	config.yaml                  every setting with its origin
//	checkpoint-N/                the line
//	trainer_log.jsonl, runs/     the log, for programs and for TensorBoard
//	faults/                      what is known of steps that went wrong
//	abandoned/N/                 earlier branches and logs
package rundir
