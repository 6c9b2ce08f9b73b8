// Command gen writes the assembly of package kernels/cpu with avo. It is a module
// of its own so that the generator never enters the product's dependencies.
//
// Run it with
//
//	go generate -C kernels/internal/gen
//
// and commit what it writes. Every routine does the vector part of a primitive
// of package cpu and leaves ragged ends to the Go twin, in the same order of
// operations, so that the bits agree.
package main

//go:generate go run . -pkg cpu -set avx2 -out ../../cpu/avx2_amd64.s -stubs ../../cpu/avx2_amd64.go
//go:generate go run . -pkg cpu -set avx512 -out ../../cpu/avx512_amd64.s -stubs ../../cpu/avx512_amd64.go
