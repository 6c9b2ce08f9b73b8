// Package optim turns gradients into weight updates: optimizers over named
// tensors on a device, global-norm clipping, and learning-rate schedules.
//
// It owns the optimizer's state and the names that state has in a checkpoint,
// the patterns that give tensors settings of their own, and the order in which a
// gradient norm is summed. It must not know what the tensors mean, how their
// gradients came about, or how state is written to disk.
//
// # One step
//
//	norm  = sqrt(sum over tensors of |grad|²)      fixed tree, name order
//	scale = min(1, max_grad_norm / (norm + 1e-6))  1 when max_grad_norm is 0
//	the tensor's rule with scale*grad              on every tensor, in name order
//
// A rule is one small type: adamw, adamw8, adafactor, lion or muon. It lists the
// state that a tensor of a shape has, from which memory, names and what may be
// read back follow, and makes the kernel calls of one update. Its comment has the
// formula or says which type of package kernels has it.
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
