package dl

import (
	"errors"
	"math"
	"strings"
	"testing"
)

// libm is the C mathematics library, which systems with a C library have.
func libm(t *testing.T) *Library {
	t.Helper()
	l, err := Open("libm.so.6", "libm.so.5", "/usr/lib/libSystem.B.dylib")
	if err != nil {
		t.Skipf("no C mathematics library to load: %v", err)
	}
	return l
}

func TestBind(t *testing.T) {
	l := libm(t)
	var cos func(float64) float64
	var powf func(x, y float32) float32
	if err := errors.Join(l.Bind(&cos, "cos"), l.Bind(&powf, "powf")); err != nil {
		t.Fatal(err)
	}
	for _, x := range []float64{0, 0.5, 1, -3} {
		if got := cos(x); math.Abs(got-math.Cos(x)) > 1e-15 {
			t.Errorf("cos(%v) = %v, want %v", x, got, math.Cos(x))
		}
	}
	// The order of float32 arguments shows in a power.
	if got := powf(2, 10); got != 1024 {
		t.Errorf("powf(2, 10) = %v", got)
	}
}

func TestBindReturnsPointers(t *testing.T) {
	var frexp func(float64, *int32) float64
	if err := libm(t).Bind(&frexp, "frexp"); err != nil {
		t.Fatal(err)
	}
	var e int32
	if f := frexp(48, &e); f != 0.75 || e != 6 {
		t.Errorf("frexp(48) = %v, %d", f, e)
	}
}

func TestOpenTakesTheFirstThatLoads(t *testing.T) {
	want := libm(t).Name()
	l, err := Open("libhuihai-no-such.so", want)
	if err != nil || l.Name() != want {
		t.Errorf("%v, %v", l, err)
	}
}

func TestOpenTellsEveryName(t *testing.T) {
	_, err := Open("libhuihai-no-such.so", "/huihai/no/such/file.so")
	if err == nil {
		t.Fatal("loaded what is not there")
	}
	if errors.Is(err, ErrUnsupported) {
		t.Skip(err)
	}
	for _, name := range []string{"libhuihai-no-such.so", "/huihai/no/such/file.so"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not tell %s", err, name)
		}
	}
	if _, err := Open(); err == nil {
		t.Error("loaded nothing, without an error")
	}
}

func TestMissingSymbol(t *testing.T) {
	l := libm(t)
	var f func(float64) float64
	err := l.Bind(&f, "huihai_no_such")
	if err == nil || !strings.Contains(err.Error(), "huihai_no_such") || !strings.Contains(err.Error(), l.Name()) || f != nil {
		t.Errorf("%v", err)
	}
	if l.Has("huihai_no_such") || !l.Has("cos") {
		t.Error("Has is wrong")
	}
}

func TestSignatureThatCannotBeCalled(t *testing.T) {
	l := libm(t)
	var f func(map[string]int) float64
	if err := l.Bind(&f, "cos"); err == nil || !strings.Contains(err.Error(), "cos") {
		t.Errorf("%v", err)
	}
}
