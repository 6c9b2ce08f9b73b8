// Package beam runs the stages of a data set build as Apache Beam pipelines, on
// any runner that Beam's Go SDK reaches: Flink, Spark, Dataflow, or Prism on one
// machine. It is a module of its own, so that the SDK's weight stays out of the
// main program.
//
// [Build] is build.Run with the tasks handed out. Each stage is one pipeline:
//
//	Create(shares) -> Reshuffle -> ParDo(RunShare)
//
// and, for a stage whose tasks emit records,
//
//	... ParDo(RunShare) -> KV<partition, block> -> GroupByKey -> ParDo(WriteExchange)
//
// A share is the tasks whose number is its own modulo the number of shares; an
// element of the pipeline is nothing but that number. Records travel through the
// runner as sorted blocks of about 1 MB, never one by one: an element costs a
// runner some ten microseconds, whatever it holds. Documents and results are
// files. The folder of the output, the inputs and the tokenizer must therefore be
// visible to all workers under the same paths.
//
// The pipelines use no state, timers, side inputs or windows, so they ask for
// nothing that a runner lacks. Tasks are pure functions that write whole folders
// or none: a runner may run one twice, or at the same time on two workers.
// Manifests and files are those of build.Run, byte by byte; what is done is
// not run again, except that a stage whose tasks emit records runs as a whole
// while any of its tasks is missing.
//
// The package knows stages by name only. It registers its functions with the SDK
// when it is imported; the program chooses the runners by importing them.
package beam
