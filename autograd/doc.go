// Package autograd is the graph of a model and the machine that runs it.
//
// The graph is Gorgonia's: a [Graph] wraps a gorgonia.ExprGraph and offers a
// dozen coarse, fused ops (embedding, RMSNorm, linear, rotary, causal
// attention, SwiGLU, NormHead, cross-entropy with max-z). Each op knows three
// things: a plain reference of its mathematics (Gorgonia's own TapeMachine runs
// that and serves as the oracle of the tests), its symbolic derivative (made of
// further fused ops, so that gorgonia.Grad builds the backward graph) and the
// kernel calls that compute it on a device.
//
// The execution is ours. [Compile] turns a graph into a [Program]:
//
//   - a prologue of everything that depends on parameters alone (NormHead's row
//     normalisation), run once per optimizer step;
//   - the micro-batch: forward and backward, run once per micro-batch, adding
//     into the gradients;
//   - an epilogue: the backward of the prologue, run once per optimizer step.
//
// One memory plan holds every intermediate value at a fixed offset of one
// arena; [Program.Plan] tells it to the byte before anything is allocated, and
// a run allocates exactly that. Programs that take turns, such as training and
// evaluation, may share an arena ([Program.BindShared]). Activation recomputation is
// a pass over the micro-batch. [Program.Trace] runs a step op by op and finds where a
// value that is not finite came from.
//
// The packages gorgonia and tensor are imported here and nowhere else. This
// package must not know what a transformer is: that is package model.
package autograd

// Gorgonia refuses to start under recent Go versions unless this module is new
// enough; the import keeps it in go.mod.
import _ "go4.org/unsafe/assume-no-moving-gc"
