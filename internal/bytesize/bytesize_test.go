package bytesize

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for s, want := range map[string]int64{
		"5GB": 5_000_000_000, "500mb": 500_000_000, " 1.5 GiB ": 3 << 29, "64KiB": 64 << 10, "1234": 1234, "7b": 7, "2tib": 2 << 40,
	} {
		if got, err := Parse(s); err != nil || got != want {
			t.Errorf("%q is %d bytes (%v), want %d", s, got, err, want)
		}
	}
	for _, s := range []string{"", "GB", "-1GB", "0", "5 gigs", "1e99GB", "NaN", "infGB", "5GB5"} {
		if got, err := Parse(s); err == nil || !strings.Contains(err.Error(), "not a size") {
			t.Errorf("%q is %d bytes (%v), want an error", s, got, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("5GB")
	f.Add("1e3 kib")
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := Parse(s); err == nil && n < 1 {
			t.Errorf("%q is %d bytes", s, n)
		}
	})
}
