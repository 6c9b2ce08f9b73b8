// Package safetensors reads and writes the safetensors file format: an 8-byte
// little-endian header length, a JSON header that gives every tensor its type,
// shape and byte range, and the tensors' bytes one after another without gaps.
//
// It owns that format and the conversion of stored elements to Go numbers. It
// must not know models, shards or training state; package checkpoint does.
//
// # Reading
//
// [Open] maps the file and checks all of the header before it returns: lengths,
// types, shapes, offsets, overlaps, gaps, duplicate names and bytes that belong
// to no tensor. A damaged or hostile file gives a [FormatError] that names the
// file and the tensor, never a panic, and no allocation beyond a small multiple
// of the header that is really there. A [Tensor] is a view; nothing is read until asked for.
//
// # Writing
//
// [NewWriter] takes names, types and shapes first and write the
// header, then the tensors are streamed in order; none is ever held whole. The
// bytes are those of the reference writer when the tensors come in its order
// ([Sort]).
package safetensors
