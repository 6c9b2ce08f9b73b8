package charset

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// escapedTexts are texts in encodings of bytes below 0x80.
func escapedTexts(t testing.TB) map[string]struct{ text, raw string } {
	zh, ja := samples["simplified"].text, samples["japanese"].text
	out := map[string]struct{ text, raw string }{}
	for name, text := range map[string]string{ISO2022JP: ja, HZ: strings.ReplaceAll(zh, "~", "")} {
		text = "Subject: words first\n" + text + "\nplain words, " + text + "\n"
		out[name] = struct{ text, raw string }{text, string(encode(t, name, text))}
	}
	return out
}

func TestEscapedEncodings(t *testing.T) {
	for name, s := range escapedTexts(t) {
		if firstHigh([]byte(s.raw)) >= 0 {
			t.Fatalf("%s is not ASCII", name)
		}
		got, d, err := Decode([]byte(s.raw), "")
		if err != nil || d != (Decision{name, Detected}) || string(got) != s.text {
			t.Errorf("%s: %v, %v, %.80q", name, d, err, got)
		}
		// Wherever the first mark falls in a window, and however the text is cut.
		for _, before := range []int{0, 1, 100, Window - 25, Window - 23, Window - 22, Window - 21, Window - 20, Window - 1, Window, 3*Window + 7} {
			pad := strings.Repeat("x", before)
			for _, r := range []io.Reader{strings.NewReader(pad + s.raw), iotest.HalfReader(strings.NewReader(pad + s.raw))} {
				cr := NewReader(r, "")
				got, err := io.ReadAll(cr)
				if err != nil || string(got) != pad+s.text || cr.Decision().Name != name {
					t.Errorf("%s after %d bytes: %v, %v, %d bytes", name, before, cr.Decision(), err, len(got))
				}
			}
		}
	}
	logs := bytes.Repeat([]byte("\x1b(Bline \x1b[1mof\x1b[0m a terminal ~{ \n"), 20_000)
	got, err := io.ReadAll(NewReader(bytes.NewReader(logs), ""))
	if err != nil || !bytes.Equal(got, logs) {
		t.Errorf("a log of a terminal: %v, %d bytes of %d", err, len(got), len(logs))
	}
}
