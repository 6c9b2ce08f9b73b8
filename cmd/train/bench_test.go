package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestBenchRefusals(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"kernels", "--seconds", "0"}, "--seconds"},
		{[]string{"kernels", "--seconds", "NaN"}, "--seconds"},
		{[]string{"kernels", "--threads", "-1"}, "--threads"},
		{[]string{"kernels", "--only", "("}, "--only"},
		{[]string{"kernels", "--only", "convolution"}, "RMSNorm"},
		{[]string{"kernels", "all"}, "takes no argument"},
		{[]string{"blas", "--seconds", "-1"}, "--seconds"},
		{[]string{"blas", "--only", "["}, "--only"},
		{[]string{"blas", "--only", "convolution"}, "NT 256x256x256"},
		{[]string{"step", "--steps", "0"}, "--steps"},
		{[]string{"step", "--batch", "0"}, "--batch"},
		{[]string{"step", "--heads", "7"}, "heads"},
	} {
		_, stderr, code := call(t, append([]string{"bench"}, c.args...)...)
		if code != exitUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit %d, %s", c.args, code, stderr)
		}
	}
}

func TestBenchBlasWithoutLibrary(t *testing.T) {
	_, stderr, code := call(t, "bench", "blas", "--library", "/huihai/no/such.so")
	if code != exitFailure || !strings.Contains(stderr, "OpenBLAS cannot be loaded") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

func TestBenchKernels(t *testing.T) {
	args := []string{"bench", "kernels", "--threads", "1", "--seconds", "0.000001", "--only", "^Rotary 1x"}
	out, stderr, code := call(t, append(args, "--json")...)
	var rows []struct {
		Kernel, Shape, Bound string
		Seconds, Share       float64
	}
	if code != exitOK || json.Unmarshal([]byte(out), &rows) != nil || len(rows) != 4 || rows[3].Kernel != "Rotary" || stderr != "" {
		t.Fatalf("exit %d, %s%s", code, out, stderr)
	}
	if out, _, code = call(t, args...); code != exitOK || !strings.Contains(out, "Rotary") || !strings.Contains(out, "share") {
		t.Errorf("exit %d, %s", code, out)
	}
}
