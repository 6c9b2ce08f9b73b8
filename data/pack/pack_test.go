package pack

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func packAll(t interface{ Fatal(...any) }, cfg Config, docs [][]int32) ([]Row, Ledger) {
	var rows []Row
	p := New(cfg, 0, func(r Row) error {
		rows = append(rows, Row{slices.Clone(r.Tokens), slices.Clone(r.Docs), slices.Clone(r.Starts)})
		return nil
	})
	for i, d := range docs {
		if err := p.Add(int64(i), d); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Flush(); err != nil {
		t.Fatal(err)
	}
	return rows, p.Ledger()
}

func TestConcat(t *testing.T) {
	cfg := Config{SequenceLength: 3, Method: Concat, Tail: TailPad, Window: 100}
	rows, ledger := packAll(t, cfg, [][]int32{{11, 12, 2}, {21, 2}, {31, 32, 33, 34, 2}})
	want := []Row{
		{[]int32{11, 12, 2, 21}, []int64{0, 1}, []int32{0, 3}},
		{[]int32{2, 31, 32, 33}, []int64{1, 2}, []int32{0, 1}},
		{[]int32{34, 2, 0, 0}, []int64{2, NoDocument}, []int32{0, 2}},
	}
	if d := cmp.Diff(want, rows); d != "" {
		t.Error(d)
	}
	wantLedger := Ledger{Documents: 3, Tokens: 10, Rows: 3, Supervised: 5, RowFirst: 3, DocumentFirst: 2, Padding: 2}
	if ledger != wantLedger {
		t.Errorf("ledger %+v, want %+v", ledger, wantLedger)
	}
	cfg.Tail = TailDrop
	rows, ledger = packAll(t, cfg, [][]int32{{11, 12, 2}, {21, 2}, {31, 32, 33, 34, 2}})
	if d := cmp.Diff(want[:2], rows); d != "" {
		t.Error(d)
	}
	if ledger.DroppedTail != 2 || ledger.Padding != 0 || !ledger.Closes(3) {
		t.Errorf("ledger %+v", ledger)
	}
}

func TestBestFit(t *testing.T) {
	cfg := Config{SequenceLength: 3, Method: BestFit, Tail: TailPad, Window: 100}
	rows, ledger := packAll(t, cfg, [][]int32{{11, 2}, {21, 22, 2}, {31, 32, 33, 34, 35, 2}, {2}})
	want := []Row{
		{[]int32{31, 32, 33, 34}, []int64{2}, []int32{0}},
		{[]int32{21, 22, 2, 2}, []int64{1, 3}, []int32{0, 3}},
		{[]int32{11, 2, 35, 2}, []int64{0, 2}, []int32{0, 2}},
	}
	if d := cmp.Diff(want, rows); d != "" {
		t.Error(d)
	}
	if !ledger.Closes(3) {
		t.Errorf("ledger %+v does not close", ledger)
	}
}

// Every token comes out once, in its document's order, and the ledger closes.
func TestPackProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := Config{
			SequenceLength: rapid.IntRange(1, 130).Draw(t, "length"),
			Method:         rapid.SampledFrom([]string{Concat, BestFit}).Draw(t, "method"),
			Tail:           TailPad, Window: rapid.IntRange(1, 500).Draw(t, "window"),
		}
		if cfg.Method == Concat && rapid.Bool().Draw(t, "drop") {
			cfg.Tail = TailDrop
		}
		var docs [][]int32
		next := int32(1)
		for range rapid.IntRange(0, 20).Draw(t, "docs") {
			d := make([]int32, rapid.IntRange(0, 300).Draw(t, "n"))
			for i := range d {
				d[i] = next
				next++
			}
			docs = append(docs, d)
		}
		rows, ledger := packAll(t, cfg, docs)
		if !ledger.Closes(cfg.SequenceLength) || ledger.Tokens != int64(next-1) {
			t.Fatalf("ledger %+v of %d tokens does not close", ledger, next-1)
		}
		checkRows(t, cfg, docs, rows, ledger)
	})
}

func checkRows(t *rapid.T, cfg Config, docs [][]int32, rows []Row, ledger Ledger) {
	seen := map[int32]bool{}
	var supervised int64
	for _, r := range rows {
		if len(r.Tokens) != cfg.SequenceLength+1 || len(r.Docs) != len(r.Starts) || r.Starts[0] != 0 {
			t.Fatalf("malformed row %+v", r)
		}
		for i, doc := range r.Docs {
			end := len(r.Tokens)
			if i+1 < len(r.Docs) {
				end = int(r.Starts[i+1])
			}
			part := r.Tokens[r.Starts[i]:end]
			if doc == NoDocument {
				if i != len(r.Docs)-1 {
					t.Fatalf("padding inside row %+v", r)
				}
				continue
			}
			at := slices.Index(docs[doc], part[0])
			if at < 0 || !slices.Equal(docs[doc][at:at+len(part)], part) {
				t.Fatalf("row %+v is not a run of document %d", r, doc)
			}
			for _, tok := range part {
				if seen[tok] {
					t.Fatalf("token %d twice", tok)
				}
				seen[tok] = true
			}
			supervised += int64(len(part) - 1)
		}
	}
	if int64(len(seen)) != ledger.Tokens-ledger.DroppedTail || supervised != ledger.Supervised {
		t.Fatalf("rows hold %d tokens, %d of them labels; ledger %+v", len(seen), supervised, ledger)
	}
}

func TestValidateNamesEverything(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	err := Config{SequenceLength: 0, Method: "x", Tail: "y", Window: 0}.Validate()
	for _, key := range []string{"sequence_length", "method", "tail", "window"} {
		if err == nil || !containsKey(err.Error(), key) {
			t.Errorf("the error does not name %s: %v", key, err)
		}
	}
}

func containsKey(s, key string) bool {
	for i := 0; i+len(key) <= len(s); i++ {
		if s[i:i+len(key)] == key {
			return true
		}
	}
	return false
}
