// Package kernels is the contract between the program executor and a compute
// device: opaque buffers, typed windows on them, and about thirty coarse
// numeric calls.
//
// It owns the names, the shapes and the exact meaning of every call, each
// written as the loop it must equal. It must not know how a device works: no
// caller may assume that a buffer is host memory, and the only way in or out of
// one is [Device.Write] and [Device.Read].
//
// # The same bits however the work is cut
//
// Every device keeps these rules, and package kernels/kerneltest checks them:
//
//   - Matrix products accumulate over k strictly in order with fused
//     multiply-add, starting from the value in C (or zero). Work is split over
//     rows and columns of C and never over k, so a sum over tokens cut into
//     micro-batches continues exactly where it stopped.
//   - Sums over tokens (gradients of gains and of embedding rows) run in token
//     order with fused multiply-add (or add), starting from the accumulator.
//   - Reductions over a row use 16 virtual lanes: lane l sums the elements
//     i with i%16 == l in order with fused multiply-add, then the lanes are
//     combined by the fixed tree of [Tree16].
//   - exp and its kin are fixed polynomials ([Exp32] is the reference).
//
// # Misuse and failure
//
// A call with wrong shapes or types is a programmer's error and panics with a
// constant message before any memory is touched. Failures of the device itself
// are returned by Alloc, Read, Write and Sync.
package kernels
