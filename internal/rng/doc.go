// Package rng makes reproducible random numbers: named, counter-based streams
// that give the same values on every machine, with any number of threads.
//
// A [Stream] is a pure function of (seed, name, index). Every draw but IntN and
// its kin uses exactly one index, so the values of a tensor can be made in
// parallel: [Stream.At] jumps to any index in constant time, and whoever fills
// the elements [a, b) starts at At(a). What a stream gives never depends on how
// many other streams exist or in which order they are used.
//
// The generator is Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel
// random numbers: as easy as 1, 2, 3", SC 2011). The seed is its key; the
// upper half of the counter is a hash of the name and the lower half counts
// blocks, so two streams of one seed overlap only if their names collide in 64
// bits.
//
// The package knows nothing of tensors, devices or what the numbers are for.
// Floating-point steps are written so that no compiler may fuse them.
package rng
