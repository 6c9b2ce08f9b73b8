package record

import (
	"math"

	"huihai/data/cut"
	"huihai/data/dedup"
	"huihai/data/score"
	"huihai/data/shard"
)

// Judgement is what the score stage says of a document.
type Judgement struct {
	Reason            string // score.Kept or the rule broken
	Language, Script  string
	LanguageScore     float32
	HanRatio, Quality float32
	Units             int32
	DupNGram, DupLine float32
	Exact             [16]byte
	SplitHash         uint64  // decides which split the document falls into
	Perplexity        float32 // 0 without a model for the language
	Classifier        float32 // 0 without a model for the language
	Safety            float32
	Task, Item        string // of the evaluation item found, if any
	Contaminated      float32
	Cuts              []cut.Range // paragraphs of evaluation items
	Scripts           []shard.Share
	Signals           []shard.Signal // where asked for
	Paragraphs        []score.Span
	Sentences         []score.Span
}

// Encode makes the record. It leaves out the hashes of spans that the configurations do not ask for.
func (j *Judgement) Encode(e *Encoder, paragraphs, sentences dedup.SpanConfig) {
	e.Reset()
	e.string(j.Reason)
	e.string(j.Language)
	e.string(j.Script)
	for _, v := range []float32{j.LanguageScore, j.HanRatio, j.Quality, j.DupNGram, j.DupLine} {
		e.float(v)
	}
	e.int(int64(j.Units))
	e.raw(j.Exact[:])
	e.u64(j.SplitHash)
	for _, v := range []float32{j.Perplexity, j.Classifier, j.Safety, j.Contaminated} {
		e.float(v)
	}
	e.string(j.Task)
	e.string(j.Item)
	e.uint(uint64(len(j.Cuts)))
	for _, c := range j.Cuts {
		e.u32(uint32(c.Start))
		e.u32(uint32(c.End))
	}
	e.uint(uint64(len(j.Scripts)))
	for _, x := range j.Scripts {
		e.string(x.Script)
		e.float(x.Share)
	}
	e.uint(uint64(len(j.Signals)))
	for _, x := range j.Signals {
		e.string(x.Name)
		e.float(x.Value)
	}
	encodeSpans(e, j.Paragraphs, paragraphs.Action != dedup.ActionOff, hashedFrom(paragraphs))
	encodeSpans(e, j.Sentences, sentences.Action != dedup.ActionOff, hashedFrom(sentences))
}

// hashedFrom is the length of spans from which hashes matter: a window of several
// spans may have short ones.
func hashedFrom(c dedup.SpanConfig) int {
	if c.Window > 1 {
		return 0
	}
	return c.MinBytes
}

// encodeSpans writes spans by their distances: they are in order. Spans are a good
// part of all records, so what can be left out is: quality has four decimals, and
// the hash of a span of which nobody counts copies is not needed.
func encodeSpans(e *Encoder, spans []score.Span, hashed bool, least int) {
	e.uint(uint64(len(spans)))
	at := int32(0)
	for _, p := range spans {
		size := uint64(p.End-p.Start) << 1
		if hashed && int(p.End-p.Start) >= least {
			size |= 1
		}
		e.int(int64(p.Start - at))
		e.uint(size)
		e.uint(uint64(math.Round(float64(p.Quality) * spanQuality)))
		e.uint(uint64(p.Flags))
		if size&1 != 0 {
			e.u64(p.Hash)
		}
		at = p.End
	}
}

// spanQuality is one of the quality of spans in records.
const spanQuality = 1e4

func decodeSpans(d *decoder, spans []score.Span) []score.Span {
	spans = spans[:0]
	at := int32(0)
	for range d.uint() {
		if d.err != nil {
			break
		}
		p := score.Span{Start: at + int32(d.int())}
		size := d.uint()
		p.End = p.Start + int32(size>>1)
		p.Quality = float32(float64(d.uint()) / spanQuality)
		p.Flags = score.ParagraphFlags(d.uint())
		if size&1 != 0 {
			p.Hash = d.u64()
		}
		at = p.End
		spans = append(spans, p)
	}
	return spans
}

// Decode reads what Encode made.
func (j *Judgement) Decode(b []byte) error {
	d := decoder{b: b}
	j.Reason, j.Language, j.Script = d.string(), d.string(), d.string()
	for _, v := range []*float32{&j.LanguageScore, &j.HanRatio, &j.Quality, &j.DupNGram, &j.DupLine} {
		*v = d.float()
	}
	j.Units = int32(d.int())
	copy(j.Exact[:], d.take(16))
	j.SplitHash = d.u64()
	for _, v := range []*float32{&j.Perplexity, &j.Classifier, &j.Safety, &j.Contaminated} {
		*v = d.float()
	}
	j.Task, j.Item = d.string(), d.string()
	j.Cuts = j.Cuts[:0]
	for range d.uint() {
		if d.err != nil {
			break
		}
		j.Cuts = append(j.Cuts, cut.Range{Start: int32(d.u32()), End: int32(d.u32())})
	}
	j.Scripts = j.Scripts[:0]
	for range d.uint() {
		if d.err != nil {
			break
		}
		j.Scripts = append(j.Scripts, shard.Share{Script: d.string(), Share: d.float()})
	}
	j.Signals = j.Signals[:0]
	for range d.uint() {
		if d.err != nil {
			break
		}
		j.Signals = append(j.Signals, shard.Signal{Name: d.string(), Value: d.float()})
	}
	j.Paragraphs = decodeSpans(&d, j.Paragraphs)
	j.Sentences = decodeSpans(&d, j.Sentences)
	return d.finish()
}
