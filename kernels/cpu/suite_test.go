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
