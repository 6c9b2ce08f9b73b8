package cpu

import (
	"testing"

	"huihai/kernels"
	"huihai/kernels/kerneltest"
)

func TestCompliance(t *testing.T) {
	for _, path := range Paths() {
		t.Run(path, func(t *testing.T) {
			kerneltest.Run(t, func(threads int) kernels.Device {
				d, err := Open(Options{Threads: threads, Path: path})
				if err != nil {
					t.Fatal(err)
				}
				return d
			})
		})
	}
}

// TestPathsAgree: every path gives the bits of the portable one.
func TestPathsAgree(t *testing.T) {
	for _, path := range Paths()[1:] {
		open := func(path string) kernels.Device {
			d, err := Open(Options{Threads: 2, Path: path})
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		kerneltest.SameBits(t, open(path), open("portable"))
	}
}
