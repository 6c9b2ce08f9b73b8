package source

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTables(t *testing.T) {
	for name, tc := range map[string]struct {
		file, content string
		texts         []string
		rejected      int64
	}{
		"an open quotation mark":   {"a.csv", "id,text\n1,\"open\n2,two\n3,three\n", []string{"two", "three"}, 1},
		"one in the middle":        {"a.csv", "id,text\n1,one\n2,\"open\n3,\"three\"\n4,four\n", []string{"one", "three", "four"}, 1},
		"marks inside values":      {"a.csv", "id,text\n1,5'10\" tall\n2,a \"b\" c\n", []string{"5'10\" tall", "a \"b\" c"}, 0},
		"text behind a mark":       {"a.csv", "id,text\n1,\"a\" b\n2,two\n", []string{"two"}, 1},
		"too few, too many values": {"a.csv", "id,text\n1\n2,two\n3,three,3\n", []string{"two"}, 2},
		"lines inside":             {"a.csv", "id,text\r\n1,\"one\r\ntwo\"\r\n2,three", []string{"one\ntwo", "three"}, 0},
		"semicolons":               {"a.csv", "id;text\n1;one, two\n", []string{"one, two"}, 0},
		"tabs in a .csv":           {"a.csv", "id\ttext\n1\tone, two\n", []string{"one, two"}, 0},
		"quoted names":             {"a.csv", "\"id\";\"text\"\n1;one\n", []string{"one"}, 0},
		"two tables in a row":      {"a.csv", "\ufeffid,text\n1,one\n\ufeffid,text\n2,two\n", []string{"one", "two"}, 0},
		"padding":                  {"a.csv", "id,text\n1,one\n" + strings.Repeat("\x00", 9000), []string{"one"}, 0},
		"marks in a .tsv":          {"a.tsv", "id\ttext\n1\t\"Hello\" she said\n2\t\"open\n3\tthree\n", []string{"\"Hello\" she said", "\"open", "three"}, 0},
		"only names":               {"a.csv", "id,text\n", nil, 0},
		"empty":                    {"a.csv", "", nil, 0},
	} {
		o := read(t, write(t, filepath.Join(t.TempDir(), tc.file), []byte(tc.content)), Default())
		if o.err != nil || !slices.Equal(o.texts(), tc.texts) || o.stats.Rejected[ReasonBrokenCSV] != tc.rejected {
			t.Errorf("%s: %v, %q, %v", name, o.err, o.texts(), o.stats.Rejected)
		}
	}
}

// What a writer of such tables writes is read, with the offsets of the rows, whatever
// broken lines stand between.
func TestTablesRoundTrip(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringOfN(rapid.RuneFrom([]rune("ab\"',;\n\t 中é")), 1, 30, -1), 1, 20).Draw(rt, "texts")
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		_ = w.Write([]string{"n", "text", "more"})
		var want []string
		var offsets []int64
		broken := int64(0)
		for i, s := range texts {
			s = "x" + s + "y"
			if rapid.Bool().Draw(rt, "broken before") {
				w.Flush()
				b.WriteString(rapid.SampledFrom([]string{"1,2\n", "1,\"a\" b,c\n", "1,2,3,4\n", "\"\"x,1,2\n"}).Draw(rt, "line"))
				broken++
			}
			w.Flush()
			want, offsets = append(want, s), append(offsets, int64(b.Len()))
			_ = w.Write([]string{fmt.Sprint(i), s, "c,d"})
		}
		w.Flush()
		path := filepath.Join(dir, "a.csv")
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			rt.Fatal(err)
		}
		o := read(t, path, Default())
		if o.err != nil || !slices.Equal(o.texts(), want) || o.stats.Rejected[ReasonBrokenCSV] != broken {
			rt.Fatalf("%v, %q, want %q, rejected %v of %d", o.err, o.texts(), want, o.stats.Rejected, broken)
		}
		for i, d := range o.docs {
			if d.ByteOffset != offsets[i] {
				rt.Fatalf("row %d at %d, want %d", i, d.ByteOffset, offsets[i])
			}
		}
	})
}

func FuzzCSV(f *testing.F) {
	fuzzFile(f, "a.csv", []byte("id,text,meta\n1,\"a\nb\",c\n2,\"open\n3,c\"d,e\n"), []byte("text\n\"\n\"\"\n\"\"\"\n"), []byte("\ufefftext;id\na;b\n"))
}

func FuzzTSV(f *testing.F) {
	fuzzFile(f, "a.tsv", []byte("id\ttext\n1\t\"a\" b\n2\t\"c\n"))
}
