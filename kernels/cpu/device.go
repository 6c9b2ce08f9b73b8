package cpu

import (
	"fmt"
	"runtime"
	"sync/atomic"

	"huihai/kernels"
)

// Options choose how a device runs.
type Options struct {
	// Threads is the number of workers; 0 takes GOMAXPROCS.
	Threads int
	// Path names a code path: "portable", "avx2" or "avx512"; "" takes the
	// fastest that the processor has. The bits are the same on all of them.
	Path string
}

// Device computes on the host. It implements [kernels.Device]; calls return when
// their work is done. It holds no reference to the program's buffers between
// calls.
type Device struct {
	isa     isa
	threads int
	pool    *pool
	ws      []workspace // one per worker
	panels  []float32   // the packed block of B of the product under way
	fixed   int64
	used    atomic.Int64
	blocks  map[*block]struct{}
	tasks   tasks
}

var _ kernels.Device = (*Device)(nil)

// Paths lists the code paths that this build has and this processor can run,
// slowest first; the last one is the default. A path is listed only if the
// compliance suite has passed on a processor that runs it.
func Paths() []string {
	var names []string
	for _, p := range availablePaths() {
		names = append(names, p.String())
	}
	return names
}

// Open starts the workers of a device and reserves its packing panels. The error
// says which path or thread count cannot be had and what can.
func Open(o Options) (*Device, error) {
	if o.Threads < 0 || o.Threads > 4096 {
		return nil, fmt.Errorf("cpu: threads is %d; give 1 to 4096, or 0 for one per processor", o.Threads)
	}
	path, err := choosePath(o.Path)
	if err != nil {
		return nil, err
	}
	d := &Device{isa: path, threads: o.Threads, blocks: map[*block]struct{}{}}
	if d.threads == 0 {
		d.threads = runtime.GOMAXPROCS(0)
	}
	if err := d.reserve(); err != nil {
		return nil, err
	}
	d.pool = newPool(d.threads)
	return d, nil
}

// fastest returns the last of the paths, which are slowest first.
func fastest(paths []isa) isa { return paths[len(paths)-1] }

// choosePath resolves a path name against what the machine has.
func choosePath(name string) (isa, error) {
	paths := availablePaths()
	if name == "" {
		return fastest(paths), nil
	}
	for _, p := range paths {
		if p.String() == name {
			return p, nil
		}
	}
	return 0, fmt.Errorf("cpu: path %q is not available in this build on this processor; available: %v", name, Paths())
}

// reserve allocates what the device keeps for itself.
func (d *Device) reserve() error {
	mr, _ := d.isa.tile()
	wsLen := tileLen + rowLen + panelRows*panelDepth + (panelRows/mr+1)*panelPad
	m, err := d.allocBlock(int64(4*(2*(bLen+panelPad)+d.threads*(wsLen+16))), "packing panels", mapMemory)
	if err != nil {
		return err
	}
	d.fixed = m.Size()
	all := f32Slice(m.data, 0, len(m.data)/4)
	take := func(n int) []float32 {
		s := all[:n:n]
		all = all[(n+15)&^15:]
		return s
	}
	d.panels = take(2 * (bLen + panelPad))
	d.ws = make([]workspace, d.threads)
	for i := range d.ws {
		w := take(wsLen &^ 15)
		d.ws[i] = workspace{tile: w[:tileLen], row: w[tileLen : tileLen+rowLen], a: w[tileLen+rowLen:]}
	}
	return nil
}

// Name implements [kernels.Device].
func (d *Device) Name() string {
	if d.threads == 1 {
		return fmt.Sprintf("cpu (%s, 1 thread)", d.isa)
	}
	return fmt.Sprintf("cpu (%s, %d threads)", d.isa, d.threads)
}

// Capabilities implements [kernels.Device].
func (d *Device) Capabilities() kernels.Capabilities {
	total := hostMemory().Total
	return kernels.Capabilities{
		Path: d.isa.String(), Threads: d.threads, FixedBytes: d.fixed,
		MemoryBytes: total, Weights: []kernels.DType{kernels.F32, kernels.BF16, kernels.I8, kernels.NF4},
	}
}

// Sync implements [kernels.Device]; calls here are finished when they return.
func (d *Device) Sync() error { return nil }

// Close implements [kernels.Device]. The device must not be used afterwards.
func (d *Device) Close() error {
	if d.pool == nil {
		return nil
	}
	d.pool.close()
	d.pool = nil
	var first error
	for b := range d.blocks {
		if err := b.release(); err != nil && first == nil {
			first = fmt.Errorf("cpu: give memory back: %w", err)
		}
	}
	d.blocks = nil
	return first
}
