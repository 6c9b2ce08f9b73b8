// Package trainer is the training loop: fetch a step's micro-batches, count
// their supervised tokens, run forward and backward, clip, update, log, save.
//
// It owns the order of these things and nothing else: the graph and its
// execution belong to model and autograd, the update to optim, the order of the
// samples to data, files to checkpoint, the screen to telemetry. Evaluation is
// a hook handed in by the caller, not an import.
package trainer
