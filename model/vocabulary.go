package model

import "fmt"

// Vocabulary is what a tokenizer says of its pieces: their number, the ids of
// its own marks (-1 for none), and which are control pieces.
type Vocabulary interface {
	VocabSize() int
	BOS() int32
	EOS() int32
	PAD() int32
	UnknownID() int32
	IsControl(id int32) bool
}

// VocabularyProblem is a contradiction between config.json and a tokenizer.
type VocabularyProblem struct {
	// Fatal tells that the two cannot belong together; otherwise one of them
	// may be meant so, as in chat models that end a turn with a mark of theirs.
	Fatal bool
	Text  string
}

// maxPadding is how many rows a vocabulary may have beyond the pieces without a
// word: people round it up to a multiple of 128.
const maxPadding = 127

// CheckVocabulary compares the sizes and special ids of a model with a
// tokenizer's: every id must be a piece, the ids that begin and end a text
// should be the tokenizer's own, and the padding id, whose embedding stays zero,
// should be no piece of text. eos holds the further ids that end a text, if any
// ([HFModel]).
func (c Config) CheckVocabulary(v Vocabulary, eos ...int) []VocabularyProblem {
	var out []VocabularyProblem
	say := func(fatal bool, format string, a ...any) {
		out = append(out, VocabularyProblem{fatal, fmt.Sprintf(format, a...)})
	}
	n := v.VocabSize()
	switch {
	case n > c.VocabSize:
		say(true, "the tokenizer has %d pieces but config.json says vocab_size %d; they belong to different models", n, c.VocabSize)
	case c.VocabSize-n > maxPadding:
		say(false, "config.json says vocab_size %d but the tokenizer has %d pieces; the other ids have no text: is it this model's tokenizer?", c.VocabSize, n)
	}
	within := func(key string, id int) bool {
		if id >= n {
			say(true, "config.json says %s %d, but the tokenizer's pieces end at %d; write the id that the tokenizer has for it, or null for none", key, id, n-1)
		}
		return id >= 0 && id < n
	}
	if within("bos_token_id", c.BosTokenID) && v.BOS() >= 0 && int(v.BOS()) != c.BosTokenID {
		say(false, "config.json says bos_token_id %d, but the tokenizer begins a text with %d", c.BosTokenID, v.BOS())
	}
	same := v.EOS() < 0 || int(v.EOS()) == c.EosTokenID
	for _, id := range eos {
		if id != c.EosTokenID {
			within("eos_token_id", id)
		}
		same = same || id == int(v.EOS())
	}
	if within("eos_token_id", c.EosTokenID) && !same {
		say(false, "config.json says eos_token_id %d, but the tokenizer ends a text with %d, which is what data sets made with it hold", c.EosTokenID, v.EOS())
	}
	if pad := int32(c.PadTokenID); within("pad_token_id", c.PadTokenID) && pad != v.PAD() && pad != v.UnknownID() && !v.IsControl(pad) {
		say(false, "config.json says pad_token_id %d, which is a piece of text: its embedding stays zero; write the tokenizer's unknown piece %d, or null for none", pad, v.UnknownID())
	}
	return out
}
