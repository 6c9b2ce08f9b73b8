package megatron

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

type golden struct {
	VocabSize int         `json:"vocab_size"`
	Documents [][][]int32 `json:"documents"`
}

// files returns what a Writer makes of documents.
func files(t testing.TB, dtype DType, documents [][][]int32) (bin, idx []byte) {
	t.Helper()
	var b, x bytes.Buffer
	w, err := NewWriter(&b, dtype)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range documents {
		for _, s := range d {
			if err := w.Add(s); err != nil {
				t.Fatal(err)
			}
		}
		w.EndDocument()
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteIndex(&x); err != nil {
		t.Fatal(err)
	}
	if int64(b.Len()) != w.Tokens()*int64(dtype.Size()) || w.Documents() != int64(len(documents)) {
		t.Fatalf("%d tokens of %d documents in %d bytes", w.Tokens(), w.Documents(), b.Len())
	}
	return b.Bytes(), x.Bytes()
}

// The files are byte for byte those of Megatron-LM, and its files are read.
func TestAgainstMegatron(t *testing.T) {
	for _, name := range []string{"int32", "uint16"} {
		prefix := filepath.Join("testdata", name)
		raw, err := os.ReadFile(prefix + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var g golden
		if err := json.Unmarshal(raw, &g); err != nil {
			t.Fatal(err)
		}
		dtype := DTypeFor(g.VocabSize)
		if dtype.String() != name {
			t.Errorf("a vocabulary of %d gives %v, want %s", g.VocabSize, dtype, name)
		}
		bin, idx := files(t, dtype, g.Documents)
		for ext, got := range map[string][]byte{".bin": bin, ".idx": idx} {
			want, err := os.ReadFile(prefix + ext)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s%s: the files differ:\n%x, want\n%x", name, ext, got, want)
			}
		}
		r, err := Open(prefix)
		if err != nil {
			t.Fatal(err)
		}
		for i, d := range g.Documents {
			got, err := r.Document(nil, i)
			if want := slices.Concat(d...); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: document %d is %v, want %v (%v)", name, i, got, want, err)
			}
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		dtype := rapid.SampledFrom([]DType{Int32, Uint16}).Draw(rt, "dtype")
		most := int32(math.MaxInt32)
		if dtype == Uint16 {
			most = math.MaxUint16
		}
		tokens := rapid.SliceOfN(rapid.Int32Range(0, most), 1, 9)
		documents := rapid.SliceOf(rapid.SliceOfN(tokens, 0, 4)).Draw(rt, "documents")
		bin, idx := files(t, dtype, documents)
		prefix := filepath.Join(dir, "x")
		if err := os.WriteFile(prefix+".bin", bin, 0o644); err != nil {
			rt.Fatal(err)
		}
		if err := os.WriteFile(prefix+".idx", idx, 0o644); err != nil {
			rt.Fatal(err)
		}
		r, err := Open(prefix)
		if err != nil {
			rt.Fatal(err)
		}
		defer r.Close()
		if r.DType != dtype || len(r.Bounds) != len(documents)+1 {
			rt.Fatalf("%v, %d documents", r.DType, len(r.Bounds)-1)
		}
		n := 0
		for i, d := range documents {
			got, err := r.Document(nil, i)
			if err != nil || !slices.Equal(got, slices.Concat(d...)) {
				rt.Fatalf("document %d: %v, %v", i, got, err)
			}
			for _, s := range d {
				if got, err := r.Sequence(nil, n); err != nil || !slices.Equal(got, s) {
					rt.Fatalf("sequence %d: %v, %v", n, got, err)
				}
				n++
			}
		}
	})
}

func TestWriterRefuses(t *testing.T) {
	if _, err := NewWriter(nil, 7); err == nil {
		t.Error("a type that is not known is taken")
	}
	w, err := NewWriter(&bytes.Buffer{}, Uint16)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range [][]int32{{}, {-1}, {1, 65536}} {
		if w.Add(s) == nil {
			t.Errorf("sequence %v is taken", s)
		}
	}
	if w.Sequences() != 0 || w.Tokens() != 0 {
		t.Error("a refused sequence is counted")
	}
}

func TestReadIndexErrors(t *testing.T) {
	bin, idx := files(t, Int32, [][][]int32{{{1, 2}, {3}}, {{4}}})
	change := func(at int, b ...byte) []byte {
		c := bytes.Clone(idx)
		copy(c[at:], b)
		return c
	}
	body := headerSize + 3*12 // where the bounds begin
	for want, x := range map[string][]byte{
		"less than its header":       idx[:20],
		"does not begin":             change(0, 'X'),
		"version 2":                  change(9, 2),
		"dtype 6":                    change(17, 6),
		"do not make its":            change(18, 4),
		"72057594037927939 sequence": change(25, 1),
		"18446744073709551615 docum": change(26, 255, 255, 255, 255, 255, 255, 255, 255),
		"sequence 0 is -":            change(headerSize+3, 0x80),
		"sequence 1 is 1 tokens at":  change(headerSize+3*4+8, 13),
		"do not reach":               change(body, 1),
		"before it begins":           change(body+8, 4),
		"bytes":                      idx[:len(idx)-1],
	} {
		_, err := ReadIndex(bytes.NewReader(x), int64(len(x)), int64(len(bin)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
	if _, err := ReadIndex(bytes.NewReader(idx), int64(len(idx)), int64(len(bin))-1); err == nil {
		t.Error("tokens that are cut off are not noticed")
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "none.bin") {
		t.Errorf("missing files: %v", err)
	}
}

func FuzzReadIndex(f *testing.F) {
	bin, idx := files(f, Int32, [][][]int32{{{1, 2}, {3}}, {}, {{4}}})
	f.Add(idx, int64(len(bin)))
	f.Add([]byte(magic), int64(0))
	f.Fuzz(func(t *testing.T, idx []byte, binSize int64) {
		x, err := ReadIndex(bytes.NewReader(idx), int64(len(idx)), binSize)
		if err != nil {
			return
		}
		for i, n := range x.Lengths {
			if end := x.Offsets[i] + int64(n)*int64(x.DType.Size()); n < 0 || x.Offsets[i] < 0 || end > binSize || end < 0 {
				t.Errorf("sequence %d lies outside the file", i)
			}
		}
		if len(idx) != headerSize+12*len(x.Lengths)+8*len(x.Bounds) {
			t.Error("the index is longer than its lists")
		}
	})
}

func BenchmarkWriter(b *testing.B) {
	tokens := make([]int32, 1000)
	for i := range tokens {
		tokens[i] = int32(i * 100)
	}
	w, err := NewWriter(io.Discard, Int32)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(4 * len(tokens)))
	for b.Loop() {
		if err := w.Add(tokens); err != nil {
			b.Fatal(err)
		}
		w.EndDocument()
	}
}

func BenchmarkReadIndex(b *testing.B) {
	documents := make([][][]int32, 10000)
	for i := range documents {
		documents[i] = [][]int32{{int32(i)}}
	}
	bin, idx := files(b, Int32, documents)
	b.SetBytes(int64(len(idx)))
	for b.Loop() {
		if _, err := ReadIndex(bytes.NewReader(idx), int64(len(idx)), int64(len(bin))); err != nil {
			b.Fatal(err)
		}
	}
}

// The header's layout is counted once by hand.
func TestHeaderSize(t *testing.T) {
	if headerSize != 34 || binary.Size(struct {
		Magic                [9]byte
		Version              uint64
		DType                uint8
		Sequences, Documents uint64
	}{}) != headerSize {
		t.Errorf("the header has %d bytes", headerSize)
	}
}
