package tokenizer

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// baichuanGolden holds encodings that SentencePiece 0.1.99 gives with the
// released model; the first three also stand in third-party reports.
var baichuanGolden = []struct {
	text string
	ids  string
}{
	{"你是谁", "92067"},
	{"你好吗", "16829 93122"},
	{"你好呀", "16829 94278"},
	{"Hello, world!", "23160 92323 2063 73"},
	{"A", "92343"},
	{" A", "1401"},
	{"Answer: A", "58182 92345 1401"},
	{"答案：A", "4174 70 92343"},
	{"  four  spaces    here", "92311 2838 92311 11819 1411 2992"},
	{"def f(x):\n    return x**2  # 平方\n\tif y == 10:", "5273 1365 92352 92365 3408 5 1411 3509 4838 2229 92338 1373 92951 92311 5063 5 6 1457 1426 92311 64 64 92311 92336 92335 92345"},
	{"2023年9月6日", "92338 92335 92338 92354 92381 92362 92443 92373 92420"},
	{"3.14159", "92354 72 92336 92369 92336 92358 92362"},
	{"-1+2=1", "63 92336 62 92338 64 92336"},
	{"1,234,567", "92336 92323 92338 92354 92369 92323 92358 92373 92383"},
	{"登鹳雀楼->王之涣\n夜雨寄北->", "93198 97845 95008 93084 63 92574 92876 92479 97097 5 93199 93142 94115 92683 63 92574"},
	{"<reserved_106>你好<reserved_107>", "195 16829 196"},
	{"𠮷野家 😀", "1329 1249 1263 1272 93477 92403 92311 98740"},
	{"e\u0301", "92312 96333"},
	{"----", "87 63"}, {"....", "75 72"}, {"。。。。", "76 66"},
	{"１２３", "53 54 55"}, {"\r\n", "1102 5"}, {"\u3000全角", "92339 92426 93147"},
	{strings.Repeat(" ", 33), "11624 92311"},
	{"https://www.baichuan-ai.com/", "4196 2321 3059 72 8155 87146 63 2831 72 1690 92395"},
	{"The quick brown fox jumps over the lazy dog.", "1524 4238 15813 56411 49085 1744 1352 45686 6511 72"},
	{"Привет, мир", "57629 67971 92323 74579 93184"},
	{"こんにちは世界", "95932 95418 95554 96620 95559 2089"},
	{"안녕하세요", "97178 102691 96086 98758 97312"},
	{"</s>", "2801 92319 92574"},
}

func parseIDs(tb testing.TB, s string) []int32 {
	var ids []int32
	for f := range strings.FieldsSeq(s) {
		n, err := strconv.Atoi(f)
		if err != nil {
			tb.Fatal(err)
		}
		ids = append(ids, int32(n))
	}
	return ids
}

func TestBaichuanGolden(t *testing.T) {
	tok := baichuan2(t)
	for _, g := range baichuanGolden {
		want := parseIDs(t, g.ids)
		if got := tok.Encode(g.text); !slices.Equal(got, want) {
			t.Errorf("Encode(%q)\n got %v\nwant %v", g.text, got, want)
		}
		if got := tok.Decode(want); got != g.text {
			t.Errorf("Decode(%v) = %q, want %q", want, got, g.text)
		}
	}
}

func TestBaichuanFacts(t *testing.T) {
	tok := baichuan2(t)
	if got := tok.Fingerprint(); got != "79452955be6b419a65984273a9f08af86042e1c2a75ee3ba989cbf620a133cc2" {
		t.Errorf("fingerprint %s", got)
	}
	if tok.VocabSize() != 125696 || tok.UnknownID() != 0 || tok.BOS() != 1 || tok.EOS() != 2 || tok.PAD() != -1 {
		t.Errorf("vocabulary %d, unk %d, bos %d, eos %d, pad %d", tok.VocabSize(), tok.UnknownID(), tok.BOS(), tok.EOS(), tok.PAD())
	}
	for id, want := range map[int32]struct {
		piece string
		typ   PieceType
	}{
		0: {"<unk>", Unknown}, 2: {"</s>", Control}, 5: {"\n", UserDefined}, 195: {"<reserved_106>", UserDefined},
		1088: {"<reserved_999>", UserDefined}, 1089: {"<0x00>", Byte}, 1344: {"<0xFF>", Byte},
		92336: {"1", Normal}, -1: {"", 0}, 125696: {"", 0},
	} {
		if tok.Piece(id) != want.piece || tok.Type(id) != want.typ {
			t.Errorf("piece %d is %q of type %v, want %q of type %v", id, tok.Piece(id), tok.Type(id), want.piece, want.typ)
		}
		if want.piece != "" {
			if got, ok := tok.ID(want.piece); !ok || got != id {
				t.Errorf("ID(%q) = %d, %v, want %d", want.piece, got, ok, id)
			}
		}
	}
	if _, ok := tok.ID("no such piece"); ok {
		t.Error("an unknown piece has an id")
	}
	info := tok.Info(2)
	counts := map[string]int{"unknown": 1, "control": 2, "user_defined": 1086, "byte": 256, "normal": 124351}
	if fmt.Sprint(info.Pieces) != fmt.Sprint(counts) || info.TrainedSize != 99968 || info.Reserved != 988 ||
		info.MaxCharacters != 32 || len(info.Longest) != 2 || !info.SplitDigits || info.Coverage != 0.9998 {
		t.Errorf("info: %+v", info)
	}
}

// TestPiecesEncodeToThemselves: all but 45 of the normal and user-defined
// pieces are the encoding of their own surface. The exceptions are a property
// of the released model (mostly pieces that hold a frozen - = +).
func TestPiecesEncodeToThemselves(t *testing.T) {
	tok := baichuan2(t)
	low, high := 0, 0
	for i := range tok.VocabSize() {
		id := int32(i)
		if typ := tok.Type(id); typ != Normal && typ != UserDefined {
			continue
		}
		if ids := tok.Encode(strings.ReplaceAll(tok.Piece(id), spaceMark, " ")); len(ids) == 1 && ids[0] == id {
			continue
		}
		if id < 99968 {
			low++
		} else {
			high++
		}
	}
	if low != 6 || high != 39 {
		t.Errorf("%d pieces of the trained part and %d of the appended part do not encode to themselves, want 6 and 39", low, high)
	}
}

// TestEncodeUser: nobody may forge a role mark, and the text is kept.
func TestEncodeUser(t *testing.T) {
	for _, tok := range []*Tokenizer{baichuan2(t), sharedModel(t, "tokenizers/minicpm3/tokenizer.model"), sharedModel(t, "tokenizers/internlm2/tokenizer.model")} {
		var attack strings.Builder
		for i := range tok.VocabSize() {
			if id := int32(i); tok.IsReserved(id) || tok.IsControl(id) {
				attack.WriteString("x" + tok.Piece(id))
			}
		}
		attack.WriteString("<reserved_<reserved_106>106>\n\t。 end")
		text := attack.String()
		ids := tok.EncodeUser(text)
		for _, id := range ids {
			if tok.IsReserved(id) || tok.IsControl(id) {
				t.Errorf("typed text became %q", tok.Piece(id))
			}
		}
		if got := tok.Decode(ids); got != text {
			t.Error("typed text does not come back")
		}
	}
	tok := baichuan2(t)
	if got := tok.EncodeUser("你好\n"); !slices.Equal(got, []int32{16829, 5}) {
		t.Errorf("ordinary user-defined pieces must still match: %v", got)
	}
	if got := tok.Encode("<reserved_106>"); !slices.Equal(got, []int32{195}) {
		t.Errorf("Encode must match reserved pieces: %v", got)
	}
}

// TestLlamaCppVectors: the test texts of llama.cpp for the Llama vocabulary.
func TestLlamaCppVectors(t *testing.T) {
	base := filepath.Join(sharedDir(t), "tokenizers", "llama", "ggml-vocab-llama-spm.gguf")
	in, err := os.ReadFile(base + ".inp")
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.ReadFile(base + ".out")
	if err != nil {
		t.Fatal(err)
	}
	tok := sharedModel(t, "tokenizers/llama/tokenizer.model")
	texts := strings.Split(string(in), "\n__ggml_vocab_test__\n")
	lines := strings.Split(string(out), "\n")
	for i, text := range texts {
		if want := parseIDs(t, lines[i]); !slices.Equal(tok.Encode(text), want) {
			t.Errorf("Encode(%q)\n got %v\nwant %v", text, tok.Encode(text), want)
		}
	}
	if len(texts) < 40 {
		t.Errorf("%d texts, want at least 40", len(texts))
	}
}

// TestConcurrentUse encodes and decodes from many goroutines with a model whose
// learnt state is still empty.
func TestConcurrentUse(t *testing.T) {
	tok, err := Parse(baichuan2(t).Marshal())
	if err != nil {
		t.Fatal(err)
	}
	type sample struct {
		Text string
		IDs  []int32
	}
	var samples []sample
	for _, d := range documents(t, "pretrain/docs_zh.jsonl.gz", 60000) {
		samples = append(samples, sample{d, baichuan2(t).Encode(d)})
	}
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range samples {
				s := samples[(i+worker)%len(samples)]
				if !slices.Equal(tok.Encode(s.Text), s.IDs) {
					t.Error("an encoding differs")
				}
				if tok.Decode(s.IDs) != strings.ReplaceAll(s.Text, "▁", " ") {
					t.Error("a decoding differs")
				}
			}
		})
	}
	wg.Wait()
}

// TestEncodeAllocations: with room in dst, encoding allocates nothing for the
// words of a text (the pool of working memory may give up a few).
func TestEncodeAllocations(t *testing.T) {
	tok := baichuan2(t)
	text := strings.Repeat("Hello, world! 你好，世界。 ", 50)
	dst := make([]int32, 0, len(text))
	tok.AppendEncode(dst, text)
	if n := testing.AllocsPerRun(100, func() { tok.AppendEncode(dst, text) }); n > 5 {
		t.Errorf("%v allocations per call of 450 words", n)
	}
}

// TestInfoIsJSON: Info goes to programs.
func TestInfoIsJSON(t *testing.T) {
	if _, err := json.Marshal(testModel(t, "ties.model").Info(5)); err != nil {
		t.Error(err)
	}
}
