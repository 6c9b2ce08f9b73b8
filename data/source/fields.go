package source

import (
	"bytes"
	"encoding/json"
	"strings"
)

// The fields that every record may have; those of keep_fields follow.
const (
	fieldText = iota
	fieldID
	fieldURL
	fieldMeta
	fieldKept
)

// wantedFields finds fields of records by name. A name with dots that no field has
// itself leads into objects: "content.text".
type wantedFields struct {
	names  []string
	heads  []string // first parts of names with dots, "" for others
	values [][]byte
	inside [][]byte // the objects that heads name
}

// fieldsWanted returns the fields that the configuration asks for.
func (r *reader) fieldsWanted() *wantedFields {
	if r.fields != nil {
		return r.fields
	}
	w := &wantedFields{names: append([]string{r.cfg.TextField, r.cfg.IDField, r.cfg.URLField, r.cfg.MetaField}, r.cfg.KeepFields...)}
	w.heads = make([]string, len(w.names))
	for i, n := range w.names {
		if head, _, ok := strings.Cut(n, "."); ok {
			w.heads[i] = head
		}
	}
	w.values, w.inside = make([][]byte, len(w.names)), make([][]byte, len(w.names))
	r.fields = w
	return w
}

// find looks the fields up in a JSON object; it reports whether raw is one.
func (w *wantedFields) find(raw []byte) bool {
	clear(w.values)
	clear(w.inside)
	if !scanObject(raw, w.match) {
		return false
	}
	for i, inner := range w.inside {
		if w.values[i] == nil && len(inner) > 0 && inner[0] == '{' {
			_, rest, _ := strings.Cut(w.names[i], ".")
			w.values[i] = lookUp(inner, rest)
		}
	}
	return true
}

func (w *wantedFields) match(key, value []byte) {
	for i, n := range w.names {
		if string(key) == n {
			w.values[i] = value
		}
		if w.heads[i] != "" && string(key) == w.heads[i] {
			w.inside[i] = value
		}
	}
}

// lookUp returns the value that a path of names leads to in an object, or nil.
func lookUp(raw []byte, path string) (found []byte) {
	head, rest, deeper := strings.Cut(path, ".")
	var inner []byte
	scanObject(raw, func(key, value []byte) {
		if string(key) == path {
			found = value
		}
		if deeper && string(key) == head {
			inner = value
		}
	})
	if found == nil && len(inner) > 0 && inner[0] == '{' {
		return lookUp(inner, rest)
	}
	return found
}

func (w *wantedFields) value(i int) []byte { return w.values[i] }

// meta is what is kept of a record besides its text: the value of the meta field as
// it is or, where fields are to be kept, an object of all of them.
func (w *wantedFields) meta() string {
	m := w.values[fieldMeta]
	if string(m) == "null" {
		m = nil
	}
	if len(w.names) == fieldKept {
		return string(m)
	}
	var b bytes.Buffer
	add := func(name string, value []byte) {
		if value == nil {
			return
		}
		if b.Len() == 0 {
			b.WriteByte('{')
		} else {
			b.WriteByte(',')
		}
		b.Write(quoted(name))
		b.WriteByte(':')
		b.Write(bytes.TrimSpace(value))
	}
	add(w.names[fieldMeta], m)
	for i, n := range w.names[fieldKept:] {
		if n != w.names[fieldMeta] {
			add(n, w.values[fieldKept+i])
		}
	}
	if b.Len() > 0 {
		b.WriteByte('}')
	}
	return b.String()
}

// quoted is a text as a JSON string.
func quoted(s string) []byte {
	b, _ := json.Marshal(s) // of a string
	return b
}

// jsonOf is what a column of text holds, as JSON: JSON as it is, other text as a string.
// Nothing is nil.
func jsonOf(value string) []byte {
	value = strings.ToValidUTF8(value, "\uFFFD")
	if value == "" || json.Valid([]byte(value)) {
		return []byte(value)
	}
	return quoted(value)
}
