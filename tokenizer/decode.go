package tokenizer

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Decode returns the text of ids as SentencePiece does: U+2581 becomes a space,
// one leading space goes where the model adds a dummy prefix, byte pieces become
// bytes (what is not UTF-8 becomes U+FFFD, one for every bad byte), control
// pieces become nothing and the unknown piece its surface (" ⁇ " by default).
// An id outside the vocabulary, which a model with a padded head can produce,
// becomes U+FFFD; see [Tokenizer.DecodeChecked].
func (t *Tokenizer) Decode(ids []int32) string {
	d := t.NewStream()
	for _, id := range ids {
		d.push(id)
	}
	d.flushBytes()
	return string(d.out)
}

// DecodeAfter returns what ids add to the text of prompt, which they follow: the
// space before their first word is theirs, which [Tokenizer.Decode] would drop
// where the model adds a dummy prefix, as it does at the start of a text. A
// character whose bytes begin in prompt and end in ids belongs to ids.
func (t *Tokenizer) DecodeAfter(prompt, ids []int32) string {
	d := t.NewStream()
	for _, id := range prompt {
		d.push(id)
	}
	if len(ids) == 0 || !t.IsByte(ids[0]) {
		d.flushBytes()
	}
	d.take()
	for _, id := range ids {
		d.push(id)
	}
	d.flushBytes()
	return string(d.out)
}

// DecodeChecked is Decode, but an id outside the vocabulary is an error.
func (t *Tokenizer) DecodeChecked(ids []int32) (string, error) {
	for i, id := range ids {
		if id < 0 || int(id) >= len(t.vocab.pieces) {
			return "", fmt.Errorf("tokenizer: decode: id %d at position %d is outside the vocabulary of %d pieces", id, i, len(t.vocab.pieces))
		}
	}
	return t.Decode(ids), nil
}

// Stream decodes ids one by one, as generation yields them. The pieces of text
// it returns join to exactly what [Tokenizer.Decode] gives for all ids. It never
// returns part of a character. A Stream is not safe for concurrent use.
type Stream struct {
	t       *Tokenizer
	out     []byte // decoded and not yet taken
	pending []byte // bytes of byte pieces that do not yet make a character
	any     bool   // some text came out already
	atStart bool   // a leading space may still be dropped
	seenBOS bool   // the previous piece was the dropped space
}

// NewStream returns a decoder at the start of a text.
func (t *Tokenizer) NewStream() *Stream { return &Stream{t: t, atStart: true} }

// Push takes the next id and returns the text that is now complete, perhaps "".
func (d *Stream) Push(id int32) string {
	d.push(id)
	return d.take()
}

// Flush ends the text and returns what was held back. The Stream is then at the
// start of a new text.
func (d *Stream) Flush() string {
	d.flushBytes()
	text := d.take()
	*d = Stream{t: d.t, atStart: true, out: d.out, pending: d.pending}
	return text
}

func (d *Stream) take() string {
	s := string(d.out)
	d.any = d.any || len(s) > 0
	d.out = d.out[:0]
	return s
}

func (d *Stream) push(id int32) {
	t := d.t
	if id < 0 || int(id) >= len(t.vocab.pieces) {
		d.flushBytes()
		d.out = append(d.out, replacementChar...)
		return
	}
	p := t.vocab.pieces[t.vocab.canonical[id]]
	if p.typ == Byte {
		b, _ := parseBytePiece(p.text)
		d.pending = append(d.pending, b)
		d.drain()
		return
	}
	d.flushBytes()
	if d.seenBOS || d.any || len(d.out) > 0 {
		d.atStart = false
	}
	d.seenBOS = false
	switch p.typ {
	case Control:
		return
	case Unknown:
		d.out = append(d.out, t.proto.trainer.unkSurface...)
		return
	}
	text := p.text
	if n := t.proto.normalizer; d.atStart && (n.addDummyPrefix || n.removeExtraWhitespaces) {
		if rest, ok := strings.CutPrefix(text, spaceMark); ok {
			text = rest
			// With removal of extra spaces every leading space is dropped.
			d.seenBOS = !n.removeExtraWhitespaces
		}
	}
	d.appendUnescaped(text)
}

func (d *Stream) appendUnescaped(text string) {
	for {
		i := strings.Index(text, spaceMark)
		if i < 0 {
			d.out = append(d.out, text...)
			return
		}
		d.out = append(append(d.out, text[:i]...), ' ')
		text = text[i+len(spaceMark):]
	}
}

// drain moves the characters that pending holds for certain.
func (d *Stream) drain() {
	for len(d.pending) > 0 && utf8.FullRune(d.pending) {
		r, size := utf8.DecodeRune(d.pending)
		d.out = utf8.AppendRune(d.out, r)
		d.pending = d.pending[:copy(d.pending, d.pending[size:])]
	}
}

// flushBytes gives up on an unfinished character: every byte becomes U+FFFD.
func (d *Stream) flushBytes() {
	for range d.pending {
		d.out = append(d.out, replacementChar...)
	}
	d.pending = d.pending[:0]
}
