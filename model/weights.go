package model

import (
	"fmt"
	"math"

	"huihai/internal/rng"
	"huihai/kernels"
)

// Weights are the tensors of a model on a device, in one allocation.
type Weights struct {
	dev     kernels.Device
	mem     kernels.Mem
	tensors []Tensor
	bufs    map[string]kernels.Buf
}

// Storage chooses the element type a tensor is kept in. Trainable tensors must
// be F32; the kernels widen the rest as they read them.
type Storage func(Tensor) kernels.DType

// Float32 keeps every tensor in float32.
func Float32(Tensor) kernels.DType { return kernels.F32 }

// BFloat16 keeps the matrices of the blocks and the embedding in bfloat16, for
// inference in half the memory. Norms and the head, whose rows are normalised,
// stay in float32.
func BFloat16(t Tensor) kernels.DType {
	if len(t.Shape) == 2 && t.Name != LMHead {
		return kernels.BF16
	}
	return kernels.F32
}

// WeightBytes returns what NewWeights allocates, without allocating.
func WeightBytes(ts []Tensor, store Storage) int64 {
	n := int64(0)
	for _, t := range ts {
		n += paddedBytes(t, store)
	}
	return n
}

// paddedBytes is the room of a tensor, a multiple of 64 bytes.
func paddedBytes(t Tensor, store Storage) int64 {
	return (store(t).Bytes(t.Len()) + 63) / 64 * 64
}

// NewWeights allocates zeroed storage for the tensors.
func NewWeights(dev kernels.Device, ts []Tensor, store Storage) (*Weights, error) {
	mem, err := dev.Alloc(WeightBytes(ts, store))
	if err != nil {
		return nil, fmt.Errorf("model: weights: %w", err)
	}
	w := &Weights{dev: dev, mem: mem, tensors: ts, bufs: map[string]kernels.Buf{}}
	off := int64(0)
	for _, t := range ts {
		w.bufs[t.Name] = kernels.Buf{Mem: mem, Off: off, Len: t.Len(), Type: store(t)}
		off += paddedBytes(t, store)
	}
	return w, nil
}

// Tensors lists the tensors in order.
func (w *Weights) Tensors() []Tensor { return w.tensors }

// Bufs returns the storage by name, for binding a program. The map belongs to
// the weights.
func (w *Weights) Bufs() map[string]kernels.Buf { return w.bufs }

// Set writes a tensor, rounding to its storage type.
func (w *Weights) Set(name string, v []float32) error {
	b, ok := w.bufs[name]
	if !ok || b.Len != len(v) {
		return fmt.Errorf("model: weights: %s holds %d elements, got %d", name, b.Len, len(v))
	}
	return w.write(b, v)
}

func (w *Weights) write(b kernels.Buf, v []float32) error {
	if b.Type == kernels.F32 {
		return kernels.Write(w.dev, b, v)
	}
	half := make([]uint16, len(v))
	for i, x := range v {
		half[i] = kernels.BF16FromF32(x)
	}
	return kernels.Write(w.dev, b, half)
}

// Get reads a float32 tensor into dst, which has its length.
func (w *Weights) Get(name string, dst []float32) error {
	b, ok := w.bufs[name]
	if !ok || b.Len != len(dst) {
		return fmt.Errorf("model: weights: %s holds %d elements, the destination %d", name, b.Len, len(dst))
	}
	return kernels.Read(w.dev, dst, b)
}

// Init fills every tensor as the released code initialises it; the norms of
// the 13B model, which that code leaves uninitialised, start at one. Each
// tensor has a random stream of its own, named after it, so that its values
// depend on the seed and the name alone.
func (w *Weights) Init(c Config, seed uint64) error {
	chunk := make([]float32, loadChunk)
	for _, t := range w.tensors {
		s := rng.New(seed, "init/"+t.Name)
		for from := 0; from < t.Len(); from += loadChunk {
			v := chunk[:min(loadChunk, t.Len()-from)]
			t.draw(v, c, s)
			if t.ZeroRow >= 0 { // the part of the row that is in this chunk
				cols := t.Shape[1]
				row := t.ZeroRow*cols - from
				clear(v[min(max(row, 0), len(v)):min(max(row+cols, 0), len(v))])
			}
			if err := w.write(w.bufs[t.Name].Slice(from, from+len(v)), v); err != nil {
				return fmt.Errorf("model: weights: %s: %w", t.Name, err)
			}
		}
	}
	return nil
}

// draw fills v with the next initial values of t.
func (t Tensor) draw(v []float32, c Config, s *rng.Stream) {
	switch t.Init {
	case InitNormal:
		for i := range v {
			v[i] = float32(c.InitializerRange * s.NormFloat64())
		}
	case InitUniform:
		bound := 1 / math.Sqrt(float64(t.Shape[1]))
		for i := range v {
			v[i] = float32(bound * (2*s.Float64() - 1))
		}
	case InitOnes:
		for i := range v {
			v[i] = 1
		}
	case InitZeros:
		clear(v)
	}
}

// Close frees the storage.
func (w *Weights) Close() {
	w.dev.Free(w.mem)
	w.bufs = nil
}
