package html

import "bytes"

// Charset finds the encoding that a page declares in its first 4 KiB, in a meta
// element or an XML declaration; it is "" where there is none. The page may be of
// any encoding that has ASCII in it.
func Charset(src []byte) string {
	head := bytes.ToLower(src[:min(len(src), 4<<10)])
	if rest, ok := bytes.CutPrefix(bytes.TrimLeft(head, "\ufeff \t\r\n"), []byte("<?xml")); ok {
		decl, _, _ := bytes.Cut(rest, []byte("?>"))
		if label := labelAfter(decl, "encoding"); label != "" {
			return label
		}
	}
	for {
		_, rest, ok := bytes.Cut(head, []byte("<meta"))
		if !ok {
			return ""
		}
		meta, _, _ := bytes.Cut(rest, []byte(">"))
		if label := labelAfter(meta, "charset"); label != "" {
			return label
		}
		head = rest
	}
}

// labelAfter returns the value of key=value in an attribute or inside one.
func labelAfter(b []byte, key string) string {
	for {
		_, rest, ok := bytes.Cut(b, []byte(key))
		if !ok {
			return ""
		}
		b = rest
		rest = bytes.TrimLeft(rest, " \t\r\n")
		if len(rest) == 0 || rest[0] != '=' {
			continue
		}
		rest = bytes.TrimLeft(rest[1:], " \t\r\n\"'")
		if i := bytes.IndexAny(rest, " \t\r\n\"';/>"); i >= 0 {
			rest = rest[:i]
		}
		if len(rest) > 0 && len(rest) < 40 {
			return string(rest)
		}
	}
}
