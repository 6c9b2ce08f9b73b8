// Package flow is the contract between a pipeline and the engine that runs it.
//
// A stage is one of
//
//	Map(shard)        -> output files + records for numbered partitions
//	Reduce(partition) -> output files, given all records of the partition, sorted
//	Single(inputs)    -> output files
//
// and each task of a stage is a pure function of its input files, the stage's
// configuration and the task's index. It must not look at the clock, the number
// of workers, the environment or another task's output, and must not walk a map
// where order shows. Any engine that keeps the contract (the worker pool here,
// an array job, a Beam runner) then writes the same bytes.
//
// # On disk
//
// A task writes below DIR/<stage>/.<index>.tmp; when it returns, every file is
// synced, a manifest is added and the folder is renamed to DIR/<stage>/<index>.
// A folder without the dot is therefore whole. The manifest names the hash of
// everything the result depends on (inputs, configuration, code version, index)
// and the sha256 of every output; a task whose manifest shows the same key and
// whose outputs are in place is not run again, which makes a rerun free and a
// killed run resumable.
//
// # Records
//
// Map tasks hand records to partitions with [Task.Emit]. They are kept in memory
// up to the engine's budget, then sorted bytewise and spilled as Zstandard
// streams; [Engine.Reduce] merges the sorted runs. Records are compared as byte
// strings, so numbers that decide order are stored big-endian at the front. The
// map task's manifest sums up what it emitted for each partition, and a
// reduction that got anything else fails.
//
// # Engines
//
// An [Engine] runs the tasks of a stage on a pool in this process. With a
// [Part] it runs one share of one stage and ends: processes that share Dir do a
// stage together, as an array job does. With Elsewhere it hands tasks to a
// cluster, whose workers run shares of one task each and send records through a
// [BlockSink]; [Engine.WriteExchange] stores what arrived. All of them write the
// same outputs and manifests.
//
// # Store
//
// Machines without a folder in common give their engines a Store. A finished task
// puts its files there and at last an entry with its manifest; an engine that finds
// no whole result in its own Dir takes the entry, and downloads files when a task
// of its own has them among its inputs, or sections of spill files when it reduces
// a partition. Everything is checked against the hashes in the entry. A task must
// therefore read nothing that is not among its inputs, and what reads results
// outside of tasks calls [Engine.Fetch] first.
//
// The package knows nothing about documents.
package flow
