package configs

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A number means the same in the file, in a variable and on the command line, for
// whole numbers, unsigned ones and others; "" is for those that are refused.
func TestNumbers(t *testing.T) {
	for text, want := range map[string]struct{ whole, unsigned, other string }{
		"0100": {"100", "100", "100"}, "089": {"89", "89", "89"}, "007": {"7", "7", "7"}, "00": {"0", "0", "0"},
		"-010": {"-10", "", "-10"}, "+010": {"10", "10", "10"}, "0010.50": {"", "", "10.5"}, "010e1": {"100", "100", "100"},
		"0o100": {"64", "64", "64"}, "0x10": {"16", "16", "16"}, "-0x10": {"-16", "", "-16"}, "0b101": {"5", "5", "5"}, "0o8": {}, "0xg": {},
		"1_000": {}, "0x1_0": {}, "1_0.5": {}, "_1": {}, "1:30": {}, "1:30:00": {}, "190:20:30.15": {},
		"1e3": {"1000", "1000", "1000"}, "1.5": {"", "", "1.5"}, ".5": {"", "", "0.5"}, "5.": {"5", "5", "5"}, "1e-3": {"", "", "0.001"},
		"1e400": {}, ".inf": {}, "-.inf": {}, ".nan": {}, "inf": {}, "0x1p3": {}, "1e": {}, "１００": {}, "2001-01-01": {},
		"9223372036854775807": {"9223372036854775807", "9223372036854775807", "9.223372036854776e+18"},
		"9223372036854775808": {"", "9223372036854775808", "9.223372036854776e+18"}, "18446744073709551616": {"", "", "1.8446744073709552e+19"},
		"0009223372036854775807": {"9223372036854775807", "9223372036854775807", "9.223372036854776e+18"},
		"9007199254740993.0":     {"", "", "9.007199254740992e+15"}, "1e17": {"", "", "1e+17"},
		`"100"`: {}, "'1'": {}, `!!int "3"`: {"3", "3", "3"}, "true": {}, "~": {},
	} {
		for _, key := range []struct{ path, env, want string }{
			{"train.max_steps", "HUIHAI_TRAIN_MAX_STEPS", want.whole}, {"train.seed", "HUIHAI_TRAIN_SEED", want.unsigned},
			{"optim.weight_decay", "HUIHAI_OPTIM_WEIGHT_DECAY", want.other},
		} {
			section, leaf, _ := strings.Cut(key.path, ".")
			for layer, o := range map[string]Options{
				"file": {File: fileOf(t, section+":\n  "+leaf+": "+text+"\n")}, "env": {Environ: []string{key.env + "=" + text}}, "set": {Set: []string{key.path + "=" + text}},
			} {
				o.Sections = nothing
				c, _, err := Load(o)
				got := ""
				if err == nil {
					got = fmt.Sprint(theSchema().byPath[key.path].of(reflect.ValueOf(c).Elem()).Interface())
				}
				if got != key.want {
					t.Errorf("%s in %s, %s: %q, want %q (%v)", text, layer, key.path, got, key.want, err)
				}
			}
		}
	}
	_, err := load(t, []byte("preset: tiny\ntrain:\n  max_steps: 1_000\n"))
	if err == nil || !strings.Contains(err.Error(), "without underscores") {
		t.Errorf("an underscore: %v", err)
	}
	// In maps and lists, too; and texts stay what they are.
	c, err := load(t, []byte("preset: tiny\ntrain:\n  output_dir: 0100\nloader:\n  mixture: [{weights: {a: 010}}, {from_step: 0100}]\n"))
	if err != nil || c.Train.OutputDir != "0100" || c.Loader.Mixture[0].Weights["a"] != 10 || c.Loader.Mixture[1].FromStep != 100 {
		t.Errorf("%+v: %v", c, err)
	}
}

// Whatever whole number is written in digits is that number.
func TestDigitsAreDecimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64().Draw(t, "number")
		text := strconv.FormatInt(n, 10)
		sign := strings.TrimRight(text, "0123456789")
		text = sign + strings.Repeat("0", rapid.IntRange(0, 5).Draw(t, "zeros")) + text[len(sign):]
		var i int64
		if !setNumber(text, reflect.ValueOf(&i).Elem()) || i != n {
			t.Fatalf("%s is %d", text, i)
		}
		var f float64
		if !setNumber(text, reflect.ValueOf(&f).Elem()) || f != float64(n) {
			t.Fatalf("%s is %g", text, f)
		}
		var u uint64
		if ok := setNumber(text, reflect.ValueOf(&u).Elem()); ok != (n >= 0) || ok && u != uint64(n) {
			t.Fatalf("%s is %d", text, u)
		}
		var small int8
		if ok := setNumber(text, reflect.ValueOf(&small).Elem()); ok != (n >= math.MinInt8 && n <= math.MaxInt8) {
			t.Fatalf("%s is taken as %d", text, small)
		}
	})
}
