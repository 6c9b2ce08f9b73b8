package telemetry

import "testing"

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain 汇海\n\tindented": "plain 汇海\n\tindented",
		"\x1b[31mred\x07":      `\x1b[31mred\x07`,
		"back\rover\x7f":       `back\x0dover\x7f`,
		"c1 \u009b31m":         `c1 \u009b31m`,
		"gnp.\u202egpj":        `gnp.\u202egpj`,
		"not \xff utf-8\x9b":   `not \xff utf-8\x9b`,
		"\ufffd is a letter":   "\ufffd is a letter",
	} {
		if got := Printable(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}
