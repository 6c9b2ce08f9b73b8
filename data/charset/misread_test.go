package charset

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"
)

// asLatin reads bytes as Latin-1 or, where it has a character, as Windows-1252.
func asLatin(raw []byte, table *charmap.Charmap) string {
	var b strings.Builder
	for _, c := range raw {
		r := rune(c)
		if table != nil && table.DecodeByte(c) != utf8.RuneError {
			r = table.DecodeByte(c)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Texts that were read as Latin-1 are what they were; texts that were not stay.
func TestMisread(t *testing.T) {
	for lang, s := range samples {
		text := "Words first.\n" + s.text + "\nmore: " + s.text
		if got, n := Misread(text); n != 0 || got != text {
			t.Errorf("%s: %d characters of a good text are changed: %q", lang, n, got)
		}
		for _, name := range s.encodings {
			if (Decision{Name: name}).Wide() || name == "windows-1252" {
				continue
			}
			for _, table := range []*charmap.Charmap{nil, charmap.Windows1252} {
				broken := asLatin(encode(t, name, text), table)
				if got, n := Misread(broken); got != text || n == 0 {
					t.Errorf("%s in %s: %d, %.60q", lang, name, n, got)
				}
				mixed := "a line of 中文\n" + broken
				if got, _ := Misread(mixed); got != "a line of 中文\n"+text {
					t.Errorf("%s in %s after another line: %.60q", lang, name, got)
				}
			}
		}
	}
	for lang, s := range singleByteTexts {
		if got, n := Misread(s.text); n != 0 || got != s.text {
			t.Errorf("%s: %d characters of a good text are changed", lang, n)
		}
	}
	for _, s := range []string{
		"", "ÄÖÜäöüß", "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿ", "°°°°°°", "········", "¡¡¡¡Hola!!!!", "«»«»«»«»", "½ ¼ ¾ ½¼¾",
		"ÉCOLE SUPÉRIEURE À ÉVRY", "garçon, forêt, naïve — « déjà vu »", "ÿÿÿÿÿÿÿÿ", "§§ 1 und 2 · §§ 3",
	} {
		if got, n := Misread(s); n != 0 || got != s {
			t.Errorf("%q becomes %q", s, got)
		}
	}
}

func TestMisreadOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.RuneFrom([]rune("ab \nÖÐ¹úÈËÃñéàü°中€“"))).Draw(t, "text")
		if got, n := Misread(s); !utf8.ValidString(got) || n == 0 && got != s {
			t.Fatalf("%q becomes %q", s, got)
		}
	})
}

func FuzzMisread(f *testing.F) {
	for _, s := range samples {
		f.Add(asLatin(encode(f, s.encodings[0], s.text), nil))
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, n := Misread(s); utf8.ValidString(s) && !utf8.ValidString(got) || n == 0 && got != s {
			t.Errorf("%q becomes %q", s, got)
		}
	})
}
