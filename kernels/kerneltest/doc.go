// Package kerneltest is the compliance suite of kernels.Device: whatever passes
// [Run] may stand behind the executor.
//
// It checks every call against plain loops in float64, on ragged shapes, strided
// matrices and absent optional buffers, with guard bands around every output; it
// checks gradients against finite differences of those loops; and it checks the
// determinism rules of package kernels: the same bits for every number of
// threads and for sums over tokens cut into pieces. [SameBits] compares two
// devices, such as two code paths of one processor.
//
// It must not know how a device works and reaches memory only through
// Device.Write and Device.Read.
package kerneltest
