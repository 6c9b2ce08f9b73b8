// Package optim turns gradients into weight updates: AdamW over named tensors
// on a device, global-norm clipping, and learning-rate schedules.
//
// It owns the optimizer's state (first and second moments) and the order in
// which a gradient norm is summed. It must not know what the tensors mean, how
// their gradients came about, or how state is written to disk.
//
// # One step
//
//	norm  = sqrt(sum over tensors of |grad|²)      fixed tree, name order
//	scale = min(1, max_grad_norm / (norm + 1e-6))  1 when max_grad_norm is 0
//	AdamW on every tensor with scale*grad          kernels.AdamWArgs has it
//
// Gradients arrive already divided by the number of supervised tokens of the
// step, and are left as they are: clearing them is the caller's.
//
// # Weight decay
//
// decay_on "matrices" decays tensors of two or more dimensions: projections,
// embeddings and the head, but no norm gain. Baichuan 2's NormHead makes the
// head's output independent of the length of its rows; decay still shortens
// them and so raises the head's effective learning rate, which is what the
// usual recipe does and what this package does unless told "none".
package optim
