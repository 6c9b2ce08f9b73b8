package rng

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Published known answers of Philox4x32-10 (Random123 distribution, file
// kat_vectors).
func TestPhiloxKnownAnswers(t *testing.T) {
	const f = 0xffffffff
	for _, c := range []struct {
		ctr  [4]uint32
		key  [2]uint32
		want [4]uint32
	}{
		{[4]uint32{}, [2]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{f, f, f, f}, [2]uint32{f, f}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{
			[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
		},
	} {
		if got := philox(c.ctr, c.key); got != c.want {
			t.Errorf("philox(%#x, %#x) = %#x, want %#x", c.ctr, c.key, got, c.want)
		}
	}
}

// How seed, name and index become counter and key is a file format: it decides
// the weights of every run. The values come from an independent implementation
// in Python; the normal values from mpmath at 40 digits.
func TestStreamsNeverChange(t *testing.T) {
	indices := []uint64{0, 1, 2, 3, 1000001, 1<<34 + 1}
	for _, c := range []struct {
		seed        uint64
		name        string
		want        []uint64
		norm, float float64 // from the draw at index 0
	}{
		{
			0, "",
			[]uint64{0xc7c7a712e975f27d, 0xe141095b1f398546, 0x81c6b3d7e09f67a0, 0xd7a2b01c6e98a4ad, 0xe5b8d0dee75e5a82, 0xad4062fd49f6a5e6},
			0.77351173717027652642, 0.7803902074023978,
		},
		{
			42, "init/model.embed_tokens.weight",
			[]uint64{0x71d7ae726bfe9dbe, 0x738eaafbfe6dc0eb, 0xb13225e88783dc99, 0x2dac120efc02916b, 0x1b32d58b2f71491d, 0x39d08193793c43b9},
			-0.13907032822129297874, 0.4446972874975422,
		},
		{
			math.MaxUint64, "数据",
			[]uint64{0x8e3a86b4b48f6118, 0xd739f0cd2f76fa6a, 0x75c7fbce217b7c0d, 0x3125cf862ab11abc, 0x31d50d269057d5e2, 0x2367bc0f0e4fdac2},
			0.13977353719165821182, 0.5555805388617592,
		},
	} {
		s := New(c.seed, c.name)
		for k, i := range indices {
			if got := s.At(i).Uint64(); got != c.want[k] {
				t.Errorf("New(%d, %q).At(%d) = %#x, want %#x", c.seed, c.name, i, got, c.want[k])
			}
		}
		if got := s.At(0).Float64(); got != c.float {
			t.Errorf("New(%d, %q).Float64() = %v, want %v", c.seed, c.name, got, c.float)
		}
		if got := s.At(0).NormFloat64(); math.Abs(got-c.norm) > 4e-16 {
			t.Errorf("New(%d, %q).NormFloat64() = %v, want %v", c.seed, c.name, got, c.norm)
		}
	}
}

func TestAtEqualsWalkingThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := rapid.Uint64().Draw(t, "start")
		walk := New(7, "walk").At(start)
		for k := range rapid.IntRange(1, 20).Draw(t, "steps") {
			i := start + uint64(k)
			jump := New(7, "walk").At(i)
			same := true
			switch k % 4 { // every kind of draw uses exactly one index
			case 0:
				same = walk.Uint64() == jump.Uint64()
			case 1:
				same = walk.Float64() == jump.Float64()
			case 2:
				same = walk.Float32() == jump.Float32()
			case 3:
				same = walk.NormFloat64() == jump.NormFloat64()
			}
			if !same {
				t.Fatalf("walking from %d to %d gives another value than At(%d)", start, i, i)
			}
		}
	})
}

func TestStateContinuesThroughJSON(t *testing.T) {
	for taken := range 5 {
		s := New(3, "state")
		for range taken {
			s.Uint64()
		}
		b, err := json.Marshal(s.State())
		if err != nil {
			t.Fatal(err)
		}
		var st State
		if err := json.Unmarshal(b, &st); err != nil {
			t.Fatal(err)
		}
		r := FromState(st)
		for i := range 4 {
			if got, want := r.Uint64(), s.Uint64(); got != want {
				t.Errorf("after %d draws and a round trip, draw %d is %#x, want %#x", taken, i, got, want)
			}
		}
	}
}

func TestSeedsAndNamesSeparateStreams(t *testing.T) {
	seen := map[uint64]string{}
	for seed := range uint64(8) {
		for _, name := range []string{"", "a", "b", "ab", "init/layers.0", "init/layers.1", "layers.0/init"} {
			s := New(seed, name)
			for range 64 {
				x := s.Uint64()
				if other, dup := seen[x]; dup {
					t.Fatalf("seed %d, name %q repeats a value of %s", seed, name, other)
				}
				seen[x] = name
			}
		}
	}
}

// The reference is mpmath's erfinv at 40 digits, for the float64 nearest to
// the literal.
func TestNormQuantile(t *testing.T) {
	for _, c := range []struct{ p, want float64 }{
		{0x1p-53, -8.2095361516013868556}, {1e-12, -7.0344838253011319326}, {1e-6, -4.7534243088228989573},
		{0.001, -3.0902323061678135354}, {0.02, -2.0537489106318230443}, {0.0749, -1.4402382675279636631},
		{0.075, -1.4395314709384559349}, {0.0751, -1.4388253927525399824}, {0.1, -1.2815515655446004353},
		{0.25, -0.6744897501960817432}, {0.4, -0.25334710313579974132}, {0.5, 0}, {0.6, 0.25334710313579974132},
		{0.9, 1.2815515655446005935}, {0.99, 2.3263478740408407676}, {1 - 0x1p-53, 8.2095361516013868556},
	} {
		if got := normQuantile(c.p); math.Abs(got-c.want) > 2e-15*math.Abs(c.want) {
			t.Errorf("normQuantile(%v) = %.17g, want %.17g", c.p, got, c.want)
		}
	}
}

func TestNormQuantileInvertsErfc(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := math.Exp(-rapid.Float64Range(0.7, 36).Draw(t, "-log p"))
		x := normQuantile(p)
		if back := math.Erfc(-x/math.Sqrt2) / 2; math.Abs(back-p) > 1e-13*p {
			t.Fatalf("Phi(normQuantile(%v)) = %v", p, back)
		}
	})
}

func TestLogReproducible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := math.Exp(-rapid.Float64Range(2.5, 700).Draw(t, "-log x"))
		if got, want := logReproducible(x), math.Log(x); math.Abs(got-want) > 4e-16*math.Abs(want) {
			t.Fatalf("log(%v) = %.17g, want %.17g", x, got, want)
		}
	})
}

// Bounds are six standard errors wide; the stream is fixed, so the test either
// always passes or never.
func TestMoments(t *testing.T) {
	const n = 1 << 18
	s := New(1, "moments")
	var uniform, normal, square, fourth float64
	for range n {
		uniform += s.Float64() / n
		x := s.NormFloat64()
		normal += x / n
		square += x * x / n
		fourth += x * x * x * x / n
	}
	within := func(what string, got, want, deviation float64) {
		t.Helper()
		if bound := 6 * deviation / math.Sqrt(n); math.Abs(got-want) > bound {
			t.Errorf("%s = %v, want %v within %v", what, got, want, bound)
		}
	}
	within("mean of Float64", uniform, 0.5, math.Sqrt(1.0/12))
	within("mean of NormFloat64", normal, 0, 1)
	within("variance of NormFloat64", square, 1, math.Sqrt(2))
	within("fourth moment of NormFloat64", fourth, 3, math.Sqrt(96))
}

func TestRanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New(rapid.Uint64().Draw(t, "seed"), rapid.String().Draw(t, "name"))
		if x := s.Float64(); x < 0 || x >= 1 {
			t.Fatalf("Float64 = %v", x)
		}
		if x := s.Float32(); x < 0 || x >= 1 {
			t.Fatalf("Float32 = %v", x)
		}
		n := rapid.IntRange(1, math.MaxInt).Draw(t, "n")
		if x := s.IntN(n); x < 0 || x >= n {
			t.Fatalf("IntN(%d) = %d", n, x)
		}
		p := s.Perm(rapid.IntRange(0, 50).Draw(t, "size"))
		sorted := slices.Sorted(slices.Values(p))
		for i, v := range sorted {
			if i != v {
				t.Fatalf("Perm gave %v", p)
			}
		}
	})
}

func TestIntNIsUniform(t *testing.T) {
	const n, draws = 6, 60000
	var counts [n]int
	s := New(2, "dice")
	for range draws {
		counts[s.IntN(n)]++
	}
	for face, c := range counts {
		if math.Abs(float64(c)-draws/n) > 6*math.Sqrt(draws/n) {
			t.Errorf("face %d came up %d times of %d", face, c, draws)
		}
	}
	// 2^64 is two and a half times this n: without rejection odd numbers in the
	// lower half have three ways to come up and even ones two.
	const big = 7378697629483820646
	var low [2]float64
	for range draws {
		if x := s.IntN(big); x < big/2 {
			low[x%2]++
		}
	}
	if math.Abs(low[0]-low[1]) > 6*math.Sqrt(low[0]+low[1]) {
		t.Errorf("in the lower half %v numbers are even and %v odd", low[0], low[1])
	}
}

func TestIntNRefusesNothing(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("IntN(0) did not panic")
		}
	}()
	New(0, "").IntN(0)
}

func BenchmarkNormFloat64(b *testing.B) {
	s := New(1, "bench")
	sum := 0.0
	for b.Loop() {
		sum += s.NormFloat64()
	}
	_ = sum
}
