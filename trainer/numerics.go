package trainer

// NumericsVersion is part of every run's identity. It is raised when equal
// settings and data give other numbers than before: another order of a sum,
// another kernel, another stream of random numbers. A test trains a tiny model
// and compares the checkpoint with the hash that belongs to this version.
//
//	1  the first whose runs are named by their settings
const NumericsVersion = 1
