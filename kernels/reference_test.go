package kernels

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// exactFMA rounds a*b+c to float32 with arbitrary precision.
func exactFMA(a, b, c float32) float32 {
	x := new(big.Float).SetPrec(700).SetFloat64(float64(a))
	x.Mul(x, new(big.Float).SetPrec(700).SetFloat64(float64(b)))
	x.Add(x, new(big.Float).SetPrec(700).SetFloat64(float64(c)))
	f, _ := x.Float32()
	return f
}

func TestFMA32IsExact(t *testing.T) {
	check := func(t interface{ Fatalf(string, ...any) }, a, b, c float32) {
		got, want := FMA32(a, b, c), exactFMA(a, b, c)
		if got != want {
			t.Fatalf("FMA32(%g, %g, %g) = %g (%08x), want %g (%08x)", a, b, c, got,
				math.Float32bits(got), want, math.Float32bits(want))
		}
	}
	finite := func(x float32) bool { return x == x && !math.IsInf(float64(x), 0) }
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.Uint32()
		a := math.Float32frombits(bits.Draw(t, "a"))
		b := math.Float32frombits(bits.Draw(t, "b"))
		c := math.Float32frombits(bits.Draw(t, "c"))
		if finite(a) && finite(b) && finite(c) {
			check(t, a, b, c)
		}
	})
	// Sums built to land on midpoints: c is a half ulp of the product or the
	// other way round, the other term a crumb.
	r := rand.New(rand.NewPCG(1, 2))
	for range 300000 {
		a := float32(r.IntN(1<<12)+1) * float32(math.Ldexp(1, r.IntN(20)-10))
		b := float32(r.IntN(1<<12)+1) * float32(math.Ldexp(1, r.IntN(20)-10))
		p := float64(a) * float64(b)
		c := float32(math.Ldexp(float64(r.IntN(1<<12)+1), int(math.Log2(p))+r.IntN(60)-30))
		if r.IntN(2) == 0 {
			c = -c
		}
		check(t, a, b, c)
		check(t, a*float32(math.Ldexp(1, -70)), b*float32(math.Ldexp(1, -70)), c*float32(math.Ldexp(1, -130)))
	}
	// Plain double rounding fails here: 2^24 + 1 + 2^-30.
	check(t, 1<<12+1, 1<<12+1, float32(math.Ldexp(1, -30)))
	if v := FMA32(float32(math.Inf(1)), 1, float32(math.Inf(-1))); v == v {
		t.Fatalf("Inf - Inf = %g, want NaN", v)
	}
	if v := FMA32(math.MaxFloat32, 2, 0); !math.IsInf(float64(v), 1) {
		t.Fatalf("overflow gives %g, want +Inf", v)
	}
}

func TestExp32(t *testing.T) {
	worst := 0.0
	for i := range 2000000 {
		x := float32(-87.3 + 176*float64(i)/2000000)
		want := math.Exp(float64(x))
		if want > math.MaxFloat32 {
			break
		}
		ulp := math.Ldexp(1, int(math.Floor(math.Log2(want)))-23)
		worst = max(worst, math.Abs(float64(Exp32(x))-want)/ulp)
	}
	if worst > 1 {
		t.Errorf("worst error %.3f ulp, want at most 1", worst)
	}
	inf := float32(math.Inf(1))
	for _, c := range []struct{ x, want float32 }{
		{0, 1}, {-inf, 0}, {-88, 0}, {inf, inf}, {88.8, inf}, {200, inf},
	} {
		if got := Exp32(c.x); got != c.want {
			t.Errorf("Exp32(%g) = %g, want %g", c.x, got, c.want)
		}
	}
	if v := Exp32(float32(math.NaN())); v == v {
		t.Errorf("Exp32(NaN) = %g", v)
	}
	if v := Exp32(ExpLowest); v < 1.1754943508222875e-38 {
		t.Errorf("Exp32 at its lowest argument is subnormal: %g", v)
	}
}

func TestLog32(t *testing.T) {
	for _, x := range []float32{1e-45, 1e-38, 0.1, 0.5, 0.70710677, 0.7071068, 1, 1.0000001, 2, 3, 125696, 3e38} {
		if got, want := Log32(x), float32(math.Log(float64(x))); got != want {
			t.Errorf("Log32(%g) = %g, want %g", x, got, want)
		}
	}
	if Log32(float32(math.Inf(1))) != float32(math.Inf(1)) || Log32(0) != float32(math.Inf(-1)) {
		t.Error("Log32 of Inf or 0")
	}
	if v := Log32(-1); v == v {
		t.Error("Log32(-1) is not NaN")
	}
}

func TestTree16Order(t *testing.T) {
	var lanes [Lanes]float32
	r := rand.New(rand.NewPCG(3, 4))
	for i := range lanes {
		lanes[i] = float32(r.NormFloat64())
	}
	want := lanes
	for n := 8; n >= 1; n /= 2 {
		for i := range n {
			want[i] += want[i+n]
		}
	}
	if got := Tree16(&lanes); got != want[0] {
		t.Errorf("Tree16 = %g, want %g", got, want[0])
	}
}

func TestBF16(t *testing.T) {
	for h := range 1 << 16 {
		x := F32FromBF16(uint16(h))
		if back := BF16FromF32(x); x == x && back != uint16(h) {
			t.Fatalf("%04x -> %g -> %04x", h, x, back)
		} else if y := F32FromBF16(back); x != x && y == y {
			t.Fatalf("NaN %04x became %g", h, y)
		}
	}
	for _, c := range []struct {
		bits uint32
		want uint16
	}{{0x3f808000, 0x3f80}, {0x3f818000, 0x3f82}, {0x3f808001, 0x3f81}, {0x7f7fffff, 0x7f80}, {0x7f800001, 0x7fc0}} {
		if got := BF16FromF32(math.Float32frombits(c.bits)); got != c.want {
			t.Errorf("BF16 of %08x = %04x, want %04x", c.bits, got, c.want)
		}
	}
}

func TestALiBiSlopes(t *testing.T) {
	near := func(got float32, want float64) bool { return math.Abs(float64(got)-want) < 1e-6 }
	s := ALiBiSlopes(40)
	for h := range 32 {
		if !near(s[h], math.Exp2(-0.25*float64(h+1))) {
			t.Errorf("slope %d = %g", h, s[h])
		}
	}
	for k, want := range []float64{0.917004, 0.771105, 0.648420, 0.545254, 0.458502, 0.385553, 0.324210, 0.272627} {
		if !near(s[32+k], want) {
			t.Errorf("slope %d = %g, want %g", 32+k, s[32+k], want)
		}
	}
	for h, v := range ALiBiSlopes(8) {
		if v != float32(math.Ldexp(1, -h-1)) {
			t.Errorf("8 heads: slope %d = %g", h, v)
		}
	}
}

func TestRotaryTable(t *testing.T) {
	table := RotaryTable(5, 8, 10000)
	if table[0] != 1 || table[4] != 0 {
		t.Error("position 0 must rotate by nothing")
	}
	angle := 3 * math.Pow(10000, -2.0*2/8)
	if table[3*8+2] != float32(math.Cos(angle)) || table[3*8+6] != float32(math.Sin(angle)) {
		t.Error("position 3, pair 2")
	}
}
