// Package record holds every kind of record that the stages of a build hand to each
// other, each as a type with Encode and Decode, so that no stage has to know how
// another lays out bytes.
//
// There are records in files, one kind to a file: [Document], [Judgement], [Quality],
// [Edge], [Vector], [Copy], [Unigram]. There are records that tasks emit to
// partitions, where the bytes decide the order: those of candidate copies
// ([Candidate]), of components of pairs ([Node], [Pair], [Same]), of vectors in a
// cluster ([Assigned]), of places of spans ([Occurrence]), of anchors ([Anchor]), and
// of tokens to be packed ([Tokens]); the segments of passages are those of package
// substring. And there are [Finding]s: what a stage found out about one document,
// emitted to the shard of that document, which all stages behind read together.
// Their kinds are letters, each once.
//
// Decoding never panics: what is no record gives [ErrDamaged].
package record
