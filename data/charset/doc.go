// Package charset turns bytes of any of the usual encodings into UTF-8.
//
// The encoding of a text is decided once, in this order:
//
//  1. a byte order mark (UTF-8, UTF-16, UTF-32);
//  2. valid UTF-8 beyond ASCII: other encodings do not look like it by chance,
//     so this beats a declaration, which servers often get wrong;
//  3. what is declared (an HTTP header, a meta element, a configuration), if the
//     text decodes by it;
//  4. detection among UTF-16 without a mark, GB18030, Big5, Shift_JIS, EUC-JP and
//     EUC-KR: the text must decode, and the characters it decodes to must be those
//     that are frequent in such text; in ASCII, ISO-2022-JP and HZ by their marks;
//     else encodings of one byte: the one under which the letters beyond ASCII are
//     likeliest in a language that is written in it (see singleByte).
//
// Text that is none of these with enough certainty is an error ([ErrUnknown]):
// guessing would put noise into a corpus. UTF-8 with a few damaged characters
// stays UTF-8; the damage is left for cleaning to replace and count.
//
// Decoding is that of golang.org/x/text (the WHATWG encoding standard: gb2312
// means GB18030, latin1 means windows-1252). [Misread] undoes the reading of a text as
// Latin-1 that was in one of the others.
//
// The package knows nothing of HTML, HTTP or files.
package charset
