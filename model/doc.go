// Package model is Baichuan 2 as a graph: its shapes, its blocks, its heads and
// the names its tensors carry on disk.
//
// An architecture is data. [Config] says which block options hold (position
// encoding, key/value heads, head kind), [Config.Tensors] lists every tensor
// with its shape, initialisation and whether weight decay applies, and the
// graph builder walks the two. Another LLaMA-shaped family is another Config,
// not another builder.
//
// The package knows autograd and kernels. It must not know files: checkpoints
// hand it bytes of config.json and tensors by name.
package model
