// Package build makes data sets for training. [Run] turns files of text into a folder:
//
//	documents/*.parquet   every document with its scores, clusters and decision
//	tokens/*.parquet      rows of sequence_length+1 tokens for training
//	validation/*.parquet  rows of the held-out documents
//	tokenizer.model       the tokenizer that made them
//	report.json           what was read, kept, dropped and why
//	report.html           the same for people, with charts
//	build.yaml            the configuration that made it
//	rejects.jsonl         samples of the records that could not be read
//	_manifest.json        what makes the folder a data set: every file with its checksum
//
// Columns are described in package shard; package data reads what is made here.
//
// # Stages
//
// A build is one ordered table of stages (table.go), each a file: the configuration
// that its tasks get, the [flow.Stage] with the body of a task, which is a function of
// that configuration and of the task's inputs, and a method of the builder that
// composes both from what the stages before found. Bodies do not see the builder: what
// they read is in the key of their result, so that a build that was stopped, changed
// and resumed makes what a fresh build makes. The records that stages hand to each
// other are types of package record. What the results are of one version of the code
// is [Version].
//
// The steps themselves are packages beside this one (source, clean, score, dedup, pack,
// shard), each a pure function of its input; package flow runs them as stages.
// The package must not know models or devices.
package build
