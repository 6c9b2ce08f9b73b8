package safetensors

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// image builds a file from a header and n bytes of data.
func image(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, n)...)
}

func one(body string) string { return `{"a":{` + body + `}}` }

var hostile = []struct {
	name, want string
	data       []byte
}{
	{"empty", "0 bytes", nil},
	{"short", "7 bytes", make([]byte, 7)},
	{"huge length", "claims 18446744073709551615", append([]byte(strings.Repeat("\xff", 8)), "{}"...)},
	{"length beyond the file", "only 2 follow", append(binary.LittleEndian.AppendUint64(nil, 3), "{}"...)},
	{"no header", "begin with '{'", image("", 0)},
	{"leading space", "begin with '{'", image(" {}", 0)},
	{"array", "begin with '{'", image("[]", 0)},
	{"not UTF-8", "not UTF-8", image("{\"\xff\":1}", 0)},
	{"cut JSON", "ends too early", image(`{"a":{"dtype":"F32"`, 0)},
	{"bad JSON", "not valid JSON", image(`{"a" "b"}`, 0)},
	{"stray bytes", "stray", image(`{}x`, 0)},
	{"two objects", "stray", image(`{}{}`, 0)},
	{"NUL padding", "stray", image("{}\x00", 0)},
	{"deep nesting", "", image(one(`"x":`+strings.Repeat("[", 100_000)), 0)},
	{"tensor is a number", `number "1"`, image(`{"a":1}`, 0)},
	{"no dtype", "no dtype", image(one(`"shape":[1],"data_offsets":[0,4]`), 4)},
	{"no shape", "no shape", image(one(`"dtype":"F32","data_offsets":[0,4]`), 4)},
	{"no offsets", "no data_offsets", image(one(`"dtype":"F32","shape":[1]`), 4)},
	{"unknown dtype", `"F33"`, image(one(`"dtype":"F33","shape":[1],"data_offsets":[0,4]`), 4)},
	{"dtype a number", "dtype", image(one(`"dtype":3,"shape":[1],"data_offsets":[0,4]`), 4)},
	{"negative dimension", "not negative", image(one(`"dtype":"F32","shape":[-1],"data_offsets":[0,4]`), 4)},
	{"fractional dimension", "whole number", image(one(`"dtype":"F32","shape":[1.0],"data_offsets":[0,4]`), 4)},
	{"dimension beyond int", "fits", image(one(`"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,4]`), 4)},
	{"shape overflows", "overflows", image(one(`"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]`), 0)},
	{"bits overflow", "overflows", image(one(`"dtype":"F64","shape":[1152921504606846976],"data_offsets":[0,0]`), 0)},
	{"half a byte", "whole bytes", image(one(`"dtype":"F4","shape":[3],"data_offsets":[0,2]`), 2)},
	{"too many dimensions", "more than 64", image(one(`"dtype":"F32","shape":[1`+strings.Repeat(",1", 64)+`],"data_offsets":[0,4]`), 4)},
	{"shape a string", "shape", image(one(`"dtype":"F32","shape":"1","data_offsets":[0,4]`), 4)},
	{"three offsets", "more than 2", image(one(`"dtype":"F32","shape":[1],"data_offsets":[0,4,4]`), 4)},
	{"one offset", "has 1 numbers", image(one(`"dtype":"F32","shape":[1],"data_offsets":[0]`), 4)},
	{"backwards", "backwards", image(one(`"dtype":"F32","shape":[1],"data_offsets":[4,0]`), 4)},
	{"wrong size", "needs 4 bytes", image(one(`"dtype":"F32","shape":[1],"data_offsets":[0,8]`), 8)},
	{"beyond the end", "truncated", image(one(`"dtype":"F32","shape":[2],"data_offsets":[0,8]`), 4)},
	{"gap before", "belong to no tensor", image(one(`"dtype":"F32","shape":[1],"data_offsets":[4,8]`), 8)},
	{"trailing bytes", "belong to no tensor", image(one(`"dtype":"F32","shape":[1],"data_offsets":[0,4]`), 5)},
	{"overlap", "overlap", image(`{"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}`, 6)},
	{"same bytes twice", "overlap", image(`{"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4)},
	{"name twice", "twice", image(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2)},
	{"name twice by escape", "twice", image(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\u0061":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2)},
	{"key twice", "twice", image(one(`"dtype":"F32","dtype":"U8","shape":[1],"data_offsets":[0,1]`), 1)},
	{"metadata a list", "__metadata__", image(`{"__metadata__":[]}`, 0)},
	{"metadata value a number", "__metadata__", image(`{"__metadata__":{"a":1}}`, 0)},
	{"metadata key twice", "twice", image(`{"__metadata__":{"a":"1","a":"2"}}`, 0)},
	{"metadata twice", "twice", image(`{"__metadata__":{},"__metadata__":{}}`, 0)},
}

func TestHostileFilesAreRefused(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "evil.safetensors")
			if err := os.WriteFile(path, c.data, 0o644); err != nil {
				t.Fatal(err)
			}
			f, err := Open(path)
			if err == nil {
				f.Close()
				t.Fatal("accepted")
			}
			var fe *FormatError
			if !errors.As(err, &fe) || fe.Path != path || !strings.Contains(err.Error(), path) {
				t.Errorf("not a FormatError with the path: %v", err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q does not say %q", err, c.want)
			}
			if strings.Contains(string(c.data), `"a":{"`) && fe.Tensor != "a" && c.name != "cut JSON" &&
				c.name != "trailing bytes" && !strings.HasPrefix(c.name, "metadata") {
				t.Errorf("error does not name the tensor: %v", err)
			}
		})
	}
}

func TestOddButValidFilesAreRead(t *testing.T) {
	for name, data := range map[string][]byte{
		"no tensors":      image("{}", 0),
		"padded":          image("{} \t\r\n ", 0),
		"later keys":      image(`{"a":{"dtype":"U8","new":{"x":[1,{}]},"shape":[2],"data_offsets":[0,2]}}`, 2),
		"zero dimension":  image(`{"a":{"dtype":"U8","shape":[9223372036854775807,0],"data_offsets":[0,0]}}`, 0),
		"packed":          image(`{"a":{"dtype":"F4","shape":[2,3],"data_offsets":[0,3]},"b":{"dtype":"F6_E2M3","shape":[4],"data_offsets":[3,6]}}`, 6),
		"unsorted header": image(`{"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 2),
		"empty between":   image(`{"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"e":{"dtype":"U8","shape":[0],"data_offsets":[1,1]},"z":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2),
	} {
		path := filepath.Join(t.TempDir(), "odd.safetensors")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if name == "unsorted header" && (f.Names()[0] != "a" || f.Names()[1] != "b") {
			t.Errorf("names are not in the order of their data: %v", f.Names())
		}
		f.Close()
	}
}

// A file that claims much and holds little must cost little memory.
func TestHostileFilesCostLittleMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "evil.safetensors")
	data := image(one(`"dtype":"U8","shape":[4611686018427387904],"data_offsets":[0,4611686018427387904]`), 16)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Open(path); err == nil {
		t.Fatal("accepted")
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<17 {
		t.Errorf("refusing the file took %d bytes", got)
	}
}

func FuzzOpen(f *testing.F) {
	for _, c := range hostile {
		if len(c.data) < 1<<12 {
			f.Add(c.data)
		}
	}
	if ref, err := os.ReadFile(referenceFile); err == nil {
		f.Add(ref)
	}
	path := filepath.Join(f.TempDir(), "fuzz.safetensors")
	f.Fuzz(func(t *testing.T, data []byte) {
		tensors, _, start, err := parseFile(path, data)
		if err != nil {
			var fe *FormatError
			if !errors.As(err, &fe) {
				t.Fatalf("not a FormatError: %v", err)
			}
			return
		}
		var infos []Info
		at := start
		for _, e := range tensors {
			size, err := e.Size()
			if err != nil || e.begin+start != at || e.end-e.begin != size {
				t.Fatalf("accepted a bad layout: %+v", e)
			}
			at += size
			infos = append(infos, e.Info)
		}
		if at != int64(len(data)) {
			t.Fatalf("%d bytes accounted for of %d", at, len(data))
		}
		if _, err := Header(infos, nil); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
	})
}
