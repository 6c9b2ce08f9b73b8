package safetensors

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"huihai/internal/golden"
)

func open(t testing.TB, path string) *File {
	t.Helper()
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func tensor(t testing.TB, f *File, name string) Tensor {
	t.Helper()
	x, err := f.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

const referenceFile = "testdata/reference.safetensors"

// The reference writer's file, read and written again, must give its bytes.
func TestRewritesTheReferenceFileByteForByte(t *testing.T) {
	want, err := os.ReadFile(referenceFile)
	if err != nil {
		t.Fatal(err)
	}
	f := open(t, referenceFile)
	var sources []Source
	for _, x := range f.Tensors() {
		sources = append(sources, x.Source())
	}
	slices.Reverse(sources)
	slices.SortStableFunc(sources, func(a, b Source) int { return Compare(a.Info(), b.Info()) })
	var got bytes.Buffer
	if err := WriteAll(&got, sources, f.Metadata()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("bytes differ from the reference writer's:\n%.2000s\n%.2000s", got.Bytes(), want)
	}
}

func TestFloatConversionsAreTheReferences(t *testing.T) {
	f := open(t, referenceFile)
	wide := func(name string) []float32 {
		v, err := Float32s(tensor(t, f, name))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	same := func(name string, got, want []float32) {
		t.Helper()
		for i := range want {
			if math.Float32bits(got[i]) != math.Float32bits(want[i]) && !(got[i] != got[i] && want[i] != want[i]) {
				t.Errorf("%s[%d] = %v, want %v", name, i, got[i], want[i])
			}
		}
	}
	for _, name := range []string{"f8_e4m3", "f8_e5m2", "f8_e4m3fnuz", "f8_e5m2fnuz", "f8_e8m0"} {
		same(name, wide(name), wide("wide."+name))
	}
	src := wide("f32")
	same("z.f64", wide("z.f64"), src)
	bf16, f16 := wide("bf16"), wide("f16")
	for i, v := range src {
		same("BF16Bits", []float32{math.Float32frombits(uint32(BF16Bits(v)) << 16)}, bf16[i:i+1])
		same("F16Bits", []float32{halfToFloat32(F16Bits(v))}, f16[i:i+1])
	}
	if bf16[10] == src[10] || f16[10] == src[10] || f16[5] != 65504 {
		t.Error("the sample values do not exercise rounding")
	}
	doubles, err := Float64s(tensor(t, f, "z.f64"))
	if err != nil || doubles[4] != 3.140625 {
		t.Errorf("Float64s: %v %v", doubles, err)
	}
}

func TestIntegers(t *testing.T) {
	f := open(t, referenceFile)
	for name, want := range map[string][]int64{
		"i64": {math.MinInt64, -1, 0, math.MaxInt64}, "i32": {math.MinInt32, math.MaxInt32},
		"i16": {-32768, 32767}, "i8": {-128, 127, 5}, "u8": {0, 51, 102, 153, 204, 255},
		"u16": {0, 65535}, "u32": {0, math.MaxUint32}, "u64": {0, math.MaxInt64}, "bool": {1, 0, 1},
	} {
		got, err := Int64s(tensor(t, f, name))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v %v, want %v", name, got, err, want)
		}
	}
	if _, err := Int64s(tensor(t, f, "f32")); err == nil {
		t.Error("floats read as integers")
	}
	for _, name := range []string{"i64", "c64", "bool"} {
		if _, err := Float32s(tensor(t, f, name)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s as float32: %v", name, err)
		}
	}
	big := filepath.Join(t.TempDir(), "big")
	src := Source{Name: "x", Shape: []int{1}, DType: U64, WriteTo: raw(bytes.Repeat([]byte{255}, 8))}
	writeFile(t, big, []Source{src}, nil)
	if _, err := Int64s(tensor(t, open(t, big), "x")); err == nil {
		t.Error("2^64-1 read as an int64")
	}
}

func TestReadInPieces(t *testing.T) {
	f := open(t, referenceFile)
	for _, name := range []string{"f32", "bf16", "f16", "z.f64", "i8", "f8_e8m0", "u16", "i16", "u8"} {
		x := tensor(t, f, name)
		want, err := Float32s(x)
		if err != nil {
			t.Fatal(err)
		}
		for from := range want {
			for n := 0; from+n <= len(want) && n < 7; n++ {
				got := make([]float32, n)
				if err := x.ReadFloat32(got, from); err != nil {
					t.Fatal(err)
				}
				for i := range got {
					if math.Float32bits(got[i]) != math.Float32bits(want[from+i]) {
						t.Fatalf("%s[%d:%d] differs", name, from, from+n)
					}
				}
			}
		}
		for _, r := range [][2]int{{-1, 1}, {0, x.Len() + 1}, {x.Len(), 1}, {x.Len() + 1, 0}, {math.MaxInt, 1}} {
			if err := x.ReadFloat32(make([]float32, r[1]), r[0]); err == nil {
				t.Errorf("%s: range %v accepted", name, r)
			}
		}
	}
	if testing.AllocsPerRun(10, func() { _ = tensor(t, f, "f32") }) > 0 {
		t.Error("Tensor allocates")
	}
}

func TestViews(t *testing.T) {
	f := open(t, referenceFile)
	x := tensor(t, f, "u8")
	if !bytes.Equal(x.Bytes(), []byte{0, 51, 102, 153, 204, 255}) || x.NumBytes() != 6 || x.Len() != 6 {
		t.Errorf("Bytes = %v", x.Bytes())
	}
	var viaReader, viaWriter bytes.Buffer
	if _, err := viaReader.ReadFrom(x.Reader()); err != nil || !bytes.Equal(viaReader.Bytes(), x.Bytes()) {
		t.Errorf("Reader gives %v (%v)", viaReader.Bytes(), err)
	}
	if n, err := x.WriteTo(&viaWriter); n != 6 || err != nil || !bytes.Equal(viaWriter.Bytes(), x.Bytes()) {
		t.Errorf("WriteTo gives %v (%d, %v)", viaWriter.Bytes(), n, err)
	}
	if s := tensor(t, f, "scalar"); s.Len() != 1 || len(s.Shape) != 0 {
		t.Errorf("scalar: %v", s.Info)
	}
	if e := tensor(t, f, "empty"); e.Len() != 0 || e.NumBytes() != 0 {
		t.Errorf("empty: %v", e.Info)
	}
	if _, err := f.Tensor("absent"); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("absent: %v", err)
	}
	if f.Has("absent") || !f.Has("u8") || f.Len() != len(f.Names()) || f.Metadata()["format"] != "pt" {
		t.Error("Has, Len or Metadata is wrong")
	}
	f.Close()
	if x.Bytes() != nil {
		t.Error("bytes after Close")
	}
	if _, err := Float32s(x); err == nil {
		t.Error("read after Close")
	}
}

func TestTruncationWhileOpenIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	writeFile(t, path, []Source{Float32Source("x", []int{1 << 16}, F32, make([]float32, 1<<16))}, nil)
	x := tensor(t, open(t, path), "x")
	if err := os.Truncate(path, 4096); err != nil {
		t.Fatal(err)
	}
	if _, err := Float32s(x); err == nil || !strings.Contains(err.Error(), "truncated") {
		t.Errorf("got %v", err)
	}
}

func TestGoldenFoldersOpen(t *testing.T) {
	for _, model := range []string{"tiny_rope", "tiny_alibi"} {
		for _, file := range []string{"model.safetensors", "golden.safetensors", "adapter/adapter_model.safetensors"} {
			f := open(t, golden.Shared(t, "golden", model, file))
			for _, x := range f.Tensors() {
				var err error
				if x.DType == I64 {
					_, err = Int64s(x)
				} else {
					_, err = Float64s(x)
				}
				if err != nil {
					t.Error(err)
				}
			}
		}
	}
}

func BenchmarkReadFloat32(b *testing.B) {
	const n = 1 << 22
	for _, d := range []DType{F32, BF16, F16} {
		b.Run(d.String(), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "x.safetensors")
			writeFile(b, path, []Source{Float32Source("x", []int{n}, d, make([]float32, n))}, nil)
			x := tensor(b, open(b, path), "x")
			dst := make([]float32, n)
			for b.Loop() {
				if err := x.ReadFloat32(dst, 0); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Melem/s")
		})
	}
}
