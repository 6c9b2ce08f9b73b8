package record

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"huihai/data/dedup"
	"huihai/data/substring"
)

// No two kinds of findings have the same letter, and Kinds lists every constant that
// the package declares, read from its source.
func TestKindsAreUnique(t *testing.T) {
	seen := map[Kind]bool{}
	for _, k := range Kinds() {
		if seen[k] {
			t.Errorf("kind %q is there twice", k)
		}
		seen[k] = true
	}
	file, err := parser.ParseFile(token.NewFileSet(), "finding.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if ok && strings.HasPrefix(spec.Names[0].Name, "Kind") {
			declared++
		}
		return true
	})
	if declared != len(seen) {
		t.Errorf("%d kinds are declared, %d listed", declared, len(seen))
	}
}

// What is encoded decodes to the same, and begins with document and kind.
func TestFindingsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		doc := rapid.Int64Min(0).Draw(t, "doc")
		u32, i64 := rapid.Uint32(), rapid.Int64Min(0)
		var e Encoder
		check := func(kind Kind, want any, decode func(rest []byte) (any, error)) {
			d, k, rest, err := ParseFinding(e.Bytes())
			if err != nil || d != doc || k != kind {
				t.Fatalf("finding of kind %q about %d: %q about %d, %v", kind, doc, k, d, err)
			}
			got, err := decode(rest)
			if err != nil || !cmp.Equal(want, got) {
				t.Fatalf("kind %q: %v, %v", kind, cmp.Diff(want, got), err)
			}
			if _, err := decode(rest[:len(rest)-1]); err == nil {
				t.Fatalf("kind %q: a cut finding decodes", kind)
			}
			if _, err := decode(append(slices.Clone(rest), 0)); err == nil {
				t.Fatalf("kind %q: a finding with a byte more decodes", kind)
			}
		}
		c := Component{rapid.Uint64().Draw(t, "component"), rapid.Bool().Draw(t, "needed")}
		c.Encode(&e, doc)
		check(KindComponent, c, func(b []byte) (any, error) { var x Component; err := x.Decode(b); return x, err })
		for _, k := range []Kind{KindExact, KindNear, KindCopy} {
			o := Other{k, i64.Draw(t, "other")}
			o.Encode(&e, doc)
			check(k, o, func(b []byte) (any, error) { x := Other{Kind: k}; err := x.Decode(b); return x, err })
		}
		m := dedup.Member{Doc: doc, Cluster: i64.Draw(t, "cluster"), Size: i64.Draw(t, "size"), Canonical: rapid.Bool().Draw(t, "canonical"), Exact: rapid.Bool().Draw(t, "exact")}
		EncodeMember(&e, m)
		check(KindMember, m, func(b []byte) (any, error) { return DecodeMember(doc, b) })
		s := Semantic{rapid.Int32().Draw(t, "cluster"), rapid.Float32Range(-1, 1).Draw(t, "sim")}
		s.Encode(&e, doc)
		check(KindSemantic, s, func(b []byte) (any, error) { var x Semantic; err := x.Decode(b); return x, err })
		mark := substring.Mark{Doc: doc, Span: substring.Span{Start: rapid.Int32().Draw(t, "start"), End: rapid.Int32().Draw(t, "end")}, Kept: rapid.Bool().Draw(t, "kept")}
		EncodeMark(&e, mark)
		check(KindMark, mark, func(b []byte) (any, error) { return DecodeMark(doc, b) })
		index := u32.Draw(t, "index")
		EncodeAnchor(&e, doc, index)
		check(KindAnchor, index, func(b []byte) (any, error) { return DecodeAnchor(b) })
		for _, k := range []Kind{KindParagraph, KindSentence} {
			x := Copies{k, u32.Draw(t, "index"), u32.Draw(t, "count"), rapid.Bool().Draw(t, "canonical")}
			x.Encode(&e, doc)
			check(k, x, func(b []byte) (any, error) { y := Copies{Kind: k}; err := y.Decode(b); return y, err })
		}
	})
}

// Records of partitions and files decode to what was encoded.
func TestRecordsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i64, f32 := rapid.Int64Min(0), rapid.Float32Range(0, 1)
		var e Encoder
		same := func(want, got any, err error) {
			if err != nil || !cmp.Equal(want, got) {
				t.Fatalf("%v, %v", cmp.Diff(want, got), err)
			}
		}
		edge := Edge{CandidateNear, i64.Draw(t, "a"), i64.Draw(t, "b")}
		edge.Encode(&e)
		var edge2 Edge
		err := edge2.Decode(e.Bytes())
		same(edge, edge2, err)
		v := Vector{i64.Draw(t, "doc"), f32.Draw(t, "quality"), rapid.SliceOfN(f32, 3, 3).Draw(t, "values")}
		a := Assigned{rapid.Uint32().Draw(t, "cluster"), rapid.Bool().Draw(t, "home"), v}
		a.Encode(&e)
		a2 := Assigned{Vector: Vector{Values: make([]float32, 3)}}
		err = a2.Decode(e.Bytes())
		same(a, a2, err)
		o := Occurrence{KindSentence, rapid.Uint64().Draw(t, "hash"), Rank(f32.Draw(t, "rank")), i64.Draw(t, "doc"), rapid.Uint32().Draw(t, "index")}
		o.Encode(&e)
		var o2 Occurrence
		err = o2.Decode(e.Bytes())
		same(o, o2, err)
		tok := Tokens{rapid.StringMatching(`[a-z]{0,5}`).Draw(t, "source"), rapid.Uint64().Draw(t, "key"), i64.Draw(t, "doc"), rapid.SliceOfN(rapid.Int32Min(0), 1, 9).Draw(t, "ids")}
		tok.Encode(&e)
		var tok2 Tokens
		err = tok2.Decode(e.Bytes())
		same(tok, tok2, err)
		u := Unigram{rapid.Uint64().Draw(t, "id"), i64.Draw(t, "train"), i64.Draw(t, "validation")}
		u.Encode(&e)
		var u2 Unigram
		err = u2.Decode(e.Bytes())
		same(u, u2, err)
		n := Node{i64.Draw(t, "doc"), f32.Draw(t, "quality"), rapid.SliceOfN(rapid.Uint32(), 1, 9).Draw(t, "shingles"), rapid.SliceOfN(rapid.Uint32(), 1, 4).Draw(t, "numbers")}
		n.Encode(&e, 7)
		var n2 Node
		err = n2.Decode(e.Bytes()[ComponentHead:])
		same(n, n2, err)
		// From high to low quality.
		x, y := f32.Draw(t, "x"), f32.Draw(t, "y")
		if x > y && Rank(x) >= Rank(y) {
			t.Fatalf("quality %g ranks behind %g", x, y)
		}
	})
}

func FuzzRecords(f *testing.F) {
	var e Encoder
	(&Document{ID: "a", Text: "b"}).Encode(&e)
	f.Add(slices.Clone(e.Bytes()))
	(&Judgement{Reason: "kept"}).Encode(&e, dedup.SpanConfig{}, dedup.SpanConfig{})
	f.Add(slices.Clone(e.Bytes()))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r Document
		if r.Decode(b) == nil {
			var again Encoder
			r.Encode(&again)
			var second Document
			if err := second.Decode(again.Bytes()); err != nil || second != r {
				t.Errorf("%+v does not survive: %+v, %v", r, second, err)
			}
		}
		_ = (&Judgement{}).Decode(b)
		_, _ = DecodeMember(0, b)
		_, _ = DecodeMark(0, b)
		_, _ = DecodeAnchor(b)
		_ = (&Copies{}).Decode(b)
		_ = (&Component{}).Decode(b)
		_ = (&Semantic{}).Decode(b)
		_ = (&Tokens{}).Decode(b)
		_ = (&Node{}).Decode(b)
		_ = (&Edge{}).Decode(b)
		_ = (&Occurrence{}).Decode(b)
		_ = (&Assigned{Vector: Vector{Values: make([]float32, 2)}}).Decode(b)
		_, _, _ = Candidate(b)
	})
}
