package tokenizer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"unicode/utf8"
)

// TrainReport says what a training saw and did.
type TrainReport struct {
	Documents     int   `json:"documents"`
	Bytes         int64 `json:"bytes"`
	Characters    int64 `json:"characters"`
	DistinctWords int   `json:"distinct_words"`
	Alphabet      int   `json:"alphabet"` // characters with a piece of their own
	// RequiredAlphabet is how many character_coverage asks for: more than Alphabet if
	// the vocabulary has no room for them.
	RequiredAlphabet int     `json:"required_alphabet"`
	Coverage         float64 `json:"character_coverage"` // share of all characters they cover
	Specials         int     `json:"special_pieces"`     // control, user-defined and byte pieces, <unk>
	Merges           int     `json:"merges"`
	LastCount        int64   `json:"last_merge_count"` // how often the last learnt piece occurred
}

// Shortage says in a sentence that the vocabulary has no room for all the characters
// that the coverage asks for, and what to do; it is empty when it has.
func (r TrainReport) Shortage(cfg TrainConfig) string {
	if r.RequiredAlphabet <= r.Alphabet {
		return ""
	}
	return fmt.Sprintf("vocab_size %d has room for %d characters; character_coverage %v requires %d, so that %.4f%% of the text's characters are covered and the others spelled in bytes: raise vocab_size or lower character_coverage",
		cfg.VocabSize, r.Alphabet, cfg.CharacterCoverage, r.RequiredAlphabet, 100*r.Coverage)
}

// Train learns a BPE model as SentencePiece 0.2 does: the most frequent characters
// make the alphabet, then the most frequent adjacent pair becomes a piece until
// the vocabulary is full; among equals the shorter piece wins, then the smaller
// in byte order. Pairs that do not occur are never learnt, even when the
// vocabulary has room (SentencePiece 0.1.99 then adds some). Lines are learnt from separately, and nothing is learnt across
// special pieces. The result depends on the configuration and the documents
// alone, not on the number of threads: same input, same bytes.
//
// docs is read once. Its text must be UTF-8; bad bytes count as U+FFFD.
func Train(ctx context.Context, cfg TrainConfig, docs iter.Seq[string]) (*Tokenizer, error) {
	t, _, err := TrainWithReport(ctx, cfg, docs)
	return t, err
}

// TrainWithReport is Train with an account of what was learnt from.
func TrainWithReport(ctx context.Context, cfg TrainConfig, docs iter.Seq[string]) (*Tokenizer, TrainReport, error) {
	var report TrainReport
	t, err := train(ctx, cfg, docs, &report)
	if err != nil {
		return nil, report, fmt.Errorf("tokenizer: train: %w", err)
	}
	return t, report, nil
}

func train(ctx context.Context, cfg TrainConfig, docs iter.Seq[string], report *TrainReport) (*Tokenizer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	meta, err := cfg.metaPieces()
	if err != nil {
		return nil, err
	}
	report.Specials = len(meta)
	rules := newPieceRules(cfg)
	counts, err := countWords(ctx, cfg, rules, meta, docs, report)
	if err != nil {
		return nil, err
	}
	alphabet, placed, err := chooseAlphabet(cfg, meta, counts.chars, report)
	if err != nil {
		return nil, err
	}
	words := counts.sorted()
	report.DistinctWords = len(words)
	wanted := cfg.VocabSize - len(meta) - report.Alphabet
	pieces, err := learnMerges(ctx, rules, alphabet, words, wanted, report)
	if err != nil {
		return nil, err
	}
	if len(pieces) < wanted && cfg.HardVocabLimit {
		return nil, fmt.Errorf("the text yields %d pieces, fewer than vocab_size %d; lower vocab_size to %d or less, give more text, or set hard_vocab_limit to false",
			cfg.VocabSize-wanted+len(pieces), cfg.VocabSize, cfg.VocabSize-wanted+len(pieces))
	}
	for _, r := range alphabet {
		if r != placed {
			pieces = append(pieces, string(r))
		}
	}
	return assemble(cfg, meta, pieces)
}

// chooseAlphabet returns the characters that become pieces, by falling count
// (equal ones by code point): the required ones and then the most frequent until
// the wanted coverage is reached; and which of them has its piece among meta already,
// or 0.
func chooseAlphabet(cfg TrainConfig, meta map[int]pieceProto, counts []int64, report *TrainReport) (alphabet []rune, placed rune, err error) {
	byCount := func(a, b rune) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	}
	seen, total := charactersToCover(cfg, counts, byCount)
	report.Characters = total
	if total == 0 {
		return nil, 0, errors.New("there is no text to learn from")
	}
	for _, p := range meta {
		if p.typ == Normal {
			placed, _ = utf8.DecodeRuneInString(p.text)
		}
	}
	free := cfg.VocabSize - len(meta)
	limit := free
	if cfg.ByteFallback {
		limit = int(cfg.MaxAlphabetShare * float64(free))
	}
	var covered, needed int64 // needed: what a vocabulary without bound would cover
	for _, r := range seen {
		// float32, as in SentencePiece: the comparison decides about a character.
		if float32(float64(needed)/float64(total)) >= float32(cfg.CharacterCoverage) {
			break
		}
		needed += counts[r]
		if r == boundaryRune {
			covered += counts[r]
			continue
		}
		if r != placed {
			if report.RequiredAlphabet++; report.Alphabet == limit {
				continue
			}
			report.Alphabet++
		}
		covered += counts[r]
		alphabet = append(alphabet, r)
	}
	if report.RequiredAlphabet > limit && (!cfg.ByteFallback || cfg.MaxAlphabetShare == 1) {
		return nil, 0, fmt.Errorf("vocab_size %d leaves room for %d characters, and character_coverage %v requires %d; raise vocab_size to more than %d, lower character_coverage, or turn byte_fallback on with max_alphabet_share below 1",
			cfg.VocabSize, limit, cfg.CharacterCoverage, report.RequiredAlphabet, len(meta)+report.RequiredAlphabet)
	}
	slices.SortFunc(alphabet, byCount)
	report.Coverage = float64(covered) / float64(total)
	return alphabet, placed, nil
}

// charactersToCover returns the characters of the text and the required ones,
// these first, in the order in which they enter the alphabet.
func charactersToCover(cfg TrainConfig, counts []int64, byCount func(a, b rune) int) (seen []rune, total int64) {
	required := make(map[rune]bool)
	for _, r := range cfg.RequiredChars {
		required[r] = true
	}
	for r, n := range counts {
		total += n
		if n > 0 || required[rune(r)] {
			seen = append(seen, rune(r))
		}
	}
	slices.SortFunc(seen, func(a, b rune) int {
		if required[a] != required[b] {
			return cmp.Compare(boolInt(required[b]), boolInt(required[a]))
		}
		return byCount(a, b)
	})
	return seen, total
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// assemble gives the pieces their ids and scores: special pieces where they
// belong, the others in the order in which they were learnt.
func assemble(cfg TrainConfig, meta map[int]pieceProto, learnt []string) (*Tokenizer, error) {
	m := newModelProto()
	m.trainer.modelType = modelBPE
	next := 0
	for id := 0; id < cfg.VocabSize; id++ {
		if p, ok := meta[id]; ok {
			m.pieces = append(m.pieces, p)
		} else if next < len(learnt) {
			m.pieces = append(m.pieces, pieceProto{text: learnt[next], score: -float32(next), typ: Normal})
			next++
		}
	}
	for id := range meta {
		if id >= len(m.pieces) {
			return nil, fmt.Errorf("the id %d of %s lies beyond the %d pieces", id, meta[id].text, len(m.pieces))
		}
	}
	return Parse(encodeModel(cfg, m.pieces))
}
