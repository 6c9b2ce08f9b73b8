package model

import "huihai/autograd"

// Trace runs the step of the given batches, in which supervised tokens carry a label,
// once more, one op at a time, and returns the first value that is not finite, or nil:
// in a parameter, or in the result of an op, with its layer, row and token. The batches
// are those that went through Micro since Begin, and the weights those of that step,
// for a step that went wrong to go wrong again.
//
// It also finds the overflow that shows nowhere: RMSNorm of a row whose squares have
// no finite sum in float32 gives zeros, from which follow logits of 0, a loss of
// exactly ln(vocab_size) and gradients of 0. So a gradient norm of exactly 0 is a
// reason to trace, as a loss that is not finite is.
//
// Trace is slow and allocates. It overwrites the gradients of the last step and leaves
// its statistics alone; the next Begin starts as ever.
func (s *Step) Trace(supervised int, batches []Batch) (*autograd.Fault, error) {
	s.setSupervised(supervised)
	return s.program.Trace(len(batches), s.o.SeqLen, func(i int) error { return s.load(batches[i]) })
}
