// Package checkpoint reads and writes what a run leaves on disk: Hugging Face
// model folders, and training checkpoints that can be resumed.
//
// It owns the layout of those folders, their atomic saving, their verification
// and their pruning. It must not know the model's mathematics, the optimizer or
// the data loader: they hand it named tensors and opaque JSON, and get the same
// back. The file format of tensors is package checkpoint/safetensors.
//
// # A model folder
//
//	config.json, generation_config.json, tokenizer.model, tokenizer_config.json
//	model.safetensors                  or
//	model-00001-of-0000N.safetensors + model.safetensors.index.json
//
// # A training checkpoint
//
// checkpoint-N/ is a model folder plus trainer_state.json, optimizer.safetensors
// (first and second moments as exp_avg.NAME and exp_avg_sq.NAME) and
// complete.json, which lists size and SHA-256 of every other file. complete.json
// is written last and nothing without it counts as a checkpoint. There is no
// timestamp anywhere: equal states give equal files.
//
// trainer_state.json has the keys of Hugging Face's trainer. This framework's
// own part ([Run]) is at stateful_callbacks.huihai.attributes, the one place
// where that trainer's loader takes keys it does not know.
//
// # What a crash or a full disk leaves
//
// Everything is written into checkpoint-N.tmp-XXXX/, flushed to disk and then
// renamed, so checkpoint-N/ is there whole or not at all, and checkpoints saved
// earlier are not touched before that. What a killed process left behind is
// removed by the next Save.
package checkpoint
