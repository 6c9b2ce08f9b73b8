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
	var devices []kernels.Device
	for _, path := range Paths() {
		d, err := Open(Options{Threads: 2, Path: path})
		if err != nil {
			t.Fatal(err)
		}
		devices = append(devices, d)
	}
	kerneltest.SameBits(t, devices[0], devices[1:]...)
}
