package source

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// What a field of a Parquet schema is.
const (
	leafColumn = iota
	groupColumn
	listColumn
)

// columnTree is a field of a Parquet schema with what lies below it.
type columnTree struct {
	kind     int
	leaf     int // number of the column, of a leaf
	isText   bool
	names    []string // of a group's members
	children []*columnTree
	def, rep int  // definition level from which there is a value; repetition level of a list
	optional bool // a value may be missing
}

// findTree returns the field that a path of names leads to, or nil.
func findTree(root *parquet.Column, path string) *columnTree {
	for _, c := range root.Columns() {
		if c.Name() == path {
			return newTree(c)
		}
	}
	head, rest, deeper := strings.Cut(path, ".")
	if deeper {
		for _, c := range root.Columns() {
			if c.Name() == head && !c.Repeated() && !c.Leaf() {
				return findTree(c, rest)
			}
		}
	}
	return nil
}

func newTree(c *parquet.Column) *columnTree {
	t := &columnTree{def: c.MaxDefinitionLevel(), rep: c.MaxRepetitionLevel(), optional: c.Optional()}
	switch {
	case c.Repeated():
		inner := *t
		inner.optional = false
		fillTree(&inner, c)
		return &columnTree{kind: listColumn, def: t.def, rep: t.rep, children: []*columnTree{&inner}}
	case isList(c): // the group in the middle is no field of its own
		middle := c.Columns()[0]
		element := newTree(middle.Columns()[0])
		list := &columnTree{kind: listColumn, def: middle.MaxDefinitionLevel(), rep: middle.MaxRepetitionLevel(), children: []*columnTree{element}}
		if !t.optional {
			return list
		}
		list.optional = true
		return list
	}
	fillTree(t, c)
	return t
}

// isList reports whether a group is one of the standard's lists.
func isList(c *parquet.Column) bool {
	if c.Leaf() || len(c.Columns()) != 1 || !c.Columns()[0].Repeated() || c.Columns()[0].Leaf() {
		return false
	}
	return len(c.Columns()[0].Columns()) == 1
}

func fillTree(t *columnTree, c *parquet.Column) {
	if c.Leaf() {
		t.kind, t.leaf, t.isText = leafColumn, c.Index(), c.Type().Kind() == parquet.ByteArray
		return
	}
	t.kind = groupColumn
	for _, child := range c.Columns() {
		t.names = append(t.names, child.Name())
		t.children = append(t.children, newTree(child))
	}
}

func (t *columnTree) eachLeaf(fn func(leaf int)) {
	switch {
	case t == nil:
	case t.kind == leafColumn:
		fn(t.leaf)
	default:
		for _, c := range t.children {
			c.eachLeaf(fn)
		}
	}
}

// first is the value of a leaf that is no list; null where there is none.
func (t *columnTree) first(cells map[int][]parquet.Value) parquet.Value {
	if t == nil || t.kind != leafColumn || len(cells[t.leaf]) == 0 {
		return parquet.NullValue()
	}
	return cells[t.leaf][0]
}

// scalar is the text or the digits of a leaf, "" for nothing.
func (t *columnTree) scalar(cells map[int][]parquet.Value) string {
	v := t.first(cells)
	if v.IsNull() {
		return ""
	}
	return strings.ToValidUTF8(plainValue(v), "\uFFFD")
}

func plainValue(v parquet.Value) string {
	switch v.Kind() {
	case parquet.Boolean:
		return strconv.FormatBool(v.Boolean())
	case parquet.Int32:
		return strconv.FormatInt(int64(v.Int32()), 10)
	case parquet.Int64:
		return strconv.FormatInt(v.Int64(), 10)
	case parquet.Float:
		return strconv.FormatFloat(float64(v.Float()), 'g', -1, 32)
	case parquet.Double:
		return strconv.FormatFloat(v.Double(), 'g', -1, 64)
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return string(v.ByteArray())
	}
	return v.String()
}

// json is the field's value in this row as JSON; nil for nothing.
func (t *columnTree) json(cells map[int][]parquet.Value) []byte {
	if t == nil {
		return nil
	}
	var b bytes.Buffer
	t.write(&b, cells)
	if b.String() == "null" {
		return nil
	}
	return b.Bytes()
}

func (t *columnTree) write(b *bytes.Buffer, cells map[int][]parquet.Value) {
	switch t.kind {
	case leafColumn:
		writeValue(b, t.first(cells))
	case groupColumn:
		if t.missing(cells) {
			b.WriteString("null")
			return
		}
		b.WriteByte('{')
		for i, c := range t.children {
			if i > 0 {
				b.WriteByte(',')
			}
			b.Write(append(quoted(t.names[i]), ':'))
			c.write(b, cells)
		}
		b.WriteByte('}')
	case listColumn:
		t.writeList(b, cells)
	}
}

// missing reports whether the field has no value in this row.
func (t *columnTree) missing(cells map[int][]parquet.Value) bool {
	if !t.optional {
		return false
	}
	none := true
	t.eachLeaf(func(leaf int) {
		none = none && (len(cells[leaf]) == 0 || cells[leaf][0].DefinitionLevel() < t.def)
	})
	return none
}

func (t *columnTree) writeList(b *bytes.Buffer, cells map[int][]parquet.Value) {
	elements := t.elements(cells)
	if elements == nil && t.optional {
		b.WriteString("null")
		return
	}
	b.WriteByte('[')
	for i, e := range elements {
		if i > 0 {
			b.WriteByte(',')
		}
		t.children[0].write(b, e)
	}
	b.WriteByte(']')
}

// elements cuts the values of a list's leaves into those of its elements.
func (t *columnTree) elements(cells map[int][]parquet.Value) []map[int][]parquet.Value {
	var out []map[int][]parquet.Value
	t.eachLeaf(func(leaf int) {
		n := -1
		for i, v := range cells[leaf] {
			if v.DefinitionLevel() < t.def {
				continue // an empty list
			}
			if i == 0 || v.RepetitionLevel() <= t.rep {
				n++
			}
			for len(out) <= n {
				out = append(out, map[int][]parquet.Value{})
			}
			out[n][leaf] = append(out[n][leaf], v)
		}
	})
	return out
}

func writeValue(b *bytes.Buffer, v parquet.Value) {
	switch {
	case v.IsNull():
		b.WriteString("null")
	case v.Kind() == parquet.ByteArray || v.Kind() == parquet.FixedLenByteArray || v.Kind() == parquet.Int96:
		b.Write(quoted(strings.ToValidUTF8(plainValue(v), "\uFFFD")))
	case v.Kind() == parquet.Double && (math.IsNaN(v.Double()) || math.IsInf(v.Double(), 0)),
		v.Kind() == parquet.Float && (math.IsNaN(float64(v.Float())) || math.IsInf(float64(v.Float()), 0)):
		b.WriteString("null") // JSON has no word for it
	default:
		b.WriteString(plainValue(v))
	}
}
