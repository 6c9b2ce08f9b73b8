package kernels

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// golden is NF4 as bitsandbytes makes it.
type golden struct {
	Blocks      int    `json:"blocks"`
	NormalFloat string `json:"normal_float"`
	DynamicMap  string `json:"dynamic_map"`
	Values      string `json:"values"`
	Codes       string `json:"codes"`
	Scales      string `json:"scales"`
	Offset      string `json:"offset"`
	AbsMax      string `json:"absmax"`
	Widened     string `json:"widened_sha256"`
}

func decode(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decodeFloats(t *testing.T, s string) []float32 {
	t.Helper()
	b := decode(t, s)
	v := make([]float32, len(b)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return v
}

// goldenWeights is the formula of scripts/golden_nf4.py.
func goldenWeights(blocks int) []float32 {
	x := make([]float32, 64*blocks)
	for i := range x {
		block := i / 64
		v := float32(i*7919%65521-32760) / 32768
		v *= 1 + float32(block*37%101)/128
		if block%7 == 3 {
			v *= 0.0625
		}
		if x[i] = v; block == 1 {
			x[i] = 0
		}
	}
	return x
}

func sameFloats(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i, w := range want {
		if math.Float32bits(got[i]) != math.Float32bits(w) {
			t.Fatalf("%s: value %d is %v, want %v", what, i, got[i], w)
		}
	}
}

// TestNF4Golden holds the quantiser and the widening to bitsandbytes. The mean is
// summed in another order there, so it may differ in the last place.
func TestNF4Golden(t *testing.T) {
	raw, err := os.ReadFile("testdata/nf4_bitsandbytes.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(raw, &g); err != nil {
		t.Fatal(err)
	}
	sameFloats(t, "normal float", NormalFloat[:], decodeFloats(t, g.NormalFloat))
	sameFloats(t, "dynamic map", DynamicMap[:], decodeFloats(t, g.DynamicMap))
	theirs := NF4Data{Values: decode(t, g.Values), Codes: decode(t, g.Codes), Scales: decodeFloats(t, g.Scales), Offset: decodeFloats(t, g.Offset)[0]}
	tops := make([]float32, g.Blocks)
	for b := range tops {
		tops[b] = theirs.AbsMax(b)
	}
	sameFloats(t, "absmax", tops, decodeFloats(t, g.AbsMax))
	wide := make([]float32, 64*g.Blocks)
	theirs.Widen(wide)
	sum := sha256.New()
	if err := binary.Write(sum, binary.LittleEndian, wide); err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != g.Widened {
		t.Errorf("widened values hash to %s, want %s", got, g.Widened)
	}

	ours, err := QuantizeNF4(goldenWeights(g.Blocks))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(ours.Values, theirs.Values) {
		t.Error("the packed values differ")
	}
	if !bytes.Equal(ours.Codes, theirs.Codes) {
		t.Error("the codes of the scales differ")
	}
	if d := math.Abs(float64(ours.Offset - theirs.Offset)); d > 2e-7*float64(theirs.Offset) {
		t.Errorf("offset %v, want %v", ours.Offset, theirs.Offset)
	}
	for i, want := range theirs.Scales {
		if d := math.Abs(float64(ours.Scales[i] - want)); d > 1e-6*float64(want) {
			t.Errorf("scale %d is %v, want %v", i, ours.Scales[i], want)
		}
	}
}

// drawn makes rows of weights over many magnitudes.
func drawn(t *rapid.T, n int) []float32 {
	exponent := rapid.IntRange(-120, 100).Draw(t, "exponent")
	x := rapid.SliceOfN(rapid.Float32Range(-1, 1), n, n).Draw(t, "x")
	for i := range x {
		x[i] = float32(math.Ldexp(float64(x[i]), exponent))
	}
	return x
}

func TestI8RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cols := rapid.IntRange(1, 40).Draw(t, "cols")
		x := drawn(t, cols*rapid.IntRange(1, 4).Draw(t, "rows"))
		q, scales, err := QuantizeI8(x, cols)
		if err != nil {
			t.Fatal(err)
		}
		wide := make([]float32, len(x))
		WidenI8(wide, q, scales, cols)
		for i, v := range x {
			s := float64(scales[i/cols])
			if e := math.Abs(float64(v) - float64(wide[i])); e > 0.5*s*(1+1e-4)+0x1p-143 {
				t.Fatalf("value %d: %g became %g, scale %g", i, v, wide[i], s)
			}
		}
		again, _, err := QuantizeI8(wide, cols)
		if err != nil {
			t.Fatal(err)
		}
		for i := range q {
			if q[i] != again[i] && scales[i/cols] > 0x1p-120 {
				t.Fatalf("value %d is %d, quantised again %d", i, q[i], again[i])
			}
		}
	})
}

func TestNF4RoundTrip(t *testing.T) {
	widest := float64(NormalFloat[1]-NormalFloat[0]) / 2 // half the widest gap of the code book
	rapid.Check(t, func(t *rapid.T) {
		x := drawn(t, 64*rapid.IntRange(1, 3).Draw(t, "blocks"))
		d, err := QuantizeNF4(x)
		if err != nil {
			t.Fatal(err)
		}
		wide := make([]float32, len(x))
		d.Widen(wide)
		for i, v := range x {
			top, err := absMax(x[i/64*64 : i/64*64+64])
			if err != nil {
				t.Fatal(err)
			}
			// What the scale lost counts in full for the largest value.
			lost := math.Abs(float64(d.AbsMax(i/64)) - float64(top))
			if e := math.Abs(float64(v) - float64(wide[i])); e > widest*float64(top)*(1+1e-5)+lost+1e-38 {
				t.Fatalf("value %d: %g became %g, absmax %g, stored as %g", i, v, wide[i], top, d.AbsMax(i/64))
			}
			// A gap of the dynamic map is at most 0.9/64 of the largest.
			if lost > 0.0071*float64(d.Scales[0])+1e-6*float64(top) {
				t.Fatalf("block %d: absmax %g stored as %g", i/64, top, d.AbsMax(i/64))
			}
		}
	})
}

func TestQuantizeRefusesNonFinite(t *testing.T) {
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		x := make([]float32, 128)
		x[70] = bad
		if _, _, err := QuantizeI8(x, 64); err == nil || !strings.Contains(err.Error(), "row 1") || !strings.Contains(err.Error(), "value 6 ") {
			t.Errorf("int8 with %g: error %v", bad, err)
		}
		if _, err := QuantizeNF4(x); err == nil || !strings.Contains(err.Error(), "block 1") {
			t.Errorf("NF4 with %g: error %v", bad, err)
		}
	}
}

func TestQuantizedRanges(t *testing.T) {
	m := Buf{Len: 10 * 256, Type: NF4}.Mat(10, 256)
	m.Blocks.First = 5
	part := m.RowRange(3, 9).ColRange(64, 192)
	if part.Blocks.First != 5+3*4+1 || part.Off != (3*256+64)/2 || part.Rows != 6 || part.Cols != 128 {
		t.Errorf("NF4 part %+v", part)
	}
	q := Buf{Len: 10 * 7, Type: I8}.Mat(10, 7)
	q.Scales = Buf{Mem: fakeMem{}, Len: 10}
	if p := q.RowRange(2, 5).ColRange(1, 3); p.Off != 15 || p.Scales.Off != 8 || p.Scales.Len != 3 {
		t.Errorf("I8 part %+v", p)
	}
	defer func() {
		if recover() == nil {
			t.Error("an NF4 window that starts inside a byte was accepted")
		}
	}()
	Buf{Len: 4, Type: NF4}.Slice(1, 3)
}

type fakeMem struct{}

func (fakeMem) Size() int64 { return 40 }
