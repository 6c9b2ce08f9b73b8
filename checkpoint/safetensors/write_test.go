package safetensors

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	other "github.com/nlpodyssey/safetensors"
	"pgregory.net/rapid"
)

func raw(b []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}
}

func writeFile(t testing.TB, path string, sources []Source, metadata map[string]string) {
	t.Helper()
	var b bytes.Buffer
	if err := WriteAll(&b, sources, metadata); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// sources draws a small set of tensors of the types both readers know.
func drawSources(t *rapid.T) ([]Source, map[string][]byte) {
	names := rapid.SliceOfNDistinct(rapid.StringN(0, 8, -1), 0, 6, rapid.ID).Draw(t, "names")
	var out []Source
	content := map[string][]byte{}
	for i, name := range names {
		if name == metadataKey {
			continue
		}
		d := rapid.SampledFrom([]DType{BOOL, U8, I8, I16, U16, F16, BF16, I32, U32, F32, F64, I64, U64}).Draw(t, fmt.Sprint("dtype", i))
		shape := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 3).Draw(t, fmt.Sprint("shape", i))
		info := Info{Name: name, DType: d, Shape: shape}
		size, err := info.Size()
		if err != nil {
			t.Fatal(err)
		}
		data := rapid.SliceOfN(rapid.Byte(), int(size), int(size)).Draw(t, fmt.Sprint("data", i))
		content[name] = data
		out = append(out, Source{Name: name, Shape: shape, DType: d, WriteTo: raw(data)})
	}
	return out, content
}

func TestRoundTripAndIndependentReader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	rapid.Check(t, func(t *rapid.T) {
		sources, content := drawSources(t)
		meta := rapid.MapOfN(rapid.String(), rapid.String(), 0, 3).Draw(t, "meta")
		var b bytes.Buffer
		if err := WriteAll(&b, sources, meta); err != nil {
			t.Fatal(err)
		}
		header, err := Header(Infos(sources), meta)
		total, err2 := TotalSize(Infos(sources))
		if err != nil || err2 != nil || len(header)%8 != 0 || int64(b.Len()) != int64(len(header))+total {
			t.Fatalf("size %d, header %d, data %d (%v, %v)", b.Len(), len(header), total, err, err2)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		theirs, err := other.Deserialize(b.Bytes())
		if err != nil {
			t.Fatalf("the other reader refuses our file: %v", err)
		}
		if f.Len() != len(sources) || theirs.Len() != len(sources) || len(f.Metadata()) != len(meta) {
			t.Fatalf("%d tensors, theirs %d, want %d", f.Len(), theirs.Len(), len(sources))
		}
		for _, s := range sources {
			x, err := f.Tensor(s.Name)
			if err != nil || x.DType != s.DType || !slices.Equal(x.Shape, s.Shape) || !bytes.Equal(x.Bytes(), content[s.Name]) {
				t.Fatalf("tensor %q differs (%v)", s.Name, err)
			}
			y, ok := theirs.Tensor(s.Name)
			if !ok || fmt.Sprint(y.DType()) != s.DType.String() || !bytes.Equal(y.Data(), content[s.Name]) || len(y.Shape()) != len(s.Shape) {
				t.Fatalf("the other reader sees tensor %q differently", s.Name)
			}
		}
	})
}

func TestMisuseOfWriterIsAnError(t *testing.T) {
	info := func(name string) Info { return Info{Name: name, DType: U8, Shape: []int{2}} }
	two := []Info{info("a"), info("b")}
	cases := map[string]func(w *Writer) error{
		"wrong order":  func(w *Writer) error { return w.Write("b", raw([]byte{1, 2})) },
		"too little":   func(w *Writer) error { return w.Write("a", raw([]byte{1})) },
		"too much":     func(w *Writer) error { return w.Write("a", raw([]byte{1, 2, 3})) },
		"source fails": func(w *Writer) error { return w.Write("a", func(io.Writer) error { return errors.New("boom") }) },
		"unfinished":   func(w *Writer) error { _ = w.Write("a", raw([]byte{1, 2})); return w.Finish() },
		"one too many": func(w *Writer) error {
			_ = w.Write("a", raw([]byte{1, 2}))
			_ = w.Write("b", raw([]byte{1, 2}))
			return w.Write("c", raw([]byte{1, 2}))
		},
	}
	for name, use := range cases {
		w, err := NewWriter(io.Discard, two, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := use(w); err == nil || !strings.Contains(err.Error(), `"`) {
			t.Errorf("%s: %v", name, err)
		}
		if w.Finish() == nil {
			t.Errorf("%s: Finish forgot the failure", name)
		}
	}
	for name, infos := range map[string][]Info{
		"twice": {info("a"), info("a")}, "reserved": {info("__metadata__")}, "no type": {{Name: "a"}},
		"not UTF-8": {info("\xff")}, "negative": {{Name: "a", DType: U8, Shape: []int{-1}}},
	} {
		var b bytes.Buffer
		if _, err := NewWriter(&b, infos, nil); err == nil || b.Len() > 0 {
			t.Errorf("%s: %v after %d bytes", name, err, b.Len())
		}
	}
	if _, err := Header(nil, map[string]string{"a": "\xff"}); err == nil {
		t.Error("metadata that is not UTF-8 accepted")
	}
}

func TestNarrowing(t *testing.T) {
	// Every half and every bfloat16 survives widening and narrowing, and the
	// midpoints between neighbours go to the even one.
	for h := range uint32(1 << 16) {
		v := halfToFloat32(uint16(h))
		if v != v {
			if got := F16Bits(v); halfToFloat32(got) == halfToFloat32(got) {
				t.Fatalf("NaN %#x became %#x", h, got)
			}
		} else if F16Bits(v) != uint16(h) {
			t.Fatalf("half %#x became %#x", h, F16Bits(v))
		} else if h&0x7fff < 0x7bff {
			mid := (v + halfToFloat32(uint16(h+1))) / 2
			if want := uint16(h + h&1); F16Bits(mid) != want {
				t.Fatalf("midpoint after %#x became %#x, want %#x", h, F16Bits(mid), want)
			}
		}
		b := math.Float32frombits(h << 16)
		if b == b && BF16Bits(b) != uint16(h) {
			t.Fatalf("bfloat16 %#x became %#x", h, BF16Bits(b))
		}
		if b == b && h&0x7fff < 0x7f80 {
			if want := uint16(h + h&1); BF16Bits(math.Float32frombits(h<<16|0x8000)) != want {
				t.Fatalf("midpoint after bfloat16 %#x", h)
			}
		}
	}
	if nan := math.Float32frombits(0x7f800001); BF16Bits(nan)&0x7f == 0 {
		t.Error("a NaN became an infinity")
	}
	rapid.Check(t, func(t *rapid.T) { // nearest: no other half is closer
		v := rapid.Float32Range(-70000, 70000).Draw(t, "v")
		got := F16Bits(v)
		if v >= 65520 || v <= -65520 {
			if got&0x7fff != 0x7c00 {
				t.Fatalf("%v became %#x", v, got)
			}
			return
		}
		d := math.Abs(float64(v) - float64(halfToFloat32(got)))
		for _, h := range []uint16{got - 1, got + 1} {
			w := halfToFloat32(h)
			if !math.IsInf(float64(w), 0) && w == w && math.Abs(float64(v)-float64(w)) < d {
				t.Fatalf("%v became %v, but %v is closer", v, halfToFloat32(got), w)
			}
		}
	})
}

func TestWriteFloat32s(t *testing.T) {
	src := make([]float32, 40_000)
	for i := range src {
		src[i] = float32(i) / 3
	}
	path := filepath.Join(t.TempDir(), "x.safetensors")
	writeFile(t, path, []Source{
		Float32Source("f32", []int{200, 200}, F32, src), Float32Source("f64", []int{40_000}, F64, src),
		Float32Source("bf16", []int{40_000}, BF16, src), Float32Source("f16", []int{40_000}, F16, src),
	}, nil)
	f := open(t, path)
	for name, tolerance := range map[string]float64{"f32": 0, "f64": 0, "bf16": 1.0 / 256, "f16": 1.0 / 2048} {
		got, err := Float32s(tensor(t, f, name))
		if err != nil {
			t.Fatal(err)
		}
		for i := range src {
			if math.Abs(float64(got[i]-src[i])) > tolerance*float64(src[i]) {
				t.Fatalf("%s[%d] = %v, want %v", name, i, got[i], src[i])
			}
		}
	}
	if err := WriteFloat32s(io.Discard, I64, src); err == nil {
		t.Error("floats stored as I64")
	}
	if err := WriteAll(io.Discard, []Source{Float32Source("x", []int{3}, F32, src)}, nil); err == nil {
		t.Error("shape and data of different length accepted")
	}
}
