package cpu

import (
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Memory on demand is taken a small page at a time, and only where it is written.
func TestAllocOnDemandTakesSmallPages(t *testing.T) {
	d, err := Open(Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	const size, step = 64 << 20, 4 << 20
	m, err := d.AllocOnDemand(size)
	if err != nil {
		t.Fatal(err)
	}
	if m.Size() != size {
		t.Errorf("the allocation has %d bytes, want %d", m.Size(), size)
	}
	data := m.(*block).data
	for i := step / 2; i < size; i += step {
		data[i] = 1
	}
	pages := make([]byte, size/unix.Getpagesize())
	if _, _, e := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(&data[0])), size, uintptr(unsafe.Pointer(&pages[0]))); e != 0 {
		t.Skip("mincore:", e)
	}
	resident := 0
	for _, p := range pages {
		resident += int(p & 1)
	}
	if want := size / step; resident != want {
		t.Errorf("%d pages are resident after %d were written", resident, want)
	}
}
