package tokenizer

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// smallModel is a valid model to spoil: <unk>, <s>, "a", "b", "ab", 256 bytes.
func smallModel() *modelProto {
	m := newModelProto()
	m.trainer.modelType, m.trainer.byteFallback = modelBPE, true
	m.pieces = []pieceProto{
		{"<unk>", 0, Unknown}, {"<s>", 0, Control}, {"a", -2, Normal}, {"b", -3, Normal}, {"ab", -1, Normal},
	}
	for b := range 256 {
		m.pieces = append(m.pieces, pieceProto{bytePiece(byte(b)), 0, Byte})
	}
	return m
}

func TestParseErrors(t *testing.T) {
	good := marshalProto(smallModel())
	if _, err := Parse(good); err != nil {
		t.Fatalf("the unspoilt model: %v", err)
	}
	nan := float32(0)
	nan /= nan
	for _, c := range []struct {
		name  string
		spoil func(*modelProto)
		want  string
	}{
		{"no pieces", func(m *modelProto) { m.pieces = nil }, "no pieces"},
		{"no unknown", func(m *modelProto) { m.pieces = m.pieces[1:] }, "no unknown piece"},
		{"two unknown", func(m *modelProto) { m.pieces[1] = pieceProto{"<u>", 0, Unknown} }, "both the unknown piece"},
		{"duplicate", func(m *modelProto) { m.pieces[3].text = "a" }, `pieces 2 and 3 are both "a"`},
		{"empty", func(m *modelProto) { m.pieces[3].text = "" }, "piece 3 is empty"},
		{"not UTF-8", func(m *modelProto) { m.pieces[3].text = "\xff" }, "not valid UTF-8"},
		{"too long", func(m *modelProto) { m.pieces[3].text = strings.Repeat("x", maxLength+1) }, "bytes long"},
		{"NaN", func(m *modelProto) { m.pieces[3].score = nan }, "NaN"},
		{"bytes missing", func(m *modelProto) { m.pieces = m.pieces[:100] }, "of the 256 byte pieces"},
		{"bytes unwanted", func(m *modelProto) { m.trainer.byteFallback = false }, "byte_fallback is off"},
		{"strange byte", func(m *modelProto) { m.pieces[100].text = "<0xZZ>" }, "not of the form"},
	} {
		m := smallModel()
		c.spoil(m)
		if _, err := Parse(marshalProto(m)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	for name, data := range map[string][]byte{
		"empty": nil, "text": []byte("hello, I am not a model\n"), "cut short": good[:len(good)/2+1],
		"huge length": append(protowire.AppendTag(nil, 1, protowire.BytesType), 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
	} {
		if _, err := Parse(data); err == nil || !strings.HasPrefix(err.Error(), "tokenizer: ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestParseOtherModelTypes(t *testing.T) {
	for number, name := range map[uint64]string{3: "word", 4: "char"} {
		data := marshalProto(smallModel())
		var spec message
		spec.number(3, int64(number))
		data = appendMessage(data, 2, spec) // a second trainer_spec overrides the first
		if _, err := Parse(data); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("model type %d: error %v, want one naming %s", number, err, name)
		}
	}
}

func TestParseCharsmapErrors(t *testing.T) {
	for name, blob := range map[string]string{
		"short": "\x01", "trie larger than the field": "\xff\xff\xff\x7f1234", "odd size": "\x03\x00\x00\x00abcdef",
		"no trie": "\x00\x00\x00\x00abcdef",
	} {
		data := marshalProto(smallModel())
		var spec message
		spec.text(2, blob)
		if _, err := Parse(appendMessage(data, 3, spec)); err == nil || !strings.Contains(err.Error(), "precompiled_charsmap") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestParseIgnoresWhatItDoesNotKnow: unknown fields, wrong wire types, unknown
// piece types.
func TestParseIgnoresWhatItDoesNotKnow(t *testing.T) {
	data := marshalProto(smallModel())
	data = protowire.AppendVarint(protowire.AppendTag(data, 1, protowire.VarintType), 7)
	data = protowire.AppendFixed64(protowire.AppendTag(data, 900, protowire.Fixed64Type), 7)
	var p message
	p.text(1, "ba")
	p.number(3, 77)
	data = appendMessage(data, 1, p)
	tok, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if id, ok := tok.ID("ba"); !ok || tok.Type(id) != Normal {
		t.Errorf("a piece of an unknown type is %v, want normal", tok.Type(id))
	}
	if !bytes.Equal(tok.Marshal(), data) {
		t.Error("Marshal does not give back what was parsed")
	}
}

func TestLoadAndSave(t *testing.T) {
	tok, err := Parse(marshalProto(smallModel()))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := tok.Save(filepath.Join(dir, FileName)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(dir, FileName)} {
		again, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if again.Fingerprint() != tok.Fingerprint() {
			t.Errorf("%s: fingerprint %s, want %s", path, again.Fingerprint(), tok.Fingerprint())
		}
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("Save left %d files, want 1", len(files))
	}
	if err := tok.Save(filepath.Join(dir, "no", "such", "folder")); err == nil {
		t.Error("Save into a missing folder succeeds")
	}
	for _, path := range []string{filepath.Join(dir, "missing"), t.TempDir()} {
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("Load(%s) = %v, want an error naming it", path, err)
		}
	}
}

func TestDecodeOutOfRange(t *testing.T) {
	tok, err := Parse(marshalProto(smallModel()))
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.Decode([]int32{2, -1, 9999, 3}); got != "a\uFFFD\uFFFDb" {
		t.Errorf("Decode = %q", got)
	}
	if _, err := tok.DecodeChecked([]int32{2, 261}); err == nil || !strings.Contains(err.Error(), "id 261 at position 1") {
		t.Errorf("DecodeChecked: %v", err)
	}
	if got, err := tok.DecodeChecked([]int32{2, 4}); err != nil || got != "aab" {
		t.Errorf("DecodeChecked = %q, %v", got, err)
	}
}

// TestStreamHoldsBackPartialCharacters: the bytes of a character come out
// together, wrong ones as soon as they are known to be wrong.
func TestStreamHoldsBackPartialCharacters(t *testing.T) {
	tok, err := Parse(marshalProto(smallModel()))
	if err != nil {
		t.Fatal(err)
	}
	s := tok.NewStream()
	for i, step := range []struct {
		b    byte
		want string
	}{
		{0xE4, ""}, {0xBD, ""}, {0xA0, "你"}, // a whole character
		{0xE4, ""}, {'x', "\uFFFDx"}, // cut off by a letter
		{0xFF, "\uFFFD"}, {0xF0, ""}, {0x9F, ""},
	} {
		if got := s.Push(tok.vocab.bytes[step.b]); got != step.want {
			t.Errorf("step %d: %q, want %q", i, got, step.want)
		}
	}
	if got := s.Push(2); got != "\uFFFD\uFFFDa" {
		t.Errorf("a letter after an unfinished character: %q", got)
	}
	s.Push(tok.vocab.bytes[0xE4])
	if got := s.Flush(); got != "\uFFFD" {
		t.Errorf("Flush = %q", got)
	}
	if got := s.Flush(); got != "" {
		t.Errorf("the second Flush = %q", got)
	}
}

// TestLongRuns would take hours if encoding were quadratic.
func TestLongRuns(t *testing.T) {
	for _, unit := range []string{"a", " ", "ab ", "你", "\xff", "the "} {
		text := strings.Repeat(unit, (1<<20)/len(unit))
		want := strings.ToValidUTF8(text, "")
		if unit == "\xff" {
			want = strings.Repeat("\uFFFD", 1<<20)
		}
		for _, name := range []string{"dummy.model", "uni_keep.model"} {
			tok := testModel(t, name)
			if got := tok.Decode(tok.Encode(text)); got != want {
				t.Errorf("%s: a run of %q does not come back", name, unit)
			}
		}
		for _, name := range []string{"unused2.model", "uni_unused.model"} {
			if len(testModel(t, name).Encode(text)) == 0 && strings.TrimSpace(text) != "" {
				t.Errorf("%s: a run of %q has no tokens", name, unit)
			}
		}
	}
}
