package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"huihai/infer"
	"huihai/kernels"
	"huihai/kernels/cpu"
	"huihai/telemetry"
)

// deviceFlags choose what computes.
type deviceFlags struct{ threads int }

func (d *deviceFlags) register(c *cobra.Command) {
	c.Flags().IntVar(&d.threads, "threads", 0, "CPU workers; 0 is one per core (never changes a result)")
}

// with opens the device, runs f and closes it.
func (d *deviceFlags) with(f func(kernels.Device) error) error {
	if d.threads < 0 {
		return usagef("--threads is %d; give 0 or more", d.threads)
	}
	dev, err := cpu.Open(cpu.Options{Threads: d.threads})
	if err != nil {
		return err
	}
	return errors.Join(f(dev), dev.Close())
}

// openFolder loads a model folder and passes its warnings on.
func openFolder(c *cobra.Command, d kernels.Device, dir string, trainable bool) (*infer.Folder, error) {
	f, err := infer.OpenFolder(c.Context(), d, dir, trainable)
	if err != nil {
		return nil, err
	}
	for _, w := range f.Warnings {
		fmt.Fprintln(c.ErrOrStderr(), "train: note:", telemetry.Printable(w))
	}
	return f, nil
}
