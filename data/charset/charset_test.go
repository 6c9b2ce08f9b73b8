package charset

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// samples are running texts, with the encodings they are to be told in.
var samples = map[string]struct {
	text      string
	encodings []string
	least     int // characters from which detection must be right
	words     bool
}{
	"simplified": {"我们的目标是让每一个人都能用上可靠的工具。这本书介绍了中国古代的历史和文化，以及人们在不同时期的生活方式。" +
		"今天上午，市政府召开会议，讨论了城市交通建设的有关问题，并决定从明年起增加公共汽车的数量。", []string{"gb18030", "utf-16le", "utf-16be"}, 24, false},
	"traditional": {"我們的目標是讓每一個人都能用上可靠的工具。這本書介紹了中國古代的歷史和文化，以及人們在不同時期的生活方式。" +
		"今天上午，市政府召開會議，討論了城市交通建設的有關問題，並決定從明年起增加公共汽車的數量。", []string{"big5", "gb18030"}, 24, false},
	"japanese": {"この本は日本の古い歴史と文化について、わかりやすく説明しています。私たちは毎日新しいことを学びながら、" +
		"自分の生活をよりよくするために努力しています。コンピューターのプログラムを書くことも楽しいです。", []string{"shift_jis", "euc-jp"}, 24, false},
	"korean": {"이 책은 한국의 역사와 문화를 쉽게 설명하고 있습니다. 우리는 매일 새로운 것을 배우면서 자신의 생활을 더 좋게 만들기 위해 노력합니다. " +
		"정부는 오늘 회의를 열고 도시 교통 문제에 대하여 논의하였다.", []string{"euc-kr"}, 24, false},
	"russian": {"Эта книга рассказывает об истории и культуре древней страны. Мы каждый день узнаём что-то новое и стараемся " +
		"сделать свою жизнь лучше. Сегодня правительство обсудило вопросы городского транспорта.", []string{"windows-1251"}, 48, true},
	"french": {"Cette leçon présente l’histoire de la région : où l’été a été très sec, le maïs et le blé ont gelé après Noël. " +
		"Le garçon a mangé un gâteau à la crème brûlée, « c’est délicieux », dit-il.", []string{"windows-1252"}, 70, true},
	"german": {"Über die Größe der Städte läßt sich schwer urteilen; für viele Bürger zählt die Nähe zu schönen Wäldern. " +
		"Später hörten wir, daß die Gäste früh heimfuhren.", []string{"windows-1252"}, 70, true},
}

func encode(t testing.TB, name, text string) []byte {
	t.Helper()
	out, err := codec(name).NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return out
}

// Any stretch of the texts, in any of their encodings, comes back as it was.
func TestDetection(t *testing.T) {
	for lang, s := range samples {
		for _, name := range s.encodings {
			t.Run(lang+"/"+name, func(t *testing.T) {
				rapid.Check(t, func(rt *rapid.T) {
					runes := []rune(strings.Repeat(s.text+"\n", 3))
					from := rapid.IntRange(0, len(runes)-s.least).Draw(rt, "from")
					n := rapid.IntRange(s.least, len(runes)-from).Draw(rt, "runes")
					part := string(runes[from : from+n])
					if s.words { // the beginnings and ends of words matter
						part = part[strings.IndexByte(part, ' '):strings.LastIndexByte(part, ' ')]
					}
					text := rapid.SampledFrom([]string{"", "<p class=a>\n", "plain words first, "}).Draw(rt, "before") + part
					if !strings.ContainsFunc(text, func(r rune) bool { return r >= 0x80 }) {
						return
					}
					raw := encode(t, name, text)
					got, d, err := Decode(raw, "")
					if err != nil || d != (Decision{name, Detected}) || string(got) != text {
						rt.Fatalf("%q: %v, %v, %q", text, d, err, got)
					}
				})
			})
		}
	}
}

func TestDecisions(t *testing.T) {
	zh := samples["simplified"].text
	for _, tc := range []struct {
		name, label string
		raw         []byte
		want        string
		text        string
	}{
		{"ascii", "gbk", []byte("abc"), "utf-8/valid", "abc"},
		{"empty", "", nil, "utf-8/valid", ""},
		{"utf-8", "", []byte(zh), "utf-8/valid", zh},
		{"utf-8 declared as GBK", "gb2312", []byte(zh), "utf-8/valid", zh},
		{"GBK declared as UTF-8", "utf-8", encode(t, "gb18030", zh), "gb18030/detected", zh},
		{"two characters, declared", " GB2312 ", encode(t, "gb18030", "你好"), "gb18030/declared", "你好"},
		{"two characters, declared wrongly, then not at all", "shift_jis", []byte{0xff, 0xff}, "", ""},
		{"an unknown label", "klingon", encode(t, "gb18030", zh), "gb18030/detected", zh},
		{"latin1 declared", "iso-8859-1", []byte("\x80 1"), "windows-1252/declared", "€ 1"},
		{"koi8-r declared", "koi8-r", encode(t, "koi8-r", samples["russian"].text), "koi8-r/declared", samples["russian"].text},
		{"UTF-8 mark", "", []byte("\xef\xbb\xbfa"), "utf-8/bom", "a"},
		{"UTF-16 mark", "", append([]byte{0xff, 0xfe}, encode(t, UTF16LE, "a中")...), "utf-16le/bom", "a中"},
		{"UTF-16 big endian mark", "", append([]byte{0xfe, 0xff}, encode(t, UTF16BE, "a中")...), "utf-16be/bom", "a中"},
		{"UTF-32 mark", "", append([]byte{0xff, 0xfe, 0, 0}, encode(t, utf32LE, "a中")...), "utf-32le/bom", "a中"},
		{"UTF-32 big endian mark", "", append([]byte{0, 0, 0xfe, 0xff}, encode(t, utf32BE, "a中")...), "utf-32be/bom", "a中"},
		{"UTF-16 of ASCII", "", encode(t, UTF16LE, "plain\n"), "utf-16le/detected", "plain\n"},
		{"a word", "", []byte("caf\xe9"), "windows-1252/detected", "café"},
		{"damaged UTF-8", "", []byte(zh + "\xe4\xb8" + zh), "utf-8/damaged", zh + "\xe4\xb8" + zh},
		{"stray bytes in ASCII", "", []byte(strings.Repeat("word ", 50) + "\xfe\xfe\n"), "utf-8/damaged", strings.Repeat("word ", 50) + "\xfe\xfe\n"},
		{"HZ declared", "hz-gb-2312", []byte("a ~{VPND~} b"), "hz-gb-2312/declared", "a 中文 b"},
		{"braces of program code", "", []byte("x = ~{a~} + \x1b[31mred\x1b(B"), "utf-8/valid", "x = ~{a~} + \x1b[31mred\x1b(B"},
		{"noise", "", bytes.Repeat([]byte{0xff, 0x80, 0xfe, 0x7f, 0xa0, 0xc1}, 50), "", ""},
		{"a JSON escape gone wrong", "", []byte("{\"text\":\"\xc3\x28\"}"), "", ""},
	} {
		got, d, err := Decode(tc.raw, tc.label)
		if tc.want == "" {
			if !errors.Is(err, ErrUnknown) {
				t.Errorf("%s: decided %v, error %v", tc.name, d, err)
			}
			continue
		}
		if err != nil || d.String() != tc.want || string(got) != tc.text {
			t.Errorf("%s: %v, %v, %q", tc.name, d, err, got)
		}
	}
}

// A stream is the text decoded at once, however it is cut into reads.
func TestReader(t *testing.T) {
	long := strings.Repeat("ASCII for a while.\n", 8000)
	for lang, s := range samples {
		for _, name := range append([]string{UTF8}, s.encodings...) {
			text := long + strings.Repeat(s.text+"\n", 600)
			raw := encode(t, name, text)
			for _, r := range []io.Reader{bytes.NewReader(raw), iotest.HalfReader(bytes.NewReader(raw)), iotest.DataErrReader(bytes.NewReader(raw))} {
				cr := NewReader(r, "")
				got, err := io.ReadAll(cr)
				if err != nil || string(got) != text || cr.Decision().Name != name {
					t.Fatalf("%s/%s: %v, %v, %d of %d bytes", lang, name, cr.Decision(), err, len(got), len(text))
				}
			}
		}
	}
	text := strings.Repeat(samples["simplified"].text, 20)
	for _, name := range []string{UTF16LE, UTF16BE, "gb18030"} {
		got, err := io.ReadAll(iotest.OneByteReader(NewReader(bytes.NewReader(encode(t, name, text)), "")))
		if err != nil || string(got) != text {
			t.Errorf("%s without any ASCII: %v, %d bytes", name, err, len(got))
		}
	}
	if _, err := io.ReadAll(NewReader(bytes.NewReader(bytes.Repeat([]byte{0xff, 0x80}, 500)), "")); !errors.Is(err, ErrUnknown) {
		t.Errorf("noise: %v", err)
	}
	if b, err := io.ReadAll(NewReader(iotest.TimeoutReader(strings.NewReader(long)), "")); !errors.Is(err, iotest.ErrTimeout) || len(b) == 0 {
		t.Errorf("an error of the source came back as %v after %d bytes", err, len(b))
	}
}

func TestLookup(t *testing.T) {
	for label, want := range map[string]string{"GB2312": "gb18030", "gbk": "gb18030", " UTF8 ": "utf-8", "latin1": "windows-1252", "sjis": "shift_jis", "ks_c_5601-1987": "euc-kr", "utf-32": "utf-32le"} {
		if got, err := Lookup(label); err != nil || got != want {
			t.Errorf("%q: %q, %v", label, got, err)
		}
	}
	for _, label := range []string{"", "klingon", "iso-2022-kr", "x-user-defined"} {
		if got, err := Lookup(label); err == nil {
			t.Errorf("%q is taken for %s", label, got)
		}
	}
}

func TestIsText(t *testing.T) {
	if !IsText([]byte("a\tb\r\n中")) || !IsText(encode(t, UTF16LE, "plain")) || !IsText(nil) {
		t.Error("text is taken for binary")
	}
	if IsText([]byte("\x89PNG\r\n\x1a\n\x00\x00")) || IsText([]byte("\x01\x02\x03abc")) {
		t.Error("binary is taken for text")
	}
}

// Whatever the bytes, deciding ends, and what is claimed to be clean is UTF-8.
func FuzzDecode(f *testing.F) {
	for _, s := range samples {
		for _, name := range s.encodings {
			f.Add(encode(f, name, s.text[:60]), "")
		}
	}
	f.Add([]byte("\xff\xfe\x00\xd8"), "utf-16")
	f.Add([]byte("\x1b$B$3\x1b(B"), "iso-2022-jp")
	f.Fuzz(func(t *testing.T, raw []byte, label string) {
		got, d, err := Decode(raw, label)
		if err != nil {
			return
		}
		if d.How != Damaged && !utf8.Valid(got) {
			t.Errorf("%v gives invalid UTF-8 %q", d, got)
		}
		// The stream decides by the window from its first byte beyond ASCII, so
		// the two may differ, but not in text that has none.
		stream, err := io.ReadAll(NewReader(bytes.NewReader(raw), ""))
		if firstHigh(raw) < 0 && d.Name == UTF8 && (err != nil || !bytes.Equal(stream, got)) {
			t.Errorf("ASCII %q becomes %q, %v", raw, stream, err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{UTF8, "gb18030", "big5", "shift_jis", UTF16LE} {
		text := strings.Repeat(samples["traditional"].text, 2000)
		if name == "shift_jis" {
			text = strings.Repeat(samples["japanese"].text, 2000)
		}
		raw := encode(b, name, text)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				if _, err := io.Copy(io.Discard, NewReader(bytes.NewReader(raw), "")); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
