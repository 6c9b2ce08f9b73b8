// Package sample chooses the next token from logits.
//
// It owns the rules and their order, which are those of Hugging Face's
// generation: the repetition penalty on raw logits over prompt and output, then
// temperature, top-k and top-p, then one draw from what is left. It must not
// know models or tokenizers.
//
// Equal options, logits and history give equal tokens: the generator is seeded
// and its stream belongs to the [Sampler].
package sample
