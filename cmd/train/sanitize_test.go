package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"pgregory.net/rapid"

	"huihai/telemetry"
)

// Whatever a message or a text holds, nothing that a terminal obeys comes out,
// and JSON stays the same value.
func TestNothingCommandsTheTerminal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.OneOf(rapid.Rune(), rapid.RuneFrom([]rune("\x1b\r\x7f\u0085\u009b\u202e\u2066\u2028\ufeff")))).Draw(t, "text"))
		raw := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		for _, m := range []string{telemetry.Printable(s), telemetry.Printable(raw)} {
			if !utf8.ValidString(m) || strings.IndexFunc(m, telemetry.Commands) >= 0 {
				t.Fatalf("%q", m)
			}
		}
		var out bytes.Buffer
		if err := printJSON(&out, map[string]string{"text": s}); err != nil {
			t.Fatal(err)
		}
		var back map[string]string
		if err := json.Unmarshal(out.Bytes(), &back); err != nil || back["text"] != s {
			t.Fatalf("%q came back as %q (%v)", s, back["text"], err)
		}
		if strings.IndexFunc(out.String(), telemetry.Commands) >= 0 {
			t.Fatalf("%q", out.String())
		}
	})
}

// Errors and lines of input go through it.
func TestReportIsPrintable(t *testing.T) {
	var b bytes.Buffer
	if code := report(t.Context(), &b, usagef("no such file: \x1b]0;title\x07 \u202e")); code != exitUsage || strings.IndexFunc(b.String(), telemetry.Commands) >= 0 {
		t.Errorf("%d %q", code, b.String())
	}
}

// A byte-order mark before a line, as joined files have it, is skipped.
func TestEachLineSkipsByteOrderMarks(t *testing.T) {
	cmd := &cobra.Command{}
	cmd.SetContext(t.Context())
	cmd.SetIn(strings.NewReader("\ufeffa\n\ufeffb\n\ufeff\n\nc"))
	var got []string
	if err := eachLine(cmd, "-", func(line []byte, _ bool) error {
		got = append(got, strings.TrimSpace(string(line)))
		return nil
	}); err != nil || strings.Join(got, " ") != "a b c" {
		t.Errorf("%q (%v)", got, err)
	}
}
