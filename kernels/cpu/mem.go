package cpu

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"huihai/internal/memlimit"
	"huihai/kernels"
)

// block is one allocation outside the Go heap, zeroed and page-aligned.
type block struct {
	data []byte
}

// Size implements [kernels.Mem].
func (b *block) Size() int64 { return int64(len(b.data)) }

func (b *block) release() error {
	data := b.data
	b.data = nil
	if len(data) == 0 {
		return nil
	}
	return unmapMemory(data)
}

// Alloc implements [kernels.Device].
func (d *Device) Alloc(bytes int64) (kernels.Mem, error) {
	b, err := d.allocBlock(bytes, "a buffer", mapMemory)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// AllocOnDemand implements [kernels.Device]. Its bytes count as used from the
// start, as those of Alloc do.
func (d *Device) AllocOnDemand(bytes int64) (kernels.Mem, error) {
	b, err := d.allocBlock(bytes, "a buffer", mapOnDemand)
	if err != nil {
		return nil, err
	}
	return b, nil
}

func (d *Device) allocBlock(bytes int64, what string, mapped func(int64) ([]byte, error)) (*block, error) {
	if bytes < 0 {
		return nil, fmt.Errorf("cpu: allocate %s of %d bytes: the size is negative", what, bytes)
	}
	host := hostMemory()
	if host.Total > 0 && bytes > host.Total-d.used.Load() {
		return nil, fmt.Errorf("cpu: allocate %s of %s: %s has %s, %s of it free and %s held by this device; use a smaller batch, sequence or model",
			what, size(bytes), owner(host), size(host.Total), size(host.Available), size(d.used.Load()))
	}
	b := &block{}
	if bytes > 0 {
		data, err := mapped(bytes)
		if err != nil {
			return nil, fmt.Errorf("cpu: allocate %s of %s (%s: %s, free %s): %w", what, size(bytes), owner(host), size(host.Total), size(host.Available), err)
		}
		b.data = data
	}
	d.used.Add(bytes)
	d.blocks[b] = struct{}{}
	return b, nil
}

// Free implements [kernels.Device].
func (d *Device) Free(m kernels.Mem) {
	b, ok := m.(*block)
	if !ok {
		panic("cpu: Free: memory of another device")
	}
	if _, ok := d.blocks[b]; !ok {
		panic("cpu: Free: memory already freed or of another device")
	}
	d.used.Add(-b.Size())
	delete(d.blocks, b)
	if err := b.release(); err != nil {
		panic("cpu: Free: the system refused to unmap the memory")
	}
}

// Write implements [kernels.Device].
func (d *Device) Write(dst kernels.Buf, src []byte) error {
	if int64(len(src)) > dst.Bytes() {
		return fmt.Errorf("cpu: write %d bytes into a buffer of %d", len(src), dst.Bytes())
	}
	copy(raw(dst), src)
	return nil
}

// Read implements [kernels.Device].
func (d *Device) Read(dst []byte, src kernels.Buf) error {
	if int64(len(dst)) > src.Bytes() {
		return fmt.Errorf("cpu: read %d bytes from a buffer of %d", len(dst), src.Bytes())
	}
	copy(dst, raw(src))
	return nil
}

// raw returns the bytes of a window.
func raw(b kernels.Buf) []byte {
	m, ok := b.Mem.(*block)
	if !ok {
		panic("cpu: buffer is absent or of another device")
	}
	n := b.Bytes()
	if b.Off < 0 || b.Len < 0 || b.Off > m.Size() || n > m.Size()-b.Off {
		panic("cpu: buffer reaches outside its allocation, or the allocation was freed")
	}
	if b.Off%b.Type.Bytes(1) != 0 {
		panic("cpu: buffer offset is not a multiple of its element size")
	}
	return m.data[b.Off : b.Off+n : b.Off+n]
}

func f32(b kernels.Buf) []float32 {
	if b.Type != kernels.F32 {
		panic("cpu: buffer must be F32")
	}
	return f32Slice(raw(b), 0, b.Len)
}

func i32(b kernels.Buf) []int32 {
	if b.Type != kernels.I32 {
		panic("cpu: buffer must be I32")
	}
	data := raw(b)
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(data))), b.Len)
}

func u8(b kernels.Buf) []byte {
	if b.Type != kernels.U8 {
		panic("cpu: buffer must be U8")
	}
	return raw(b)
}

func bf16(b kernels.Buf) []uint16 {
	if b.Type != kernels.BF16 {
		panic("cpu: buffer must be BF16")
	}
	return bf16Slice(raw(b))
}

// bf16Slice views bytes as bfloat16.
func bf16Slice(data []byte) []uint16 {
	return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(data))), len(data)/2)
}

// i8Slice views bytes as signed.
func i8Slice(data []byte) []int8 {
	return unsafe.Slice((*int8)(unsafe.Pointer(unsafe.SliceData(data))), len(data))
}

// f32Slice views n float32 of data from byte off, which must be aligned.
func f32Slice(data []byte, off, n int) []float32 {
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&data[off])), n)
}

// words views whole float32 of data that starts at one, else nothing.
func words(data []byte) []float32 {
	if uintptr(unsafe.Pointer(unsafe.SliceData(data)))&3 != 0 {
		return nil
	}
	return f32Slice(data, 0, len(data)/4)
}

// i32Slice views n int32 of data from byte off, which must be aligned.
func i32Slice(data []byte, off, n int) []int32 {
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*int32)(unsafe.Pointer(&data[off])), n)
}

// counters views integers as counters that workers share.
func counters(v []int32) []atomic.Int32 {
	return unsafe.Slice((*atomic.Int32)(unsafe.Pointer(unsafe.SliceData(v))), len(v))
}

// f32Bytes views float32 as bytes.
func f32Bytes(v []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 4*len(v))
}

// owner says whose memory it is: the machine's, or that of a group whose limit
// holds.
func owner(host memlimit.Info) string {
	if host.Source == "machine" || host.Source == "" {
		return "the machine"
	}
	return "the group of this process (" + host.Source + ")"
}

// size writes bytes for people.
func size(bytes int64) string {
	if bytes < 1<<20 {
		return fmt.Sprintf("%d bytes", bytes)
	}
	if bytes < 1<<30 {
		return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
	}
	return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
}
