package checkpoint

import (
	"context"
	"testing"

	"huihai/checkpoint/safetensors"
)

// BenchmarkSaveAndLoad saves and verifies a state of 96 MB: a model of 8M
// float32 parameters with both moments.
func BenchmarkSaveAndLoad(b *testing.B) {
	const n = 8 << 20
	data := make([]float32, n)
	for i := range data {
		data[i] = float32(i)
	}
	st := testState(1)
	st.Model.MaxShardSize = 0
	st.Model.Tensors = []TensorSource{safetensors.Float32Source("w", []int{n}, safetensors.F32, data)}
	st.Optimizer = []TensorSource{
		safetensors.Float32Source("exp_avg.w", []int{n}, safetensors.F32, data),
		safetensors.Float32Source("exp_avg_sq.w", []int{n}, safetensors.F32, data),
	}
	root := b.TempDir()
	var path string
	b.Run("save", func(b *testing.B) {
		b.SetBytes(3 * 4 * n)
		for b.Loop() {
			var err error
			if path, err = Save(context.Background(), root, st); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("load", func(b *testing.B) {
		if path == "" {
			b.Skip("needs what save writes")
		}
		b.SetBytes(3 * 4 * n)
		for b.Loop() {
			l, err := Load(path)
			if err != nil {
				b.Fatal(err)
			}
			l.Close()
		}
	})
}
